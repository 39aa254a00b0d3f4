package perl

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/internal/fields"
)

// Unmarshal puts v into the Go variable that target points at. A reference to an array fills slices
// and arrays, one to a hash fills maps and structs, whether blessed or not; hash keys are matched
// with the names of Marshal, exactly if possible, else in any case, and unknown ones ignored.
// Scalars convert as Perl would where nothing is lost: "42" and 42.0 fill an int, 42 a string.
// Undef gives the zero value. Pointers are made as needed; variables that Perl shares become one
// pointer, map or slice, []byte included, so cycles are no trouble. Into an interface go
//
//	undef, holes       nil               reference to an array    []any
//	Int                int64             reference to a hash      map[string]any
//	Uint               uint64            reference to a scalar    *any
//	Double             float64           registered class         a pointer to the type of Types.Register
//	Bytes, Text        string            Code, Regexp, VString    string
//	Bool               bool              Tied, Hooked             *Value
//
// A reference to a reference is a pointer to an any that holds a pointer, and so on; one pointer
// stands for all references to a variable, so that only what is a circle in Perl becomes one.
//
// A time.Time is filled from RFC 3339 text or from seconds since 1970. What is filled takes at most
// 1 GiB, and a string of more than 1000 octets is no number. The error is a *ConversionError, or
// wraps what an Unmarshaler returned, or [Value.ThawError]; its text is cut to a few KiB. An
// Unmarshaler may be asked twice if v is nested deeper than 500 levels.
func Unmarshal(v *Value, target any) error { return (*Types)(nil).Unmarshal(v, target) }

// Unmarshal is like the function Unmarshal and makes values of registered types.
func (t *Types) Unmarshal(v *Value, target any) error {
	p := reflect.ValueOf(target)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return &ConversionError{"$VAR1", "a pointer to fill", fmt.Sprintf("%T", target)}
	}
	if f := v.Frozen(); f != nil && f.Unmarshal(target) { // nothing in it has a class
		return nil
	}
	u := unmarshaler{types: t, made: map[madeKey]reflect.Value{}, levels: deep.Shallow}
	err := u.value(v, p.Elem(), &place{}, 0)
	if err == errSank {
		return t.unmarshalDeep(v, p.Elem())
	}
	return err
}

// errSank says that v is nested deeper than deep.Shallow.
var errSank = errors.New("nested too deeply for this goroutine")

// unmarshalDeep fills a variable anew, in a goroutine of its own.
func (t *Types) unmarshalDeep(v *Value, to reflect.Value) (err error) {
	deep.Call(func() {
		u := unmarshaler{types: t, made: map[madeKey]reflect.Value{}, levels: maxConversionDepth}
		err = u.value(v, to, &place{}, 0)
	})
	return err
}

type unmarshaler struct {
	types  *Types
	made   map[madeKey]reflect.Value
	scalar map[*Value]*any // what stands for the scalar variables
	taken  int64           // octets of the heap
	levels int             // that may be gone down
}

// maxConversion is how many octets of Go's heap Unmarshal takes at most, counted before it takes
// them: what a peer sends once may fill very many variables, and large ones.
const maxConversion = 1 << 30

// What a map takes for each entry at most, beside the value twice, and what made takes for each.
const entrySize, madeSize = 48, 112

// spend counts what n variables of some octets each take of the heap.
func (u *unmarshaler) spend(n int, size int64, at *place, what string, of reflect.Type) error {
	if u.taken += int64(n) * size; u.taken <= maxConversion {
		return nil
	}
	return &ConversionError{at.expr(), fmt.Sprintf("data that takes at most %d octets in Go", maxConversion),
		fmt.Sprintf("%d with %d %s %v", u.taken, n, what, of)}
}

// share fills a variable with what was made before of the same Perl variable, if anything was.
func (u *unmarshaler) share(key madeKey, to reflect.Value) bool {
	old, ok := u.made[key]
	if ok {
		to.Set(old)
	}
	return ok
}

// madeKey is a Perl variable and the Go type that was made of it.
type madeKey struct {
	v *Value
	t reflect.Type
}

func wrong(at *place, expected string, v *Value) error {
	return &ConversionError{at.expr(), expected, brief(v)}
}

