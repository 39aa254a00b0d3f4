package dialogue

import (
	"bytes"
	"fmt"

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
}

// thaw reads the image of a frame, and the message in it.
func (s *stream) thaw(f *Frame) {
	name := s.Negotiation.Serializer
	if name == "" {
		name = guessSerializer(f.Image)
	}
	for _, z := range s.opts.Serializers {
		if z.Name() != name {
			continue
		}
		if a, ok := z.(aliasing); ok {
			f.Value, f.Err = a.ThawAliased(f.Image) // nobody changes an image
		} else {
			f.Value, f.Err = z.Thaw(f.Image)
		}
		if f.Err != nil {
			f.Err = fmt.Errorf("%s image: %w", name, f.Err)
			return
		}
		m, err := wire.ParseMessage(f.Value)
		if err != nil {
			f.Err = err
			return
		}
		f.Message = &Message{Message: m, Frame: f}
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
