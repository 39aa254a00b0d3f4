package shown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// ERR are about error reports.
func ERR() []*judge.Check {
	// onRefused judges requests to what is known not to be published.
	onRefused := func(look func(t *judge.Trial, x *dialogue.Exchange)) judge.Predicate {
		return judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
			m := x.Request
			if m.To.Session == wire.SessionIKC && !m.IsCall() {
				return // it may answer a call that the capture, or this connection, does not show
			}
			if yes, known := contract.Published(m.To.Session, m.To.State); known &&
				!yes && !m.IsError && (len(x.Answers)+len(x.Errors) > 0 || concluded(t, x)) {
				look(t, x)
			}
		})
	}
	params := func(m *dialogue.Message) (text, kernel, op string, ok bool) {
		elems, ok := walk.Elems(m.Params())
		if !ok || len(elems) != 3 {
			return "", "", "", false
		}
		text, ok1 := elems[0].AsString()
		kernel, ok2 := elems[1].AsString()
		op, ok3 := elems[2].AsString()
		return text, kernel, op, ok1 && ok2 && ok3
	}
	return []*judge.Check{
		{
			ID: "ERR-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A request to a session or state that is not published is answered with an error report.",
			Source:      sourceError + ", _req_is_published", Needs: fmt.Sprintf("a request to %s or %s/%s, and a later call that was answered", contract.AbsentSession, contract.SessionAlias, contract.HiddenState),
			Judge: onRefused(func(t *judge.Trial, x *dialogue.Exchange) {
				t.HoldFunc(len(x.Errors) > 0, reply(x), func() (string, string) {
					return "an error report", gotten(x)
				})
			}),
		},
		{
			ID: "ERR-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "An error report has is_error true.",
			Source:      sourceError + "; ClientLite _response takes anything else for an answer", Needs: "an error report",
			Judge: judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				t.Hold(m.IsError, m.Frame, "is_error => 1", "no is_error")
			}),
		},
		{
			ID: "ERR-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "An error report goes to the state remote_error of the session IKC, at the kernel whose request failed.",
			Source:      "Channel channel_receive (errors_to)", Needs: "an error report",
			Judge: judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				names := t.Names(t.Side.Other())
				ok := m.Event.Session == wire.SessionIKC && m.Event.State == wire.StateRemoteError &&
					(len(names) == 0 || slices.Contains(names, m.Event.Kernel))
				t.HoldFunc(ok, m.Frame, func() (string, string) {
					return "poe://<your kernel>/IKC/remote_error", m.Event.String()
				})
			}),
		},
		{
			ID: "ERR-004", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The params of an error report are [message, kernel as it was addressed, operation].",
			Source:      sourceError + " (0.2400 on; earlier releases send the message alone)", Needs: "an error report",
			Judge: judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, x *dialogue.Exchange) {
				_, kernel, _, ok := params(m)
				if ok && x != nil {
					t.OnRequests()
					ok = kernel == x.Request.To.Kernel
				}
				t.HoldFunc(ok, m.Frame, func() (string, string) {
					return "[message, kernel as addressed, operation]", judge.ShowValue(m.Params())
				})
			}),
		},
		{
			ID: "ERR-005", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The operation of an error report is request, check, resolve or invocation.",
			Source:      "Responder request (0.2400 on)", Needs: "an error report with an operation",
			Judge: judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				if _, _, op, ok := params(m); ok {
					t.HoldFunc(slices.Contains(operations, op), m.Frame, func() (string, string) {
						return strings.Join(operations, ", "), op
					})
				}
			}),
		},
		{
			ID: "ERR-006", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "A request to what is not published fails with the operation check.",
			Source:      "Responder request (0.2400 on)", Needs: "an error report on a request to what is not published",
			Judge: onRefused(func(t *judge.Trial, x *dialogue.Exchange) {
				for _, e := range x.Errors {
					if _, _, op, ok := params(e); ok {
						t.Hold(op == "check", e.Frame, "check", op)
					}
				}
			}),
		},
		{
			ID: "ERR-007", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The message for a session without published states begins \"Session 'S' is not available for remote kernels\".",
			Source:      "Responder _req_is_published", Needs: "an error report on a request to " + contract.AbsentSession,
			Judge: onRefused(func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.To.Session == contract.AbsentSession {
					wording(t, x, fmt.Sprintf("Session '%s' is not available for remote kernels", contract.AbsentSession))
				}
			}),
		},
		{
			ID: "ERR-008", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The message for a state that is not published begins \"Session 'S' has not published state 'X'\".",
			Source:      "Responder _req_is_published", Needs: "an error report on a request to an unpublished state of IKC or " + contract.SessionAlias,
			Judge: onRefused(func(t *judge.Trial, x *dialogue.Exchange) {
				if to := x.Request.To; to.Session != contract.AbsentSession {
					wording(t, x, fmt.Sprintf("Session '%s' has not published state '%s'", to.Session, to.State))
				}
			}),
		},
		{
			ID: "ERR-009", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The message of an error report ends with \".  Request <specifier>\" and, if the request had from, \" sent by <specifier>\".",
			Source:      sourceError, Needs: "an error report on a request that the capture shows",
			Judge: judge.Both(judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, x *dialogue.Exchange) {
				t.OnRequests()
				if s := dialogue.ErrorText(m.Params()); x == nil && m.IsError && !strings.Contains(s, ".  Request ") {
					t.Fail(m.Frame, "... .  Request <specifier>", s)
				}
			}), onRefused(func(t *judge.Trial, x *dialogue.Exchange) {
				want := ".  Request " + x.Request.To.String()
				if x.Request.From.Present() {
					want += " sent by " + x.Request.From.String()
				}
				for _, e := range x.Errors {
					if !strings.Contains(dialogue.ErrorText(e.Params()), ".  Request ") {
						t.Alone() // whatever request it is on
					}
					t.HoldFunc(strings.HasSuffix(dialogue.ErrorText(e.Params()), want), e.Frame, func() (string, string) {
						return "... " + want, dialogue.ErrorText(e.Params())
					})
				}
			})),
		},
		{
			ID: "ERR-010", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A call that fails gets no answer to its rsvp besides the error report.",
			Source:      "Responder request", Needs: "a call that failed",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && len(x.Errors) > 0 && !x.Ambiguous {
					t.HoldFunc(len(x.Answers) == 0, reply(x), func() (string, string) {
						return "no answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "ERR-011", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "A request that fails is reported once.",
			Source:      sourceError, Needs: "a request that failed",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if n := len(x.Errors); n > 0 {
					t.HoldFunc(n == 1, x.Errors[n-1].Frame, func() (string, string) {
						return "one error report", fmt.Sprint(n)
					})
				}
			}),
		},
		{
			ID: "ERR-012", Level: judge.Must, Party: judge.TheSender,
			Requirement: "An error report is never answered with another.",
			Source:      sourceError + " (is_error)", Needs: "an error report of the other side",
			Judge: judge.OnErrorsGot(func(t *judge.Trial, m *dialogue.Message) {
				if m.IsError {
					t.OnRequests()
					t.Hold(!quoted(t, m), m.Frame, "silence", "an error report on an error report")
				}
			}),
		},
		{
			ID: "ERR-013", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A request that fails does not harm the connection: later calls are answered.",
			Source:      "Responder request", Needs: "a request that failed, and a later call of a state that always answers",
			Judge: judge.InOrder(func() func(*judge.Trial, *dialogue.Exchange) {
				failed := false
				return func(t *judge.Trial, x *dialogue.Exchange) {
					if failed && x.Request.IsCall() && !x.Ambiguous && returnsSomething(x) &&
						(len(x.Answers) > 0 || concluded(t, x) || t.Conn.Ends[t.Side] != nil) {
						t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
							return "an answer", gotten(x)
						})
					}
					failed = failed || len(x.Errors) > 0
				}
			}),
		},
	}
}

