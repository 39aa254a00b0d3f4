//go:build !ikc_nounsafe

package storable

import (
	"reflect"
	"strconv"
	"unsafe"
)

// direct reads an image into Go variables without a tree in between. It knows what messages consist
// of; whatever else it meets, errors included, it gives up, and the long way is taken from the
// start. What it does must be what perl.Unmarshal does.
//
// Variables are addressed by pointers without a type, each with the plan of its type, since package
// reflect takes longer for an assignment than the reading does.
type direct struct {
	cursor
	taken   int64    // octets of the heap
	passed  int      // octets that may still be passed over
	strings []string // left of a chunk that small slices are cut from
}

// unmarshalDirect tells whether the image was read. If not, target may have changed.
func (dec *Decoder) unmarshalDirect(image []byte, target any) bool {
	to := reflect.ValueOf(target)
	if to.Kind() != reflect.Pointer || to.IsNil() || dec.classes != nil {
		return false
	}
	h, err := ReadHeader(image)
	if err != nil || h.Major != major || !h.Network() || int64(len(image)) > dec.opt.MaxAlloc {
		return false
	}
	return dec.direct(string(image), h, to)
}

// direct fills the variable that to points at with the object behind the header h.
func (dec *Decoder) direct(s string, h Header, to reflect.Value) bool {
	d := direct{cursor: cursor{s: s, objects: true}, passed: mostPassed * len(s)}
	defer d.endPassing()
	d.begin(dec, h, dec.opt.MaxAlloc)
	p := planOf(to.Type().Elem())
	at := to.UnsafePointer()
	switch p.kind {
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Pointer:
		if !d.container(at, p) {
			return false
		}
	case reflect.Interface:
		x, ok := d.anyTarget()
		if !ok {
			return false
		}
		*(*any)(at) = x
	default:
		if !d.scalarOrRef(at, p) {
			return false
		}
	}
	return d.pos == len(d.s)
}

// mostPassed times the image may be passed over in all: structs in structs are passed over once for
// each level.
const mostPassed = 8

func (d *direct) tag() tag {
	if d.pos >= len(d.s) || d.Left == 0 {
		return tagLast
	}
	d.Left--
	d.pos++
	return tag(d.s[d.pos-1])
}

// integerOf and stringOf read what follows a tag, if it is of such a scalar.
func (d *direct) integerOf(t tag) (int64, bool) {
	switch t {
	case tagByte:
		b, ok := d.octet("")
		return int64(b) - 128, ok
	case tagNetint:
		n, ok := d.bigEndian("")
		return int64(int32(n)), ok
	}
	return 0, false
}

func (d *direct) stringOf(t tag) (string, bool) {
	if t == tagScalar || t == tagUTF8Str {
		if at := d.pos + 1; at <= len(d.s) {
			if n := int(d.s[d.pos]); n <= len(d.s)-at && uint64(n) <= d.longest {
				d.pos = at + n
				return d.s[at : at+n], true
			}
		}
		return "", false
	}
	if t != tagLScalar && t != tagLUTF8Str {
		return "", false
	}
	n, ok := d.length(true, "")
	if !ok {
		return "", false
	}
	return d.str(n, "")
}

// scalarOrRef reads what an element holds.
func (d *direct) scalarOrRef(to unsafe.Pointer, p *plan) bool {
	p.once.Do(p.make)
	switch p.kind {
	case reflect.Invalid:
		return false
	case reflect.Interface:
		x, ok := d.any()
		if ok {
			*(*any)(to) = x
		}
		return ok
	}
	t := d.tag()
	switch {
	case t == tagScalar && p.kind == reflect.String:
		s, ok := d.stringOf(t)
		if ok {
			*(*string)(to) = s
		}
		return ok
	case t == tagUndef || t == tagSVUndef:
		p.at(to).SetZero()
		return true
	case t == tagRef:
		if !d.deeper() {
			return false
		}
		ok := d.container(to, p)
		d.depth++
		return ok
	case p.octets:
		s, ok := d.stringOf(t)
		if ok {
			p.at(to).SetBytes([]byte(s))
		}
		return ok
	}
	return d.scalarInto(to, p, t)
}

// longNumeral is how many octets of a number need a closer look: there is a limit.
const longNumeral = 64

func (d *direct) scalarInto(to unsafe.Pointer, p *plan, t tag) bool {
	i, isInt := d.integerOf(t)
	s, isString := "", false
	if !isInt {
		if s, isString = d.stringOf(t); !isString {
			return false
		}
		if len(s) > longNumeral && p.kind != reflect.String && p.kind != reflect.Bool {
			return false
		}
	}
	switch p.kind {
	case reflect.String:
		if isInt {
			s = strconv.FormatInt(i, 10)
		}
		*(*string)(to) = s
	case reflect.Bool:
		*(*bool)(to) = isInt && i != 0 || isString && s != "" && s != "0"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if isString {
			var err error
			if i, err = strconv.ParseInt(s, 10, 64); err != nil {
				return false
			}
		}
		if p.kind == reflect.Int {
			*(*int)(to) = int(i)
			return int64(int(i)) == i
		}
		v := p.at(to)
		if v.OverflowInt(i) {
			return false
		}
		v.SetInt(i)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u := uint64(i)
		if isString {
			var err error
			if u, err = strconv.ParseUint(s, 10, 64); err != nil {
				return false
			}
		}
		v := p.at(to)
		if isInt && i < 0 || v.OverflowUint(u) {
			return false
		}
		v.SetUint(u)
	case reflect.Float32, reflect.Float64:
		f := float64(i)
		if isString {
			var err error
			if f, err = strconv.ParseFloat(s, 64); err != nil {
				return false
			}
		}
		if p.kind == reflect.Float64 {
			*(*float64)(to) = f
		} else {
			*(*float32)(to) = float32(f)
		}
	default:
		return false
	}
	return true
}
