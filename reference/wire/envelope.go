package wire

import (
	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Envelope is what is known of a message that was read without its params.
type Envelope struct {
	Params bool          // there are some
	Kinds  message.Kinds // of all Values in the image
	// Like numbers the message but for its params, from 1: another of the same EnvelopeReader with
	// this number is the same Message. It is 0 if none can have it.
	Like int
}

// EnvelopeReader reads messages without their params, for the judge of this module. It keeps the
// last addresses, since those of the next message are mostly the same. The zero EnvelopeReader is
// ready; it is for one goroutine.
//
// It is exported for package dialogue, and stands here since it makes Messages by the same private
// means as FrameScanner.Thaw.
type EnvelopeReader struct {
	in     incoming
	recent [recentEnvelopes]seen
	last   int // of recent, the one that was found or kept last
	count  int // of messages that were read anew
}

// recentEnvelopes is how many envelopes are kept: programs send the same few again and again.
const recentEnvelopes = 4

// seen is an envelope, and the kinds of Values in it.
type seen struct {
	envelope
	kinds message.Kinds
	like  int // see Envelope
}

// Read reads an image that is never changed again into m: what ParseMessage makes of it, but
// without Params, and with addresses that have a Text or a Specifier for a Value. ok is false if it
// must be thawed to be understood.
func (r *EnvelopeReader) Read(by message.EnvelopeThawer, image []byte, m *Message) (e Envelope, ok bool) {
	for i := range r.recent {
		n := (r.last + i) % recentEnvelopes
		s := &r.recent[n]
		at, name, ok := s.find(image)
		if !ok || !s.isNamed(name) {
			continue
		}
		if e.Kinds, ok = by.PassWhole(image, at); !ok {
			break
		}
		r.last = n
		*m = s.m
		e.Kinds, e.Params, e.Like = e.Kinds|s.kinds, true, s.like
		return e, true
	}
	return r.readAnew(by, image, m)
}

// readAnew reads an image that is not like one of the last.
func (r *EnvelopeReader) readAnew(by message.EnvelopeThawer, image []byte, m *Message) (e Envelope, ok bool) {
	hash := &r.in.hash
	defer hash.Reset()
	if e.Kinds, ok = by.ThawEnvelope(image, hash, "params"); !ok {
		return Envelope{}, false
	}
	if !r.in.message(m) {
		return Envelope{}, false
	}
	var beside message.Kinds
	beside.Add(perl.Ref)
	beside.Add(perl.Hash)
	for i := range hash.Items {
		item := &hash.Items[i]
		switch {
		case item.Key == "params":
			e.Params = true
		case item.Value != nil:
			beside.Add(item.Value.Kind())
		default:
			beside.Add(perl.Bytes) // also of parts
		}
	}
	m.Params = nil
	r.last = (r.last + recentEnvelopes - 1) % recentEnvelopes
	if s := &r.recent[r.last]; s.keep(image, hash, m) {
		r.count++
		s.kinds, s.like, e.Like = beside, r.count, r.count
	}
	return e, true
}
