package storable

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// frozen is an array or a hash of an image in network order, passed over and found sound. It is not
// blessed and has no indices in it, nor do indices elsewhere lead into it: so it means the same
// wherever it stands.
type frozen struct {
	s            string // the object
	values       int    // how many indices it takes
	elems, pairs int    // that it has in all
	levels       int    // how deep it is, with the reference to it
	dec          *Decoder
}

// frozen reads a reference to an array or a hash without thawing it. It returns nil if that is to
// be thawed, or is not sound.
func (d *decoder) frozen() *perl.Value {
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
	if d.lent {
		object = strings.Clone(object)
	}
	return perl.NewFrozen(&frozen{object, values, d.passing.elems, d.passing.pairs, depth - d.lowest, d.dec})
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
