package storable

import (
	"math/bits"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// seenTable maps each Value written to its index. Since most are written once, and next to each
// other in memory, what is kept at first is only which have been: a bit for each address, in a hash
// table of pages. The index of one that comes again is looked up in a second hash table, which is
// made when it is needed.
//
// Values are kept as addresses, as numbers, so that a pooled table holds nothing alive. That is
// sound while the Values are reachable and cannot move: they are in the heap, for encoder.root
// holds their root.
type seenTable struct {
	pages []seenPage // open addressing
	used  int        // of pages
	last  int        // the page found last
	shift uint8
	addrs []uintptr // of the Value with the index; 0 for indices without a Value
	index seenIndex
}

// seenPage has a bit for every 8 octets of pageSize: Values are larger than that.
type seenPage struct {
	number uintptr // address / pageSize; 0 for none
	bits   [pageSize / 8 / 64]uint64
}

const (
	pageSize   = 1 << 10
	firstPages = 16
)

// reset forgets all entries and makes room for about as many as there were.
func (t *seenTable) reset() {
	n := firstPages
	if t.used > n/2 {
		n = 1 << bits.Len(uint(2*t.used-1))
	}
	t.size(n)
	t.addrs = t.addrs[:0]
	t.index.entered = 0
}

// size makes pages n empty ones, n being a power of 2.
func (t *seenTable) size(n int) {
	if cap(t.pages) < n {
		t.pages = make([]seenPage, n)
	} else {
		t.pages = t.pages[:n]
		clear(t.pages)
	}
	t.shift = uint8(64 - bits.Len(uint(n-1)))
	t.used, t.last = 0, 0
}

// release gives memory back that is too much to keep.
func (t *seenTable) release() {
	if cap(t.addrs) > keepSlots || cap(t.pages) > keepSlots/4 || cap(t.index.slots) > keepSlots {
		*t = seenTable{}
	}
}

// add returns the index of v if it has one; else it enters v with the index next, which must be
// higher than any before.
func (t *seenTable) add(v *perl.Value, next uint32) (index uint32, found bool) {
	address := addressOf(v)
	page := &t.pages[t.last]
	if page.number != address/pageSize {
		page = t.page(address / pageSize)
	}
	word, bit := &page.bits[address%pageSize/8/64], uint64(1)<<(address/8%64)
	if *word&bit != 0 {
		return t.index.of(address, t.addrs), true
	}
	*word |= bit
	if n := len(t.addrs); n == int(next) && n < cap(t.addrs) { // the way of nearly all
		t.addrs = t.addrs[:n+1]
		t.addrs[n] = address
		return next, false
	}
	for len(t.addrs) < int(next) {
		t.addrs = append(t.addrs, 0)
	}
	t.addrs = append(t.addrs, address)
	return next, false
}

// get returns the index of v.
func (t *seenTable) get(v *perl.Value) (index uint32, found bool) {
	address := addressOf(v)
	if t.page(address / pageSize).bits[address%pageSize/8/64]>>(address/8%64)&1 == 0 {
		return 0, false
	}
	return t.index.of(address, t.addrs), true
}

// page returns the page of a number, a new one if need be.
func (t *seenTable) page(number uintptr) *seenPage {
	if t.used >= len(t.pages)/2 {
		old := t.pages
		t.pages = nil
		t.size(4 * len(old))
		for i := range old {
			if old[i].number != 0 {
				*t.page(old[i].number) = old[i]
			}
		}
	}
	mask := len(t.pages) - 1
	for i := spread(number, t.shift); ; i++ {
		p := &t.pages[i&mask]
		if p.number == number {
			t.last = i & mask
			return p
		}
		if p.number == 0 {
			p.number = number
			t.used++
			t.last = i & mask
			return p
		}
	}
}

func spread(key uintptr, shift uint8) int {
	return int(uint64(key) * 0x9e3779b97f4a7c15 >> (shift & 63))
}

// seenIndex finds addresses in a list of them: a hash table with open addressing whose slots hold
// the index plus one, 0 for none.
type seenIndex struct {
	slots   []uint32
	entered int // of the list
	shift   uint8
}

const firstSlots = 64

// of returns the index of an address, which must be in the list. The list may have grown since the
// last time.
func (x *seenIndex) of(address uintptr, list []uintptr) uint32 {
	if x.entered == 0 || 2*len(list) > len(x.slots) {
		x.size(max(firstSlots, 1<<bits.Len(uint(4*len(list)-1))))
	}
	mask := len(x.slots) - 1
	for ; x.entered < len(list); x.entered++ {
		if list[x.entered] == 0 {
			continue
		}
		i := spread(list[x.entered], x.shift)
		for x.slots[i&mask] != 0 {
			i++
		}
		x.slots[i&mask] = uint32(x.entered) + 1
	}
	for i := spread(address, x.shift); ; i++ {
		if s := x.slots[i&mask]; list[s-1] == address {
			return s - 1
		}
	}
}

func (x *seenIndex) size(n int) {
	if cap(x.slots) < n {
		x.slots = make([]uint32, n)
	} else {
		x.slots = x.slots[:n]
		clear(x.slots)
	}
	x.shift = uint8(64 - bits.Len(uint(n-1)))
	x.entered = 0
}
