package wire

import (
	"fmt"
	"strconv"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Outgoing is a frame that is to be written. It is made in place, in a buffer that the next one
// uses again. The zero value is ready to use.
//
// It is what the kernel and clientlite send with; [AppendFrame] is simpler. It is here and not in
// an internal package since it writes Messages without Values, by their private means.
type Outgoing struct {
	// Max bounds the image, in octets; 0 means DefaultMaxFrame, the most.
	Max int

	buf   []byte // frameHead octets, the last of which have the length, and the image
	start int    // of the length
	hash  message.Hash
}

// frameHead is room for the longest length and the NUL behind it.
const frameHead = maxLengthDigits + 1

// Freeze makes the frame of a message. Errors are those of the serializer, or say that the image is
// longer than Max. The serializers of this module find that out while they write, before they
// allocate more: then it is a LimitError of theirs.
func (o *Outgoing) Freeze(s Serializer, m *Message) error {
	if o.buf == nil {
		o.buf = make([]byte, frameHead, 512)
	}
	o.buf = o.buf[:frameHead]
	m.fill(&o.hash)
	err := o.freeze(s)
	o.hash.Reset()
	if err != nil {
		return fmt.Errorf("freeze with %s: %w", s.Name(), err)
	}
	n := o.Size()
	if n > o.most() {
		return fmt.Errorf("image of %d octets: expected at most %d", n, o.most())
	}
	var digits [frameHead]byte
	head := append(strconv.AppendInt(digits[:0], int64(n), 10), 0)
	o.start = frameHead - len(head)
	copy(o.buf[o.start:], head)
	return nil
}

func (o *Outgoing) most() int {
	if o.Max > 0 {
		return min(o.Max, DefaultMaxFrame)
	}
	return DefaultMaxFrame
}

func (o *Outgoing) freeze(s Serializer) (err error) {
	if s, ok := s.(message.Codec); ok {
		o.buf, err = s.AppendMessage(o.buf, &o.hash, o.most())
		return err
	}
	v := o.hash.Value(new(perl.Slab))
	var image []byte
	if b, ok := s.(message.Bounded); ok {
		image, err = b.FreezeBounded(v, o.most())
	} else {
		image, err = s.Freeze(v)
	}
	o.buf = append(o.buf, image...)
	return err
}

// Size is that of the image in octets.
func (o *Outgoing) Size() int { return len(o.buf) - frameHead }

// Octets are what to write, valid until the next Freeze.
func (o *Outgoing) Octets() []byte { return o.buf[o.start:] }

// Cap is how many octets the buffer takes.
func (o *Outgoing) Cap() int { return cap(o.buf) }

// Wrote takes the first n octets off what is to be written.
func (o *Outgoing) Wrote(n int) { o.start += n }

// Join adds a frame, or several, behind this one.
func (o *Outgoing) Join(frames []byte) { o.buf = append(o.buf, frames...) }
