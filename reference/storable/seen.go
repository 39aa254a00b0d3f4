package storable

import (
	"math/bits"
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// seenTable maps each Value written to its index. It is a hash table with open addressing that is
// cleared by changing its generation, so that a pooled table costs nothing to reuse.
//
// Its keys are addresses, kept as numbers so that a pooled table holds nothing alive. That is sound while
// the values are reachable and cannot move: they are in the heap, for encoder.root holds their root.
type seenTable struct {
	slots []seenSlot
	shift uint8
	gen   uint32
	used  int
}

type seenSlot struct {
	key   uintptr
	gen   uint32
	index uint32
}

const firstSlots = 64

// reset forgets all entries.
func (t *seenTable) reset() {
	if t.slots == nil {
		t.alloc(firstSlots)
	}
	t.used = 0
	if t.gen++; t.gen == 0 {
		clear(t.slots)
		t.gen = 1
	}
}

func (t *seenTable) alloc(n int) {
	t.slots = make([]seenSlot, n)
	t.shift = uint8(64 - bits.Len(uint(n-1)))
}

// add returns the index of v if it has one; else it enters v with the index next.
func (t *seenTable) add(v *perl.Value, next uint32) (index uint32, found bool) {
	key := uintptr(unsafe.Pointer(v))
	mask := len(t.slots) - 1
	for i := t.hash(key); ; i++ {
		s := &t.slots[i&mask]
		if s.gen != t.gen {
			s.key, s.gen, s.index = key, t.gen, next
			if t.used++; t.used > len(t.slots)/2 {
				t.grow()
			}
			return next, false
		}
		if s.key == key {
			return s.index, true
		}
	}
}

// get returns the index of v.
func (t *seenTable) get(v *perl.Value) (index uint32, found bool) {
	key := uintptr(unsafe.Pointer(v))
	mask := len(t.slots) - 1
	for i := t.hash(key); ; i++ {
		s := &t.slots[i&mask]
		if s.gen != t.gen {
			return 0, false
		}
		if s.key == key {
			return s.index, true
		}
	}
}

func (t *seenTable) hash(key uintptr) int {
	return int(uint64(key) * 0x9e3779b97f4a7c15 >> (t.shift & 63))
}

func (t *seenTable) grow() {
	old := t.slots
	t.alloc(2 * len(old))
	mask := len(t.slots) - 1
	for _, s := range old {
		if s.gen != t.gen {
			continue
		}
		i := t.hash(s.key)
		for t.slots[i&mask].gen == t.gen {
			i++
		}
		t.slots[i&mask] = s
	}
}
