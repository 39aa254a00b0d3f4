package wire

import (
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// bigBuffer is the size, in octets, from which buffers are shared by all connections, and
// nextBuffer that of those in which more of a large frame is awaited.
const (
	bigBuffer  = 64 << 10
	nextBuffer = 5 * bigBuffer
)

var bigBuffers, nextBuffers sync.Pool

// Room returns space for about n more octets, and for one at least, directly behind those that have
// come: read into it, then call Advance. What it holds before that is undefined. It spares the copy
// of Write. A scanner that holds nothing keeps no more than n octets. There is no space, and never
// will be, when Hold refused it.
//
// A frame that is larger than that gets a buffer of its own, of its size as soon as a fifth of it
// has come: see Thaw.
func (s *FrameScanner) Room(n int) []byte {
	if s.start > 0 && (s.start == len(s.buf) || s.start >= cap(s.buf)/2 || s.next > cap(s.buf)-s.start) {
		s.offset += int64(s.start)
		s.buf = s.buf[:copy(s.buf, s.buf[s.start:])]
		s.start = 0
	}
	if len(s.buf) == 0 && cap(s.buf) >= bigBuffer && cap(s.buf) > n {
		s.drop()
	}
	switch {
	case s.buf == nil && n > bigBuffer/2:
		s.grow(max(n, bigBuffer))
	case s.buf == nil:
		s.buf = make([]byte, 0, n)
	case cap(s.buf)-len(s.buf) >= max(n/2, 1) || s.next == cap(s.buf) && s.start == 0:
	case s.start == 0 && s.next > nextBuffer && cap(s.buf) >= bigBuffer && len(s.buf) < cap(s.buf):
		// what is shared is filled first
	case s.start == 0 && s.next > cap(s.buf):
		if !s.grow(max(n, min(s.next, max(bigBuffer, 5*len(s.buf))))) {
			return nil
		}
	default:
		if !s.grow(max(bigBuffer, 2*len(s.buf))) {
			return nil
		}
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

// littleLeft is how many octets of a frame are moved to a buffer of their own while the rest is
// awaited.
const littleLeft = 4 << 10

// Release gives up the buffer while nothing is in it, or has what is in it in a small one, if that
// is little: a connection without traffic holds about as much as came of its next frame.
func (s *FrameScanner) Release() {
	left := s.buf[s.start:]
	if len(left) > littleLeft || len(left) > 0 && cap(s.buf) <= 2*littleLeft {
		return
	}
	s.offset += int64(s.start)
	if s.start = 0; len(left) == 0 {
		s.buf = s.buf[:0]
		s.drop()
		return
	}
	small := append(s.small[:0], left...)
	s.small = nil
	s.give()
	s.buf = small
}

// Close gives up everything. The scanner must not be used any more.
func (s *FrameScanner) Close() {
	s.give()
	s.buf, s.small, s.start = nil, nil, 0
}

// Thaw reads the message in the image that Next has just returned, without a copy of it if it has a
// buffer of its own, as large ones do, and if the serializer is able to. Errors are those of the
// serializer, with the size of the image, and of ParseMessage. Where that has a Value for an
// address, m may have none but a Text or a Specifier that stand for the same.
func (s *FrameScanner) Thaw(by Serializer, image []byte, m *Message) error {
	in := s.incoming()
	in.hash.MaxAlloc, s.image = s.MaxAlloc, nil
	if in.hash.More = 0; len(s.buf) > s.start {
		in.hash.More = (len(s.buf) - s.start) / max(len(image), 1)
	}
	return in.read(by, image, s.keep(), m)
}

// ThawOwn is Thaw into a Message of the scanner's own, which must not be changed: of one that is
// like the one before only the params are read. It is valid until the next ThawOwn, or for as long
// as anybody has it if Disown is called before that.
func (s *FrameScanner) ThawOwn(by Serializer, image []byte) (*Message, error) {
	in := s.incoming()
	if in.own == nil {
		in.own = new(Message)
	}
	return in.own, s.Thaw(by, image, in.own)
}

func (s *FrameScanner) incoming() *incoming {
	if s.in == nil {
		s.in = new(incoming)
	}
	return s.in
}

// EmptyOwn has the scanner's own Message hold nothing of an image. It is for when nothing more has
// come.
func (s *FrameScanner) EmptyOwn() {
	s.image = nil
	if s.in != nil {
		s.in.hash.Shorts, s.in.hash.Room = perl.Shorts{}, nil
	}
	switch in := s.in; {
	case in == nil || in.own == nil:
	case in.like:
		in.own.Params = nil
	default:
		*in.own = Message{}
	}
}

// Disown leaves the scanner's own Message to whoever has it.
func (s *FrameScanner) Disown() {
	if s.in != nil {
		s.in.own, s.in.like = nil, false
	}
}

// Cost is what the message that Thaw read last takes of Go's heap, in octets, the image included,
// whether there was an error or not. held is what it takes as it is; thawed what it takes at most
// once its params have been looked into, as Value.Target does, and is more than held if Thaw left
// them as they came. Both are estimates, of which the truth is at most a quarter more. A serializer
// that is not of this module is taken to need 64 times the image.
func (s *FrameScanner) Cost() (held, thawed int64) {
	if s.in == nil {
		return 0, 0
	}
	return s.in.hash.Held, s.in.hash.Thawed
}

// Coming is about how many messages that are as long as the one that Thaw read last have come
// behind it.
func (s *FrameScanner) Coming() int {
	if s.in == nil {
		return 0
	}
	return s.in.hash.More
}

// Again has params, those of the message that Thaw read last, be used again for those of the next:
// nobody has any of it, if these are short.
func (s *FrameScanner) Again(params *perl.Value) {
	if s.in != nil {
		s.in.hash.Again(params)
	}
}

// keep tells whether the image that Next has just returned has a buffer of its own. If so, the
// scanner gives it up.
func (s *FrameScanner) keep() bool {
	if s.start != len(s.buf) || len(s.buf) != cap(s.buf) || len(s.buf) <= bigBuffer {
		return false
	}
	s.offset += int64(s.start)
	s.image = s.buf
	s.give()
	s.buf, s.start, s.small = s.small, 0, nil
	return true
}

// images are buffers for images that nobody has any more.
var images sync.Pool

// TakeImage takes the buffer of the message that Thaw read last, nil if that has none of its own.
func (s *FrameScanner) TakeImage() []byte {
	image := s.image
	s.image = nil
	return image
}

// ReuseImage has what TakeImage returned be the buffer of another image: nobody has anything of it
// any more.
func ReuseImage(image []byte) { images.Put(&image) }

// newImage returns a buffer for an image of size octets.
func newImage(size int) []byte {
	if old, _ := images.Get().(*[]byte); old != nil && cap(*old) >= size {
		return (*old)[:0:size]
	}
	return uncleared(size)
}

// drop puts an empty buffer by.
func (s *FrameScanner) drop() {
	s.give()
	s.buf, s.small = s.small, nil
}

// grow moves what has come to a buffer of at least size octets: one that exists already, or one
// that is not larger than what has come justifies. It returns false if Hold refuses it.
func (s *FrameScanner) grow(size int) bool {
	var shared *[bigBuffer]byte
	var next *[nextBuffer]byte
	var grown []byte
	var own int
	if size > bigBuffer && s.Hold != nil {
		if own = size; !s.Hold(own) {
			s.Hold(-own)
			return false
		}
	}
	switch {
	case size == bigBuffer:
		if shared, _ = bigBuffers.Get().(*[bigBuffer]byte); shared == nil {
			shared = new([bigBuffer]byte)
		}
		grown = shared[:0]
	case size == nextBuffer && s.next > size: // the image will not stay in it
		if next, _ = nextBuffers.Get().(*[nextBuffer]byte); next == nil {
			next = new([nextBuffer]byte)
		}
		grown = next[:0]
	case size == s.next:
		grown = newImage(size)
	default:
		grown = uncleared(size)
	}
	old := s.buf
	s.buf = append(grown, old...)
	if s.small == nil && cap(old) < bigBuffer {
		s.small = old[:0]
	}
	s.give()
	s.shared, s.nextUp, s.own = shared, next, own
	return true
}

// give gives up the buffer, in which nothing is any more: one that is shared goes back, and Hold is
// told of one that it knows.
func (s *FrameScanner) give() {
	if s.own > 0 {
		s.Hold(-s.own)
		s.own = 0
	}
	if s.shared != nil {
		bigBuffers.Put(s.shared)
		s.shared = nil
	}
	if s.nextUp != nil {
		nextBuffers.Put(s.nextUp)
		s.nextUp = nil
	}
}
