package freezethaw

import (
	"github.com/perl-ikc/ikc-conform/reference/internal/codec"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// The defaults of the limits.
const (
	DefaultMaxDepth    = 10_000
	DefaultMaxElements = 1 << 24
	DefaultMaxString   = 1 << 28
)

const largestMaxDepth = 1_000_000

// Options bound the reading and writing. The zero value gives the defaults; its method Mode checks them.
type Options struct {
	MaxDepth    int // nesting of values; default 10,000, at most 1,000,000
	MaxElements int // number of values in a text; default 16,777,216
	MaxString   int // octets of one string; default 256 MiB
	// UTF8 says that the text is UTF-8, as whoever stores the characters that Perl's freeze returns has it. Lengths then
	// count characters, and strings beyond ASCII are Text. Default false: the text is octets, as on the wire of
	// IKC; a character beyond Latin-1 cannot be written.
	UTF8 bool
}

// Mode reads and writes texts. It is made by Options.Mode, and safe for concurrent use; the zero Mode has limits of 0.
type Mode struct{ opt Options }

// Mode checks the options and returns a Mode with them. An error says which is out of its range.
func (o Options) Mode() (*Mode, error) {
	if err := codec.Complete(prefix,
		codec.Bound("MaxDepth", &o.MaxDepth, DefaultMaxDepth, largestMaxDepth),
		codec.Bound("MaxElements", &o.MaxElements, DefaultMaxElements, 1<<31-1),
		codec.Bound("MaxString", &o.MaxString, DefaultMaxString, 1<<31-1),
	); err != nil {
		return nil, err
	}
	return &Mode{o}, nil
}

var standard = &Mode{Options{MaxDepth: DefaultMaxDepth, MaxElements: DefaultMaxElements, MaxString: DefaultMaxString}}

// Thaw reads a text that holds one value, in the default Mode. Errors are those of Mode.Thaw.
func Thaw(text []byte) (*perl.Value, error) { return standard.Thaw(text) }

// Freeze writes one value, in the default Mode. Errors are those of Mode.Freeze.
func Freeze(v *perl.Value) ([]byte, error) { return standard.Freeze(v) }

// Serializer is the serializer named FreezeThaw of an IKC connection. The zero Serializer uses the
// default Mode. It is safe for concurrent use.
type Serializer struct{ Mode *Mode }

// Name returns "FreezeThaw", the Perl package that serializers are negotiated by.
func (Serializer) Name() string { return "FreezeThaw" }

func (s Serializer) mode() *Mode {
	if s.Mode == nil {
		return standard
	}
	return s.Mode
}

// Freeze writes one value, for IKC a reference.
func (s Serializer) Freeze(v *perl.Value) ([]byte, error) { return s.mode().Freeze(v) }

// Thaw reads a text that holds one value.
func (s Serializer) Thaw(text []byte) (*perl.Value, error) { return s.mode().Thaw(text) }
