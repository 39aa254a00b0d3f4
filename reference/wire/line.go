package wire

import (
	"bytes"
	"fmt"
)

// DefaultMaxLine bounds a line of negotiation, in octets without its end. The original has no
// bound.
const DefaultMaxLine = 16 << 10

// LineScanner cuts octets into the lines of a negotiation. A line ends with CRLF, LF or CR alone,
// as POE::Filter::Line accepts them. The zero value is ready to use.
type LineScanner struct {
	// Max bounds a line, in octets; 0 means DefaultMaxLine.
	Max    int
	buf    []byte
	skipLF bool // the last line ended in CR, so an LF right behind it belongs to that end
}

// LineTooLongError says that no line end came within the bound.
type LineTooLongError struct {
	Limit int // octets that a line may have
	Got   int // octets that came without an end
}

func (e *LineTooLongError) Error() string {
	return fmt.Sprintf("negotiation: expected a line end within %d octets, got %d octets without one", e.Limit, e.Got)
}

// Write adds received octets.
func (s *LineScanner) Write(p []byte) { s.buf = append(s.buf, p...) }

// Next returns the next whole line without its end; ok is false when more octets are needed. The
// error, if any, is a *LineTooLongError; more octets do not mend it.
func (s *LineScanner) Next() (line string, ok bool, err error) {
	if s.skipLF && len(s.buf) > 0 {
		if s.buf[0] == '\n' {
			s.buf = s.buf[1:]
		}
		s.skipLF = false
	}
	limit := s.Max
	if limit == 0 {
		limit = DefaultMaxLine
	}
	i := bytes.IndexAny(s.buf, "\r\n")
	if i < 0 && len(s.buf) <= limit {
		return "", false, nil
	}
	if i < 0 || i > limit {
		return "", false, &LineTooLongError{Limit: limit, Got: len(s.buf)}
	}
	line = string(s.buf[:i])
	s.skipLF = s.buf[i] == '\r'
	s.buf = s.buf[i+1:]
	return line, true, nil
}

// Frames hands what has been received behind the last line to a new FrameScanner, with maxFrame as
// its Max. The line scanner is empty afterwards.
func (s *LineScanner) Frames(maxFrame int) *FrameScanner {
	f := &FrameScanner{Max: maxFrame, skipLF: s.skipLF}
	f.Write(s.buf)
	s.buf = nil
	return f
}

// AppendLine appends a line with the end that the original sends, CRLF.
func AppendLine(dst []byte, line string) []byte {
	dst = append(dst, line...)
	return append(dst, '\r', '\n')
}
