package compare

import (
	"bytes"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Codec reads and writes the messages of one goroutine without making Values of params. The zero
// Codec, with a serializer, is ready.
type Codec struct {
	wire.Serializer
	scanner wire.FrameScanner
	out     wire.Outgoing
}

// Read reads an image into m. Params stay frozen as long as nobody asks for what is in them.
func (c *Codec) Read(image []byte, m *wire.Message) error {
	return c.scanner.Thaw(c.Serializer, image, m)
}

// Frame makes the frame of a message; what is frozen still is written as it came. It is valid until
// the Codec writes again.
func (c *Codec) Frame(m *wire.Message) ([]byte, error) {
	if err := c.out.Freeze(c.Serializer, m); err != nil {
		return nil, err
	}
	return c.out.Octets(), nil
}

// Params freezes params alone: the image of a message that has nothing else. They are valid until
// the Codec writes again, and nil if the params cannot be frozen.
func (c *Codec) Params(params *perl.Value) []byte {
	frame, err := c.Frame(&wire.Message{Params: params})
	if err != nil {
		return nil
	}
	return frame[bytes.IndexByte(frame, 0)+1:]
}
