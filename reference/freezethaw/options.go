package freezethaw

import (
	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/internal/codec"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// The defaults of the limits.
const (
	DefaultMaxDepth    = 10_000
	DefaultMaxElements = 1 << 24
	DefaultMaxString   = 1 << 28
	DefaultMaxAlloc    = 1 << 30
	DefaultMaxText     = 1 << 28
)

// Options bound the reading and writing. The zero value gives the defaults; its method Codec checks
// them.
type Options struct {
	MaxDepth    int // nesting of values; default 10,000, at most 100,000
	MaxElements int // number of values in a text; default 16,777,216
	MaxString   int // octets of one string; default 256 MiB
	MaxAlloc    int // octets of Go's heap for one text read, the text included; default 1 GiB
	MaxText     int // octets of a text written, where one string may be written very often; default 256 MiB
	// UTF8 says that the text is UTF-8, as whoever stores the characters that Perl's freeze returns
	// has it. Lengths then count characters, and strings beyond ASCII are Text. Default false: the
	// text is octets, as on the wire of IKC; a character beyond Latin-1 cannot be written.
	UTF8 bool
}

// Codec reads and writes texts. It is made by Options.Codec, and safe for concurrent use; the zero
// Codec has limits of 0.
type Codec struct{ opt Options }

// Codec checks the options and returns a Codec with them. An error says which is out of its range.
func (o Options) Codec() (*Codec, error) {
	if err := codec.Complete(prefix,
		codec.Bound("MaxDepth", &o.MaxDepth, DefaultMaxDepth, deep.Most),
		codec.Bound("MaxElements", &o.MaxElements, DefaultMaxElements, 1<<31-1),
		codec.Bound("MaxString", &o.MaxString, DefaultMaxString, 1<<31-1),
		codec.Bound("MaxAlloc", &o.MaxAlloc, DefaultMaxAlloc, 1<<31-1),
		codec.Bound("MaxText", &o.MaxText, DefaultMaxText, 1<<31-1),
	); err != nil {
		return nil, err
	}
	return &Codec{o}, nil
}

var standard = &Codec{Options{MaxDepth: DefaultMaxDepth, MaxElements: DefaultMaxElements, MaxString: DefaultMaxString,
	MaxAlloc: DefaultMaxAlloc, MaxText: DefaultMaxText}}

// Thaw reads a text that holds one value, in the default Codec. Errors are those of Codec.Thaw.
func Thaw(text []byte) (*perl.Value, error) { return standard.Thaw(text) }

// Freeze writes one value, in the default Codec. Errors are those of Codec.Freeze.
func Freeze(v *perl.Value) ([]byte, error) { return standard.Freeze(v) }

// Serializer is the serializer named FreezeThaw of an IKC connection. The zero Serializer uses the
// default Codec. It is safe for concurrent use.
type Serializer struct{ Codec *Codec }

// Name returns "FreezeThaw", the Perl package that serializers are negotiated by.
func (Serializer) Name() string { return "FreezeThaw" }

func (s Serializer) codec() *Codec {
	if s.Codec == nil {
		return standard
	}
	return s.Codec
}

// Freeze writes one value, for IKC a reference.
func (s Serializer) Freeze(v *perl.Value) ([]byte, error) { return s.codec().Freeze(v) }

// Thaw reads a text that holds one value.
func (s Serializer) Thaw(text []byte) (*perl.Value, error) { return s.codec().Thaw(text) }

var _ message.Bounded = Serializer{}

// ThawBounded reads a text that holds one value. See message.Bounded.
func (s Serializer) ThawBounded(text []byte, maxAlloc int64) (v *perl.Value, held int64, err error) {
	c := s.codec()
	return c.thaw(text, int(codec.Lesser(maxAlloc, int64(c.opt.MaxAlloc))))
}

// FreezeBounded writes one value. See message.Bounded.
func (s Serializer) FreezeBounded(v *perl.Value, maxImage int) ([]byte, error) {
	c := s.codec()
	return c.freezeList(min(maxImage, c.opt.MaxText), v)
}
