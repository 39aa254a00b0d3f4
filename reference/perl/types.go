package perl

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"sync"
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

// Field is a field of a struct that takes part in Marshal and Unmarshal.
type Field struct {
	Name      string // the hash key
	Index     []int  // as of reflect.StructField
	OmitEmpty bool
}

var fieldCache sync.Map // reflect.Type to []Field

// Fields lists the exported fields of a struct type with the names that their tags give them. Those of embedded
// structs without a tag count as the struct's own, unless it has one of that name. The slice must not be
// changed.
func Fields(t reflect.Type) []Field {
	if list, ok := fieldCache.Load(t); ok {
		return list.([]Field)
	}
	var list []Field
	own := map[string]bool{}
	var embedded []Field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("perl"), ",")
		if name == "-" {
			continue
		}
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			for _, f := range Fields(sf.Type) {
				f.Index = append([]int{i}, f.Index...)
				embedded = append(embedded, f)
			}
			continue
		}
		if !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		own[name] = true
		list = append(list, Field{name, []int{i}, options == "omitempty"})
	}
	for _, f := range embedded {
		if !own[f.Name] {
			own[f.Name] = true
			list = append(list, f)
		}
	}
	fieldCache.Store(t, list)
	return list
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
