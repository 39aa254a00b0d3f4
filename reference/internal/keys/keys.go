// Package keys finds keys of hashes, in little memory and in time that does not grow with their
// number, for those who read what peers send. Two keys are the same if their octets are and both
// or neither have perl.KeyUTF8.
package keys

import (
	"hash/maphash"
	"math/bits"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Few is the number of keys up to which a scan is faster than a table.
const Few = 24

// Size is what a Set takes of the heap for n pairs at most, in octets.
func Size(n int) int64 {
	if n <= Few {
		return 0
	}
	return 4 * 4 * int64(n)
}

// Filter is a set of keys that denies for most keys that it has them. The zero Filter is empty.
type Filter uint64

// Suspect adds a key, and tells whether it may be among those before it.
func (f *Filter) Suspect(key string) bool {
	h := uint(len(key))
	if h > 0 {
		h += uint(key[0])*7 + uint(key[h-1])*29
	}
	bit := Filter(1) << (h & 63)
	found := *f&bit != 0
	*f |= bit
	return found
}

// Set is about the keys of one hash. The zero Set is empty.
type Set struct {
	Filter
	table []int32 // open addressing, index into the pairs plus one; for large hashes only
	seed  maphash.Seed
}

// Add adds the key of pairs[i] and tells whether it is among those before it. Of more than Few
// pairs each must be added, in order; of fewer those that the Filter suspects are enough. The pairs
// may become more meanwhile.
func (k *Set) Add(pairs []perl.Pair, i int) bool {
	p := &pairs[i]
	if len(pairs) > Few {
		if 2*len(pairs) > len(k.table) {
			k.make(pairs, i)
		}
		slot, at := k.find(pairs, p.Key, p.Flags)
		if at < 0 {
			*slot = int32(i + 1)
		}
		return at >= 0
	}
	return scan(pairs[:i], p.Key, p.Flags) >= 0
}

// Find returns the index of a key in pairs, or -1. All must have been added, or none: then they are
// now.
func (k *Set) Find(pairs []perl.Pair, key string, flags perl.KeyFlags) int {
	if len(pairs) <= Few {
		return scan(pairs, key, flags)
	}
	if k.table == nil {
		k.make(pairs, len(pairs))
	}
	_, at := k.find(pairs, key, flags)
	return at
}

func scan(pairs []perl.Pair, key string, flags perl.KeyFlags) int {
	for i := range pairs {
		if pairs[i].Key == key && (pairs[i].Flags^flags)&perl.KeyUTF8 == 0 {
			return i
		}
	}
	return -1
}

// make makes a table for all pairs, and adds the first n.
func (k *Set) make(pairs []perl.Pair, n int) {
	if k.table == nil {
		k.seed = maphash.MakeSeed()
	}
	k.table = make([]int32, 1<<bits.Len(uint(len(pairs))*2-1))
	for i := range pairs[:n] {
		slot, _ := k.find(pairs, pairs[i].Key, pairs[i].Flags)
		*slot = int32(i + 1)
	}
}

// find returns the slot of a key and its index in pairs, -1 if the slot is free.
func (k *Set) find(pairs []perl.Pair, key string, flags perl.KeyFlags) (*int32, int) {
	mask := uint64(len(k.table) - 1)
	for h := maphash.String(k.seed, key); ; h++ {
		slot := &k.table[h&mask]
		if *slot == 0 {
			return slot, -1
		}
		p := &pairs[*slot-1]
		if p.Key == key && (p.Flags^flags)&perl.KeyUTF8 == 0 {
			return slot, int(*slot - 1)
		}
	}
}
