package storable

import (
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
)

// Place is where in an image a scalar, a key or a name has its octets, behind its tag and its
// length. Who replaces these by as many of the same kind has an image of the same shape.
type Place struct {
	Kind         PlaceKind
	Offset, Size int  // in octets
	BigEndian    bool // the order of the octets of a PlaceInteger and of a PlaceDouble
}

// PlaceKind tells what the octets of a Place are.
type PlaceKind uint8

// The kinds of a Place.
const (
	PlaceOctets     PlaceKind = iota // a string or a key of octets, the name of a class, what a hook froze
	PlaceCharacters                  // a string or a key of characters, in UTF-8
	PlaceByte                        // an integer from -128 to 127, with 128 added
	PlaceNetint                      // an integer of four octets in network order
	PlaceInteger                     // an integer of the machine, of four or eight octets
	PlaceDouble                      // a double of the machine; one of more than eight octets is a long double
	PlacePattern                     // the pattern of a regexp
	PlaceLiteral                     // how a version string was written
)

// Places gives the places of an image, in their order. Of an image that cannot be read to its end
// the places before are given; then the error, an *Error or a *LimitError, is returned. The limits
// are those of Thaw; of images before Storable 0.7 nothing is known, which is an error as well.
func Places(image []byte) (list []Place, err error) {
	h, err := readHeader(string(image))
	if err != nil {
		return nil, err
	}
	if h.Major < majorWithMinor {
		return nil, &Error{ErrHeader, 0, "an image of version 2", h.String()}
	}
	d := dumper{decoder: decoder{cursor: cursor{s: string(image)}}, w: io.Discard}
	d.see = func(p Place) { list = append(list, p) }
	d.walk(h)
	return list, d.err
}

// root goes through the objects of the image that stands first, in a goroutine of its own, since
// it may be deep.
func (d *dumper) root(dec *Decoder, h Header, room int64) {
	d.begin(dec, h, room)
	d.depth = dec.opt.MaxDepth
	deep.Call(func() { d.object("") })
}

// walk goes through all objects of an image.
func (d *dumper) walk(h Header) {
	d.line(0, "%s", h)
	d.root(defaultDecoder, h, defaultDecoder.opt.MaxAlloc)
	if d.err == nil && d.pos < len(d.s) {
		d.fail(ErrTrailing, d.pos, "the end", fmt.Sprintf("%d more octets", len(d.s)-d.pos))
	}
}

// saw tells of a place that ends where the dumper is.
func (d *dumper) saw(k PlaceKind, size int) { d.sawAt(k, d.pos-size, size) }

func (d *dumper) sawAt(k PlaceKind, at, size int) {
	if d.see != nil {
		d.see(Place{Kind: k, Offset: at, Size: size, BigEndian: d.big})
	}
}

func stringPlace(characters bool) PlaceKind {
	if characters {
		return PlaceCharacters
	}
	return PlaceOctets
}
