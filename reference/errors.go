package ikc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Errors of a kernel, for errors.Is.
var (
	// ErrClosed: the kernel has been shut down.
	ErrClosed = errors.New("ikc: kernel is shut down")
	// ErrUnknownKernel: no kernel of that name or id is connected, or none was named and there is
	// no default.
	ErrUnknownKernel = errors.New("ikc: unknown kernel")
	// ErrUnknownSession: no session or proxy has that alias.
	ErrUnknownSession = errors.New("ikc: unknown session")
	// ErrDisconnected: the connection ended before the event was sent, or before the answer came.
	// The error wraps why.
	ErrDisconnected = errors.New("ikc: connection lost")
	// ErrQueueFull: the peer does not read what is sent to it, and Config.MaxQueue octets wait.
	ErrQueueFull = errors.New("ikc: write queue is full")
	// ErrMemory: peers made the kernel hold more than Config.MaxMemory, and this connection held the
	// most. The error says how much.
	ErrMemory = errors.New("ikc: too much is held for peers")
	// ErrThirdParty: a request names another kernel than the one that sent it for the answer, or for
	// its sender, and Config.AnswerCallersOnly is set.
	ErrThirdParty = errors.New("ikc: this kernel sends to no third kernel for a peer")
	// ErrNoSender: the request does not say who sent it.
	ErrNoSender = errors.New("ikc: request has no sender")
	// ErrIdle: nothing came from the peer for Config.IdleTimeout.
	ErrIdle = errors.New("ikc: connection was idle too long")
)

// RemoteError is what another kernel reported about a request of ours, for errors.As: the error of
// a Call that the other side refused or failed. It is an alias, so that a program which calls need
// not import package wire.
type RemoteError = wire.RemoteError

// Operations of a RemoteError: the step at which the other kernel gave up on the request.
const (
	OpRequest    = wire.OpRequest    // the message could not be understood
	OpCheck      = wire.OpCheck      // the state is not published
	OpResolve    = wire.OpResolve    // no such session
	OpInvocation = wire.OpInvocation // the state failed
)

// SubscribeError says which subscriptions were not accepted. It matches what any of the reasons
// does, such as ErrSubscribeRefused, ErrUnknownKernel, ErrDisconnected, context.DeadlineExceeded.
type SubscribeError struct {
	Refused []Refusal // in the order asked
}

// Refusal is a subscription that was not accepted.
type Refusal struct {
	Specifier string // as it was asked for
	Reason    error
}

func (e *SubscribeError) Error() string {
	var b strings.Builder
	b.WriteString("ikc: unable to subscribe to ")
	for i, r := range e.Refused {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s (%v)", r.Specifier, r.Reason)
	}
	return b.String()
}

// Unwrap returns the reasons.
func (e *SubscribeError) Unwrap() []error {
	reasons := make([]error, len(e.Refused))
	for i, r := range e.Refused {
		reasons[i] = r.Reason
	}
	return reasons
}

// disconnectedError is ErrDisconnected, and why. Every connection ends with one, which mostly
// nobody looks at: so its text is made when it is asked for.
type disconnectedError struct{ why error }

func (e *disconnectedError) Error() string { return ErrDisconnected.Error() + ": " + e.why.Error() }

func (e *disconnectedError) Unwrap() []error { return []error{ErrDisconnected, e.why} }

// freezeError is why a message cannot be made into a frame.
type freezeError struct{ error }

func (e *freezeError) Error() string { return "ikc: " + e.error.Error() }

func (e *freezeError) Unwrap() error { return e.error }

// faultError is what a peer did wrong, which the log has been told.
type faultError struct{ error }

func (e *faultError) Unwrap() error { return e.error }

// wheelError spells an error as POE's wheels do, "[number] text"; the end of a connection is
// number 0 without text. Source: IKC::Util monitor_error.
func wheelError(err error) string {
	var number syscall.Errno
	switch {
	case errors.Is(err, io.EOF):
		return "[0] "
	case errors.As(err, &number):
		text := number.Error()
		if text != "" {
			text = strings.ToUpper(text[:1]) + text[1:]
		}
		return fmt.Sprintf("[%d] %s", int(number), text)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("[%d] Connection timed out", int(syscall.ETIMEDOUT))
	}
	return "[0] " + brief(strings.TrimPrefix(err.Error(), "ikc: "))
}

// closedHere tells whether an error only says that we closed the connection.
func closedHere(err error) bool { return errors.Is(err, net.ErrClosed) || errors.Is(err, ErrClosed) }