// MoreERR are about the form and the place of error reports.
func MoreERR() []*judge.Check {
	return []*judge.Check{
		{
			ID: "ERR-014", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "An error report has no rsvp: nobody is to answer it.",
			Source:      sourceError, Needs: "an error report",
			Judge: judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				t.Hold(!m.RSVP.Present(), m.Frame, "no rsvp", "rsvp "+m.RSVP.String())
			}),
		},
		{
			ID: "ERR-015", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "Error reports keep their place among the answers: what failed first is reported before what was asked later is answered.",
			Source:      "Channel channel_receive: a request is carried out to its end before the next is taken", Needs: "a request that failed, and a later call that was answered",
			Judge: judge.InOrder(func() func(*judge.Trial, *dialogue.Exchange) {
				failed := 0
				return func(t *judge.Trial, x *dialogue.Exchange) {
					switch {
					case len(x.Errors) > 0:
						failed = x.Errors[0].Frame.Number
					case failed > 0 && len(x.Answers) > 0 && !x.Ambiguous:
						a := x.Answers[0].Frame
						t.HoldFunc(a.Number > failed, a, func() (string, string) {
							return "the error report first", fmt.Sprintf("the answer in frame %d, the report in frame %d", a.Number, failed)
						})
						failed = 0
					}
				}
			}),
		},
		{
			ID: "ERR-016", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "An error report names the kernel whose request failed by its id, not by another of its names, which may lead to somebody else.",
			Source:      "Channel channel_receive (errors_to is remote_ID)", Needs: "a negotiation, and an error report",
			Judge: judge.OnErrors(func(t *judge.Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				if want := t.ID(t.Side.Other()); want != "" {
					t.Hold(m.Event.Kernel == want, m.Frame, want, m.Event.Kernel)
				}
			}),
		},
		{
			ID: "ERR-017", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "Answers keep their place among the error reports: what was asked first is answered before what failed later is reported.",
			Source:      "Channel channel_receive: a request is carried out to its end before the next is taken", Needs: "a call that was answered, and a later request that failed",
			Judge: judge.InOrder(func() func(*judge.Trial, *dialogue.Exchange) {
				answered := 0
				return func(t *judge.Trial, x *dialogue.Exchange) {
					switch {
					case len(x.Errors) > 0 && answered > 0:
						e := x.Errors[0].Frame
						t.HoldFunc(e.Number > answered, e, func() (string, string) {
							return "the answer first", fmt.Sprintf("the report in frame %d, the answer in frame %d", e.Number, answered)
						})
						answered = 0
					case len(x.Errors) == 0 && len(x.Answers) > 0 && !x.Ambiguous:
						answered = x.Answers[0].Frame.Number
					}
				}
			}),
		},
	}
}

const sourceError = "Responder _error_response"

var operations = []string{"request", "check", "resolve", "invocation"}

// wording holds the message of the error reports on a request against what it should begin with.
func wording(t *judge.Trial, x *dialogue.Exchange, want string) {
	for _, e := range x.Errors {
		text := dialogue.ErrorText(e.Params())
		t.Hold(strings.HasPrefix(text, want), e.Frame, want, text)
	}
}

// quoted tells whether the side judged reported an error about the message m.
func quoted(t *judge.Trial, m *dialogue.Message) bool {
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		if ok && f.From == t.Side && f.Message != nil && f.Message.Kind == dialogue.ErrorReport &&
			strings.Contains(dialogue.ErrorText(f.Message.Params()), ".  Request "+m.To.String()) {
			return true
		}
	}
	return false
}
