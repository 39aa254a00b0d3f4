package dialogue

import (
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Frame is a frame with its image, and the message in it.
type Frame struct {
	From wire.Role
	// AtLeast: octets are missing before it, and nobody knows how many frames were in them, which are
	// not counted.
	AtLeast bool
	// Early: a client sent it before the server had agreed, in a capture that would show it if it had.
	Early bool
	// Late: it was read when later octets of the other side had been, since it was waited for what is
	// missing before it. Then a reply to it may have been taken for something else.
	Late bool
	// TooLarge: the image was not thawed since it would take too much memory here, which is no fault
	// of it. Err says so.
	TooLarge bool

	shared bool  // Message holds nothing of the image, see recent
	values int32 // of an image that was thawed at once, how many it has
	sketch

	// At is where the frame became complete.
	At capture.Stamp
	// Number counts the frames of a direction from 1; Offset is where it begins in the stream.
	Number int
	Offset int64
	// Head is the length as it was written; Image what follows the NUL.
	Head  string
	Image []byte
	// Message is what the image means, nil if the image is no message or cannot be thawed; then Err
	// says why.
	Message *Message
	Err     error

	serial int64 // among the items of the connection
	value  atomic.Pointer[perl.Value]
}

// After tells whether a frame comes after one of the other side. Within what the capture holds of
// both, what acknowledges comes after what it acknowledges, wherever the file has it; behind octets
// that are missing it is the file that tells.
func (f *Frame) After(other *Frame) bool {
	if !f.Late && !other.Late {
		return f.serial > other.serial
	}
	if a, b := f.At.Packet, other.At.Packet; a != b {
		return a > b
	}
	return !f.At.Time.Before(other.At.Time)
}

// Sender implements Item.
func (f *Frame) Sender() wire.Role { return f.From }

// Stamp implements Item.
func (f *Frame) Stamp() capture.Stamp { return f.At }
