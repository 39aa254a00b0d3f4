package storable

import (
	"math/bits"
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// seenTable maps each Value written to its index: a hash table with open addressing whose slots hold only the
// index, and the list of the Values by index, so that the part that is jumped about in is small.
//
// Values are kept as addresses, as numbers, so that a pooled table holds nothing alive. That is sound while
// the Values are reachable and cannot move: they are in the heap, for encoder.root holds their root.
type seenTable struct {
	slots []uint32  // index plus one; 0 for none
	addrs []uintptr // of the Value with the index; 0 for indices without a Value
	used  int
	shift uint8
}

const firstSlots = 64

// reset forgets all entries and makes room for about as many as there were.
func (t *seenTable) reset() {
	n := firstSlots
	if t.used > n/2 {
		n = 1 << bits.Len(uint(2*t.used-1))
	}
	if cap(t.slots) < n {
		t.slots = make([]uint32, n)
	} else {
		t.slots = t.slots[:n]
		clear(t.slots)
	}
	t.shift = uint8(64 - bits.Len(uint(n-1)))
	t.addrs, t.used = t.addrs[:0], 0
}

// add returns the index of v if it has one; else it enters v with the index next, which must be
// higher than any before.
func (t *seenTable) add(v *perl.Value, next uint32) (index uint32, found bool) {
	key := uintptr(unsafe.Pointer(v))
	mask := len(t.slots) - 1
	for i := t.hash(key); ; i++ {
		s := &t.slots[i&mask]
		if *s == 0 {
			*s = next + 1
			for len(t.addrs) < int(next) {
				t.addrs = append(t.addrs, 0)
			}
			t.addrs = append(t.addrs, key)
			if t.used++; t.used > len(t.slots)/2 {
				t.grow()
			}
			return next, false
		}
		if t.addrs[*s-1] == key {
			return *s - 1, true
		}
	}
}

// get returns the index of v.
func (t *seenTable) get(v *perl.Value) (index uint32, found bool) {
	key := uintptr(unsafe.Pointer(v))
	mask := len(t.slots) - 1
	for i := t.hash(key); ; i++ {
		switch s := t.slots[i&mask]; {
		case s == 0:
			return 0, false
		case t.addrs[s-1] == key:
			return s - 1, true
		}
	}
}

func (t *seenTable) hash(key uintptr) int {
	return int(uint64(key) * 0x9e3779b97f4a7c15 >> (t.shift & 63))
}

func (t *seenTable) grow() {
	n := 4 * len(t.slots)
	if cap(t.slots) >= n {
		t.slots = t.slots[:n]
		clear(t.slots)
	} else {
		t.slots = make([]uint32, n)
	}
	t.shift = uint8(64 - bits.Len(uint(n-1)))
	mask := n - 1
	for index, key := range t.addrs {
		if key == 0 {
			continue
		}
		i := t.hash(key)
		for t.slots[i&mask] != 0 {
			i++
		}
		t.slots[i&mask] = uint32(index) + 1
	}
}
