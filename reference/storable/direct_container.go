//go:build !ikc_nounsafe

package storable

import (
	"reflect"
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
)

// head reads the tag and the count of a container that may be blessed. The octets of its members
// are owed then, as of enter.
func (d *direct) head(want tag, least int) (int, bool) {
	t := d.tag()
	if t == tagBless || t == tagIxBless {
		if _, ok := d.class(t); !ok {
			return 0, false
		}
		d.Left++
		t = d.tag()
	}
	if t != want {
		return 0, false
	}
	n, ok := d.u32("")
	if !ok || !d.Promise(uint64(n), least, len(d.s)-d.pos) || int64(n) > int64(d.Left) {
		return 0, false
	}
	return int(n), d.deeper()
}

// container reads what a reference points at.
func (d *direct) container(to unsafe.Pointer, p *plan) bool {
	p.once.Do(p.make)
	switch p.kind {
	case reflect.Pointer:
		q := reflect.New(p.elem.typ).UnsafePointer()
		*(*unsafe.Pointer)(to) = q
		return d.container(q, p.elem)
	case reflect.Slice:
		n, ok := d.head(tagArray, 1)
		if !ok || p.octets || !d.take(n, p.elem.typ.Size()) {
			return false
		}
		at := d.slice(to, p, n)
		for i := range n {
			d.Owed--
			if !d.scalarOrRef(unsafe.Add(at, uintptr(i)*p.elem.size), p.elem) {
				return false
			}
		}
	case reflect.Map:
		return d.mapping(to, p)
	case reflect.Struct:
		return d.structure(to, p)
	default:
		return false
	}
	d.depth++
	return true
}

// slice puts a slice of n elements into the variable at to and returns where the elements are.
func (d *direct) slice(to unsafe.Pointer, p *plan, n int) unsafe.Pointer {
	p.elem.once.Do(p.elem.make)
	switch {
	case n > 0 && p.elem.kind == reflect.String:
		list := d.stringSlice(n)
		*(*[]string)(to) = list
		return unsafe.Pointer(unsafe.SliceData(list))
	case n > 0 && p.elem.kind == reflect.Interface:
		list := make([]any, n)
		*(*[]any)(to) = list
		return unsafe.Pointer(unsafe.SliceData(list))
	}
	list := reflect.MakeSlice(p.typ, n, n)
	p.at(to).Set(list)
	return list.UnsafePointer()
}

const mostStrings = 64 // in a chunk; 1 KiB

func (d *direct) stringSlice(n int) []string {
	if n > mostStrings/4 {
		return make([]string, n)
	}
	if n > len(d.strings) {
		d.strings = make([]string, max(n, min(mostStrings, (len(d.s)-d.pos)/64)))
	}
	list := d.strings[:n:n]
	d.strings = d.strings[n:]
	return list
}

// entrySize is what an entry of a map takes besides its value, in octets, in a map of the size that
// takes most.
const entrySize = 48

// take counts what is allocated for n elements of some octets each.
func (d *direct) take(n int, size uintptr) bool {
	d.taken += int64(n) * int64(size)
	return d.taken <= 16*int64(len(d.s)) && d.taken+int64(len(d.s)) <= d.dec.opt.MaxAlloc
}

func (d *direct) mapping(to unsafe.Pointer, p *plan) bool {
	n, ok := d.head(tagHash, leastPair)
	if !ok || !d.take(n, 2*p.elem.typ.Size()+entrySize) {
		return false
	}
	m := reflect.MakeMapWithSize(p.typ, n)
	e, k := reflect.New(p.elem.typ).Elem(), reflect.New(p.typ.Key()).Elem()
	at := e.Addr().UnsafePointer()
	for range n {
		e.SetZero()
		d.Owed--
		if !d.scalarOrRef(at, p.elem) {
			return false
		}
		d.Owed -= leastPair - 1
		key, end := d.passKey(d.pos)
		if end < 0 {
			return false
		}
		d.pos = end
		k.SetString(key)
		m.SetMapIndex(k, e)
	}
	p.at(to).Set(m)
	d.depth++
	return m.Len() == n // else a key came twice
}

// structure reads a hash into a struct. Values come before keys, so each is passed over, to be read
// once its key tells where it belongs. What belongs nowhere has been checked by that.
func (d *direct) structure(to unsafe.Pointer, p *plan) bool {
	n, ok := d.head(tagHash, leastPair)
	if !ok {
		return false
	}
	var others keys.Filter
	seen, next := uint64(0), 0
	for range n {
		d.Owed--
		before, classes := d.mark(), len(d.classes)
		if !d.passOver() {
			return false
		}
		if d.passed -= d.pos - before.pos; d.passed < 0 {
			return false
		}
		key, end := d.passKey(d.pos)
		if end < 0 {
			return false
		}
		d.pos = end
		i := p.find(key, next)
		if i < 0 {
			if others.Suspect(key) {
				return false
			}
			d.Owed -= leastPair - 1
			continue
		}
		if seen&(1<<i) != 0 {
			return false
		}
		seen |= 1 << i
		next = i + 1
		after := d.pos
		d.back(before)
		if len(d.classes) != classes {
			d.classes = d.classes[:classes]
		}
		if !d.scalarOrRef(unsafe.Add(to, p.offsets[i]), p.plans[i]) {
			return false
		}
		d.pos = after
		d.Owed -= leastPair - 1
	}
	d.depth++
	return true
}
