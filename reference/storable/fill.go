package storable

import "github.com/perl-ikc/ikc-conform/reference/perl"

// leastSound is how many octets an image has at least for which it takes less time to have pass go
// over it first.
const leastSound = 256

// sound reads what is behind the header if it is plain data, as it is mostly: pass goes over it
// first, so that room is made for all of its Values at once, and nothing is held against limits
// when they are made. It returns nil, having read nothing, if it is to be left to value.
func (d *decoder) sound() *perl.Value {
	if d.header.Major != major || !d.header.Network() || d.Left == 0 {
		return nil
	}
	before := d.mark()
	d.Left--
	if d.pass(d.pos) != len(d.s) {
		d.back(before)
		return nil
	}
	p := d.passing
	d.slab.Reserve(2+p.refs+p.elems+p.pairs, p.elems, p.pairs) // with the root, and a reference to it
	v, _ := d.fill(d.pos)
	if v == nil {
		d.slab.Reset()
		d.back(before)
		return nil
	}
	return d.slab.Root(v)
}

// fill makes the Values of an object that pass has been over, and returns where it ends. It is
// value but for what pass has seen to: limits, and keys that come twice. It returns nil if the
// object is not sound after all.
func (d *decoder) fill(pos int) (*perl.Value, int) {
	s := d.s
	if pos < 0 || pos >= len(s) {
		return nil, 0
	}
	switch t := tag(s[pos]); t {
	case tagScalar, tagUTF8Str:
		if pos++; pos < len(s) {
			return d.fillString(t == tagScalar, pos+1, uint64(s[pos]))
		}
	case tagByte:
		if pos++; pos < len(s) {
			return d.slab.Int(int64(s[pos]) - 128), pos + 1
		}
	case tagNetint:
		if n, at := passNumber(s, pos+1); at > 0 {
			return d.slab.Int(int64(int32(n))), at
		}
	case tagRef:
		if target, end := d.fill(pos + 1); target != nil {
			return d.slab.Ref(target), end
		}
	case tagHash:
		if n, at := passNumber(s, pos+1); at > 0 && n <= uint64(len(s)-at) {
			return d.fillHash(at, int(n))
		}
	case tagArray:
		if n, at := passNumber(s, pos+1); at > 0 && n <= uint64(len(s)-at) {
			return d.fillArray(at, int(n))
		}
	case tagLScalar, tagLUTF8Str:
		if n, at := passNumber(s, pos+1); at > 0 {
			return d.fillString(t == tagLScalar, at, n)
		}
	case tagUndef:
		return d.slab.Undef(), pos + 1
	}
	return nil, 0
}

func (d *decoder) fillString(octets bool, pos int, n uint64) (*perl.Value, int) {
	if n > uint64(len(d.s)-pos) {
		return nil, 0
	}
	end := pos + int(n)
	if octets {
		return d.slab.Bytes(d.s[pos:end]), end
	}
	return d.slab.Text(d.s[pos:end]), end
}

func (d *decoder) fillArray(pos, n int) (*perl.Value, int) {
	v, elems := d.slab.Array(n)
	for i := range elems {
		if elems[i], pos = d.fill(pos); elems[i] == nil {
			return nil, 0
		}
	}
	return v, pos
}

func (d *decoder) fillHash(pos, n int) (*perl.Value, int) {
	v, pairs := d.slab.Hash(n)
	for i := range pairs {
		value, at := d.fill(pos)
		if value == nil {
			return nil, 0
		}
		n, from := passNumber(d.s, at)
		if from < 0 || n > uint64(len(d.s)-from) {
			return nil, 0
		}
		pos = from + int(n)
		p := &pairs[i]
		p.Key, p.Value = d.s[from:pos], value
	}
	return v, pos
}
