package storable

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// frozen is an array or a hash of an image in network order, passed over and found sound. It is not
// blessed and has no indices in it, nor do indices elsewhere lead into it: so it means the same
// wherever it stands.
type frozen struct {
	ref          perl.FrozenRef
	s            string // the object
	values       int    // how many indices it takes
	elems, pairs int    // that it has in all
	levels       int    // how deep it is, with the reference to it
	dec          *Decoder
}

// What is frozen, short, and read one after the other, because messages have come at once, is
// allocated together.
const (
	frozenAtOnce = 4
	frozenOctets = 96 // of each object: then all of them fill a size class of Go's allocator
)

// frozenRoom is where what is frozen is put. It is the Room of a message.Hash.
type frozenRoom struct {
	in   *frozens
	used int // of all
	size int // of octets
}

type frozens struct {
	all    [frozenAtOnce]frozen
	octets [frozenAtOnce * frozenOctets]byte
}

// next returns an empty frozen for an object, and a copy of that. more is about how many will
// follow.
func (r *frozenRoom) next(object string, more int) (*frozen, string) {
	if r.in == nil || r.used == frozenAtOnce || len(object) > len(r.in.octets)-r.size {
		if more == 0 || len(object) > frozenOctets {
			return new(frozen), strings.Clone(object)
		}
		*r = frozenRoom{in: new(frozens)}
	}
	f, octets := &r.in.all[r.used], r.in.octets[r.size:]
	r.used++
	r.size += len(object)
	return f, aliasOf(octets[:copy(octets, object)])
}

// Again has v, which nobody has any more, be used again, if it is what next returned last.
func (r *frozenRoom) Again(v *perl.Value) {
	if r.used == 0 {
		return
	}
	if f := &r.in.all[r.used-1]; f.ref.Is(v) {
		r.used--
		r.size -= len(f.s)
		*f = frozen{}
	}
}

// frozen reads a reference to an array or a hash without thawing it. It returns nil if that is to
// be thawed, or is not sound. h, if not nil, is that of the message.
func (d *decoder) frozen(h *message.Hash) *perl.Value {
	at := d.pos + 1
	if at >= len(d.s) || tag(d.s[d.pos]) != tagRef || tag(d.s[at]) != tagArray && tag(d.s[at]) != tagHash {
		return nil
	}
	before, depth := d.Values(), d.depth
	if !d.passOver() {
		return nil
	}
	d.froze = true
	values := d.Values() - before - 1 // without the reference
	object := d.s[at:d.pos]
	var f *frozen
	switch {
	case !d.lent:
		f = new(frozen)
	case h.More > 0 || h.Room != nil:
		room, ok := h.Room.(*frozenRoom)
		if !ok {
			room = new(frozenRoom)
			h.Room = room
		}
		f, object = room.next(object, h.More)
	default:
		f, object = new(frozen), strings.Clone(object)
	}
	f.s, f.values, f.elems, f.pairs, f.levels, f.dec = object, values, d.passing.elems, d.passing.pairs, depth-d.lowest, d.dec
	return f.ref.To(f)
}

// frozenHeader is what the image of a frozen began with.
var frozenHeader = Header{Major: major}

// Thaw reads the object as Decoder.Thaw would. Its error says that pass and value do not agree.
func (f *frozen) Thaw() (*perl.Value, error) {
	d := decoders.Get().(*decoder)
	defer d.close()
	d.s = f.s
	d.slab.Reserve(f.values, f.elems, f.pairs)
	if v, end := d.fill(0); v != nil && end == len(f.s) {
		return v, nil
	}
	d.renew(f.s)
	d.begin(f.dec, frozenHeader, f.dec.opt.MaxAlloc)
	d.value()
	return nil, fmt.Errorf("an object that was found sound is not: %w", d.err)
}

func (f *frozen) Unmarshal(variable any) bool {
	to := reflect.ValueOf(variable)
	return to.Kind() == reflect.Pointer && !to.IsNil() && f.dec.direct(f.s, frozenHeader, to)
}

// asItCame writes a reference to what is frozen as it was read, or nothing if it cannot: then it is
// to be thawed.
func (e *encoder) asItCame(f *frozen) bool {
	if e.native || e.opt.Canonical || e.depth < f.levels {
		return false
	}
	if !e.fits(len(f.s)) {
		return true
	}
	e.next += uint32(f.values)
	e.buf = append(e.buf, byte(tagRef))
	e.octets(f.s)
	return true
}
