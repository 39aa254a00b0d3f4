package storable

import (
	"errors"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/internal/codec"
)

// Sentinels for errors.Is: what is wrong with an image, or with a value that Perl could not write.
var (
	ErrHeader      = errors.New("not a Storable image")
	ErrTruncated   = errors.New("image ends too early")
	ErrTrailing    = errors.New("octets after the end of the image")
	ErrTag         = errors.New("unknown or misplaced tag")
	ErrIndex       = errors.New("reference to an object or class that was not seen")
	ErrCount       = errors.New("impossible count")
	ErrDuplicate   = errors.New("duplicate hash key")
	ErrLimit       = errors.New("limit exceeded")
	ErrForbidden   = errors.New("forbidden by the options")
	ErrUnsupported = errors.New("cannot be written")
)

// prefix begins the errors of this package.
const prefix = "storable"

// Error says what is wrong with an image and where.
type Error struct {
	Err      error  // one of the sentinels
	Offset   int    // octets from the start of the image, header included
	Expected string // what belongs there
	Got      string // what is there
}

func (e *Error) Error() string {
	return codec.ErrorText(prefix, e.Offset, e.Err, e.Expected, e.Got)
}

func (e *Error) Unwrap() error { return e.Err }

// LimitError says which limit an image or a value exceeds. It matches ErrLimit.
type LimitError struct {
	Limit  string // the name of the option, such as "MaxDepth"
	Max    int64  // its value
	Got    int64  // what was found; at least that for MaxDepth
	Offset int    // octets from the start of the image
}

func (e *LimitError) Error() string {
	return codec.LimitText(prefix, e.Offset, e.Limit, e.Max, e.Got)
}

// Is tells that every LimitError is an ErrLimit.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }

// ValueError says which part of a value cannot be frozen and why.
type ValueError struct {
	Err      error  // ErrUnsupported, ErrForbidden
	Offset   int    // octets written before
	Expected string // what can be written
	Got      string // what is there
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("storable: freezing, after %d octets: %v: expected %s, got %s", e.Offset, e.Err, e.Expected, e.Got)
}

func (e *ValueError) Unwrap() error { return e.Err }

// OptionError says which option is out of its range.
type OptionError struct {
	Option   string
	Got      int64
	Min, Max int64
}

func (e *OptionError) Error() string {
	return codec.OptionText(prefix, e.Option, e.Min, e.Max, e.Got)
}
