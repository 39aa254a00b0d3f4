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

	// Lend is a string, or a reference to what came in a message and was not looked into, that may
	// be written from where it is, without a copy, if it has LendFrom octets: Octets are then those
	// up to it, and there are more. What it is part of stays in memory as long as that. It is for
	// one Freeze.
	Lend     *perl.Value
	LendFrom int
	// Done, unless nil, is called once when nothing is lent any more.
	Done func()

	buf   []byte          // frameHead octets, the last of which have the length, and the image
	start int             // of what is to be written
	lent  []message.Piece // of the image, in places of buf; each as far as it is to be written
	more  int             // octets that are lent in all
	hash  message.Hash
	last  envelope      // that was written last
	by    message.Codec // that wrote it
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
	o.Forget()
	o.buf = o.buf[:frameHead]
	if !o.freezeLike(s, m) {
		if err := o.freezeAnew(s, m); err != nil {
			return fmt.Errorf("freeze with %s: %w", s.Name(), err)
		}
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

// freezeAnew writes the image of a message behind frameHead.
func (o *Outgoing) freezeAnew(s Serializer, m *Message) error {
	m.fill(&o.hash)
	if o.hash.LendFrom = o.LendFrom; canLend {
		o.hash.Lend = o.Lend
	}
	err := o.freeze(s, m)
	o.lent, o.hash.Lend, o.Lend = o.hash.Lent, nil, nil
	for i := range o.lent {
		o.more += len(o.lent[i].Octets)
	}
	o.hash.Reset()
	return err
}

func (o *Outgoing) freeze(s Serializer, m *Message) (err error) {
	if s, ok := s.(message.Codec); ok {
		o.buf, err = s.AppendMessage(o.buf, &o.hash, o.most())
		if o.by = s; err != nil || !m.isPlain() || !o.last.keep(o.buf[frameHead:], &o.hash, m) {
			o.by = nil
		}
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
func (o *Outgoing) Size() int { return len(o.buf) - frameHead + o.more }

// Own is how many octets of the image are in its buffer: all but those that are lent.
func (o *Outgoing) Own() int { return len(o.buf) - frameHead }

// Octets are what to write next, valid until the next Freeze: all that is left, but with Lend.
func (o *Outgoing) Octets() []byte {
	switch {
	case len(o.lent) == 0:
		return o.buf[o.start:]
	case o.start < o.lent[0].At:
		return o.buf[o.start:o.lent[0].At]
	}
	return octetsOf(o.lent[0].Octets)
}

// Left is how many octets are to be written in all.
func (o *Outgoing) Left() int {
	n := len(o.buf) - o.start
	for i := range o.lent {
		n += len(o.lent[i].Octets)
	}
	return n
}

// Cap is how many octets the buffers take, and what is lent.
func (o *Outgoing) Cap() int { return cap(o.buf) + cap(o.last.octets) + o.more }

// Wrote takes the first n octets off what is to be written: at most as many as Octets are.
func (o *Outgoing) Wrote(n int) {
	if len(o.lent) == 0 || o.start < o.lent[0].At {
		o.start += n
		return
	}
	if p := &o.lent[0]; n < len(p.Octets) {
		p.Octets = p.Octets[n:]
	} else {
		o.lent = o.lent[1:]
	}
}

// Forget lets go of what is lent. What is left cannot be written any more.
func (o *Outgoing) Forget() {
	o.lent, o.more = nil, 0
	if done := o.Done; done != nil {
		o.Done = nil
		done()
	}
}

// Join adds a frame, or several, behind this one, of which nothing is lent.
func (o *Outgoing) Join(frames []byte) { o.buf = append(o.buf, frames...) }
