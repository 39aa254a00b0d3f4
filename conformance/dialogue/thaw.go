package dialogue

import (
	"bytes"
	"fmt"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Serializers returns every serializer known here.
func Serializers() []wire.Serializer {
	return []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}}
}

// aliasing is a serializer that can do without a copy of the image.
type aliasing interface {
	ThawAliased(image []byte) (*perl.Value, error)
	message.EnvelopeThawer
}

// thaw reads the image of a frame, and the message in it.
func (s *stream) thaw(r *received) {
	f := &r.Frame
	name := s.Negotiation.Serializer
	if name == "" {
		name = guessSerializer(f.Image)
	}
	for _, z := range s.opts.Serializers {
		if z.Name() != name {
			continue
		}
		a, isAliasing := z.(aliasing)
		if isAliasing { // nobody changes an image
			if k, ok := s.b.envelopes.Read(a, f.Image, &r.wire); ok {
				r.sketch, f.sketch = sketch{k, a}, &r.sketch
				r.message = Message{Message: &r.wire, Frame: f}
				f.Message = &r.message
				return
			}
		}
		var v *perl.Value
		var err error
		if isAliasing {
			v, err = a.ThawAliased(f.Image)
		} else {
			v, err = z.Thaw(f.Image)
		}
		if err != nil {
			f.Err = fmt.Errorf("%s image: %w", name, err)
			return
		}
		f.value.Store(v)
		m, err := wire.ParseMessage(v)
		if err != nil {
			f.Err = err
			return
		}
		r.message = Message{Message: m, Frame: f}
		f.Message = &r.message
		return
	}
	f.Err = fmt.Errorf("expected an image of a serializer known here, got one of %q", name)
}

// guessSerializer tells by its first octets what froze an image.
func guessSerializer(image []byte) string {
	switch {
	case bytes.HasPrefix(image, []byte("FrT;")):
		return "FreezeThaw"
	case bytes.HasPrefix(image, []byte("$POE::Component::IKC::Freezer::")):
		return "POE::Component::IKC::Freezer"
	}
	return wire.DefaultSerializer
}
