package storable

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Thaw reads an image of any kind with the default limits and returns a reference to what it
// holds, as Perl's thaw does. The error is an *Error or a *LimitError.
func Thaw(image []byte) (*perl.Value, error) { return defaultDecoder.Thaw(image) }

// Freeze writes what the reference v points at, as Perl's nfreeze does. The error is a
// *ValueError or a *LimitError.
func Freeze(v *perl.Value) ([]byte, error) { return defaultEncoder.Freeze(v) }

var (
	defaultDecoder = &Decoder{opt: ThawOptions{MaxDepth: DefaultMaxDepth, MaxElements: DefaultMaxElements,
		MaxString: DefaultMaxString, MaxAlloc: DefaultMaxAlloc}}
	defaultEncoder = &Encoder{opt: FreezeOptions{Minor: minorWritten, MaxDepth: DefaultMaxDepth}}
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

// Thaw returns a reference to what the image holds. It keeps no part of the image, whatever the Decoder's Alias.
func (s Serializer) Thaw(image []byte) (*perl.Value, error) { return s.decoder(false).Thaw(image) }

// ThawAliased is Thaw of an image that is never changed again: the strings of the result are parts of it.
func (s Serializer) ThawAliased(image []byte) (*perl.Value, error) {
	return s.decoder(true).Thaw(image)
}

// ThawShallow reads an image that is a hash as a message is. See Shallower in package wire.
func (s Serializer) ThawShallow(image []byte, h *perl.Shallow, whole string, aliased bool) (*perl.Value, error) {
	return s.decoder(aliased).thawShallow(image, h, whole)
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

// Sketch reads an image without its params. See Sketcher in package wire.
func (s Serializer) Sketch(image []byte, h *perl.Shallow, whole string) (kinds perl.Kinds, ok bool) {
	m := s.Decoder
	if m == nil {
		m = defaultDecoder
	}
	return m.sketch(image, h, whole)
}

// AppendShallow appends the image of h to dst. See Shallower in package wire.
func (s Serializer) AppendShallow(dst []byte, h *perl.Shallow) ([]byte, error) {
	if s.Encoder == nil {
		return defaultEncoder.appendShallow(dst, h)
	}
	return s.Encoder.appendShallow(dst, h)
}
