package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
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
	Offset int64  // in the stream of frames, of the first octet of the frame
	Want   string // what was expected
	Got    string // what came
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("frame at octet %d: expected %s, got %s", e.Offset, e.Want, e.Got)
}

// FrameScanner cuts octets into frames. The zero value is ready to use. It allocates for octets
// that have come, never for a length that was only claimed.
type FrameScanner struct {
	// Max bounds an image, in octets; 0 means DefaultMaxFrame.
	Max    int
	buf    []byte
	small  []byte // kept while buf is a large one
	start  int    // of the next frame in buf
	offset int64  // of buf[0] in the stream
	skipLF bool   // an LF that comes first is the end of the last line of negotiation
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

// Room returns space for about n more octets, and for one at least, directly behind those that have come: read into it,
// then call Advance. It spares the copy of Write. A scanner that holds nothing keeps no more than n octets.
func (s *FrameScanner) Room(n int) []byte {
	if s.start > 0 && (s.start == len(s.buf) || s.start >= cap(s.buf)/2) {
		s.offset += int64(s.start)
		s.buf = s.buf[:copy(s.buf, s.buf[s.start:])]
		s.start = 0
	}
	if len(s.buf) == 0 && cap(s.buf) >= max(bigBuffer, n+1) {
		b := s.buf
		bigBuffers.Put(&b)
		s.buf, s.small = s.small, nil
	}
	switch {
	case s.buf == nil:
		s.buf = make([]byte, 0, n)
	case cap(s.buf)-len(s.buf) < max(n/2, 1):
		s.grow(max(bigBuffer, 2*len(s.buf)))
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

// bigBuffer is the size, in octets, from which buffers are shared by all connections.
const bigBuffer = 64 << 10

var bigBuffers sync.Pool

// grow moves what has come to a buffer of at least size octets: a large one that exists already, or one
// that is not larger than what has come justifies.
func (s *FrameScanner) grow(size int) {
	var grown []byte
	if b, _ := bigBuffers.Get().(*[]byte); b != nil {
		if cap(*b) >= size {
			grown = (*b)[:0]
		}
	}
	if grown == nil {
		grown = make([]byte, 0, size)
	}
	old := s.buf
	s.buf = append(grown, old...)
	if s.small == nil && cap(old) < bigBuffer {
		s.small = old[:0]
	}
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

// Next returns the image of the next whole frame, valid until the next Write; ok is false when more
// octets are needed. The error, if any, is a *FrameError and lasts.
func (s *FrameScanner) Next() (image []byte, ok bool, err error) {
	image, size, err := s.peek(s.buf[s.start:], s.Offset())
	if err != nil || size == 0 {
		return nil, false, err
	}
	s.start += size
	return image, true, nil
}

// Peek reads the frame at the front of octets that the caller keeps: its image, and its size with
// length and NUL. The size is 0 when more octets are needed. Offsets in errors count from octets.
func (s *FrameScanner) Peek(octets []byte) (image []byte, size int, err error) {
	return s.peek(octets, 0)
}

func (s *FrameScanner) peek(octets []byte, offset int64) (image []byte, size int, err error) {
	limit := s.Max
	if limit == 0 {
		limit = DefaultMaxFrame
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
	size = digits + 1 + int(n)
	if len(octets) < size {
		return nil, 0, nil
	}
	return octets[digits+1 : size : size], size, nil
}

func excerpt(b []byte) []byte { return b[:min(len(b), 24)] }
