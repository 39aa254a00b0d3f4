package driver

import (
	"errors"
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Code is what sort of error a driver answered.
type Code string

// The error codes of the protocol.
const (
	Unsupported Code = "unsupported" // the command is unknown, or the implementation cannot do it
	Usage       Code = "usage"       // a field is missing or wrong
	Failed      Code = "failed"      // the implementation said no
	Timeout     Code = "timeout"     // it did not happen in time
)

// Error is a driver's answer that a command was not carried out.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Command string `json:"-"` // the command answered; set by the harness's end
}

func (e *Error) Error() string {
	if e.Command == "" {
		return fmt.Sprintf("%s: %s", visible.Text(string(e.Code)), visible.Text(e.Message))
	}
	return fmt.Sprintf("driver: %s: %s: %s", e.Command, visible.Text(string(e.Code)), visible.Text(e.Message))
}

// Errorf makes an error for a handler of a [Server] to return.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of an [Error] in err's chain, or "".
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsUnsupported tells whether a driver answered that it cannot do what it was asked for.
func IsUnsupported(err error) bool { return CodeOf(err) == Unsupported }

var (
	// ErrClosed is the error of every use of a Driver after Close.
	ErrClosed = errors.New("driver: closed")

	// ErrGone is in the chain of the error of whoever waits for a driver that ended by itself.
	ErrGone = errors.New("driver: ended")
)

// ExitError says that a driver ended by itself. errors.Is(err, ErrGone) is true.
type ExitError struct {
	Driver string // its command, or ""
	Status string // such as "exit status 1", "signal: killed", or "" if it is not a process
	Stderr string // the last of what it wrote to standard error
	Cause  error  // what was wrong with what it sent, if that is why; else nil
}

func (e *ExitError) Error() string {
	var b strings.Builder
	b.WriteString("driver")
	if e.Driver != "" {
		b.WriteString(" " + visible.Text(e.Driver))
	}
	switch {
	case e.Cause != nil:
		fmt.Fprintf(&b, ": %v", e.Cause)
	case e.Status != "":
		b.WriteString(" ended: " + e.Status)
	default:
		b.WriteString(" ended")
	}
	if s := visible.Block(e.Stderr); s != "" {
		b.WriteString("; its standard error ends in:\n  " + s)
	}
	return b.String()
}

// Is makes errors.Is(e, ErrGone) true.
func (e *ExitError) Is(target error) bool { return target == ErrGone }

// Unwrap returns e.Cause.
func (e *ExitError) Unwrap() error { return e.Cause }

// LineError says that a line broke the protocol.
type LineError struct {
	Reason string
	Line   string // its beginning
}

func (e *LineError) Error() string {
	if e.Line == "" {
		return "protocol: " + e.Reason
	}
	return fmt.Sprintf("protocol: %s: %s", e.Reason, visible.Text(e.Line))
}

func lineError(reason string, line []byte) *LineError {
	const show = 200
	s := string(line)
	if len(s) > show {
		s = s[:show] + "..."
	}
	return &LineError{Reason: reason, Line: s}
}
