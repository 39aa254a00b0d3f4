package storable

import (
	"math/bits"
	"sync"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// passOver passes over the next object, and tells whether value would read it. If not, the cursor
// is in no state to go on.
func (c *cursor) passOver() bool {
	if c.Left == 0 {
		return false
	}
	c.Left--
	if end := c.passScalar(c.pos); end > 0 {
		c.pos = end
	} else {
		c.pos = c.pass(c.pos)
	}
	return c.pos >= 0
}

// passScalar is pass of the scalars that are frequent. It is 0 for others, and for what value would
// not read.
func (c *cursor) passScalar(pos int) int {
	s := c.s
	if pos < 0 || pos > len(s)-2 {
		return 0
	}
	n, kind := 0, perl.Int
	switch t := tag(s[pos]); t {
	case tagScalar, tagUTF8Str:
		if n, kind = 2+int(s[pos+1]), stringKind(t); uint64(n-2) > c.longest {
			return 0
		}
	case tagByte:
		n = 2
	case tagNetint:
		n = 5
	}
	if n == 0 || n > len(s)-pos {
		return 0
	}
	c.kinds.Add(kind)
	return pos + n
}

func stringKind(t tag) perl.Kind {
	if t == tagUTF8Str || t == tagLUTF8Str {
		return perl.Text
	}
	return perl.Bytes
}

// passing is what pass needs besides the cursor.
type passing struct {
	came               [256]bool // tags; those up to tagLast are kept
	longest            byte      // of strings that have their length in an octet
	refs, elems, pairs int       // that began
	shapes             [mostShapes]shape
	lists              int // how many of these are in use
	knownKeys
}

var passings = sync.Pool{New: func() any { return newPassing() }}

// pass passes over the object at pos, which is counted already, and returns where it ends: a place
// only if value would read the object, else -1. It knows plain data; indices, blessed objects and
// what is rare it leaves to value. It notes the tags and the lowest depth.
//
// Most of what comes is passed over and no more, so there is no call for a scalar, nor for a key
// like those before. What there is in the image is counted, and held against the budget at the end:
// since that never allows for more as it goes on, this is soon enough where nothing is made of what
// a count promises. Nor does a scalar have to end within the image: what comes behind it does, or
// the end of all.
func (c *cursor) pass(pos int) int {
	if !c.passed {
		c.beginPassing()
	}
	p := c.passing
	p.refs, p.elems, p.pairs, p.lists = 0, 0, 0, 0
	c.lowest = c.depth
	if pos = c.passMembers(pos, 1); pos < 0 || pos > len(c.s) {
		return -1
	}
	values := p.refs + p.elems + p.pairs
	if !c.Spend(int64(p.elems)*perl.ElemSize+int64(p.pairs)*perl.PairSize, values) {
		return -1
	}
	c.Left -= values
	return pos
}

// beginPassing makes passing ready for another image.
func (c *cursor) beginPassing() {
	if c.passing == nil {
		c.passing = passings.Get().(*passing)
	}
	p := c.passing
	p.longest = byte(min(c.longest, maxShortString))
	clear(p.came[:tagLast])
	p.forget()
	c.passed = true
}

// endPassing gives back what pass needed.
func (c *cursor) endPassing() {
	if c.passing != nil {
		passings.Put(c.passing)
		c.passing = nil
	}
}

// passedKinds are the kinds of Value that have been passed over in this image.
func (c *cursor) passedKinds() message.Kinds {
	kinds := c.kinds
	if !c.passed {
		return kinds
	}
	for t, kind := range [...]perl.Kind{tagScalar: perl.Bytes, tagLScalar: perl.Bytes, tagUTF8Str: perl.Text, tagLUTF8Str: perl.Text,
		tagByte: perl.Int, tagNetint: perl.Int, tagRef: perl.Ref, tagArray: perl.Array, tagHash: perl.Hash} {
		if c.passing.came[t] {
			kinds.Add(kind)
		}
	}
	return kinds
}

// word is eight octets as a number, the first of them the lowest.
func word(b string) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// lastWord is the word at a place near the end of s, with 0 for what is behind that. It is no part
// of those who call it: they are faster so.
//
//go:noinline
func lastWord(s string, at int) (w uint64) {
	for i := range uint(8) {
		if at+int(i) < len(s) {
			w |= uint64(s[at+int(i)]) << (8 * i)
		}
	}
	return w
}

// passMembers passes over n objects. It may end behind the image.
func (c *cursor) passMembers(pos, n int) int {
	s, p := c.s, c.passing
	for ; n > 0; n-- {
		var x uint64
		if pos >= 0 && pos <= len(s)-8 {
			x = word(s[pos : pos+8])
		} else {
			x = lastWord(s, pos)
		}
		t := tag(x)
		p.came[t] = true
		switch {
		case t == tagScalar || t == tagUTF8Str:
			if byte(x>>8) > p.longest {
				return -1
			}
			pos += 2 + int(byte(x>>8))
		case t == tagByte:
			pos += 2
		case t == tagNetint:
			pos += 5
		default:
			if pos = c.passObject(pos, x); pos < 0 {
				return -1
			}
		}
	}
	return pos
}

// passPairs is passMembers of the pairs of a hash. What passes over the shortest objects is in both
// for speed.
func (c *cursor) passPairs(pos, n int) int {
	s, p := c.s, c.passing
	last, others := p.last, len(p.others)
	var seen uint64
	for ; n > 0; n-- {
		var x uint64
		if pos >= 0 && pos <= len(s)-8 {
			x = word(s[pos : pos+8])
		} else {
			x = lastWord(s, pos)
		}
		t := tag(x)
		p.came[t] = true
		switch {
		case t == tagScalar || t == tagUTF8Str:
			if byte(x>>8) > p.longest {
				return -1
			}
			pos += 2 + int(byte(x>>8))
		case t == tagByte:
			pos += 2
		case t == tagNetint:
			pos += 5
		default:
			p.last = last
			if pos = c.passObject(pos, x); pos < 0 {
				return -1
			}
			last = p.last
		}
		k := last.next
		if pos < 0 || pos > len(s)-16 || k.size > 16 ||
			(word(s[pos:pos+8])&k.headMask^k.head)|(word(s[pos+8:pos+16])&k.moreMask^k.more) != 0 {
			if k = c.passNewKey(pos); k == nil {
				return -1
			}
			last.next = k
		}
		if last = k; seen&k.bit != 0 {
			return -1
		}
		seen |= k.bit
		pos += k.size
	}
	p.last = last
	if n := len(p.others) - others; n > 0 {
		if n > 1 && p.twice(s, others) {
			return -1
		}
		p.others = p.others[:others]
	}
	return pos
}

// passObject passes over an object that begins with the octets x and is no short scalar.
func (c *cursor) passObject(pos int, x uint64) int {
	p := c.passing
	depth, t := c.depth, tag(x)
	levels := depth
	if t == tagRef {
		p.refs++
		levels--
		pos++
		x >>= 8
		t = tag(x)
		if t != tagHash && t != tagArray {
			if c.lowest = min(c.lowest, levels); levels < 0 {
				return -1
			}
			c.depth = levels
			pos = c.passMembers(pos, 1)
			c.depth = depth
			return pos
		}
		p.came[t] = true
	}
	if t == tagHash || t == tagArray {
		if levels--; levels < c.lowest {
			if c.lowest = levels; levels < 0 {
				return -1
			}
		}
		c.depth = levels
		pos += 5
		n := uint64(bits.ReverseBytes32(uint32(x >> 8)))
		if pos > len(c.s) || n > uint64(len(c.s)-pos) {
			return -1
		}
		if t == tagArray {
			p.elems += int(n)
			if n > fewMembers && tag(c.s[pos]) == tagRef {
				pos = c.passList(pos, int(n))
			} else {
				pos = c.passMembers(pos, int(n))
			}
		} else {
			p.pairs += int(n)
			pos = c.passPairs(pos, int(n))
		}
		c.depth = depth
		return pos
	}
	switch t {
	case tagUndef:
		return pos + 1
	case tagLScalar, tagLUTF8Str:
		n, at := passNumber(c.s, pos+1)
		if at < 0 || n > uint64(len(c.s)-at) || n > c.longest {
			return -1
		}
		return at + int(n)
	}
	return c.passRare(pos+1, t)
}

// passRare passes over what value reads and a frozen must not have in it, if objects says so.
func (c *cursor) passRare(pos int, t tag) int {
	if !c.objects {
		return -1
	}
	switch t {
	case tagSVUndef:
		return pos
	case tagBless, tagIxBless:
		c.pos = pos
		if _, ok := c.class(t); !ok || c.pos == len(c.s) {
			return -1
		}
		switch tag(c.s[c.pos]) {
		case tagSVUndef, tagBless, tagIxBless:
			return -1
		}
		return c.passMembers(c.pos, 1)
	}
	return -1
}

// passNumber reads a number in network order. It returns -1 for a place if the image ends in it.
func passNumber(s string, pos int) (uint64, int) {
	if len(s)-pos < 4 {
		return 0, -1
	}
	b := s[pos : pos+4]
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3]), pos + 4
}

// passKey returns the key at pos, and where it ends: -1 if value would not read it.
func (c *cursor) passKey(pos int) (string, int) {
	n, at := passNumber(c.s, pos)
	if at < 0 || n > uint64(len(c.s)-at) || n > c.longest {
		return "", -1
	}
	return c.s[at : at+int(n)], at + int(n)
}
