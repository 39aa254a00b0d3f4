package perl

import (
	"encoding"
	"fmt"
	"reflect"
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

const maxConversionDepth = 10_000
