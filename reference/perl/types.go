package perl

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
)

// Marshaler is implemented by types that turn themselves into Perl values.
type Marshaler interface {
	MarshalPerl() (*Value, error)
}

// Unmarshaler is implemented by types that take Perl values themselves. v is what stands in the
// place of the Go value, mostly a reference or a plain scalar.
type Unmarshaler interface {
	UnmarshalPerl(v *Value) error
}

var (
	anyPointerType    = reflect.TypeFor[*any]()
	valueType         = reflect.TypeFor[*Value]()
	marshalerType     = reflect.TypeFor[Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

// Types tells which Go type stands for which Perl class. The zero Types knows none. Register before
// use; afterwards it is safe for concurrent use.
type Types struct {
	byClass map[string]reflect.Type
	byType  map[reflect.Type]string
}

// Register makes objects of the class and Go values of the type of sample, a struct or a pointer to
// one, stand for each other: Marshal blesses, and Unmarshal into an interface makes a
// pointer to the type. An error says that either has a counterpart already.
func (t *Types) Register(class string, sample any) error {
	typ := reflect.TypeOf(sample)
	if typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ == nil || typ.Kind() != reflect.Struct {
		return fmt.Errorf("perl: class %q: expected a struct or a pointer to one, got %T", class, sample)
	}
	if other, ok := t.byClass[class]; ok {
		return fmt.Errorf("perl: class %q is registered for %v, got %v", class, other, typ)
	}
	if other, ok := t.byType[typ]; ok {
		return fmt.Errorf("perl: type %v is registered for class %q, got %q", typ, other, class)
	}
	if t.byClass == nil {
		t.byClass, t.byType = map[string]reflect.Type{}, map[reflect.Type]string{}
	}
	t.byClass[class], t.byType[typ] = typ, class
	return nil
}

// ConversionError says what cannot be converted between Go and Perl, and where in the data it is.
type ConversionError struct {
	Path     string // such as $VAR1->{list}[2]
	Expected string
	Got      string
}

func (e *ConversionError) Error() string {
	return fmt.Sprintf("perl: %s: expected %s, got %s", e.Path, e.Expected, e.Got)
}

// refusal is what an Unmarshaler, or a serializer, has against the data at a place. Unmarshalers
// that unmarshal what is in their data make long chains of them, of which only the ends are shown.
type refusal struct {
	path string
	err  error
}

// shownRefusals is how many of a chain are shown at each end, and shownReason how many octets of
// what is none of them.
const shownRefusals, shownReason = 3, 1000

func (e *refusal) Error() string {
	chain := []*refusal{e}
	for {
		next, ok := chain[len(chain)-1].err.(*refusal)
		if !ok {
			break
		}
		chain = append(chain, next)
	}
	var b strings.Builder
	for i, r := range chain {
		switch left := len(chain) - shownRefusals; {
		case i < shownRefusals || i >= left:
			b.WriteString("perl: " + r.path + ": ")
		case i == shownRefusals:
			fmt.Fprintf(&b, "%d more: ", left-i)
		}
	}
	reason := chain[len(chain)-1].err.Error()
	if n := len(reason) - shownReason; n > 0 {
		reason = reason[:shownReason/2] + "..." + reason[len(reason)-shownReason/2:]
	}
	b.WriteString(strings.ToValidUTF8(reason, ""))
	return b.String()
}

func (e *refusal) Unwrap() error { return e.err }

const maxConversionDepth = 10_000
