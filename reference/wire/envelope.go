package wire

import "github.com/perl-ikc/ikc-conform/internal/message"

// Envelope is what is known of a message that was read without its params.
type Envelope struct {
	Params bool          // there are some
	Kinds  message.Kinds // of all Values in the image
}

// EnvelopeReader reads messages without their params, for the judge of this module. It keeps the
// last addresses, since those of the next message are mostly the same. The zero EnvelopeReader is
// ready; it is for one goroutine.
//
// It is exported for package dialogue, and stands here since it makes Messages by the same private
// means as FrameScanner.Thaw.
type EnvelopeReader struct{ in incoming }

// Read reads an image that is never changed again into m: what ParseMessage makes of it, but
// without Params, and with addresses that have a Text or a Specifier for a Value. ok is false if it
// must be thawed to be understood.
func (r *EnvelopeReader) Read(by message.EnvelopeThawer, image []byte, m *Message) (e Envelope, ok bool) {
	defer r.in.hash.Reset()
	if e.Kinds, ok = by.ThawEnvelope(image, &r.in.hash, "params"); !ok {
		return Envelope{}, false
	}
	if !r.in.message(m) {
		return Envelope{}, false
	}
	for i := range r.in.hash.Items {
		e.Params = e.Params || r.in.hash.Items[i].Key == "params"
	}
	m.Params = nil
	return e, true
}