func (u *unmarshaler) value(v *Value, to reflect.Value, at *place, depth int) error {
	switch {
	case depth <= u.levels:
	case u.levels < maxConversionDepth:
		return errSank
	default:
		return &ConversionError{at.expr(), fmt.Sprintf("at most %d levels", maxConversionDepth), "more"}
	}
	typ := to.Type()
	if typ == valueType {
		to.Set(reflect.ValueOf(v))
		return nil
	}
	if err := v.ThawError(); err != nil {
		return &refusal{at.expr(), err}
	}
	if to.Kind() == reflect.Pointer {
		return u.pointer(v, to, at, depth)
	}
	if to.CanAddr() {
		if done, err := u.own(v, to.Addr().Interface(), at); done || err != nil {
			return err
		}
	}
	if v.Kind() == Undef {
		to.SetZero()
		return nil
	}
	switch to.Kind() {
	case reflect.Interface:
		if typ.NumMethod() > 0 {
			return u.registered(v, to, at, depth)
		}
		x, err := u.any(v, at, depth)
		if err == nil && x != nil {
			to.Set(reflect.ValueOf(x))
		}
		return err
	case reflect.Slice, reflect.Array:
		if typ.Elem().Kind() == reflect.Uint8 && v.Kind() != Ref {
			return u.bytes(v, to, at)
		}
		return u.list(v, to, at, depth)
	case reflect.Map:
		return u.mapping(v, to, at, depth)
	case reflect.Struct:
		return u.structure(v, to, at, depth)
	}
	return scalar(v, to, at)
}

// own asks a type that takes Perl values itself.
func (u *unmarshaler) own(v *Value, target any, at *place) (bool, error) {
	switch x := target.(type) {
	case Unmarshaler:
		if err := x.UnmarshalPerl(v); err != nil {
			return true, &refusal{at.expr(), err}
		}
		return true, nil
	case *time.Time:
		if k := v.Kind(); k == Int || k == Double {
			f, _ := number(v)
			whole, part := math.Modf(f)
			*x = time.Unix(int64(whole), int64(part*1e9)).UTC()
			return true, nil
		}
		return u.text(v, x, at)
	case encoding.TextUnmarshaler:
		return u.text(v, x, at)
	}
	return false, nil
}

func (u *unmarshaler) text(v *Value, x encoding.TextUnmarshaler, at *place) (bool, error) {
	s, ok := v.AsString()
	if !ok || v.Kind() == Undef {
		return false, nil
	}
	if err := u.spend(len(s), 1, at, "octets of text for", reflect.TypeOf(x)); err != nil {
		return true, err
	}
	if err := x.UnmarshalText([]byte(s)); err != nil {
		return true, &refusal{at.expr(), err}
	}
	return true, nil
}

func (u *unmarshaler) pointer(v *Value, to reflect.Value, at *place, depth int) error {
	if v.Kind() == Undef {
		to.SetZero()
		return nil
	}
	if to.Type() == anyPointerType {
		if t, ok := u.scalarTarget(v); ok {
			p, err := u.variable(t, at, depth)
			to.Set(reflect.ValueOf(p))
			return err
		}
	}
	id := v
	if v.kind == Ref {
		id = v.Target()
	}
	key := madeKey{id, to.Type()}
	if u.share(key, to) {
		return nil
	}
	if err := u.spend(1, int64(to.Type().Elem().Size())+madeSize, at, "variable of", to.Type().Elem()); err != nil {
		return err
	}
	p := reflect.New(to.Type().Elem())
	u.made[key] = p
	to.Set(p)
	switch p.Elem().Kind() { // a reference to a scalar may fill a pointer to one
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Array, reflect.Interface, reflect.Pointer:
	default:
		if t := v.Target(); v.kind == Ref && t.Kind() != Ref && t.Kind() != Array && t.Kind() != Hash && t.Class() == "" {
			v, at = v.Target(), &place{at, stepTarget, "", 0}
		}
	}
	return u.value(v, p.Elem(), at, depth+1)
}

// registered fills an interface with methods from an object of a registered class.
func (u *unmarshaler) registered(v *Value, to reflect.Value, at *place, depth int) error {
	x, err := u.any(v, at, depth)
	if err != nil {
		return err
	}
	if x == nil || !reflect.TypeOf(x).Implements(to.Type()) {
		return wrong(at, "an object of a class registered for "+to.Type().String(), v)
	}
	to.Set(reflect.ValueOf(x))
	return nil
}

