package storable

import (
	"sync"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// thawEnvelope reads an image as thawMessage does with Alias, but of the value of the key whole it
// finds out only that Thaw can read it, and what is in it: h has an item for it without its value,
// and kinds are the kinds of Value in the whole image. It makes no Values for what takes most of
// them, so it is several times as fast. ok is false, and h empty, if the image is something else,
// or anything in it had better be seen by Thaw.
func (dec *Decoder) thawEnvelope(image []byte, h *message.Hash, whole string) (kinds message.Kinds, ok bool) {
	h.Reset()
	if int64(len(image)) > dec.opt.MaxAlloc {
		return 0, false
	}
	d := decoders.Get().(*decoder)
	defer d.close()
	d.s, d.envelope = aliasOf(image), true
	if !d.message(dec, h, whole, dec.opt.MaxAlloc) {
		h.Reset()
		return 0, false
	}
	kinds = d.passedKinds()
	kinds.Add(perl.Ref)
	kinds.Add(perl.Hash)
	return kinds, true
}

// passWhole passes over the value that stands at a place of an image as thawEnvelope would. It
// holds it against limits that are a little stricter, as it does not count what stands beside it:
// what it leaves to thawEnvelope may be sound.
func (dec *Decoder) passWhole(image []byte, at message.Place) (kinds message.Kinds, ok bool) {
	room := dec.opt.MaxAlloc - mostBesideHeap - int64(len(image)-at.To)
	if int64(len(image)) > room-mostBeside*perl.ValueSize || dec.opt.MaxElements < mostBeside || dec.opt.MaxDepth < leastDepth {
		return 0, false
	}
	c := cursors.Get().(*cursor)
	defer c.close()
	c.s = aliasOf(image[:at.To])
	c.begin(dec, frozenHeader, room)
	c.Left -= mostBeside
	c.depth-- // of the message
	c.pos = at.From
	ok = c.passOver() && c.pos == at.To
	return c.passedKinds(), ok
}

// cursors are of passWhole, which needs no more of a decoder.
var cursors = sync.Pool{New: func() any { return new(cursor) }}

func (c *cursor) close() {
	*c = cursor{passing: c.passing}
	cursors.Put(c)
}
