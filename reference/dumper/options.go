package dumper

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/internal/codec"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Package is the Perl package that serializers are negotiated by.
const Package = "POE::Component::IKC::Freezer"

// DefaultVariable is the variable that texts assign to.
const DefaultVariable = "$" + Package + "::VAR1"

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
	Variable    string // the variable that texts assign to; default $POE::Component::IKC::Freezer::VAR1
	MaxDepth    int    // nesting of values; default 10,000, at most 100,000
	MaxElements int    // number of values in a text; default 16,777,216
	MaxString   int    // octets of one string; default 256 MiB
	MaxAlloc    int    // octets of Go's heap for one text read, the text included; default 1 GiB
	MaxText     int    // octets of a text written, where deep cycles make long paths; default 256 MiB
	// Canonical writes hashes sorted by key, like $Data::Dumper::Sortkeys. Default: in the order of
	// their pairs.
	Canonical bool
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
	if o.Variable == "" {
		o.Variable = DefaultVariable
	}
	if n := nameLength(o.Variable); n != len(o.Variable) {
		return nil, fmt.Errorf("%s: option Variable: expected a scalar like $VAR1, got %q", prefix, o.Variable)
	}
	return &Codec{o}, nil
}

// nameLength returns the length of the name of a scalar that s starts with, or 0.
func nameLength(s string) int {
	if len(s) < 2 || s[0] != '$' || s[1] >= '0' && s[1] <= '9' {
		return 0
	}
	n := 1
	for n < len(s) && (isWord(s[n]) || s[n] == ':') {
		n++
	}
	if n == 1 {
		return 0
	}
	return n
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

var standard = &Codec{Options{Variable: DefaultVariable,
	MaxDepth: DefaultMaxDepth, MaxElements: DefaultMaxElements, MaxString: DefaultMaxString,
	MaxAlloc: DefaultMaxAlloc, MaxText: DefaultMaxText}}

// Thaw reads a text in the default Codec. Errors are those of Codec.Thaw.
func Thaw(text []byte) (*perl.Value, error) { return standard.Thaw(text) }

// Freeze writes a value in the default Codec. Errors are those of Codec.Freeze.
func Freeze(v *perl.Value) ([]byte, error) { return standard.Freeze(v) }

// Serializer is the serializer named POE::Component::IKC::Freezer of an IKC connection. The zero
// Serializer uses the default Codec. It is safe for concurrent use.
type Serializer struct{ Codec *Codec }

// Name returns "POE::Component::IKC::Freezer".
func (Serializer) Name() string { return Package }

func (s Serializer) codec() *Codec {
	if s.Codec == nil {
		return standard
	}
	return s.Codec
}

// Freeze writes a value, for IKC a reference.
func (s Serializer) Freeze(v *perl.Value) ([]byte, error) { return s.codec().Freeze(v) }

// Thaw reads a text.
func (s Serializer) Thaw(text []byte) (*perl.Value, error) { return s.codec().Thaw(text) }

var _ message.Bounded = Serializer{}

// ThawBounded reads a text. See message.Bounded.
func (s Serializer) ThawBounded(text []byte, maxAlloc int64) (v *perl.Value, held int64, err error) {
	c := s.codec()
	return c.thaw(text, int(codec.Lesser(maxAlloc, int64(c.opt.MaxAlloc))))
}

// FreezeBounded writes a value, for IKC a reference. See message.Bounded.
func (s Serializer) FreezeBounded(v *perl.Value, maxImage int) ([]byte, error) {
	c := s.codec()
	return c.freeze(v, min(maxImage, c.opt.MaxText))
}