func (u *unmarshaler) list(v *Value, to reflect.Value, at *place, depth int) error {
	array, inner := referent(v, at)
	at = &inner
	if array.Kind() != Array {
		return wrong(at, "a reference to an array", array)
	}
	elems := array.Elems()
	if to.Kind() == reflect.Array {
		if len(elems) > to.Len() {
			return wrong(at, fmt.Sprintf("at most %d elements", to.Len()), NewInt(int64(len(elems))))
		}
		to.SetZero()
	} else {
		key := madeKey{array, to.Type()}
		if u.share(key, to) {
			return nil
		}
		if err := u.spend(len(elems), int64(to.Type().Elem().Size()), at, "elements of", to.Type()); err != nil {
			return err
		}
		u.taken += madeSize
		to.Set(reflect.MakeSlice(to.Type(), len(elems), len(elems)))
		u.made[key] = reflect.ValueOf(to.Interface())
	}
	for i, e := range elems {
		if err := u.element(e, to.Index(i), at, i, depth); err != nil {
			return err
		}
	}
	return nil
}

// element fills element i of a list. A place made in a loop would be put on the heap, so that it is
// not inlined.
//
//go:noinline
func (u *unmarshaler) element(v *Value, to reflect.Value, at *place, i, depth int) error {
	return u.value(v, to, &place{at, stepElement, "", i}, depth+1)
}

// referent is the variable that v refers to, and its place; v itself if it is no reference.
func referent(v *Value, at *place) (*Value, place) {
	if v.kind == Ref {
		return v.Target(), place{at, stepTarget, "", 0}
	}
	return v, *at
}

func (u *unmarshaler) mapping(v *Value, to reflect.Value, at *place, depth int) error {
	hash, inner := referent(v, at)
	at = &inner
	if hash.Kind() != Hash {
		return wrong(at, "a reference to a hash", hash)
	}
	pairs := hash.Pairs()
	typ := to.Type()
	key := madeKey{hash, typ}
	if u.share(key, to) {
		return nil
	}
	if err := u.spend(len(pairs), 2*int64(typ.Elem().Size())+entrySize, at, "entries of", typ); err != nil {
		return err
	}
	u.taken += madeSize
	to.Set(reflect.MakeMapWithSize(typ, len(pairs)))
	u.made[key] = reflect.ValueOf(to.Interface())
	for i := range pairs {
		p := &pairs[i]
		if p.Flags&KeyPlaceholder != 0 {
			continue
		}
		if err := u.entry(p, to, at, depth); err != nil {
			return err
		}
	}
	return nil
}

// entry puts a pair of a hash into a map.
func (u *unmarshaler) entry(p *Pair, to reflect.Value, at *place, depth int) error {
	here := &place{at, stepPair, p.Key, 0}
	k, e := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
	if err := u.value(NewText(goKey(p)), k, here, depth+1); err != nil {
		return err
	}
	if err := u.value(p.Value, e, here, depth+1); err != nil {
		return err
	}
	to.SetMapIndex(k, e)
	return nil
}

// goKey returns a key as a Go string: UTF-8 if Perl took it for characters, else its octets.
func goKey(p *Pair) string {
	if p.Flags&KeyWasUTF8 != 0 {
		return FromLatin1(p.Key)
	}
	return p.Key
}

func (u *unmarshaler) structure(v *Value, to reflect.Value, at *place, depth int) error {
	hash, inner := referent(v, at)
	at = &inner
	if hash.Kind() != Hash {
		return wrong(at, "a reference to a hash", hash)
	}
	pairs := hash.Pairs()
	key := madeKey{hash, to.Type()}
	again := len(pairs) > manyPairs && to.IsZero()
	if again && u.share(key, to) {
		return nil
	}
	list := fields.Of(to.Type())
	for i := range pairs {
		p := &pairs[i]
		f := find(list, goKey(p))
		if f == nil || p.Flags&KeyPlaceholder != 0 {
			continue
		}
		if err := u.field(p, to.FieldByIndex(f.Index), at, depth); err != nil {
			return err
		}
	}
	if again {
		filled := reflect.New(to.Type()).Elem()
		filled.Set(to)
		u.made[key] = filled
		return u.spend(1, int64(to.Type().Size())+madeSize, at, "copy of", to.Type())
	}
	return nil
}

// field fills a field of a struct from a pair of a hash. It is apart as element is.
//
//go:noinline
func (u *unmarshaler) field(p *Pair, to reflect.Value, at *place, depth int) error {
	return u.value(p.Value, to, &place{at, stepPair, p.Key, 0}, depth+1)
}

