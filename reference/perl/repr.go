package perl

import (
	"math"
	"unsafe"
)

// A Value is kept to 24 octets with a single pointer, since trees of them are what decoders spend their time
// on and what the garbage collector walks. What n and p hold depends on the kind:
//
//	kind                    n                              p
//	Undef                   0                              nil
//	Int, Uint, Double, Bool the number                     nil
//	Bytes, Text, Code       length                         the octets
//	Ref                     0                              *Value; with flagFrozen *thawing
//	Array, Hash             length and capacity, 32 bits   the first element or pair; nil if there are none
//	                        each
//	Tied                    TiedKind                       *Value: the object
//	VString, Regexp, Hooked 0                              *rare
//
// Whatever does not fit in there, in the first place what is blessed, has flagRare: then p is a *rare with all but
// the number or TiedKind. Only this file, Str, Target, Elems and Pairs know.
type rare struct {
	str   string
	ref   *Value
	elems []*Value
	pairs []Pair
	class string
	aux   string // Regexp: modifiers; VString: literal
	// key depends on the kind. Tied: the key of a tied hash element; Hooked: the magic object of a tied
	// variable; Ref: the frozen reference that it was, if that could not be thawed.
	key      *Value
	index    int64 // Tied: the index of a tied array element
	hookType HookType
}

func newString(k Kind, s string) *Value {
	v := &Value{kind: k}
	v.setString(s)
	return v
}

func newRare(k Kind, r *rare) *Value {
	return &Value{kind: k, flags: flagRare, p: unsafe.Pointer(r)}
}

func (v *Value) rare() *rare { return (*rare)(v.p) }

// makeRare gives v a rare if it has none.
func (v *Value) makeRare() *rare {
	v.thawInPlace()
	if v.flags&flagRare != 0 {
		return v.rare()
	}
	r := &rare{str: v.Str(), ref: v.Target(), elems: v.Elems(), pairs: v.Pairs()}
	switch v.kind {
	case Bytes, Text, Code, Array, Hash:
		v.n = 0
	}
	v.p = unsafe.Pointer(r)
	v.flags |= flagRare
	return r
}

func (v *Value) setString(s string) {
	v.p, v.n = unsafe.Pointer(unsafe.StringData(s)), uint64(len(s))
}

func (v *Value) setElems(e []*Value) {
	switch {
	case v.flags&flagRare != 0:
		v.rare().elems = e
	case cap(e) == 0:
		v.p, v.n = nil, 0
	case cap(e) > math.MaxUint32:
		v.p, v.n = nil, 0
		v.makeRare().elems = e
	default:
		v.p, v.n = unsafe.Pointer(unsafe.SliceData(e)), uint64(len(e))|uint64(cap(e))<<32
	}
}

func (v *Value) setPairs(p []Pair) {
	switch {
	case v.flags&flagRare != 0:
		v.rare().pairs = p
	case cap(p) == 0:
		v.p, v.n = nil, 0
	case cap(p) > math.MaxUint32:
		v.p, v.n = nil, 0
		v.makeRare().pairs = p
	default:
		v.p, v.n = unsafe.Pointer(unsafe.SliceData(p)), uint64(len(p))|uint64(cap(p))<<32
	}
}
