package wire

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Sketcher is a Serializer that can tell what is in a message without making Values of its params.
type Sketcher interface {
	// Sketch fills h with what Thaw finds in an image that is never changed again, but for the value of the key whole, of which
	// there is an item only. kinds are those of all Values in the image. ok is false if the image must be thawed.
	Sketch(image []byte, h *perl.Shallow, whole string) (kinds perl.Kinds, ok bool)
}

// Sketches reads messages without their params. It keeps the last addresses, since those of the next message are mostly
// the same. The zero Sketches is ready; it is for one goroutine.
type Sketches struct{ in incoming }

// Sketch is what is known of a message that was read without its params.
type Sketch struct {
	Params bool       // there are some
	Kinds  perl.Kinds // of all Values in the image
}

// Read reads an image that is never changed again into m: what ParseMessage makes of it, but without Params, and with
// addresses that have a Text or a Specifier for a Value. ok is false if it must be thawed to be understood.
func (s *Sketches) Read(by Sketcher, image []byte, m *Message) (k Sketch, ok bool) {
	defer s.in.hash.Reset()
	if k.Kinds, ok = by.Sketch(image, &s.in.hash, "params"); !ok {
		return Sketch{}, false
	}
	if !s.in.message(m) {
		return Sketch{}, false
	}
	for i := range s.in.hash.Items {
		k.Params = k.Params || s.in.hash.Items[i].Key == "params"
	}
	m.Params = nil
	return k, true
}
