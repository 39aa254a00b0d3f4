package storable

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// direct reads an image into Go variables without a tree in between. It knows what messages consist of; whatever
// else it meets, errors included, it gives up, and the long way is taken from the start. What it does must be
// what perl.Unmarshal does.
type direct struct {
	decoder
	passed int // octets that may still be passed over
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
	to = to.Elem()
	p := planOf(to.Type())
	switch p.kind {
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Pointer:
		if !d.container(to, p) {
			return false
		}
	case reflect.Interface:
		x, ok := d.anyTarget()
		if !ok {
			return false
		}
		to.Set(reflect.ValueOf(x))
	default:
		if !d.scalarOrRef(to, p) {
			return false
		}
	}
	return d.pos == len(d.s)
}

// mostPassed times the image may be passed over in all: structs in structs are passed over once for each level.
const mostPassed = 8

// plan is what is to know of a type. Kind Invalid marks types that direct leaves alone.
type plan struct {
	typ    reflect.Type
	kind   reflect.Kind
	octets bool // []byte
	elem   *plan
	fields []perl.Field
	plans  []*plan // of the fields
	once   sync.Once
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
			p.plans = append(p.plans, later(t.FieldByIndex(f.Index).Type))
		}
	default:
		return
	}
	p.kind = t.Kind()
}

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
	if t != tagScalar && t != tagUTF8Str && t != tagLScalar && t != tagLUTF8Str {
		return "", false
	}
	n, ok := d.length(t == tagLScalar || t == tagLUTF8Str, "")
	if !ok {
		return "", false
	}
	return d.str(n, "")
}

// scalarOrRef reads what an element holds.
func (d *direct) scalarOrRef(to reflect.Value, p *plan) bool {
	p.once.Do(p.make)
	switch p.kind {
	case reflect.Invalid:
		return false
	case reflect.Interface:
		x, ok := d.any()
		if ok && x != nil {
			to.Set(reflect.ValueOf(x))
		} else if ok {
			to.SetZero()
		}
		return ok
	}
	t := d.tag()
	switch {
	case t == tagUndef || t == tagSVUndef:
		to.SetZero()
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
			to.SetBytes([]byte(s))
		}
		return ok
	}
	return d.scalarInto(to, p, t)
}

func (d *direct) scalarInto(to reflect.Value, p *plan, t tag) bool {
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
		to.SetString(s)
	case reflect.Bool:
		to.SetBool(isInt && i != 0 || isString && s != "" && s != "0")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if isString {
			var err error
			if i, err = strconv.ParseInt(s, 10, 64); err != nil {
				return false
			}
		}
		if to.OverflowInt(i) {
			return false
		}
		to.SetInt(i)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u := uint64(i)
		if isString {
			var err error
			if u, err = strconv.ParseUint(s, 10, 64); err != nil {
				return false
			}
		}
		if isInt && i < 0 || to.OverflowUint(u) {
			return false
		}
		to.SetUint(u)
	case reflect.Float32, reflect.Float64:
		f := float64(i)
		if isString {
			var err error
			if f, err = strconv.ParseFloat(s, 64); err != nil {
				return false
			}
		}
		to.SetFloat(f)
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
func (d *direct) container(to reflect.Value, p *plan) bool {
	p.once.Do(p.make)
	switch p.kind {
	case reflect.Pointer:
		q := reflect.New(p.elem.typ)
		to.Set(q)
		return d.container(q.Elem(), p.elem)
	case reflect.Slice:
		n, ok := d.head(tagArray, 1)
		if !ok || p.octets || !d.spend(n, p.elem.typ) {
			return false
		}
		to.Set(reflect.MakeSlice(p.typ, n, n))
		for i := range n {
			if !d.scalarOrRef(to.Index(i), p.elem) {
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

// spend counts what is allocated for n elements.
func (d *direct) spend(n int, t reflect.Type) bool {
	d.alloc += int64(n) * int64(t.Size())
	return d.alloc <= 16*int64(len(d.s)) && d.alloc+int64(len(d.s)) <= d.mode.opt.MaxAlloc
}

func (d *direct) keyString() (string, bool) {
	n, ok := d.u32("")
	if !ok {
		return "", false
	}
	return d.str(uint64(n), "")
}

func (d *direct) mapping(to reflect.Value, p *plan) bool {
	n, ok := d.head(tagHash, 5)
	if !ok || !d.spend(n, p.elem.typ) {
		return false
	}
	m := reflect.MakeMapWithSize(p.typ, n)
	e, k := reflect.New(p.elem.typ).Elem(), reflect.New(p.typ.Key()).Elem()
	for range n {
		e.SetZero()
		if !d.scalarOrRef(e, p.elem) {
			return false
		}
		key, ok := d.keyString()
		if !ok {
			return false
		}
		k.SetString(key)
		m.SetMapIndex(k, e)
	}
	to.Set(m)
	d.depth++
	return m.Len() == n // else a key came twice
}

// structure reads a hash into a struct. Values come before keys, so each is passed over, to be read once its
// key tells where it belongs.
func (d *direct) structure(to reflect.Value, p *plan) bool {
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
		d.pos, d.classes = at, d.classes[:classes]
		if !d.scalarOrRef(to.FieldByIndex(p.fields[i].Index), p.plans[i]) {
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
	case tagUndef, tagSVUndef:
		return true
	case tagByte:
		d.pos++
	case tagNetint:
		d.pos += 4
	case tagScalar, tagUTF8Str, tagLScalar, tagLUTF8Str:
		_, ok := d.stringOf(t)
		return ok
	case tagRef:
		return d.skipInner()
	case tagBless, tagIxBless:
		_, ok := d.class(t)
		return ok && d.skipInner()
	case tagArray, tagHash:
		n, ok := d.u32("")
		if !ok || !d.deeper() {
			return false
		}
		for range n {
			if !d.skip() {
				return false
			}
			if t == tagHash {
				if _, ok := d.keyString(); !ok {
					return false
				}
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
