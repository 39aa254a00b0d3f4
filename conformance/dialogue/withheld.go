package dialogue

import (
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A relay that was told to swallow or to hold what a side says tells so in the capture, which has
// what was said all the same. From there on the other side does not know what to react to.

// WithheldSince is the packet from which on a relay kept to itself what a side said, NoPacket if
// that is not known of it. It is sure when the connection has ended.
func (c *Connection) WithheldSince(from wire.Role) int64 {
	if c.Transport == nil || c.Transport.Sides[from].Withheld == "" {
		return NoPacket
	}
	return c.Transport.Sides[from].WithheldAt.Packet
}

// Withheld tells whether octets of a side up to one, which is not among them, were kept so.
func (c *Connection) Withheld(from wire.Role, end int64) bool {
	return c.WithheldSince(from) != NoPacket && end > c.Transport.Sides[from].WithheldFrom
}

// AnyWithheld tells whether a relay kept to itself what one of the sides said.
func (c *Connection) AnyWithheld() bool {
	return min(c.WithheldSince(wire.Client), c.WithheldSince(wire.Server)) != NoPacket
}

// UnreadSince is the packet from which on a relay that holds what a side says does not even read
// it, so that the capture does not have it; NoPacket if there is none.
func (c *Connection) UnreadSince(from wire.Role) int64 {
	if since := c.WithheldSince(from); since != NoPacket && c.Transport.Sides[from].Withheld == capture.RelayHolds {
		return since
	}
	return NoPacket
}

// End is the offset behind the last octet of a frame.
func (f *Frame) End() int64 { return f.Offset + int64(len(f.Head)+1+len(f.Image)) }
