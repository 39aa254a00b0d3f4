package storable

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/internal/codec"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// What a hash may have at most to be read without Values: the messages of IKC have six pairs, their
// specifiers four.
const (
	mostItems = 8
	mostParts = 4
)

// thawMessage reads an image that is a hash as a message is: the value of the key whole may be
// anything, others are strings of octets, small integers, or references to hashes of a few strings.
// If the image is something else, the result is what Thaw returns, error or not, and h is empty;
// else it is nil.
func (dec *Decoder) thawMessage(image []byte, h *message.Hash, whole string) (*perl.Value, error) {
	room := codec.Lesser(h.MaxAlloc, dec.opt.MaxAlloc)
	if err := tooLarge(image, room); err != nil {
		return nil, err
	}
	d := decoders.Get().(*decoder)
	defer d.close()
	if d.s, d.lent = aliasOf(image), !dec.opt.Alias; len(image) > mostLent {
		d.s, d.lent = dec.own(image), false
	}
	h.Reset()
	if d.message(dec, h, whole, room) {
		h.Thawed = d.Cost()
		if h.Held = h.Thawed; d.froze {
			h.Held = int64(len(image))
		}
		if h.Whole.Rest = 0; h.Whole.To > 0 {
			h.Whole.Rest = h.Thawed - d.cost - int64(len(image))
		}
		return nil, nil
	}
	h.Reset()
	d.renew(dec.own(image))
	v, err := d.thaw(dec, room)
	h.Thawed = d.Cost()
	h.Held = h.Thawed
	return v, err
}

// message tells whether the image could be read. What it accepts must be what thaw accepts, with
// the same limits.
func (d *decoder) message(dec *Decoder, h *message.Hash, whole string, room int64) bool {
	header, err := readHeader(d.s)
	if err != nil || header.Major != major || !header.Network() {
		return false
	}
	d.begin(dec, header, room)
	d.Left-- // the hash
	if d.Left < 2 || d.pos == len(d.s) || tag(d.s[d.pos]) != tagHash {
		return false
	}
	d.pos++
	n, ok := d.u32("")
	if !ok || n > mostItems || !d.enter(uint64(n), leastPair, perl.PairSize, "pairs") {
		return false
	}
	d.base = 1
	for range n {
		d.Owed--
		if !d.item(h, whole) {
			return false
		}
		d.Owed -= leastPair - 1
	}
	return d.pos == len(d.s)
}

// item reads a pair. In an image the value comes first, so that what to make of it is known when it
// has been passed over.
func (d *decoder) item(h *message.Hash, whole string) bool {
	if d.pos == len(d.s) {
		return false
	}
	t := tag(d.s[d.pos])
	scalar := t == tagScalar || t == tagLScalar || t == tagByte
	var at mark
	if !scalar { // which plain may have to give up
		at = d.mark()
	}
	base, kinds := d.base, d.kinds
	from, cost := d.pos, d.Cost()
	item := h.Add("")
	plain := d.plain(item, h)
	to := d.pos
	if plain {
		if !d.key(&item.Pair) {
			return false
		}
		if item.Key == whole && !d.envelope {
			plain = item.Parts == nil
			if plain && item.Value == nil {
				item.Value, item.Str = d.bytes(item.Str), ""
			}
		}
	}
	if !plain && scalar {
		return false
	}
	if !plain {
		// It is the value of whole, or the image cannot be read in this way.
		d.back(at)
		d.base, d.kinds = base, kinds
		item.Parts, item.Value, item.Str, item.At = nil, nil, "", 0
		if d.envelope {
			if !d.passOver() {
				return false
			}
		} else if item.Value = d.frozen(h); item.Value == nil {
			d.back(at)
			if d.lent {
				d.s, d.lent = strings.Clone(d.s), false
			}
			d.expect((len(d.s) - d.pos) / octetsPerValue)
			if item.Value = d.value(); item.Value == nil {
				return false
			}
		}
		to = d.pos
		if !d.key(&item.Pair) || item.Key != whole {
			return false
		}
	}
	if item.Key == whole {
		h.Whole.From, h.Whole.To, d.cost = from, to, d.Cost()-cost
	}
	for i := range h.Items[:len(h.Items)-1] {
		if h.Items[i].Key == item.Key {
			return false
		}
	}
	return true
}

