package storable

import (
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// sketch reads an image as thawShallow does with Alias, but of the value of the key whole it finds out only that Thaw can
// read it, and what is in it: h has an item for it without its value, and kinds are the kinds of Value in the whole image.
// It makes no Values for what takes most of them, so it is several times as fast. ok is false, and h empty, if the image is
// something else, or anything in it had better be seen by Thaw.
func (m *Decoder) sketch(image []byte, h *perl.Shallow, whole string) (kinds perl.Kinds, ok bool) {
	h.Reset()
	if int64(len(image)) > m.opt.MaxAlloc {
		return 0, false
	}
	d := decoders.Get().(*decoder)
	defer d.close()
	d.s, d.sketch = unsafe.String(unsafe.SliceData(image), len(image)), true
	if !d.shallow(m, h, whole) {
		h.Reset()
		return 0, false
	}
	d.kinds.Add(perl.Ref)
	d.kinds.Add(perl.Hash)
	return d.kinds, true
}

// pass passes over an object. It is true only if value would read it; if not, the error means nothing.
func (d *decoder) pass() bool {
	if d.left == 0 || d.pos >= len(d.s) {
		return false
	}
	d.left--
	t := tag(d.s[d.pos])
	d.pos++
	switch t {
	case tagByte:
		d.kinds.Add(perl.Int)
		d.pos++
		return d.pos <= len(d.s)
	case tagScalar, tagLScalar:
		d.kinds.Add(perl.Bytes)
		_, ok := d.plainStr(t)
		return ok
	case tagUTF8Str, tagLUTF8Str:
		d.kinds.Add(perl.Text)
		n, ok := d.length(t == tagLUTF8Str, "")
		if ok {
			_, ok = d.str(n, "")
		}
		return ok
	case tagNetint:
		d.kinds.Add(perl.Int)
		_, ok := d.bigEndian("")
		return ok
	case tagUndef:
		d.kinds.Add(perl.Undef)
		return true
	case tagRef:
		d.kinds.Add(perl.Ref)
		if !d.deeper() || !d.pass() {
			return false
		}
		d.depth++
		return true
	case tagHash:
		d.kinds.Add(perl.Hash)
		return d.passHash()
	case tagArray:
		d.kinds.Add(perl.Array)
		n, ok := d.u32("")
		if !ok || !d.enter(uint64(n), 1, elemSize, "") {
			return false
		}
		for range n {
			if !d.pass() {
				return false
			}
		}
		d.depth++
		return true
	}
	return false // an index, an object, what is rare
}

// fewKeys is how many keys of a hash are held against each other without allocating.
const fewKeys = 12

func (d *decoder) passHash() bool {
	n, ok := d.u32("")
	if !ok || !d.enter(uint64(n), 5, pairSize, "") {
		return false
	}
	var few [fewKeys]perl.Pair
	pairs := few[:min(n, fewKeys)]
	if n > fewKeys {
		pairs = make([]perl.Pair, n)
	}
	var keys keySet
	for i := range pairs {
		if p := &pairs[i]; !d.pass() || !d.key(p) || (len(pairs) > scanKeys || keys.suspect(p.Key)) && keys.add(pairs, i) {
			return false
		}
	}
	d.depth++
	return true
}
