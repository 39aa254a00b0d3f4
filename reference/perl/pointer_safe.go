//go:build ikc_nounsafe

package perl

import "strings"

// ValueSize is what a Value takes of Go's heap at most, in octets, with what is behind its pointer.
const ValueSize = 32 + 24

// pointer is what a Value holds besides its small number: a string, *Value, []*Value, []Pair,
// *uint64, *thawing or *rare, as repr.go says; nil if that is "" or nil. The functions are those of
// pointer.go.
type pointer = any

func (v *Value) plainStr() string {
	s, _ := v.p.(string)
	return s
}

func (v *Value) setString(s string) { v.p = s }

// copyString makes a string Value of a copy of s.
func copyString(k Kind, s string) *Value { return newString(k, strings.Clone(s)) }

type shorts struct{}

// Bytes returns a Value of a copy of str. more is about how many strings will follow at once.
func (s *Shorts) Bytes(str string, more int) *Value { return CopyBytes(str) }

// Again has v, which nobody has any more, be used again, if it is the last that Bytes returned.
func (s *Shorts) Again(v *Value) {}

func (v *Value) plainTarget() *Value {
	t, _ := v.p.(*Value)
	return t
}

func (v *Value) setPlainTarget(t *Value) { v.p = t }

func (v *Value) plainElems() []*Value {
	e, _ := v.p.([]*Value)
	return e
}

func (v *Value) setPlainElems(e []*Value) { v.p = e }

func (v *Value) plainPairs() []Pair {
	p, _ := v.p.([]Pair)
	return p
}

func (v *Value) setPlainPairs(p []Pair) { v.p = p }

func (v *Value) hugeElems() []*Value { return v.plainElems() }

func (v *Value) setHugeElems(e []*Value) { v.p = e }

func (v *Value) hugePairs() []Pair { return v.plainPairs() }

func (v *Value) setHugePairs(p []Pair) { v.p = p }

func (v *Value) large() *uint64 {
	n, _ := v.p.(*uint64)
	return n
}

func (v *Value) setLarge(n *uint64) { v.p = n }

func (v *Value) thawing() *thawing { return v.p.(*thawing) }

func (v *Value) setThawing(t *thawing) {
	v.p = t
	v.flags |= flagFrozen
}

func (v *Value) rare() *rare { return v.p.(*rare) }

func (v *Value) setRare(r *rare) {
	v.p = r
	v.flags |= flagRare
}