// bytes makes a string of octets that is kept.
func (d *decoder) bytes(s string) *perl.Value {
	if d.lent {
		return perl.CopyBytes(s)
	}
	return perl.NewBytes(s)
}

// plain reads a value that needs no Value, or only a new one.
func (d *decoder) plain(item *message.Item, h *message.Hash) (ok bool) {
	if d.Left--; d.Left < 1 {
		return false
	}
	d.base++
	t := tag(d.s[d.pos])
	d.pos++
	switch t {
	case tagScalar, tagLScalar:
		d.kinds.Add(perl.Bytes)
		item.Str, ok = d.plainStr(t)
		item.At = d.where(t, item.Str)
		return ok
	case tagByte:
		d.kinds.Add(perl.Int)
		if d.pos == len(d.s) {
			return false
		}
		d.pos++
		item.Value = perl.NewInt(int64(d.s[d.pos-1]) - 128)
		return true
	case tagRef:
	default:
		return false
	}
	if d.pos == len(d.s) || tag(d.s[d.pos]) != tagHash || !d.deeper() {
		return false
	}
	d.pos++
	d.Left--
	n, ok := d.u32("")
	if !ok || n == 0 || n > mostParts || !d.enter(uint64(n), leastPair, perl.PairSize, "pairs") {
		return false
	}
	d.base += 1 + uint64(n)
	d.Left -= int(n)
	d.kinds.Add(perl.Ref)
	d.kinds.Add(perl.Hash)
	d.kinds.Add(perl.Bytes)
	item.Parts = h.Parts(int(n))
	for i := range item.Parts {
		if !d.part(item.Parts, i) {
			return false
		}
	}
	d.depth += 2
	d.Owed -= int(n) * leastPair
	return true
}

func (d *decoder) part(parts []message.Part, i int) bool {
	if d.pos == len(d.s) {
		return false
	}
	t := tag(d.s[d.pos])
	if t != tagScalar && t != tagLScalar {
		return false
	}
	d.pos++
	var ok bool
	var p perl.Pair
	if parts[i].Str, ok = d.plainStr(t); !ok {
		return false
	}
	parts[i].At = d.where(t, parts[i].Str)
	if !d.key(&p) {
		return false
	}
	parts[i].Key = p.Key
	for j := range parts[:i] {
		if parts[j].Key == p.Key {
			return false
		}
	}
	return true
}

// where is the place of a string that has just been read, as message.Item has it.
func (d *decoder) where(t tag, s string) int {
	if t != tagScalar {
		return 0
	}
	return d.pos - len(s)
}

func (d *decoder) plainStr(t tag) (string, bool) {
	n, ok := d.length(t == tagLScalar, "a string's length")
	if !ok {
		return "", false
	}
	return d.str(n, "a string")
}

// What an image may take at most beside the value that thawWhole reads: Values, and octets of the
// heap besides.
const (
	mostBeside     = 2 + mostItems*(3+mostParts)
	mostBesideHeap = (mostItems + mostItems*mostParts) * perl.PairSize
)

// mostLent is how long an image is at most of which only what is kept is copied. To copy a longer
// one at once takes less.
const mostLent = 64 << 10