// manyPairs is how many pairs of a hash are looked through each time that it fills a struct. One
// that has more, and has been looked through, is copied: it may be referred to very often.
const manyPairs = 32

func find(list []fields.Field, name string) *fields.Field {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			return &list[i]
		}
	}
	return nil
}

// bytes fills a slice or an array of octets. Of a variable that Perl shares one slice is made.
func (u *unmarshaler) bytes(v *Value, to reflect.Value, at *place) error {
	s, ok := v.AsString()
	if !ok {
		return wrong(at, "a string", v)
	}
	if to.Kind() == reflect.Slice {
		key := madeKey{v, to.Type()}
		long := len(s) >= madeSize
		if long && u.share(key, to) {
			return nil
		}
		if err := u.spend(len(s), 1, at, "octets for", to.Type()); err != nil {
			return err
		}
		to.SetBytes([]byte(s))
		if long {
			u.taken += madeSize
			u.made[key] = reflect.ValueOf(to.Interface())
		}
		return nil
	}
	if len(s) > to.Len() {
		return wrong(at, fmt.Sprintf("at most %d octets", to.Len()), v)
	}
	to.SetZero()
	reflect.Copy(to, reflect.ValueOf([]byte(s)))
	return nil
}

// longestNumeral is how many octets a string may have to be taken for a number: one that is longer
// may be referred to very often.
const longestNumeral = 1000

// any makes the Go value that stands for v where nothing says of what type it should be.
func (u *unmarshaler) any(v *Value, at *place, depth int) (any, error) {
	switch v.Kind() {
	case Undef:
		return nil, nil
	case Int:
		return v.Int(), nil
	case Uint:
		return v.number(), nil
	case Double:
		return v.Double(), nil
	case Bool:
		return v.Bool(), nil
	case Bytes, Text, VString, Code, Regexp:
		return v.Str(), nil
	case Ref:
		return u.anyRef(v, at, depth)
	case Array:
		return into[[]any](u, v, at, depth)
	case Hash:
		return into[map[string]any](u, v, at, depth)
	}
	return v, nil
}

func (u *unmarshaler) anyRef(v *Value, at *place, depth int) (any, error) {
	t := v.Target()
	if class := t.Class(); class != "" && u.types != nil {
		if typ, ok := u.types.byClass[class]; ok {
			p := reflect.New(reflect.PointerTo(typ)).Elem()
			err := u.value(v, p, at, depth+1)
			return p.Interface(), err
		}
	}
	switch t.Kind() {
	case Array:
		return into[[]any](u, v, at, depth)
	case Hash:
		return into[map[string]any](u, v, at, depth)
	case Tied, Hooked:
		return v, nil
	case Code, Regexp:
		return t.Str(), nil
	}
	return u.variable(t, at, depth)
}

// scalarTarget is the scalar that v refers to, if it stands for a pointer to any: also a reference.
func (u *unmarshaler) scalarTarget(v *Value) (*Value, bool) {
	if v.Kind() != Ref {
		return nil, false
	}
	t := v.Target()
	switch t.Kind() {
	case Array, Hash, Tied, Hooked, Code, Regexp:
		return nil, false
	}
	if class := t.Class(); class != "" && u.types != nil {
		_, registered := u.types.byClass[class]
		return t, !registered
	}
	return t, true
}

// variable makes the pointer that stands for the Perl variable v, which a reference at a place
// refers to: one for all references to it, circles included, and also for an undef.
func (u *unmarshaler) variable(v *Value, at *place, depth int) (*any, error) {
	if p := u.scalar[v]; p != nil {
		return p, nil
	}
	if err := u.spend(1, int64(anyPointerType.Elem().Size())+madeSize, at, "variable of", anyPointerType.Elem()); err != nil {
		return nil, err
	}
	p := new(any)
	if v != nil {
		if u.scalar == nil {
			u.scalar = map[*Value]*any{}
		}
		u.scalar[v] = p
	}
	return p, u.value(v, reflect.ValueOf(p).Elem(), &place{at, stepTarget, "", 0}, depth+1)
}

func into[T any](u *unmarshaler, v *Value, at *place, depth int) (any, error) {
	var x T
	err := u.value(v, reflect.ValueOf(&x).Elem(), at, depth+1)
	return x, err
}
