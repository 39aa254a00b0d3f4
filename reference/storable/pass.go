package storable

import (
	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// passOver passes over the next object, and tells whether value would read it. If not, the decoder
// is in no state to go on.
func (c *cursor) passOver() bool {
	if c.Left == 0 {
		return false
	}
	c.Left--
	c.pos = c.pass(c.pos)
	return c.pos >= 0
}

// pass passes over the object at pos, which is counted already, and returns where it ends: a place
// only if value would read the object, else -1. It knows plain data; indices, blessed objects and
// what is rare it leaves to value. It notes the kinds of Value and the lowest depth.
func (c *cursor) pass(pos int) int {
	s := c.s
	if pos >= len(s) {
		return -1
	}
	t := tag(s[pos])
	pos++
	switch t {
	case tagScalar, tagUTF8Str:
		c.kinds.Add(stringKind(t))
		if pos == len(s) {
			return -1
		}
		return c.passOctets(pos+1, uint64(s[pos]))
	case tagByte:
		c.kinds.Add(perl.Int)
		return c.passOctets(pos, 1)
	case tagRef:
		c.kinds.Add(perl.Ref)
		if c.depth == 0 || c.Left == 0 {
			return -1
		}
		c.Left--
		c.sink()
		pos = c.pass(pos)
		c.depth++
		return pos
	case tagHash:
		c.kinds.Add(perl.Hash)
		return c.passHash(pos)
	case tagArray:
		c.kinds.Add(perl.Array)
		n, pos := c.passCount(pos, 1, perl.ElemSize)
		for ; n > 0 && pos >= 0; n-- {
			c.Owed--
			pos = c.pass(pos)
		}
		c.depth++
		return pos
	case tagNetint:
		c.kinds.Add(perl.Int)
		return c.passOctets(pos, 4)
	case tagLScalar, tagLUTF8Str:
		c.kinds.Add(stringKind(t))
		n, pos := passNumber(s, pos)
		if pos < 0 {
			return -1
		}
		return c.passOctets(pos, n)
	case tagUndef:
		c.kinds.Add(perl.Undef)
		return pos
	case tagSVUndef, tagBless, tagIxBless:
		return c.passObject(t, pos)
	}
	return -1
}

// passObject passes over what value reads and a frozen must not have in it, if objects says so.
func (c *cursor) passObject(t tag, pos int) int {
	switch {
	case !c.objects:
		return -1
	case t == tagSVUndef:
		return pos
	}
	c.pos = pos
	if _, ok := c.class(t); !ok || c.pos == len(c.s) {
		return -1
	}
	switch tag(c.s[c.pos]) {
	case tagSVUndef, tagBless, tagIxBless:
		return -1
	}
	return c.pass(c.pos)
}

func stringKind(t tag) perl.Kind {
	if t == tagUTF8Str || t == tagLUTF8Str {
		return perl.Text
	}
	return perl.Bytes
}

// passOctets passes over n octets of a string.
func (c *cursor) passOctets(pos int, n uint64) int {
	if n > uint64(len(c.s)-pos) || n > c.longest {
		return -1
	}
	return pos + int(n)
}

// passNumber reads a number in network order. It returns -1 for a place if the image ends in it.
func passNumber(s string, pos int) (uint64, int) {
	if len(s)-pos < 4 {
		return 0, -1
	}
	b := s[pos : pos+4]
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3]), pos + 4
}

// passCount reads the count of a container and enters it, as enter does, but counts the members
// now. It returns -1 for a place if it cannot.
func (c *cursor) passCount(pos int, least, size int) (int, int) {
	n, pos := passNumber(c.s, pos)
	if pos < 0 || c.depth == 0 || !c.Promise(n, least, len(c.s)-pos) || !c.Spend(int64(n)*int64(size), int(n)) {
		return 0, -1
	}
	c.Left -= int(n)
	c.sink()
	return int(n), pos
}

// sink goes one level deeper.
func (c *cursor) sink() {
	c.depth--
	c.lowest = min(c.lowest, c.depth)
}

// fewKeys is how many keys of a hash are held against each other without allocating.
const fewKeys = 12

func (c *cursor) passHash(pos int) int {
	n, pos := c.passCount(pos, leastPair, perl.PairSize)
	if n > fewKeys {
		return c.passManyKeys(n, pos)
	}
	var places [fewKeys]int // of keys
	var seen keys.Filter
	for i := 0; i < n && pos >= 0; i++ {
		c.Owed--
		if pos = c.pass(pos); pos < 0 {
			break
		}
		c.Owed -= leastPair - 1
		var key string
		places[i] = pos
		if key, pos = c.passKey(pos); pos >= 0 && seen.Suspect(key) {
			for _, at := range places[:i] {
				if other, _ := c.passKey(at); other == key {
					return -1
				}
			}
		}
	}
	c.depth++
	return pos
}

func (c *cursor) passManyKeys(n, pos int) int {
	pairs := make([]perl.Pair, n)
	var seen keys.Set
	for i := range pairs {
		c.Owed--
		if pos = c.pass(pos); pos < 0 {
			return -1
		}
		c.Owed -= leastPair - 1
		p := &pairs[i]
		if p.Key, pos = c.passKey(pos); pos < 0 || (n > keys.Few || seen.Suspect(p.Key)) && seen.Add(pairs, i) {
			return -1
		}
	}
	c.depth++
	return pos
}

// passKey returns the key at pos, and where it ends: -1 if value would not read it.
func (c *cursor) passKey(pos int) (string, int) {
	rest := c.s[pos:]
	if len(rest) < 4 {
		return "", -1
	}
	n := uint64(rest[0])<<24 | uint64(rest[1])<<16 | uint64(rest[2])<<8 | uint64(rest[3])
	if n > uint64(len(rest)-4) || n > c.longest {
		return "", -1
	}
	return rest[4 : 4+n], pos + 4 + int(n)
}
