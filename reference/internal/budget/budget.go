// Package budget bounds what reading an image takes, for all serializers alike: how many Values,
// how many octets of Go's heap, and how much of the image has been promised already.
package budget

import (
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Budget is what the reading of one image may still take.
//
// An image says how many members a container has before it has them, and room is made for as many.
// Each of them takes octets of the image; what containers within containers promise is therefore
// summed up in Owed, and a promise is believed only if the octets that are left suffice for it and
// for all that is owed. So what is allocated for promises is never more than what an image of the
// same length needs that keeps them.
type Budget struct {
	Left     int   // Values that may still be made, of most
	Owed     int   // octets not yet read that the containers that have begun are to get, at least
	alloc    int64 // octets of the heap taken, but for Values
	most     int   // Values that there may be, by elements and by room
	elements int
	room     int64
}

// Begin allows for so many Values and for room octets of the heap, of which some are taken.
func (b *Budget) Begin(elements int, room, taken int64) {
	*b = Budget{Left: elements, most: elements, elements: elements, room: room, alloc: taken}
	b.fit()
}

// Promise notes that n members follow, of at least least octets each, all within the rest of the
// image, in octets. It is false if they cannot. Whoever reads a member takes its octets off Owed,
// before or when they are read.
func (b *Budget) Promise(n uint64, least, rest int) bool {
	free := uint64(b.Free(rest))
	if n > free || n*uint64(least) > free { // no quotient: they take longer
		return false
	}
	b.Owed += int(n) * least
	return true
}

// Free is how many octets of the rest of the image are not owed.
func (b *Budget) Free(rest int) int { return max(rest-b.Owed, 0) }

// Spend counts octets of the heap that are about to be taken, and tells whether they may be, with n
// Values more, which are not counted yet: whoever makes a Value takes it off Left.
func (b *Budget) Spend(octets int64, n int) bool {
	b.alloc += octets
	b.fit()
	return n <= b.Left
}

// fit takes off what is left of Values those that there is no room for.
func (b *Budget) fit() {
	if rest := b.room - b.alloc; rest < int64(b.most)*perl.ValueSize {
		fit := int(rest / perl.ValueSize)
		b.Left -= b.most - fit
		b.most = fit
	}
}

// Excess says which limit forbids n Values more, what it is and what it would have to be:
// MaxElements or MaxAlloc.
func (b *Budget) Excess(n int) (limit string, most, got int64) {
	used := int64(b.Values() + n)
	if b.most == b.elements {
		return "MaxElements", int64(b.most), used
	}
	return "MaxAlloc", b.room, b.alloc + used*perl.ValueSize
}

// Values is how many Values have been taken off Left. It does not change when there is less room
// for Values, as Left does.
func (b *Budget) Values() int { return b.most - b.Left }

// Cost is what has been taken of the heap, Values included, in octets.
func (b *Budget) Cost() int64 { return b.alloc + int64(b.Values())*perl.ValueSize }
