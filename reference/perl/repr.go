package perl

import "math"

// A Value is kept to 16 octets with a single pointer, since trees of them are what decoders spend
// their time on and what the garbage collector walks. What m, spare and p hold depends on the kind:
//
//	kind                    m, spare             p, a pointer to
//	Undef                   0                    nothing: nil
//	Int, Uint, Double, Bool a small number, 0    nothing: nil; the number if it is not small
//	Bytes, Text, Code       length, 48 bits      the octets
//	Ref                     0                    a Value; with flagFrozen a thawing
//	Array, Hash             length, and how much the first element or pair; nil if there are none
//	                        the capacity is more
//	Tied                    TiedKind, 0          a Value: the object
//	VString, Regexp         0                    a rare
//	Hooked                  HookType, 0          a rare
//
// The octets, and a number that p points to, do not change.
//
// Whatever does not fit in there, in the first place what is blessed, has flagRare: then p is that
// of a rare. What m, spare and p would be else is in its plain then, but for the TiedKind and the
// HookType, which stay.
//
// Only pointer.go reads and writes p as this table says. With the build tag ikc_nounsafe there is
// pointer_safe.go in its place, where p is an interface and a Value has 24 octets.
type rare struct {
	plain Value // m, spare and p of the content only
	class string
	aux   string // Regexp: modifiers; VString: literal
	// key depends on the kind. Tied: the key of a tied hash element; Hooked: an array of the magic
	// object of a tied variable, nil if there is none, and of what the list refers to; Ref: the
	// frozen reference that it was, if that could not be thawed.
	key   *Value
	index int64 // of a Tied
}

// small tells whether a number fits into m: one of 32 bits with a sign, as far as an integer goes.
func small(n uint64) bool { return n == uint64(int64(int32(n))) }

// newNumber returns a Value of a kind that has a number.
func newNumber(k Kind, n uint64) *Value {
	if small(n) {
		return &Value{kind: k, m: uint32(n)}
	}
	v := &struct { // allocated together
		Value
		n uint64
	}{Value{kind: k}, n}
	v.setLarge(&v.n)
	return &v.Value
}

// number is the number of a Value of a kind that has one.
func (v *Value) number() uint64 {
	if v.flags&flagRare != 0 {
		v = &v.rare().plain
	}
	if n := v.large(); n != nil {
		return *n
	}
	return uint64(int64(int32(v.m)))
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
	r := &rare{plain: Value{spare: v.spare, m: v.m, p: v.p}}
	if v.kind != Tied {
		v.m, v.spare = 0, 0
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

// fits tells whether a Value can hold the length and the capacity of a slice.
func fits(length, capacity int) bool {
	return uint64(length) <= math.MaxUint32 && capacity-length <= math.MaxUint16
}

// content is where m, spare and p of the content of an array or a hash are, to be set.
func (v *Value) content() *Value {
	if v.flags&flagRare != 0 {
		r := v.rare()
		r.plain.flags = 0
		return &r.plain
	}
	return v
}

func (v *Value) setElems(e []*Value) {
	switch {
	case !fits(len(e), cap(e)):
		v.makeRare().plain.setHugeElems(e)
	case cap(e) == 0:
		v.content().clear()
	default:
		v.content().setPlainElems(e)
	}
}

func (v *Value) setPairs(p []Pair) {
	switch {
	case !fits(len(p), cap(p)):
		v.makeRare().plain.setHugePairs(p)
	case cap(p) == 0:
		v.content().clear()
	default:
		v.content().setPlainPairs(p)
	}
}

// clear makes the content of an array or a hash none.
func (v *Value) clear() { v.p, v.m, v.spare = nil, 0, 0 }
