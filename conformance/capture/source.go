package capture

import (
	"errors"
	"io"
)

// readSize is how much a source asks of the file at once.
const readSize = 256 << 10

// source reads a file through a window that grows no further than what is asked of it and there.
type source struct {
	r      io.Reader
	buf    []byte // buf[lo:hi] is what was read and not yet skipped
	lo, hi int
	offset int64 // where in the file buf[lo] is, from where the capture begins
	err    error // why no more can be read; io.EOF at the end
	needs  int64 // while more is read: how many octets from offset on that takes
	ahead  int64 // of them, what is still to be left out

	file   readAgain // r, nil if it cannot be read again
	base   int64     // where in it the capture begins
	reread []byte
}

// peek returns the next n octets without skipping them, or all there are and why there are no more:
// io.EOF at the end of the file. The octets are valid until the next call.
func (s *source) peek(n int) ([]byte, error) {
	for s.hi-s.lo < n {
		if s.err != nil {
			return s.buf[s.lo:s.hi], s.err
		}
		s.needs = max(int64(n), s.ahead)
		s.fill(n)
	}
	return s.buf[s.lo : s.lo+n : s.lo+n], nil
}

func (s *source) fill(n int) {
	if s.lo > 0 && (s.lo == s.hi || s.lo+n > len(s.buf)) {
		s.hi = copy(s.buf, s.buf[s.lo:s.hi])
		s.lo = 0
	}
	if s.hi == len(s.buf) {
		// A file that claims a large block gets memory as it delivers, not as it claims.
		grown := make([]byte, max(readSize, 2*len(s.buf)))
		copy(grown, s.buf[:s.hi])
		s.buf = grown
	}
	for range 100 {
		got, err := s.r.Read(s.buf[s.hi:])
		s.hi += got
		if err != nil {
			s.err = err
		}
		if got > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// skip leaves out octets that peek has shown.
func (s *source) skip(n int) {
	s.lo += n
	s.offset += int64(n)
}

// skipAhead leaves out the next n octets, seen or not. It returns how many there were.
func (s *source) skipAhead(n int64) (int64, error) {
	left := n
	defer func() { s.ahead = 0 }()
	for left > 0 {
		s.ahead = left
		b, err := s.peek(int(min(left, readSize)))
		s.skip(len(b))
		left -= int64(len(b))
		if err != nil && left > 0 {
			return n - left, err
		}
	}
	return n, nil
}

// end is where in the file that ends which has been read so far.
func (s *source) end() int64 { return s.offset + int64(s.hi-s.lo) }

// cut turns the end of the file into a *TruncatedError: expected was to be at offset. Other errors
// are those of reading and stay.
func (s *source) cut(err error, offset int64, expected string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &TruncatedError{Offset: offset, Size: s.end(), Expected: expected}
	}
	return err
}