// thawWhole reads the value that stands at a place of an image as thawMessage would. It holds it
// against limits that are a little stricter, as it does not count what stands beside it: what it
// leaves to thawMessage may be sound.
func (dec *Decoder) thawWhole(image []byte, at message.Place, h *message.Hash) (v *perl.Value) {
	room := codec.Lesser(h.MaxAlloc, dec.opt.MaxAlloc) - mostBesideHeap
	switch {
	case at.To-at.From < 2, len(image) > mostLent, int64(len(image)) > room-mostBeside*perl.ValueSize,
		dec.opt.MaxElements < mostBeside, dec.opt.MaxDepth < leastDepth:
		return nil
	}
	short := image[at.From:at.To]
	if t := tag(short[0]); t == tagScalar && int(short[1]) == len(short)-2 && int64(len(short)-2) <= dec.opt.MaxString {
		h.Thawed = int64(len(image)) + at.Rest + perl.ValueSize
		h.Held = h.Thawed
		if dec.opt.Alias {
			return perl.NewBytes(aliasOf(short[2:]))
		}
		return h.Shorts.Bytes(aliasOf(short[2:]), h.More)
	}
	d := decoders.Get().(*decoder)
	defer d.close()
	d.s, d.lent = aliasOf(image[:at.To]), !dec.opt.Alias
	d.begin(dec, frozenHeader, room)
	d.Left -= mostBeside
	d.depth-- // of the message
	d.pos = at.From
	before := d.Cost()
	if v = d.frozen(h); v == nil || d.pos != at.To {
		return nil
	}
	h.Held, h.Thawed = int64(len(image)), int64(len(image))+at.Rest+d.Cost()-before
	return v
}

// appendMessage appends the image of h, of at most so many octets, to dst: what Append writes of
// h.Value. Errors are those of Append.
func (enc *Encoder) appendMessage(dst []byte, h *message.Hash, most int64) ([]byte, error) {
	special := enc.opt.Canonical || enc.opt.MaxDepth < leastDepth
	for i := range h.Items {
		special = special || h.Items[i].Flags != 0
	}
	if special {
		return enc.append(dst, h.Value(new(perl.Slab)), most)
	}
	e := encoders.Get().(*encoder)
	if e.lend(dst); h.Lend != nil {
		e.lender = h
	}
	e.begin(enc, most)
	e.message(h)
	if e.sank && enc.opt.MaxDepth > deep.Shallow {
		e.again(enc, most, func() { e.message(h) })
	}
	e.fits(0)
	err := e.err
	if err == nil {
		dst = e.buf
	}
	e.release()
	return dst, err
}

// leastDepth is how deep the strings of a message.Hash are.
const leastDepth = 5

func (e *encoder) message(h *message.Hash) {
	e.next++
	e.count(tagHash, len(h.Items))
	e.depth -= 2
	for i := range h.Items {
		item := &h.Items[i]
		switch {
		case item.Value != nil:
			from, before := e.size(), e.next
			e.root = item.Value
			e.value(item.Value)
			if e.lends = false; item.Key == "params" && e.lent == 0 {
				h.Whole = message.Place{From: from, To: e.size(), Before: before}
			}
		case item.Parts != nil:
			e.buf = append(e.buf, byte(tagRef))
			e.count(tagHash, len(item.Parts))
			e.next += 2
			for j := range item.Parts {
				item.Parts[j].At = e.plain(item.Parts[j].Str)
				e.key(item.Parts[j].Key)
			}
		default:
			item.At = e.plain(item.Str)
		}
		if e.key(item.Key); !e.fits(0) || e.err != nil {
			return
		}
	}
}

// plain writes a string and returns where it stands, as message.Item has it.
func (e *encoder) plain(s string) (at int) {
	e.next++
	if e.str(tagScalar, tagLScalar, s); len(s) > maxShortString {
		return 0
	}
	return e.size() - len(s)
}

// appendWhole writes a value into a message whose rest is known. See message.Codec.
func (enc *Encoder) appendWhole(dst []byte, start int, v *perl.Value, before uint32, most int64) ([]byte, bool) {
	most = min(most, enc.opt.MaxImage) - int64(len(dst)-start) - message.MostEnvelope
	if s := v.Str(); v.Kind() == perl.Bytes && v.Class() == "" && len(s) <= maxShortString && most > maxShortString {
		return append(append(dst, byte(tagScalar), byte(len(s))), s...), true
	}
	e := encoders.Get().(*encoder)
	e.lend(dst)
	e.set(enc, most)
	e.next, e.root = before, v
	e.depth -= 2
	e.value(v)
	ok := e.err == nil && e.fits(0)
	if ok {
		dst = e.buf
	}
	e.release()
	return dst, ok
}
