package storable

import (
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/internal/limits"
)

// Policy tells what to do with a part of an image that is not plain data.
type Policy uint8

// The policies.
const (
	Allow  Policy = iota // keep it as data; nothing is ever executed
	Reject               // fail with ErrForbidden
)

// The defaults and bounds of the limits.
const (
	DefaultMaxDepth    = 10_000
	LargestMaxDepth    = deep.Most
	DefaultMaxElements = 1 << 24
	LargestMaxElements = 1<<31 - 1
	DefaultMaxString   = 1 << 28
	DefaultMaxAlloc    = 1 << 30
	largestSize        = 1 << 40
)

// ThawOptions bound and direct the reading of images. The zero value gives the defaults; its method
// Decoder checks them. A limit that is 0 is the default.
type ThawOptions struct {
	// MaxDepth limits the nesting of objects; [[1]] nests four deep, reference, array, reference,
	// array. Default 10,000, at most 100,000. Perl's own thaw crashes at about 52,000.
	MaxDepth int
	// MaxElements limits the number of values in an image: scalars, arrays, hashes and references,
	// each counted once. Default 16,777,216.
	MaxElements int
	// MaxString limits the octets of one string, hash key or class name. Default 256 MiB.
	MaxString int64
	// MaxAlloc limits the octets that one image takes of Go's heap, its own included, estimated
	// before they are allocated; the truth is at most a quarter more. Default 1 GiB. Apart from it,
	// no more than 64 times the size of the image is ever allocated. A kernel may give less for
	// each image, see wire.FrameScanner.
	MaxAlloc int64
	// Classes lists the classes that objects may have; nil allows all, an empty list none.
	Classes []string
	// Code, Tied and Hooks tell whether subs, tied variables and self-serialized objects are
	// kept as data or rejected. Default Allow.
	Code, Tied, Hooks Policy
	// Alias lets strings share memory with the image, which then must never change. Default false:
	// one copy of the image is made, and all strings share that. A Serializer passes it over: it is
	// connections that know what becomes of their images. With the build tag ikc_nounsafe there is
	// a copy in any case.
	Alias bool
	// Perl56 reads native images with the byte order "1234" or "4321" as holding 8-octet integers,
	// as perl 5.6 wrote them on 32-bit machines built with 64-bit integers; it is Storable's
	// interwork_56_64bit.
	Perl56 bool
}

// Decoder reads images. It is made by ThawOptions.Decoder, and safe for concurrent use; the zero
// Decoder has limits of 0.
type Decoder struct {
	opt     ThawOptions
	classes map[string]bool
}

// Decoder checks the options and returns a Decoder with them. The error is an *OptionError.
func (o ThawOptions) Decoder() (*Decoder, error) {
	var err error
	o.MaxDepth = limit(&err, "MaxDepth", o.MaxDepth, DefaultMaxDepth, LargestMaxDepth)
	o.MaxElements = limit(&err, "MaxElements", o.MaxElements, DefaultMaxElements, LargestMaxElements)
	o.MaxString = limit(&err, "MaxString", o.MaxString, DefaultMaxString, largestSize)
	o.MaxAlloc = limit(&err, "MaxAlloc", o.MaxAlloc, DefaultMaxAlloc, largestSize)
	limit(&err, "Code", int(o.Code), 0, int(Reject))
	limit(&err, "Tied", int(o.Tied), 0, int(Reject))
	limit(&err, "Hooks", int(o.Hooks), 0, int(Reject))
	if err != nil {
		return nil, err
	}
	d := &Decoder{opt: o}
	if o.Classes != nil {
		d.classes = make(map[string]bool, len(o.Classes))
		for _, c := range o.Classes {
			d.classes[c] = true
		}
	}
	return d, nil
}

// limit returns what an option is, its default for 0; or sets err, unless it is set already.
func limit[T int | int64](err *error, option string, got, standard, most T) T {
	if !limits.Set(&got, standard, most) && *err == nil {
		*err = &OptionError{option, int64(got), 0, int64(most)}
	}
	return got
}

