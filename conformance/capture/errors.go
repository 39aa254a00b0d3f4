package capture

import (
	"errors"
	"fmt"
)

// ErrClosed is returned when something is written to a Writer that has been closed.
var ErrClosed = errors.New("capture: the writer is closed")

// ErrFull is returned when there is no room left below the limit of a Writer.
var ErrFull = errors.New("capture: full")

// ErrOver is returned when something is recorded for a side of a conversation that has closed, or
// after a reset.
var ErrOver = errors.New("capture: that side of the conversation is over")

// ErrStopped is for what a capture is read from: it ends the reading, as who reads was told to. Of
// several files, no other is read any more.
var ErrStopped = errors.New("stopped before the end of the capture")

// TruncatedError says that a capture file ends before its content does, as when a copy was cut or
// the recording program died. What was read before is good.
type TruncatedError struct {
	// Offset is where in the file the incomplete part begins, in octets from 0.
	Offset int64

	// Size is the number of octets in the file.
	Size int64

	// Expected says what should have been there.
	Expected string
}

// Error says where the file ends and what should have followed.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("capture is cut short: expected %s at octet %d, got the end of the file at octet %d",
		e.Expected, e.Offset, e.Size)
}

// FormatError says that a file is not a capture, or is damaged. What was read before is good.
type FormatError struct {
	// Offset is where in the file the damage was noticed, in octets from 0.
	Offset int64

	// Expected and Got say what is wrong.
	Expected, Got string
}

// Error says where the damage is and what it is.
func (e *FormatError) Error() string {
	return fmt.Sprintf("capture cannot be read: expected %s at octet %d, got %s", e.Expected, e.Offset, e.Got)
}
