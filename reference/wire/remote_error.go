package wire

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Operations of a RemoteError: the step at which a kernel gave up on a request.
//
// Source: Responder request, _req_is_published; Responder::Thunk __thunk.
const (
	OpRequest    = "request"    // the message could not be understood
	OpCheck      = "check"      // the state is not published
	OpResolve    = "resolve"    // no such session
	OpInvocation = "invocation" // the state failed
)

// RemoteError is what another kernel reported about a request: the params of a message to its
// [StateRemoteError]. It is told from other errors by errors.As.
type RemoteError struct {
	Message   string // such as "Session 'S' is not available for remote kernels.  Request poe://K/S/x"
	Kernel    string // as the request addressed it
	Operation string // where it failed: one of the Op constants
}

// Error is for people to read: what cannot be seen, such as ESC and line ends, is escaped in it.
func (e *RemoteError) Error() string {
	if e.Operation == "" {
		return "ikc: remote kernel: " + visible.Text(e.Message)
	}
	return fmt.Sprintf("ikc: remote kernel: %s: %s", visible.Text(e.Operation), visible.Text(e.Message))
}

// About tells whether the error is about a request to a specifier, poe://KERNEL/SESSION/STATE as it
// was addressed; for "", whether it names a request at all. Releases before 0.2400 end a message
// with " [SPECIFIER]" where later ones have ".  Request SPECIFIER". Who sent it may follow.
// Source: Responder _error_response.
func (e *RemoteError) About(to string) bool {
	if to != "" {
		return slices.Contains(e.Requests(), to)
	}
	for _, form := range requestForms {
		if strings.Contains(e.Message, form.before) {
			return true
		}
	}
	return false
}

// requestForms are what a message has around the specifier of the request.
var requestForms = []struct{ before, behind string }{{".  Request ", ""}, {" [", "]"}}

// sentBy comes before the specifier of the sender.
const sentBy = " sent by "

// mostRequests is how many readings of a message there may be; peers make them, and texts of states
// are in them.
const mostRequests = 16

// Requests are the specifiers that the error may be about, as they were addressed: one, unless the
// text of the error, or a specifier, is like what stands around a specifier. There are 16 at most.
func (e *RemoteError) Requests() (all []string) {
	for _, form := range requestForms {
		for rest := e.Message; len(all) < mostRequests; {
			var ok bool
			if _, rest, ok = strings.Cut(rest, form.before); !ok {
				break
			}
			for end := 0; end < len(rest) && len(all) < mostRequests; end++ {
				n := strings.Index(rest[end:], form.behind+sentBy)
				if n < 0 {
					if s, ok := strings.CutSuffix(rest, form.behind); ok {
						all = append(all, s)
					}
					break
				}
				end += n
				all = append(all, rest[:end])
			}
		}
	}
	return all
}

// ParseRemoteError reads the params of an error report: [message, kernel, operation], or the
// message alone.
func ParseRemoteError(params *perl.Value) *RemoteError {
	e := new(RemoteError)
	parts := []*perl.Value{params}
	if params.Kind() == perl.Ref {
		parts = params.Target().Elems()
	}
	for i, to := range []*string{&e.Message, &e.Kernel, &e.Operation} {
		if i < len(parts) {
			if s, ok := parts[i].AsString(); ok {
				*to = s
			}
		}
	}
	return e
}
