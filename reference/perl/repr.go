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
// of a rare. What n and p would be else is in its plain then, but for numbers and the TiedKind,
// which stay. n of a Hooked is the HookType.
//
// Only pointer.go reads and writes p as this table says. With the build tag ikc_nounsafe there is
// pointer_safe.go in its place, where p is an interface and a Value has 32 octets.
type rare struct {
	plain Value // n and p of the content only; of a Tied with an index, n is that
	class string
	aux   string // Regexp: modifiers; VString: literal
	// key depends on the kind. Tied: the key of a tied hash element; Hooked: an array of the magic
	// object of a tied variable, nil if there is none, and of what the list refers to; Ref: the
	// frozen reference that it was, if that could not be thawed.
	key *Value
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

func rareStr(s, aux string) *rare {
	r := &rare{aux: aux}
	r.plain.setString(s)
	return r
}

// makeRare gives v a rare if it has none.
func (v *Value) makeRare() *rare {
	v.thawInPlace()
	if v.flags&flagRare != 0 {
		return v.rare()
	}
	r := &rare{plain: Value{n: v.n, p: v.p}}
	switch v.kind {
	case Bytes, Text, Code, Array, Hash:
		v.n = 0
	case Tied:
		r.plain.n = 0
	}
	v.setRare(r)
	return r
}

func (r *rare) elems() []*Value {
	if r.plain.flags&flagRare != 0 {
		return r.plain.hugeElems()
	}
	return r.plain.plainElems()
}

func (r *rare) pairs() []Pair {
	if r.plain.flags&flagRare != 0 {
		return r.plain.hugePairs()
	}
	return r.plain.plainPairs()
}

// content is where n and p of the content of a string, array or hash are.
func (v *Value) content() *Value {
	if v.flags&flagRare != 0 {
		r := v.rare()
		r.plain.flags = 0
		return &r.plain
	}
	return v
}

func (v *Value) setElems(e []*Value) {
	switch c := v.content(); {
	case cap(e) == 0:
		c.p, c.n = nil, 0
	case uint64(cap(e)) > math.MaxUint32:
		v.makeRare().plain.setHugeElems(e)
	default:
		c.setPlainElems(e)
	}
}

func (v *Value) setPairs(p []Pair) {
	switch c := v.content(); {
	case cap(p) == 0:
		c.p, c.n = nil, 0
	case uint64(cap(p)) > math.MaxUint32:
		v.makeRare().plain.setHugePairs(p)
	default:
		c.setPlainPairs(p)
	}
}
