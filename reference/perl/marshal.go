package perl

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/internal/fields"
)

// Marshal turns a Go value into what a Perl variable would hold:
//
//	nil, nil pointers, nil maps and slices   undef
//	bool                                     the strings "1" and "", as Perl 5.36 freezes !!1 and !!0
//	integers, floats                         Int, Uint, Double
//	string                                   Text if it is UTF-8 beyond ASCII, else Bytes
//	[]byte and arrays of bytes               Bytes
//	slices, arrays                           a reference to an array
//	maps, structs                            a reference to a hash; keys sorted, fields in order
//	pointers                                 what they point at; two equal pointers give one Perl variable
//	Marshaler, encoding.TextMarshaler        what they return; so time.Time and big.Int become strings
//	*Value                                   itself
//
// Fields are named by the tag `perl:"name,omitempty"`, else as in Go; `perl:"-"` leaves one out.
// Channels, functions and complex numbers are errors, and so is data nested deeper than 10,000. The
// error is a *ConversionError, or what a Marshaler returned.
func Marshal(x any) (*Value, error) { return (*Types)(nil).Marshal(x) }

// Marshal is like the function Marshal and blesses values of registered types.
func (t *Types) Marshal(x any) (*Value, error) {
	if v, ok := x.(*Value); ok && v != nil {
		return v, nil
	}
	m := marshaler{types: t, seen: map[identity]*Value{}}
	return m.value(reflect.ValueOf(x), &place{}, 0)
}

type marshaler struct {
	types *Types
	seen  map[identity]*Value // containers, for sharing and cycles
}

// identity is that of a container: slices need their length as well.
type identity struct {
	p   uintptr
	n   int
	typ reflect.Type
}

func (m *marshaler) value(v reflect.Value, at *place, depth int) (*Value, error) {
	if !v.IsValid() {
		return NewUndef(), nil
	}
	if depth > maxConversionDepth {
		return nil, &ConversionError{at.expr(), fmt.Sprintf("at most %d levels", maxConversionDepth), "more"}
	}
	typ := v.Type()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return NewUndef(), nil
		}
	}
	if typ == valueType {
		return v.Interface().(*Value), nil
	}
	if own, err, ok := m.own(v, at); ok {
		return own, err
	}
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return NewBytes("1"), nil
		}
		return NewBytes(""), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return NewInt(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return NewUint(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return NewDouble(v.Float()), nil
	case reflect.String:
		return stringValue(v.String()), nil
	case reflect.Pointer, reflect.Interface:
		return m.value(v.Elem(), at, depth+1)
	case reflect.Slice, reflect.Array:
		return m.list(v, at, depth)
	case reflect.Map:
		return m.mapping(v, at, depth)
	case reflect.Struct:
		return m.structure(v, at, depth)
	}
	return nil, &ConversionError{at.expr(), "a type that Perl data can hold", typ.String()}
}

func stringValue(s string) *Value {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			if utf8.ValidString(s) {
				return NewText(s)
			}
			break
		}
	}
	return NewBytes(s)
}

// own asks a value that knows how to marshal itself.
func (m *marshaler) own(v reflect.Value, at *place) (*Value, error, bool) {
	typ := v.Type()
	if !typ.Implements(marshalerType) && !typ.Implements(textMarshalerType) {
		if !v.CanAddr() {
			return nil, nil, false
		}
		v, typ = v.Addr(), reflect.PointerTo(typ)
		if !typ.Implements(marshalerType) && !typ.Implements(textMarshalerType) {
			return nil, nil, false
		}
	}
	if !v.CanInterface() {
		return nil, nil, false
	}
	switch x := v.Interface().(type) {
	case Marshaler:
		own, err := x.MarshalPerl()
		if err == nil && own == nil {
			own = NewUndef()
		}
		return own, err, true
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil {
			return nil, fmt.Errorf("perl: %s: %w", at.expr(), err), true
		}
		return stringValue(string(text)), nil, true
	}
	return nil, nil, false
}

