package storable

import "github.com/perl-ikc/ikc-conform/reference/perl"

// passOver passes over the next object, and tells whether value would read it. If not, the decoder
// is in no state to go on.
func (d *decoder) passOver() bool {
	if d.left == 0 {
		return false
	}
	d.left--
	d.pos = d.pass(d.pos)
	return d.pos >= 0
}

// pass passes over the object at pos, which is counted already, and returns where it ends: a place
// only if value would read the object, else -1. It knows plain data; indices, blessed objects and
// what is rare it leaves to value. It notes the kinds of Value and the lowest depth.
func (d *decoder) pass(pos int) int {
	s := d.s
	if pos >= len(s) {
		return -1
	}
	t := tag(s[pos])
	pos++
	switch t {
	case tagScalar, tagUTF8Str:
		d.kinds.Add(stringKind(t))
		if pos == len(s) {
			return -1
		}
		return d.passOctets(pos+1, uint64(s[pos]))
	case tagByte:
		d.kinds.Add(perl.Int)
		return d.passOctets(pos, 1)
	case tagRef:
		d.kinds.Add(perl.Ref)
		if d.depth == 0 || d.left == 0 {
			return -1
		}
		d.left--
		d.sink()
		pos = d.pass(pos)
		d.depth++
		return pos
	case tagHash:
		d.kinds.Add(perl.Hash)
		return d.passHash(pos)
	case tagArray:
		d.kinds.Add(perl.Array)
		n, pos := d.passCount(pos, 1, elemSize)
		for ; n > 0 && pos >= 0; n-- {
			pos = d.pass(pos)
		}
		d.depth++
		return pos
	case tagNetint:
		d.kinds.Add(perl.Int)
		return d.passOctets(pos, 4)
	case tagLScalar, tagLUTF8Str:
		d.kinds.Add(stringKind(t))
		n, pos := passNumber(s, pos)
		if pos < 0 {
			return -1
		}
		return d.passOctets(pos, n)
	case tagUndef:
		d.kinds.Add(perl.Undef)
		return pos
	}
	return -1
}

func stringKind(t tag) perl.Kind {
	if t == tagUTF8Str || t == tagLUTF8Str {
		return perl.Text
	}
	return perl.Bytes
}

// passOctets passes over n octets of a string.
func (d *decoder) passOctets(pos int, n uint64) int {
	if n > uint64(len(d.s)-pos) || n > d.longest {
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
func (d *decoder) passCount(pos int, least, size uint64) (int, int) {
	n, pos := passNumber(d.s, pos)
	if pos < 0 || n*least > uint64(len(d.s)-pos) || n > uint64(d.left) || d.depth == 0 {
		return 0, -1
	}
	if d.alloc += 2*valueSize + int64(n*(size+valueSize)); d.alloc > d.dec.opt.MaxAlloc {
		return 0, -1
	}
	d.left -= int(n)
	d.sink()
	return int(n), pos
}

// sink goes one level deeper.
func (d *decoder) sink() {
	d.depth--
	d.lowest = min(d.lowest, d.depth)
}

// fewKeys is how many keys of a hash are held against each other without allocating.
const fewKeys = 12

func (d *decoder) passHash(pos int) int {
	n, pos := d.passCount(pos, 5, pairSize)
	if n > fewKeys {
		return d.passManyKeys(n, pos)
	}
	var keys [fewKeys]int // where they are
	var seen bloom
	for i := 0; i < n && pos >= 0; i++ {
		if pos = d.pass(pos); pos < 0 {
			break
		}
		var key string
		keys[i] = pos
		if key, pos = d.passKey(pos); pos >= 0 && seen.suspect(key) {
			for _, at := range keys[:i] {
				if other, _ := d.passKey(at); other == key {
					return -1
				}
			}
		}
	}
	d.depth++
	return pos
}

func (d *decoder) passManyKeys(n, pos int) int {
	pairs := make([]perl.Pair, n)
	var keys keySet
	for i := range pairs {
		if pos = d.pass(pos); pos < 0 {
			return -1
		}
		p := &pairs[i]
		if p.Key, pos = d.passKey(pos); pos < 0 || (n > scanKeys || keys.suspect(p.Key)) && keys.add(pairs, i) {
			return -1
		}
	}
	d.depth++
	return pos
}

func (d *decoder) passKey(pos int) (string, int) {
	n, pos := passNumber(d.s, pos)
	if pos < 0 {
		return "", -1
	}
	end := d.passOctets(pos, n)
	if end < 0 {
		return "", -1
	}
	return d.s[pos:end], end
}
