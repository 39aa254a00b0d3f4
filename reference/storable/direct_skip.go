//go:build !ikc_nounsafe

package storable

// skip passes over an object.
func (d *direct) skip() bool {
	if d.pos >= len(d.s) {
		return false
	}
	t := tag(d.s[d.pos])
	d.pos++
	switch t {
	case tagScalar, tagUTF8Str, tagLScalar, tagLUTF8Str:
		_, ok := d.stringOf(t)
		return ok
	case tagByte:
		d.pos++
	case tagNetint:
		d.pos += 4
	case tagUndef, tagSVUndef:
	case tagRef:
		return d.skipInner()
	case tagBless, tagIxBless:
		_, ok := d.class(t)
		return ok && d.skipInner()
	case tagArray:
		n, ok := d.u32("")
		if !ok || !d.deeper() {
			return false
		}
		for range n {
			if !d.skip() {
				return false
			}
		}
		d.depth++
	case tagHash:
		n, ok := d.u32("")
		if !ok || !d.deeper() {
			return false
		}
		for range n {
			if !d.skip() {
				return false
			}
			if _, ok := d.keyString(); !ok {
				return false
			}
		}
		d.depth++
	default:
		return false
	}
	return d.pos <= len(d.s)
}

func (d *direct) skipInner() bool {
	if !d.deeper() {
		return false
	}
	ok := d.skip()
	d.depth++
	return ok
}