// Layout is how a machine's Perl lays out native images. The zero Layout is network order, the one
// that every machine reads.
type Layout struct {
	BigEndian bool
	IVSize    int // octets of an integer: 4 or 8; 0 for network order
	LongSize  int // octets of a C long: 4 or 8
	PtrSize   int // octets of a C pointer: 4 or 8
	NVSize    int // octets of a floating point number; only 8 is written
}

// native tells whether l is a machine's, not network order.
func (l *Layout) native() bool { return l.IVSize != 0 }

// The layouts in wide use. Windows has 4-octet longs.
var (
	Network   = Layout{}
	AMD64     = Layout{IVSize: 8, LongSize: 8, PtrSize: 8, NVSize: 8} // and arm64
	I386      = Layout{IVSize: 4, LongSize: 4, PtrSize: 4, NVSize: 8}
	Windows64 = Layout{IVSize: 8, LongSize: 4, PtrSize: 8, NVSize: 8}
	S390X     = Layout{BigEndian: true, IVSize: 8, LongSize: 8, PtrSize: 8, NVSize: 8} // and sparc64
	PowerPC   = Layout{BigEndian: true, IVSize: 4, LongSize: 4, PtrSize: 4, NVSize: 8}
)

// FreezeOptions direct the writing of images. The zero value writes what Perl's nfreeze does;
// its method Encoder checks them.
type FreezeOptions struct {
	// Layout is the byte order and the sizes. Default Network.
	Layout Layout
	// File puts the magic number of files, pst0, in front.
	File bool
	// Minor is the minor version to write, 4 to 11; a value that needs a later one is an error.
	// Default 11.
	Minor int
	// Canonical sorts hashes by key, like $Storable::canonical. Default: in the order of the pairs.
	Canonical bool
	// Booleans writes booleans with tags of their own, which Perl before 5.38 and Storable before
	// 3.27 cannot read. Default: as the strings "1" and "".
	Booleans bool
	// MaxDepth limits the nesting as in ThawOptions.
	MaxDepth int
	// MaxImage limits the octets of the image. An image is no longer than what it is made of,
	// unless strings of Go stand in more than one Value, as in what Data::Dumper's text assigned.
	// Default 1 TiB, the most. A kernel has a limit of its own for what it sends.
	MaxImage int64
	// Code, Tied and Hooks tell whether subs, tied variables and self-serialized objects are
	// written or rejected.
	Code, Tied, Hooks Policy
}

// Encoder writes images. It is made by FreezeOptions.Encoder, and safe for concurrent use; the zero
// Encoder has limits of 0.
type Encoder struct{ opt FreezeOptions }

// Encoder checks the options and returns an Encoder with them. The error is an *OptionError.
func (o FreezeOptions) Encoder() (*Encoder, error) {
	var err error
	o.MaxDepth = limit(&err, "MaxDepth", o.MaxDepth, DefaultMaxDepth, LargestMaxDepth)
	o.MaxImage = limit(&err, "MaxImage", o.MaxImage, largestSize, largestSize)
	o.Minor = limit(&err, "Minor", o.Minor, minorWritten, minorWritten)
	if o.Minor < oldestMinorWritten && err == nil {
		err = &OptionError{"Minor", int64(o.Minor), oldestMinorWritten, minorWritten}
	}
	limit(&err, "Code", int(o.Code), 0, int(Reject))
	limit(&err, "Tied", int(o.Tied), 0, int(Reject))
	limit(&err, "Hooks", int(o.Hooks), 0, int(Reject))
	if l := o.Layout; l != Network {
		size(&err, "Layout.IVSize", l.IVSize, 4)
		size(&err, "Layout.LongSize", l.LongSize, 4)
		size(&err, "Layout.PtrSize", l.PtrSize, 4)
		size(&err, "Layout.NVSize", l.NVSize, 8)
	}
	if err != nil {
		return nil, err
	}
	return &Encoder{opt: o}, nil
}

const oldestMinorWritten = 4

func size(err *error, option string, got, least int) {
	if got != 8 && got != least && *err == nil {
		*err = &OptionError{option, int64(got), int64(least), 8}
	}
}
