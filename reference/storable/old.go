package storable

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// addressSize is what is kept of an address to be found again, in octets of the heap.
const addressSize = 64

// oldValue reads an object of an image from before Storable 0.7, which differ so:
//
//   - major 0: before each tag, the address that the SV had at the writer, four octets in network
//     order, else a C long; SX_OBJECT consists of the address alone. Elements of arrays and hashes
//     have letters in front.
//   - major 0 and 1: the class comes after the object, as a letter, length and name; a letter ends
//     the object.
func (d *decoder) oldValue() *perl.Value {
	var address uint64
	index := d.slab.Len()
	if d.header.Major < majorWithoutTags {
		var ok bool
		if address, ok = d.address(); !ok || !d.spend(addressSize, 0) {
			return nil
		}
	}
	if d.pos >= len(d.s) {
		d.truncated(1, "a tag")
		return nil
	}
	if d.Left == 0 {
		d.tooMany(1)
		return nil
	}
	d.Left--
	t := tag(d.s[d.pos])
	d.pos++
	if t == tagObject {
		return d.oldObject(address)
	}
	if d.old == nil {
		d.old = make(map[uint64]int)
	}
	d.old[address] = index
	v := d.oldPlain(t)
	if v == nil {
		return nil
	}
	for {
		b, ok := d.octet("the end of an object")
		if !ok {
			return nil
		}
		switch b {
		case endOfObject:
			return v
		case oldClass, oldLongClass:
			n, ok := d.length(b == oldLongClass, "a class name's length")
			if !ok {
				return nil
			}
			class, ok := d.newClass(n)
			if !ok {
				return nil
			}
			if !d.spend(perl.RareSize, 0) {
				return nil
			}
			v.Bless(class)
		default:
			return d.fail(ErrTag, d.pos-1, "a class or the end of an object", fmt.Sprintf("%q", b))
		}
	}
}

func (d *decoder) address() (uint64, bool) {
	if d.header.Layout.LongSize == 8 {
		return d.u64("an address")
	}
	n, ok := d.u32("an address")
	return uint64(n), ok
}

func (d *decoder) oldObject(address uint64) *perl.Value {
	d.Left++
	if d.header.Major >= majorWithoutTags {
		n, ok := d.bigEndian("an index")
		if !ok {
			return nil
		}
		return d.seen(uint64(n))
	}
	i, ok := d.old[address]
	if !ok || i >= d.slab.Len() {
		return d.fail(ErrIndex, d.pos-1, "an address seen before", fmt.Sprintf("0x%x", address))
	}
	return d.slab.At(i)
}

// oldPlain reads an object without what may surround it.
func (d *decoder) oldPlain(t tag) *perl.Value {
	switch t {
	case tagLScalar, tagScalar:
		return d.scalar(t)
	case tagUndef:
		return d.slab.Undef()
	case tagInteger:
		return d.integer()
	case tagDouble:
		return d.double()
	case tagByte:
		if b, ok := d.octet("an integer"); ok {
			return d.slab.Int(int64(b) - 128)
		}
		return nil
	case tagNetint:
		if n, ok := d.bigEndian("an integer"); ok {
			return d.slab.Int(int64(int32(n)))
		}
		return nil
	case tagRef:
		v := d.slab.Ref(nil)
		target := d.oldInner()
		if target == nil {
			return nil
		}
		v.SetTarget(target)
		return v
	case tagTiedScalar, tagTiedArray, tagTiedHash:
		if d.dec.opt.Tied == Reject {
			return d.fail(ErrForbidden, d.pos-1, "no tied variable", t.String())
		}
		v := d.slab.Tied(tiedKinds[t])
		object := d.oldInner()
		if object == nil {
			return nil
		}
		v.SetTarget(object)
		return v
	case tagArray:
		return d.oldArray()
	case tagHash:
		return d.oldHash()
	}
	return d.fail(ErrTag, d.pos-1, "a tag known before Storable 0.7", t.String())
}

func (d *decoder) oldInner() *perl.Value {
	if !d.deeper() {
		return nil
	}
	v := d.oldValue()
	d.depth++
	return v
}

func (d *decoder) oldArray() *perl.Value {
	n, ok := d.u32("a count")
	if !ok || !d.enter(uint64(n), 1, perl.ElemSize, "elements") {
		return nil
	}
	v, elems := d.slab.Array(int(n))
	for i := range elems {
		d.Owed--
		if d.header.Major < majorWithoutTags {
			b, ok := d.octet("an element")
			if !ok {
				return nil
			}
			if b == oldUndefItem {
				continue
			}
			if b != oldItem {
				return d.fail(ErrTag, d.pos-1, "an element", fmt.Sprintf("%q", b))
			}
		}
		if elems[i] = d.oldValue(); elems[i] == nil {
			return nil
		}
	}
	d.depth++
	return v
}

func (d *decoder) oldHash() *perl.Value {
	n, ok := d.u32("a count")
	if !ok || !d.enter(uint64(n), leastPair, perl.PairSize, "pairs") {
		return nil
	}
	v, pairs := d.slab.Hash(int(n))
	letters := d.header.Major < majorWithoutTags
	var seen keys.Set
	for i := range pairs {
		p := &pairs[i]
		d.Owed--
		b := byte(oldHashValue)
		if letters {
			if b, ok = d.octet("a value"); !ok {
				return nil
			}
		}
		switch b {
		case oldUndefHashValue:
			if !d.spend(perl.ValueSize, 0) {
				return nil
			}
			p.Value = perl.NewUndef() // without an index
		case oldHashValue:
			if p.Value = d.oldValue(); p.Value == nil {
				return nil
			}
		default:
			return d.fail(ErrTag, d.pos-1, "a value", fmt.Sprintf("%q", b))
		}
		if letters {
			if b, ok = d.octet("a key"); !ok {
				return nil
			}
			if b != oldKey {
				return d.fail(ErrTag, d.pos-1, "a key", fmt.Sprintf("%q", b))
			}
		}
		d.Owed -= leastPair - 1
		at := d.pos
		n, ok := d.u32("a key's length")
		if !ok {
			return nil
		}
		if p.Key, ok = d.str(uint64(n), "a key"); !ok {
			return nil
		}
		if (len(pairs) > keys.Few || seen.Suspect(p.Key)) && seen.Add(pairs, i) {
			return d.fail(ErrDuplicate, at, "a key not yet in the hash", fmt.Sprintf("%.80q", p.Key))
		}
	}
	d.depth++
	return v
}
