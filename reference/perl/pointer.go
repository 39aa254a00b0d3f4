//go:build !ikc_nounsafe

package perl

import "unsafe"

// ValueSize is what a Value takes of Go's heap, in octets.
const ValueSize = 24

// pointer is what a Value holds besides its number. See repr.go for what it points at.
type pointer = unsafe.Pointer

// The functions below give the content of a Value that has not flagRare, and set it. The kind, and
// flagFrozen, must be right already.

func (v *Value) plainStr() string { return unsafe.String((*byte)(v.p), int(v.n)) }

func (v *Value) setString(s string) {
	v.p, v.n = unsafe.Pointer(unsafe.StringData(s)), uint64(len(s))
}

func (v *Value) plainTarget() *Value { return (*Value)(v.p) }

func (v *Value) setPlainTarget(t *Value) { v.p = unsafe.Pointer(t) }

func (v *Value) plainElems() []*Value {
	return unsafe.Slice((**Value)(v.p), v.n>>32)[:uint32(v.n)]
}

func (v *Value) setPlainElems(e []*Value) {
	v.p, v.n = unsafe.Pointer(unsafe.SliceData(e)), uint64(len(e))|uint64(cap(e))<<32
}

func (v *Value) plainPairs() []Pair { return unsafe.Slice((*Pair)(v.p), v.n>>32)[:uint32(v.n)] }

func (v *Value) setPlainPairs(p []Pair) {
	v.p, v.n = unsafe.Pointer(unsafe.SliceData(p)), uint64(len(p))|uint64(cap(p))<<32
}

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
