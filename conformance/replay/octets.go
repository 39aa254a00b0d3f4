package replay

import (
	"bytes"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Most of what comes back is, octet by octet, what came back then. So params are compared as octets
// first, and made Values of only where those differ.

// codec reads and writes messages of one goroutine. The zero codec, with a serializer, is ready.
type codec struct {
	wire.Serializer
	scanner wire.FrameScanner
	out     wire.Outgoing
}

// read reads an image into m. Params stay frozen as long as nobody asks for what is in them.
func (c *codec) read(image []byte, m *wire.Message) error {
	return c.scanner.Thaw(c.Serializer, image, m)
}

// octets freezes params alone: what is frozen still is written as it came. They are valid until the
// codec writes again, and nil if the params cannot be frozen.
func (c *codec) octets(params *perl.Value) []byte {
	if err := c.out.Freeze(c.Serializer, &wire.Message{Params: params}); err != nil {
		return nil
	}
	octets := c.out.Octets()
	return octets[bytes.IndexByte(octets, 0)+1:]
}

// rename puts another name into the strings of params, if it is in their image.
func rename(params *perl.Value, image []byte, from, to string) {
	if params == nil || from == "" || from == to || !bytes.Contains(image, []byte(from)) {
		return
	}
	walk.Rename(params, from, to)
}

// Octets are where in two images of messages a place is, from 0.
type Octets struct {
	Was int `json:"was"`
	Is  int `json:"is"`
}

// firstOctets is where in two images what is at a place of their params differs first, nil if that
// is not known: only Storable's images have places.
func firstOctets(was, is []byte, path string) *Octets {
	below := func(image []byte) (out []compare.Detail) {
		const root = "message"
		for _, d := range compare.Image(image, root, nil) {
			if at, ok := strings.CutPrefix(d.Path, root+"{'params'}"); ok && at == path {
				out = append(out, d)
			}
		}
		return out
	}
	a, b := below(was), below(is)
	for i := range min(len(a), len(b)) {
		if a[i].Text != b[i].Text {
			return &Octets{Was: a[i].Offset, Is: b[i].Offset}
		}
	}
	return nil
}