// share returns the container made for id, or enters a new one.
func (m *marshaler) share(id identity, container *Value) (*Value, bool) {
	if id.p == 0 || id.n == 0 {
		return container, false
	}
	if old := m.seen[id]; old != nil {
		return old, true
	}
	m.seen[id] = container
	return container, false
}

func (m *marshaler) list(v reflect.Value, at *place, depth int) (*Value, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return NewBytes(string(b)), nil
	}
	var id identity
	if v.Kind() == reflect.Slice {
		id = identity{v.Pointer(), v.Len(), v.Type()}
	} else if v.CanAddr() {
		id = identity{v.Addr().Pointer(), 1, v.Type()}
	}
	array, found := m.share(id, NewArray())
	if found {
		return NewRef(array), nil
	}
	elems := make([]*Value, v.Len())
	for i := range elems {
		var err error
		if elems[i], err = m.element(v.Index(i), at, i, depth); err != nil {
			return nil, err
		}
	}
	array.setElems(elems)
	return NewRef(array), nil
}

// element makes element i of an array that a reference at a place refers to. A place made in a loop
// would be put on the heap, so that it is not inlined.
//
//go:noinline
func (m *marshaler) element(v reflect.Value, at *place, i, depth int) (*Value, error) {
	return m.value(v, &place{&place{at, stepTarget, "", 0}, stepElement, "", i}, depth+1)
}

// pair makes the value of a pair of a hash that a reference at a place refers to, as element does.
//
//go:noinline
func (m *marshaler) pair(v reflect.Value, at *place, key string, depth int) (*Value, error) {
	return m.value(v, &place{&place{at, stepTarget, "", 0}, stepPair, key, 0}, depth+1)
}

func (m *marshaler) mapping(v reflect.Value, at *place, depth int) (*Value, error) {
	hash, found := m.share(identity{v.Pointer(), 1, v.Type()}, NewHash())
	if found {
		return NewRef(hash), nil
	}
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := mapKey(it.Key())
		if err != nil {
			return nil, &ConversionError{at.expr(), "keys that are strings, integers or text marshalers", it.Key().Type().String()}
		}
		entries = append(entries, entry{key, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	pairs := make([]Pair, len(entries))
	for i, e := range entries {
		value, err := m.pair(e.value, at, e.key, depth)
		if err != nil {
			return nil, err
		}
		pairs[i] = keyPair(e.key, value)
	}
	hash.setPairs(pairs)
	return NewRef(hash), nil
}

// keyPair builds a pair for a Go string: octets if it is not UTF-8.
func keyPair(key string, v *Value) Pair {
	if !utf8.ValidString(key) {
		return P(key, v)
	}
	return TextPair(key, v)
}

func mapKey(v reflect.Value) (string, error) {
	if tm, ok := v.Interface().(encoding.TextMarshaler); ok && v.Kind() != reflect.String {
		text, err := tm.MarshalText()
		return string(text), err
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fmt.Sprint(v.Interface()), nil
	}
	return "", &ConversionError{}
}

func (m *marshaler) structure(v reflect.Value, at *place, depth int) (*Value, error) {
	var id identity
	if v.CanAddr() {
		id = identity{v.Addr().Pointer(), 1, v.Type()}
	}
	hash, found := m.share(id, NewHash())
	if found {
		return NewRef(hash), nil
	}
	if m.types != nil {
		if class := m.types.byType[v.Type()]; class != "" {
			hash.Bless(class)
		}
	}
	list := fields.Of(v.Type())
	pairs := make([]Pair, 0, len(list))
	for _, f := range list {
		fv := v.FieldByIndex(f.Index)
		if f.OmitEmpty && isEmpty(fv) {
			continue
		}
		value, err := m.pair(fv, at, f.Name, depth)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, keyPair(f.Name, value))
	}
	hash.setPairs(pairs)
	return NewRef(hash), nil
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	}
	return v.IsZero()
}
