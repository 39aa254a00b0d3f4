package storable

import (
	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Thaw reads an image of any kind with the default limits and returns a reference to what it
// holds, as Perl's thaw does. The error is an *Error or a *LimitError.
func Thaw(image []byte) (*perl.Value, error) { return defaultDecoder.Thaw(image) }

// Freeze writes what the reference v points at, as Perl's nfreeze does. The error is a
// *ValueError or a *LimitError.
func Freeze(v *perl.Value) ([]byte, error) { return defaultEncoder.Freeze(v) }

var (
	defaultDecoder = &Decoder{opt: ThawOptions{MaxDepth: DefaultMaxDepth, MaxElements: DefaultMaxElements,
		MaxString: DefaultMaxString, MaxAlloc: DefaultMaxAlloc}}
	defaultEncoder = &Encoder{opt: FreezeOptions{Minor: minorWritten, MaxDepth: DefaultMaxDepth, MaxImage: largestSize}}
)

// Serializer is the serializer named Storable of an IKC connection. The zero Serializer uses the
// defaults of Thaw and Freeze. It is safe for concurrent use.
type Serializer struct {
	Decoder *Decoder // nil for the default
	Encoder *Encoder // nil for the default
}

// Name returns "Storable", the Perl package that serializers are negotiated by.
func (Serializer) Name() string { return "Storable" }

// Freeze writes what the reference v points at.
func (s Serializer) Freeze(v *perl.Value) ([]byte, error) {
	if s.Encoder == nil {
		return defaultEncoder.Freeze(v)
	}
	return s.Encoder.Freeze(v)
}

// Thaw returns a reference to what the image holds. It keeps no part of the image, whatever the
// Decoder's Alias.
func (s Serializer) Thaw(image []byte) (*perl.Value, error) { return s.decoder(false).Thaw(image) }

// ThawAliased is Thaw of an image that is never changed again: the strings of the result are parts
// of it.
func (s Serializer) ThawAliased(image []byte) (*perl.Value, error) {
	return s.decoder(true).Thaw(image)
}

// What the wire and the judge look for in a serializer.
var _ interface {
	message.Codec
	message.EnvelopeThawer
} = Serializer{}

// ThawMessage reads an image that is a hash as a message is. See message.Codec.
func (s Serializer) ThawMessage(image []byte, h *message.Hash, whole string, aliased bool) (*perl.Value, error) {
	return s.decoder(aliased).thawMessage(image, h, whole)
}

// ThawWhole reads the params of a message like the last. See message.Codec.
func (s Serializer) ThawWhole(image []byte, at message.Place, h *message.Hash, aliased bool) *perl.Value {
	return s.decoder(aliased).thawWhole(image, at, h)
}

// decoder returns the Decoder to be used, with Alias as wanted.
func (s Serializer) decoder(alias bool) *Decoder {
	m := s.Decoder
	if m == nil {
		m = defaultDecoder
	}
	if m.opt.Alias != alias {
		own := *m
		own.opt.Alias = alias
		m = &own
	}
	return m
}

// ThawEnvelope reads an image without its params. See message.EnvelopeThawer.
func (s Serializer) ThawEnvelope(image []byte, h *message.Hash, whole string) (kinds message.Kinds, ok bool) {
	m := s.Decoder
	if m == nil {
		m = defaultDecoder
	}
	return m.thawEnvelope(image, h, whole)
}

// PassWhole passes over the params of a message like one before. See message.EnvelopeThawer.
func (s Serializer) PassWhole(image []byte, at message.Place) (kinds message.Kinds, ok bool) {
	m := s.Decoder
	if m == nil {
		m = defaultDecoder
	}
	return m.passWhole(image, at)
}

// AppendWhole appends the params of a message like the last. See message.Codec.
func (s Serializer) AppendWhole(dst []byte, start int, v *perl.Value, before uint32, maxImage int) ([]byte, bool) {
	enc := s.Encoder
	if enc == nil {
		enc = defaultEncoder
	}
	return enc.appendWhole(dst, start, v, before, int64(maxImage))
}

// AppendMessage appends the image of h to dst. See message.Codec.
func (s Serializer) AppendMessage(dst []byte, h *message.Hash, maxImage int) ([]byte, error) {
	if s.Encoder == nil {
		return defaultEncoder.appendMessage(dst, h, int64(maxImage))
	}
	return s.Encoder.appendMessage(dst, h, int64(maxImage))
}
