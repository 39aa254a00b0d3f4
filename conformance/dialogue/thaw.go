package dialogue

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxThaw bounds the octets of memory for the values of an image: what takes more cannot be looked
// at.
const maxThaw = 256 << 20

var known = []wire.Serializer{
	storable.Serializer{Decoder: must(storable.ThawOptions{MaxAlloc: maxThaw}.Decoder())},
	freezethaw.Serializer{Codec: must(freezethaw.Options{MaxAlloc: maxThaw}.Codec())},
	dumper.Serializer{Codec: must(dumper.Options{MaxAlloc: maxThaw}.Codec())},
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // of options that are constants here
	}
	return v
}

// Serializers returns every serializer known here. An image may take 256 MiB of memory.
func Serializers() []wire.Serializer { return slices.Clone(known) }

// SerializerOf returns the serializer of a Perl package, nil if it is not known here.
func SerializerOf(name string) wire.Serializer {
	i := slices.IndexFunc(known, func(z wire.Serializer) bool { return z.Name() == name })
	if i < 0 {
		return nil
	}
	return known[i]
}

// imageError is why an image cannot be thawed. Its text is made when it is asked for: a peer that
// sends nothing but such images sends many.
type imageError struct {
	serializer string
	cause      error
}

func (e *imageError) Error() string { return e.serializer + " image: " + e.cause.Error() }
func (e *imageError) Unwrap() error { return e.cause }

// exceeds tells whether an image takes more memory than it may here.
func exceeds(err error) bool {
	var limit string
	if e, ok := errors.AsType[*storable.LimitError](err); ok {
		limit = e.Limit
	} else if e, ok := errors.AsType[*freezethaw.LimitError](err); ok {
		limit = e.Limit
	} else if e, ok := errors.AsType[*dumper.LimitError](err); ok {
		limit = e.Limit
	}
	return limit == "MaxAlloc"
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
		name = GuessSerializer(f.Image)
	}
	for _, z := range s.opts.Serializers {
		if z.Name() != name {
			continue
		}
		a, isAliasing := z.(aliasing)
		if isAliasing { // nobody changes an image
			if k, ok := s.b.envelopes[f.From].Read(a, f.Image, &s.b.envelope); ok {
				if s.tooMuch(f, a) {
					return
				}
				f.sketch = sketch{k, a}
				var m *wire.Message
				m, f.shared = s.b.recent[f.From].share(&s.b.envelope, k.Like)
				r.says(m)
				return
			}
		}
		thaw := z.Thaw
		if isAliasing {
			thaw = a.ThawAliased
		}
		v, err := thawInTurn(f.Image, thaw)
		if err != nil {
			s.cannotThaw(f, &imageError{name, err})
			return
		}
		f.value.Store(v)
		f.values = int32(min(countValues(v, len(f.Image)), math.MaxInt32))
		m, err := wire.ParseMessage(v)
		if err != nil {
			f.Err = err
			return
		}
		r.says(m)
		return
	}
	f.Err = fmt.Errorf("expected an image of a serializer known here, got one of %q", name)
}

// amplification is how many octets of memory an octet of an image may take when it is thawed.
const amplification = 64

// tooMuch tells whether an image that was sketched takes too much to be thawed.
func (s *stream) tooMuch(f *Frame, by aliasing) bool {
	if len(f.Image) <= maxThaw/amplification {
		return false
	}
	_, err := thawInTurn(f.Image, by.ThawAliased)
	if err != nil {
		s.cannotThaw(f, err)
	}
	return err != nil
}

// cannotThaw notes why an image cannot be thawed. If it would take too much memory here, that says
// nothing of it: nothing follows from what is not seen.
func (s *stream) cannotThaw(f *Frame, err error) {
	f.Err = err
	if exceeds(err) && f.Number > 0 {
		f.TooLarge = true
		s.lost(&Loss{From: f.From, Kind: LostHere, At: f.At, Since: f.At.Packet, Until: f.At.Packet, Offset: f.Offset,
			Octets: int64(len(f.Image)), Text: "an image takes too much memory to be looked at"})
		s.addNote(Problem{From: f.From, At: f.At, Offset: f.Offset,
			Text: fmt.Sprintf("frame %d of the %s cannot be looked at: its %d octets would take more than %d of memory", f.Number, f.From, len(f.Image), maxThaw)})
	}
}

// countValues counts the values in a tree, no more than most: some may be in it several times.
func countValues(v *perl.Value, most int) int {
	n := 0
	for todo := []*perl.Value{v}; len(todo) > 0 && n < most; n++ {
		v := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; v == nil {
			continue
		}
		if t := v.Target(); t != nil {
			todo = append(todo, t)
		}
		todo = append(todo, v.Elems()...)
		for _, p := range v.Pairs() {
			todo = append(todo, p.Value)
		}
	}
	return n
}

// GuessSerializer tells by its first octets what froze an image.
func GuessSerializer(image []byte) string {
	switch {
	case bytes.HasPrefix(image, []byte("FrT;")):
		return "FreezeThaw"
	case bytes.HasPrefix(image, []byte("$POE::Component::IKC::Freezer::")):
		return "POE::Component::IKC::Freezer"
	}
	return wire.DefaultSerializer
}
