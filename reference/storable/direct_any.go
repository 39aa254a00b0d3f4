//go:build !ikc_nounsafe

package storable

// any reads what an element holds into the Go value that stands for it.
func (d *direct) any() (any, bool) {
	t := d.tag()
	switch t {
	case tagUndef, tagSVUndef:
		return nil, true
	case tagByte, tagNetint:
		i, ok := d.integerOf(t)
		return i, ok
	case tagScalar, tagUTF8Str, tagLScalar, tagLUTF8Str:
		s, ok := d.stringOf(t)
		return s, ok
	case tagRef:
	default:
		return nil, false
	}
	return d.anyTarget()
}

// anyTarget reads an array or hash into the Go value that stands for a reference to it.
func (d *direct) anyTarget() (any, bool) {
	if d.pos >= len(d.s) {
		return nil, false
	}
	switch tag(d.s[d.pos]) {
	case tagArray:
		n, ok := d.head(tagArray, 1)
		if !ok || !d.take(n, anyType.Size()) {
			return nil, false
		}
		list := make([]any, n)
		for i := range list {
			d.Owed--
			if list[i], ok = d.any(); !ok {
				return nil, false
			}
		}
		d.depth++
		return list, true
	case tagHash:
		n, ok := d.head(tagHash, leastPair)
		if !ok || !d.take(n, 2*anyType.Size()+entrySize) {
			return nil, false
		}
		m := make(map[string]any, n)
		for range n {
			d.Owed--
			x, ok := d.any()
			if !ok {
				return nil, false
			}
			key, end := d.passKey(d.pos)
			if end < 0 {
				return nil, false
			}
			d.pos = end
			d.Owed -= leastPair - 1
			m[key] = x
		}
		d.depth++
		return m, len(m) == n
	}
	return nil, false
}
