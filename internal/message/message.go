// Package message is for those who write and read the messages of IKC fast: the kernel's package
// wire, the serializers that it may do without Values with, and the judge of recorded traffic.
package message

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Hash is a hash as the messages of IKC are: most of its values are plain strings of octets, or
// references to small hashes of such. Serializers that read and write it ([Codec]) spare the Values
// of those. It is used again and again: the strings are what it is filled with, its slices are its
// own. The zero Hash is empty and ready; it is not safe for concurrent use.
type Hash struct {
	Items []Item
	parts []Part // of all items
	// MaxAlloc bounds what reading the message may take of Go's heap, in octets, on top of the
	// serializer's own bound; 0 for that alone. It stays until it is set again.
	MaxAlloc int64
	// Shorts is what a value that is a short string is made with, and More about how many messages
	// have come behind the one that is being read.
	Shorts perl.Shorts
	More   int
	// Room is what the serializer puts other values in that are short, nil until there are any. Its
	// method is that of Shorts.
	Room interface{ Again(v *perl.Value) }
	// Held and Thawed are what the message that was read last takes of Go's heap, in octets: as it
	// is, and once all of it has been thawed.
	Held, Thawed int64
	// Whole is where the value of the key stands that may be anything, in the image that was read
	// or, with none lent, written last; when it is written, that key is params.
	Whole Place
	// Lend is a string, or a reference to what is frozen, that whoever writes the message may leave
	// out of what it appends, if it has LendFrom octets: to be written from where it is. It is in
	// Lent then.
	Lend     *perl.Value
	LendFrom int
	Lent     []Piece
}

// Piece is a string that is part of an image, but not of what the image was appended to: there its
// place is in front of what is at At.
type Piece struct {
	At     int
	Octets string
}

// Place is where a value stands in an image. Where To is 0 there is none. Of an image that was read
// Rest is what it costs without the value, in octets of the heap; of one that was written Before is
// how many Perl variables stand before the value.
type Place struct {
	From, To int
	Rest     int64
	Before   uint32
}

// Item is a pair of a Hash. Its value is Value if that is not nil, else a reference to a hash of
// Parts if these are not nil, else Str.
type Item struct {
	perl.Pair
	Str   string
	Parts []Part
	// At is where Str stands in the image that was read or written last, if the octet before it is
	// its length; else 0.
	At int
}

// Part is a pair of a small hash of strings. At is as in an Item.
type Part struct {
	Key, Str string
	At       int
}

// Reset empties h. It holds nothing then that it was filled with.
func (h *Hash) Reset() {
	clear(h.Items)
	clear(h.parts)
	h.Lent = nil
	h.Items, h.parts, h.Whole = h.Items[:0], h.parts[:0], Place{}
}

// Again has v, which nobody has any more, be used again, if it was the last made with Shorts or
// Room.
func (h *Hash) Again(v *perl.Value) {
	h.Shorts.Again(v)
	if h.Room != nil {
		h.Room.Again(v)
	}
}

// Own has h consist of strings of its own, and no longer of parts of an image. Values stay.
func (h *Hash) Own() {
	for i := range h.Items {
		item := &h.Items[i]
		item.Key, item.Str = strings.Clone(item.Key), strings.Clone(item.Str)
		for j := range item.Parts {
			p := &item.Parts[j]
			p.Key, p.Str = strings.Clone(p.Key), strings.Clone(p.Str)
		}
	}
}

// usualItems is how many items messages have at most, mostly.
const usualItems = 6

// Add appends an item without a value.
func (h *Hash) Add(key string) *Item {
	n := len(h.Items)
	if n < cap(h.Items) {
		h.Items = h.Items[:n+1] // empty since Reset
	} else {
		h.Items = append(slices.Grow(h.Items, usualItems), Item{})
	}
	item := &h.Items[n]
	item.Key = key
	return item
}

// Parts returns n empty parts, at least one, for an item.
func (h *Hash) Parts(n int) []Part {
	at := len(h.parts)
	if at+n > cap(h.parts) {
		h.parts, at = make([]Part, 0, max(n, 16)), 0 // items keep the parts that they have
	}
	h.parts = h.parts[:at+n]
	return h.parts[at : at+n : at+n]
}

// Value returns a reference to the hash as Values, which slab gives. It must have given none yet.
func (h *Hash) Value(slab *perl.Slab) *perl.Value {
	n := 2
	for i := range h.Items {
		n += 1 + len(h.Items[i].Parts) + 1
	}
	slab.Expect(n) // a message that waits does not hold a chunk that is mostly empty
	v, pairs := slab.Hash(len(h.Items))
	for i := range h.Items {
		item := &h.Items[i]
		pairs[i] = item.Pair
		switch {
		case item.Value != nil:
		case item.Parts != nil:
			hash, parts := slab.Hash(len(item.Parts))
			for j, p := range item.Parts {
				parts[j] = perl.Pair{Key: p.Key, Value: slab.Bytes(p.Str)}
			}
			pairs[i].Value = slab.Ref(hash)
		default:
			pairs[i].Value = slab.Bytes(item.Str)
		}
	}
	return slab.Ref(v)
}
