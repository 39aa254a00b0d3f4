package mutator

import (
	"bytes"
	"strconv"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// unit is what a side says at a time: a line of the negotiation with its end, or a frame.
type unit struct {
	frame bool
	// octets are all of it, image is what is behind the length of a frame.
	octets, image []byte
}

// message thaws the image of a frame; nil if there is none, or it is none that the serializer
// reads.
func (u *unit) message(by wire.Serializer) *perl.Value {
	if !u.frame {
		return nil
	}
	v, err := by.Thaw(u.image)
	if err != nil || v.Target().Kind() != perl.Hash {
		return nil
	}
	return v
}

// maxDigits is how many octets a length may have.
const maxDigits = 20

// stream cuts one direction of a connection into units. A line of a negotiation does not begin with
// a digit, a frame does.
type stream struct {
	buf []byte
	// lost: what comes is no unit.
	lost bool
}

// next returns the next whole unit; ok is false when more octets are needed.
func (s *stream) next() (u *unit, ok bool) {
	if len(s.buf) == 0 || s.lost {
		return nil, false
	}
	n := 0
	u = &unit{frame: s.buf[0] >= '0' && s.buf[0] <= '9'}
	if u.frame {
		digits := bytes.IndexByte(s.buf[:min(len(s.buf), maxDigits)], 0)
		if digits < 0 {
			s.lost = len(s.buf) >= maxDigits
			return nil, false
		}
		size, err := strconv.Atoi(string(s.buf[:digits]))
		if err != nil {
			s.lost = true
			return nil, false
		}
		if n = digits + 1 + size; n > len(s.buf) {
			return nil, false
		}
		u.image = bytes.Clone(s.buf[digits+1 : n])
	} else {
		end := bytes.IndexByte(s.buf, '\n')
		if end < 0 {
			return nil, false
		}
		n = end + 1
	}
	u.octets = bytes.Clone(s.buf[:n])
	s.buf = s.buf[n:]
	return u, true
}
