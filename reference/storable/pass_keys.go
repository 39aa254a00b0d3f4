package storable

import (
	"hash/maphash"
	"math/bits"

	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
)

// knownKeys are keys of the hashes that pass passes over. Most hashes have keys that another had
// before them, and in the same order. So the first keys of an image are known by a bit each, by
// which it shows that one comes twice, and by what came after them.
type knownKeys struct {
	known  [1 + mostKnown]knownKey // the first is none: what comes before the first key
	count  int                     // of known
	table  [tableSize]uint8        // of places in known, 0 for none; open addressing
	last   *knownKey
	other  knownKey // any key that is not known; it has no bit
	others []int    // where such keys stand, of all hashes that have begun
	slots  []int32  // of twice
	seed   maphash.Seed
}

const (
	mostKnown = 64
	tableSize = 4 * mostKnown
	// mostProbes is how many slots of the table may have a key: a peer can choose keys that all
	// want the same.
	mostProbes = 4
)

// knownKey is a key with the four octets of its length in front.
type knownKey struct {
	head, headMask uint64 // the first word, and which octets of it are of the key
	more, moreMask uint64 // the second
	size           int    // in octets
	at             int    // where it stands
	bit            uint64
	next           *knownKey // what came after it last
}

func newPassing() *passing {
	p := new(passing)
	p.seed = maphash.MakeSeed()
	p.known[0].head, p.other.head = 1, 1 // with a mask of 0, so passPairs expects neither
	return p
}

// forget makes all keys unknown, for another image.
func (k *knownKeys) forget() {
	k.count, k.table, k.others = 0, [tableSize]uint8{}, k.others[:0]
	k.last = &k.known[0]
	k.known[0].next, k.other.next = k.last, k.last
	if cap(k.others) > keepSlots || cap(k.slots) > keepSlots {
		k.others, k.slots = nil, nil
	}
}

// keyMasks say which octets of two words are of a key, by the length of the key up to 12.
var keyMasks = func() (m [lastMask + 1][2]uint64) {
	for n := range m {
		for i := range 4 + n {
			m[n][i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return m
}()

const lastMask = 12

// passNewKey is about a key at pos that is not the one expected. It returns nil if value would not
// read it.
func (c *cursor) passNewKey(pos int) *knownKey {
	s, p := c.s, c.passing
	var head, more uint64
	if pos >= 0 && pos <= len(s)-16 {
		head, more = word(s[pos:pos+8]), word(s[pos+8:pos+16])
	} else {
		head, more = lastWord(s, pos), lastWord(s, pos+8)
	}
	n := uint64(bits.ReverseBytes32(uint32(head)))
	mask := &keyMasks[min(n, lastMask)]
	head, more = head&mask[0], more&mask[1]
	h := (head ^ bits.RotateLeft64(more, 25)) * 0x9e3779b97f4a7c15 >> (64 - 8)
	if k := &p.known[p.table[h]]; k.head == head && k.more == more && uint64(k.size) == n+4 && (n <= lastMask || k.same(s, pos)) {
		return k
	}
	if len(s)-pos < 4 || n > uint64(len(s)-pos-4) || n > c.longest {
		return nil
	}
	return p.find(s, pos, int(n)+4, head, more, h)
}

// same tells whether a key whose two words are those at pos stands there.
func (k *knownKey) same(s string, pos int) bool {
	return k.size <= len(s)-pos && s[pos+16:pos+k.size] == s[k.at+16:k.at+k.size]
}

// find finds a key of some size that is at pos and has these words, trying the slot h first. It
// makes it known if there is room for that.
func (k *knownKeys) find(s string, pos, size int, head, more, h uint64) *knownKey {
	for range mostProbes {
		slot := &k.table[h%tableSize]
		if *slot == 0 {
			if k.count == mostKnown {
				break
			}
			k.count++
			*slot = uint8(k.count)
			key, mask := &k.known[k.count], &keyMasks[min(size-4, lastMask)]
			*key = knownKey{head, mask[0], more, mask[1], size, pos, 1 << (k.count - 1), &k.known[0]}
			return key
		}
		if o := &k.known[*slot]; o.head == head && o.more == more && (size <= 16 || o.same(s, pos)) {
			return o
		}
		h++
	}
	k.others = append(k.others, pos)
	k.other.size = size
	return &k.other
}

// twice tells whether one of the others comes twice, from one of them on.
func (k *knownKeys) twice(s string, from int) bool {
	others := k.others[from:]
	if len(others) > keys.Few {
		return k.manyTwice(s, others)
	}
	var seen keys.Filter
	for i, at := range others {
		key := keyAt(s, at)
		if !seen.Suspect(key) {
			continue
		}
		for _, before := range others[:i] {
			if keyAt(s, before) == key {
				return true
			}
		}
	}
	return false
}

func (k *knownKeys) manyTwice(s string, others []int) bool {
	size := 1 << bits.Len(uint(len(others))*2-1)
	if cap(k.slots) < size {
		k.slots = make([]int32, size)
	}
	slots := k.slots[:size]
	clear(slots)
	for i, at := range others {
		key := keyAt(s, at)
		h := maphash.String(k.seed, key)
		for ; slots[h&uint64(size-1)] != 0; h++ {
			if keyAt(s, others[slots[h&uint64(size-1)]-1]) == key {
				return true
			}
		}
		slots[h&uint64(size-1)] = int32(i + 1)
	}
	return false
}

// keyAt is a key that is known to be within s.
func keyAt(s string, pos int) string {
	n, at := passNumber(s, pos)
	return s[at : at+int(n)]
}
