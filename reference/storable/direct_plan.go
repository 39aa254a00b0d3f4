//go:build !ikc_nounsafe

package storable

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/internal/fields"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// plan is what is to know of a type. Kind Invalid marks types that direct leaves alone.
type plan struct {
	typ     reflect.Type
	kind    reflect.Kind
	size    uintptr
	octets  bool // []byte
	elem    *plan
	fields  []fields.Field
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
		if p.fields = fields.Of(t); len(p.fields) > mostFields {
			return
		}
		for _, f := range p.fields {
			offset, in := uintptr(0), t // embedded structs are no pointers, see package fields
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
