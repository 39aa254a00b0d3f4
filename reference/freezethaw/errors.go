package freezethaw

import (
	"errors"

	"github.com/perl-ikc/ikc-conform/reference/internal/codec"
)

// Sentinels for errors.Is.
var (
	ErrSyntax      = errors.New("not FreezeThaw text")
	ErrTruncated   = errors.New("text ends too early")
	ErrTrailing    = errors.New("text after the end")
	ErrIndex       = errors.New("reference to something or a class not seen")
	ErrCount       = errors.New("impossible count")
	ErrUnsupported = errors.New("cannot be carried by FreezeThaw")
	ErrLimit       = errors.New("limit exceeded")
)

// prefix begins the errors of this package.
const prefix = "freezethaw"

// Error says what is wrong with a text or a value, and where.
type Error struct {
	Err      error  // one of the sentinels
	Offset   int    // octets read from the start of the text, or written before the value
	Expected string // what belongs there
	Got      string // what is there
}

func (e *Error) Error() string { return codec.ErrorText(prefix, e.Offset, e.Err, e.Expected, e.Got) }

func (e *Error) Unwrap() error { return e.Err }

// LimitError says which limit is exceeded. It matches ErrLimit.
type LimitError struct {
	Limit  string // the name of the option
	Max    int    // its value
	Got    int    // what was found; at least that for MaxDepth
	Offset int    // octets from the start of the text
}

func (e *LimitError) Error() string {
	return codec.LimitText(prefix, e.Offset, e.Limit, int64(e.Max), int64(e.Got))
}

// Is tells that every LimitError is an ErrLimit.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }
