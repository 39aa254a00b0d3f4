package storable

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// direct reads an image into Go variables without a tree in between. It knows what messages consist of; whatever
// else it meets, errors included, it gives up, and the long way is taken from the start. What it does must be
// what perl.Unmarshal does.
//
// Variables are addressed by pointers without a type, each with the plan of its type, since package reflect takes
// longer for an assignment than the reading does.
type direct struct {
	decoder
	passed  int      // octets that may still be passed over
	strings []string // left of a chunk that small slices are cut from
}

// unmarshalDirect tells whether the image was read. If not, target may have changed.
func (m *Decoder) unmarshalDirect(image []byte, target any) bool {
	to := reflect.ValueOf(target)
	if to.Kind() != reflect.Pointer || to.IsNil() || m.classes != nil {
		return false
	}
	h, err := ReadHeader(image)
	if err != nil || h.Major != major || !h.Network() || int64(len(image)) > m.opt.MaxAlloc {
		return false
	}
	d := direct{decoder: decoder{s: string(image), pos: h.Size, big: true, header: h, mode: m,
		depth: m.opt.MaxDepth, left: m.opt.MaxElements, longest: uint64(m.opt.MaxString)}, passed: mostPassed * len(image)}
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

// mostPassed times the image may be passed over in all: structs in structs are passed over once for each level.
const mostPassed = 8

// plan is what is to know of a type. Kind Invalid marks types that direct leaves alone.
type plan struct {
	typ     reflect.Type
	kind    reflect.Kind
	size    uintptr
	octets  bool // []byte
	elem    *plan
	fields  []perl.Field
	plans   []*plan   // of the fields
	offsets []uintptr // of the fields
	once    sync.Once
}

var plans sync.Map // reflect.Type to *plan

var (
	valueType       = reflect.TypeFor[*perl.Value]()
	unmarshalerType = reflect.TypeFor[perl.Unmarshaler]()
	textType        = reflect.TypeFor[encoding.TextUnmarshaler]()
	anyType         = reflect.TypeFor[any]()
)

func planOf(t reflect.Type) *plan {
	p, ok := plans.Load(t)
	if !ok {
		p, _ = plans.LoadOrStore(t, &plan{typ: t})
	}
	q := p.(*plan)
	q.once.Do(q.make)
	return q
}

// later is planOf for types within others, which may be recursive.
func later(t reflect.Type) *plan {
	p, _ := plans.LoadOrStore(t, &plan{typ: t})
	return p.(*plan)
}

const mostFields = 64

func (p *plan) make() {
	t := p.typ
	if t == valueType || reflect.PointerTo(t).Implements(unmarshalerType) || reflect.PointerTo(t).Implements(textType) {
		return
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
	case reflect.Interface:
		if t != anyType {
			return
		}
	case reflect.Slice:
		p.octets = t.Elem().Kind() == reflect.Uint8
		p.elem = later(t.Elem())
	case reflect.Pointer:
		switch t.Elem().Kind() {
		case reflect.Struct, reflect.Map, reflect.Slice:
			p.elem = later(t.Elem())
		default:
			return // a reference to a scalar may fill it
		}
	case reflect.Map:
		key := reflect.PointerTo(t.Key())
		if t.Key().Kind() != reflect.String || key.Implements(unmarshalerType) || key.Implements(textType) {
			return
		}
		p.elem = later(t.Elem())
	case reflect.Struct:
		if p.fields = perl.Fields(t); len(p.fields) > mostFields {
			return
		}
		for _, f := range p.fields {
			offset, in := uintptr(0), t // embedded structs are no pointers, see perl.Fields
			for _, i := range f.Index {
				offset, in = offset+in.Field(i).Offset, in.Field(i).Type
			}
			p.plans, p.offsets = append(p.plans, later(in)), append(p.offsets, offset)
		}
	default:
		return
	}
	p.kind, p.size = t.Kind(), t.Size()
}

// at returns the variable at to.
func (p *plan) at(to unsafe.Pointer) reflect.Value { return reflect.NewAt(p.typ, to).Elem() }

func (d *direct) tag() tag {
	if d.pos >= len(d.s) || d.left == 0 {
		return tagLast
	}
	d.left--
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

func (d *direct) scalarInto(to unsafe.Pointer, p *plan, t tag) bool {
	i, isInt := d.integerOf(t)
	s, isString := "", false
	if !isInt {
		if s, isString = d.stringOf(t); !isString {
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

// head reads the tag and the count of a container that may be blessed.
func (d *direct) head(want tag, least int) (int, bool) {
	t := d.tag()
	if t == tagBless || t == tagIxBless {
		if _, ok := d.class(t); !ok {
			return 0, false
		}
		d.left++
		t = d.tag()
	}
	if t != want {
		return 0, false
	}
	n, ok := d.u32("")
	if !ok || int64(n) > int64(len(d.s)-d.pos)/int64(least) || int64(n) > int64(d.left) {
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
		if !ok || p.octets || !d.spend(n, p.elem.typ) {
			return false
		}
		at := d.slice(to, p, n)
		for i := range n {
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

// spend counts what is allocated for n elements.
func (d *direct) spend(n int, t reflect.Type) bool {
	d.alloc += int64(n) * int64(t.Size())
	return d.alloc <= 16*int64(len(d.s)) && d.alloc+int64(len(d.s)) <= d.mode.opt.MaxAlloc
}

func (d *direct) keyString() (string, bool) {
	rest := d.s[d.pos:]
	if len(rest) < 4 {
		return "", false
	}
	n := uint64(rest[0])<<24 | uint64(rest[1])<<16 | uint64(rest[2])<<8 | uint64(rest[3])
	if n > uint64(len(rest)-4) || n > d.longest {
		return "", false
	}
	d.pos += 4 + int(n)
	return rest[4 : 4+n], true
}

func (d *direct) mapping(to unsafe.Pointer, p *plan) bool {
	n, ok := d.head(tagHash, 5)
	if !ok || !d.spend(n, p.elem.typ) {
		return false
	}
	m := reflect.MakeMapWithSize(p.typ, n)
	e, k := reflect.New(p.elem.typ).Elem(), reflect.New(p.typ.Key()).Elem()
	at := e.Addr().UnsafePointer()
	for range n {
		e.SetZero()
		if !d.scalarOrRef(at, p.elem) {
			return false
		}
		key, ok := d.keyString()
		if !ok {
			return false
		}
		k.SetString(key)
		m.SetMapIndex(k, e)
	}
	p.at(to).Set(m)
	d.depth++
	return m.Len() == n // else a key came twice
}

// structure reads a hash into a struct. Values come before keys, so each is passed over, to be read once its
// key tells where it belongs.
func (d *direct) structure(to unsafe.Pointer, p *plan) bool {
	n, ok := d.head(tagHash, 5)
	if !ok {
		return false
	}
	seen, next := uint64(0), 0
	for range n {
		at, classes := d.pos, len(d.classes)
		if !d.skip() {
			return false
		}
		if d.passed -= d.pos - at; d.passed < 0 {
			return false
		}
		key, ok := d.keyString()
		if !ok {
			return false
		}
		i := p.find(key, next)
		if i < 0 {
			continue
		}
		if seen&(1<<i) != 0 {
			return false
		}
		seen |= 1 << i
		next = i + 1
		after := d.pos
		d.pos = at
		if len(d.classes) != classes {
			d.classes = d.classes[:classes]
		}
		if !d.scalarOrRef(unsafe.Add(to, p.offsets[i]), p.plans[i]) {
			return false
		}
		d.pos = after
	}
	d.depth++
	return true
}

// find returns the number of the field with a name, trying next first, or -1.
func (p *plan) find(name string, next int) int {
	if next < len(p.fields) && p.fields[next].Name == name {
		return next
	}
	for i := range p.fields {
		if p.fields[i].Name == name {
			return i
		}
	}
	for i := range p.fields {
		if strings.EqualFold(p.fields[i].Name, name) {
			return i
		}
	}
	return -1
}

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
		if !ok || !d.spend(n, anyType) {
			return nil, false
		}
		list := make([]any, n)
		for i := range list {
			if list[i], ok = d.any(); !ok {
				return nil, false
			}
		}
		d.depth++
		return list, true
	case tagHash:
		n, ok := d.head(tagHash, 5)
		if !ok {
			return nil, false
		}
		m := make(map[string]any, n)
		for range n {
			x, ok := d.any()
			if !ok {
				return nil, false
			}
			key, ok := d.keyString()
			if !ok {
				return nil, false
			}
			m[key] = x
		}
		d.depth++
		return m, len(m) == n
	}
	return nil, false
}
