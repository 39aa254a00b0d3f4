package perl

import "math"

// A Value is kept to 24 octets with a single pointer, since trees of them are what decoders spend
// their time on and what the garbage collector walks. What n and p hold depends on the kind:
//
//	kind                    n                    p, a pointer to
//	Undef                   0                    nothing: nil
//	Int, Uint, Double, Bool the number           nothing: nil
//	Bytes, Text, Code       length               the octets
//	Ref                     0                    a Value; with flagFrozen a thawing
//	Array, Hash             length and capacity, the first element or pair; nil if there are none
//	                        32 bits each
//	Tied                    TiedKind             a Value: the object
//	VString, Regexp, Hooked 0                    a rare
//
// Whatever does not fit in there, in the first place what is blessed, has flagRare: then p is that
// of a rare with all but the number or TiedKind.
//
// Only pointer.go reads and writes p as this table says. With the build tag ikc_nounsafe there is
// pointer_safe.go in its place, where p is an interface and a Value has 32 octets.
type rare struct {
	str   string
	ref   *Value
	elems []*Value
	pairs []Pair
	class string
	aux   string // Regexp: modifiers; VString: literal
	// key depends on the kind. Tied: the key of a tied hash element; Hooked: the magic object of a
	// tied variable; Ref: the frozen reference that it was, if that could not be thawed.
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
	v := &Value{kind: k}
	v.setRare(r)
	return v
}

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
	v.setRare(r)
	return r
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
		v.setPlainElems(e)
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
		v.setPlainPairs(p)
	}
}
