//go:build !ikc_nounsafe

package perl

import (
	"strings"
	"unsafe"
)

// ValueSize is what a Value takes of Go's heap at most, in octets, with a number that is not small.
const ValueSize = 24

// pointer is what a Value holds besides its number. See repr.go for what it points at.
type pointer = unsafe.Pointer

// The functions below give the content of a Value that has not flagRare, and set it. The kind, and
// flagFrozen, must be right already.

func (v *Value) plainStr() string {
	return unsafe.String((*byte)(v.p), int(uint64(v.spare)<<32|uint64(v.m)))
}

func (v *Value) setString(s string) {
	v.p, v.m, v.spare = unsafe.Pointer(unsafe.StringData(s)), uint32(len(s)), uint16(uint64(len(s))>>32)
}

// A copied string of up to so many octets and its Value are one object of Go's heap, of one of
// these sizes. They live as long as each other, mostly.
type (
	value64 struct {
		Value
		octets [64 - ValueSize]byte
	}
	value128 struct {
		Value
		octets [128 - ValueSize]byte
	}
	value256 struct {
		Value
		octets [256 - ValueSize]byte
	}
)

// copyString makes a string Value of a copy of s.
func copyString(k Kind, s string) *Value {
	var v *Value
	var octets []byte
	switch n := len(s) + ValueSize; {
	case n <= 64:
		o := new(value64)
		v, octets = &o.Value, o.octets[:]
	case n <= 128:
		o := new(value128)
		v, octets = &o.Value, o.octets[:]
	case n <= 256:
		o := new(value256)
		v, octets = &o.Value, o.octets[:]
	default:
		return newString(k, strings.Clone(s))
	}
	v.kind = k
	v.setString(unsafe.String(&octets[0], copy(octets, s)))
	return v
}

// shortsAtOnce is how many strings one object of Shorts has at most.
const shortsAtOnce = 8

// shorts is an object of Shorts.
type shorts struct {
	values [shortsAtOnce]Value
	octets [1024 - shortsAtOnce*int(unsafe.Sizeof(Value{}))]byte
}

// Bytes returns a Value of a copy of str. more is about how many strings will follow at once.
func (s *Shorts) Bytes(str string, more int) *Value {
	if s.in == nil || s.values == shortsAtOnce || len(str) > len(s.in.octets)-s.octets {
		if more == 0 || len(str) > len(s.in.octets)/shortsAtOnce {
			return CopyBytes(str)
		}
		*s = Shorts{in: new(shorts)}
	}
	v := &s.in.values[s.values]
	v.kind = Bytes
	if to := s.in.octets[s.octets:]; len(str) > 0 {
		v.setString(unsafe.String(&to[0], copy(to, str)))
	}
	s.values++
	s.last = s.octets
	s.octets += len(str)
	return v
}

// Again has v, which nobody has any more, be used again, if it is the last that Bytes returned.
func (s *Shorts) Again(v *Value) {
	if s.values == 0 || v != &s.in.values[s.values-1] {
		return
	}
	s.values--
	s.octets = s.last
	*v = Value{}
}

func (v *Value) plainTarget() *Value { return (*Value)(v.p) }

func (v *Value) setPlainTarget(t *Value) { v.p = unsafe.Pointer(t) }

func (v *Value) plainElems() []*Value {
	return unsafe.Slice((**Value)(v.p), uint64(v.m)+uint64(v.spare))[:v.m]
}

func (v *Value) setPlainElems(e []*Value) {
	v.p, v.m, v.spare = unsafe.Pointer(unsafe.SliceData(e)), uint32(len(e)), uint16(cap(e)-len(e))
}

func (v *Value) plainPairs() []Pair {
	return unsafe.Slice((*Pair)(v.p), uint64(v.m)+uint64(v.spare))[:v.m]
}

func (v *Value) setPlainPairs(p []Pair) {
	v.p, v.m, v.spare = unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)), uint16(cap(p)-len(p))
}

// The elements and pairs of a rare whose length and capacity do not fit: p points to the slice.

func (v *Value) hugeElems() []*Value { return *(*[]*Value)(v.p) }

func (v *Value) setHugeElems(e []*Value) {
	if v.flags&flagRare != 0 {
		*(*[]*Value)(v.p) = e
		return
	}
	v.p, v.flags = unsafe.Pointer(&e), flagRare
}

func (v *Value) hugePairs() []Pair { return *(*[]Pair)(v.p) }

func (v *Value) setHugePairs(p []Pair) {
	if v.flags&flagRare != 0 {
		*(*[]Pair)(v.p) = p
		return
	}
	v.p, v.flags = unsafe.Pointer(&p), flagRare
}

// large is where the number of a Value is that is not small; nil if it is small.
func (v *Value) large() *uint64 { return (*uint64)(v.p) }

func (v *Value) setLarge(n *uint64) { v.p = unsafe.Pointer(n) }

// thawing is what a Value with flagFrozen has.
func (v *Value) thawing() *thawing { return (*thawing)(v.p) }

func (v *Value) setThawing(t *thawing) {
	v.p = unsafe.Pointer(t)
	v.flags |= flagFrozen
}

// rare is what a Value with flagRare has.
func (v *Value) rare() *rare { return (*rare)(v.p) }

func (v *Value) setRare(r *rare) {
	v.p = unsafe.Pointer(r)
	v.flags |= flagRare
}
