package ikc

import (
	"errors"
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// readBuffer is what a connection reads at once, in octets. Small, for the sake of idle ones.
const readBuffer = 4 << 10

// read takes frames until the connection ends or makes no sense, and returns why. What came before
// the end is handled before it returns.
func (c *Channel) read(frames *wire.FrameScanner) error {
	defer c.in.settle()
	buf := make([]byte, readBuffer)
	for {
		image, ok, err := frames.Next()
		if err != nil {
			return c.fault(err)
		}
		if ok {
			if err := c.receive(image); err != nil {
				return c.fault(err)
			}
			continue
		}
		n, err := c.conn.Read(buf)
		frames.Write(buf[:n])
		switch {
		case err == nil || n > 0:
		case errors.Is(err, io.EOF) && frames.Buffered() > 0:
			return c.fault(fmt.Errorf("expected the rest of a frame that began at octet %d, the peer closed after %d octets of it: %w",
				frames.Offset(), frames.Buffered(), io.ErrUnexpectedEOF))
		default:
			return err
		}
		// A large frame deserves a large buffer; the frames after it rarely do.
		if n == len(buf) && len(buf) < 1<<20 {
			buf = make([]byte, 2*len(buf))
		} else if frames.Buffered() == 0 && len(buf) > readBuffer {
			buf = make([]byte, readBuffer)
		}
	}
}

// fault logs what a peer did wrong. It costs the peer its connection.
func (c *Channel) fault(err error) error {
	err = fmt.Errorf("ikc: from %s (%v): %w", c.peer.ID, c.conn.RemoteAddr(), err)
	c.k.log.Warn("bad data from peer", "error", err)
	return err
}

// receive thaws an image and hands the message on: an answer to whoever waits for it, all else to
// the queue of requests.
func (c *Channel) receive(image []byte) error {
	v, err := c.serializer.Thaw(image)
	if err != nil {
		return fmt.Errorf("image of %d octets: %w", len(image), err)
	}
	m, err := wire.ParseMessage(v)
	if err != nil {
		return err
	}
	if c.k.answered(m) {
		return nil
	}
	if !c.in.put(received{m, len(image)}, func(m *wire.Message) { c.k.request(c, m) }) {
		return ErrClosed
	}
	return nil
}

// send freezes a message and queues it.
func (c *Channel) send(m *wire.Message) error {
	v := m.ToValue()
	image, err := c.serializer.Freeze(v)
	if err != nil {
		return fmt.Errorf("ikc: freeze with %s: %w", c.serializer.Name(), err)
	}
	if len(image) > wire.DefaultMaxFrame {
		return fmt.Errorf("ikc: image of %d octets: expected at most %d", len(image), wire.DefaultMaxFrame)
	}
	return c.out.put(len(image)+8, func(b []byte) []byte { return wire.AppendFrame(b, image) })
}

// str makes a byte string, or a UTF-8 one if s needs it.
func str(s string) *perl.Value {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return perl.NewText(s)
		}
	}
	return perl.NewBytes(s)
}
