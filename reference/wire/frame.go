package wire

import (
	"bytes"
	"fmt"
	"strconv"
)

// Limits of a frame, in octets of its image.
const (
	// DefaultMaxFrame is what a receiver takes unless told otherwise. The original's senders refuse
	// more (Channel channel_send), its receivers buffer up to 512 MiB.
	DefaultMaxFrame = 100 << 20
	maxLengthDigits = 19
)

// AppendFrame appends a frame: the length of the image in decimal, a NUL, the image.
// Source: POE::Filter::Reference put.
func AppendFrame(dst, image []byte) []byte {
	dst = strconv.AppendInt(dst, int64(len(image)), 10)
	dst = append(dst, 0)
	return append(dst, image...)
}

// FrameError says why octets are no frame. After one, the stream is lost: nothing tells where the
// next frame starts.
type FrameError struct {
	Offset   int64  // in the stream of frames, of the first octet of the frame
	Expected string // what was expected
	Got      string // what came
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("frame at octet %d: expected %s, got %s", e.Offset, e.Expected, e.Got)
}

// FrameScanner cuts octets into frames: Write what comes, then ask Next for images. The zero value
// is ready to use. It allocates for octets that have come, never for a length that was only
// claimed.
//
// Room, Advance, Release, Close, Thaw, ThawOwn and what goes with these spare copies and buffers:
// the kernel reads with them. They are here and not in an internal package since they are about the
// private buffer; so is Peek about the private way to read.
type FrameScanner struct {
	// Max bounds an image, in octets; 0 means DefaultMaxFrame.
	Max int
	// Hold, unless it is nil, is asked before a buffer of more than 64 KiB is made for a frame that
	// has come in part: octets is its size. It is told octets below 0 when one is given up, to the
	// program that gets the image, for instance, or if it returned false. Once it has done that
	// there are no more such buffers: Room then returns nothing.
	Hold func(octets int) bool
	// MaxAlloc bounds what Thaw may take of Go's heap for one image, in octets, the image included;
	// 0 means the bound of the serializer alone. It may be set anew before each Thaw. It has no
	// effect on serializers that are not of this module.
	MaxAlloc int64

	buf    []byte
	small  []byte            // kept while buf is a large one
	shared *[bigBuffer]byte  // what buf is, if all connections share it
	nextUp *[nextBuffer]byte // or this
	start  int               // of the next frame in buf
	next   int               // size of the frame at start, with length and NUL, if all of it has not come; 0 if not known
	offset int64             // of buf[0] in the stream
	own    int               // size of buf as Hold knows it, 0 for one that it does not
	skipLF bool              // an LF that comes first is the end of the last line of negotiation
	image  []byte            // buffer of the message that was read last, if of its own
	in     *incoming         // nil until there is a message: many connections have none for long
}

// Write adds received octets.
func (s *FrameScanner) Write(p []byte) {
	if s.skipLF && len(p) > 0 {
		s.skipLF = false
		if p[0] == '\n' {
			p = p[1:]
		}
	}
	if s.start > 0 && s.start >= len(s.buf)/2 {
		s.offset += int64(s.start)
		s.buf = s.buf[:copy(s.buf, s.buf[s.start:])]
		s.start = 0
	}
	s.buf = append(s.buf, p...)
}

// Advance adds the first n octets of what Room returned.
func (s *FrameScanner) Advance(n int) {
	got := s.buf[len(s.buf) : len(s.buf)+n]
	if s.skipLF && n > 0 {
		s.skipLF = false
		if got[0] == '\n' {
			n = copy(got, got[1:])
		}
	}
	s.buf = s.buf[:len(s.buf)+n]
}

// Offset is the place in the stream of the next frame's first octet.
func (s *FrameScanner) Offset() int64 { return s.offset + int64(s.start) }

// Buffered is the number of octets that belong to no whole frame yet.
func (s *FrameScanner) Buffered() int { return len(s.buf) - s.start }

// Next returns the image of the next whole frame, valid until the next Write or Room; ok is false
// when more octets are needed. The error, if any, is a *FrameError and lasts.
func (s *FrameScanner) Next() (image []byte, ok bool, err error) {
	have := len(s.buf) - s.start
	if have < s.next {
		return nil, false, nil
	}
	image, size, err := s.peek(s.buf[s.start:], s.Offset())
	if err != nil || size > have || size == 0 {
		s.next = size
		return nil, false, err
	}
	s.start += size
	s.next = 0
	return image, true, nil
}

// Peek reads the frame at the front of octets that the caller keeps: its image, and its size with
// length and NUL. The size is 0 when more octets are needed. Offsets in errors count from octets.
func (s *FrameScanner) Peek(octets []byte) (image []byte, size int, err error) {
	image, size, err = s.peek(octets, 0)
	if size > len(octets) {
		size = 0
	}
	return image, size, err
}

// peek reads the frame at the front of octets. When octets end within it, there is no image, and
// size is 0 or, if its length is known, what it will be.
func (s *FrameScanner) peek(octets []byte, offset int64) (image []byte, size int, err error) {
	limit := s.Max
	if limit == 0 {
		limit = DefaultMaxFrame
	}
	if n, digits := shortLength(octets); digits > 0 && n <= limit {
		size = digits + 1 + n
		if len(octets) < size {
			return nil, size, nil
		}
		return octets[digits+1 : size : size], size, nil
	}
	head := octets[:min(len(octets), maxLengthDigits+1)]
	digits := bytes.IndexByte(head, 0)
	if digits >= 0 {
		head = head[:digits]
	}
	for i, c := range head {
		if c < '0' || c > '9' {
			return nil, 0, &FrameError{offset, "a decimal length and a NUL", fmt.Sprintf("%q at octet %d of %q", c, i, excerpt(octets))}
		}
	}
	switch {
	case digits == 0:
		return nil, 0, &FrameError{offset, "a decimal length and a NUL", "a NUL without a length"}
	case digits < 0 && len(head) > maxLengthDigits:
		return nil, 0, &FrameError{offset, fmt.Sprintf("a length of at most %d digits", maxLengthDigits), fmt.Sprintf("%q", excerpt(octets))}
	case digits < 0:
		return nil, 0, nil
	}
	n, err := strconv.ParseInt(string(head), 10, 64)
	if err != nil || n > int64(limit) {
		return nil, 0, &FrameError{offset, fmt.Sprintf("an image of at most %d octets", limit), string(head)}
	}
	if size = digits + 1 + int(n); len(octets) < size {
		return nil, size, nil
	}
	return octets[digits+1 : size : size], size, nil
}

// shortLength reads a length of up to 9 digits and the NUL behind it. There are no digits if
// anything else is there.
func shortLength(octets []byte) (n, digits int) {
	for i, c := range octets[:min(len(octets), 10)] {
		switch d := c - '0'; {
		case d <= 9:
			n = n*10 + int(d)
		case c == 0:
			return n, i
		default:
			return 0, 0
		}
	}
	return 0, 0
}

func excerpt(b []byte) []byte { return b[:min(len(b), 24)] }
