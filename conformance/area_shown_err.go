package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// ERR are the checks ERR-001 to ERR-013.
func AreaShownERR() []*Check {
	// onRefused judges requests to what is known not to be published.
	onRefused := func(judge func(t *Trial, x *dialogue.Exchange)) Predicate {
		return onRequests(func(t *Trial, x *dialogue.Exchange) {
			m := x.Request
			if m.To.Session == "IKC" && !m.IsCall() {
				return // it may answer a call that the capture, or this connection, does not show
			}
			if yes, known := published(m.To.Session, m.To.State); known && !yes && !m.IsError && (len(x.Answers)+len(x.Errors) > 0 || settled(t, x)) {
				judge(t, x)
			}
		})
	}
	params := func(m *dialogue.Message) (text, kernel, op string, ok bool) {
		elems, ok := elemsOf(m.Params())
		if !ok || len(elems) != 3 {
			return "", "", "", false
		}
		text, ok1 := elems[0].AsString()
		kernel, ok2 := elems[1].AsString()
		op, ok3 := elems[2].AsString()
		return text, kernel, op, ok1 && ok2 && ok3
	}
	return []*Check{
		{
			ID: "ERR-001", Level: Must, Party: TheResponder,
			Requirement: "A request to a session or state that is not published is answered with an error report.",
			Source:      srcError + ", _req_is_published", Needs: fmt.Sprintf("a request to %s or %s/%s, and a later call that was answered", AbsentSession, SessionAlias, HiddenState),
			Judge: onRefused(func(t *Trial, x *dialogue.Exchange) {
				t.HoldElse(len(x.Errors) > 0, reply(x), func() (string, string) {
					return "an error report", gotten(x)
				})
			}),
		},
		{
			ID: "ERR-002", Level: Must, Party: TheResponder,
			Requirement: "An error report has is_error true.",
			Source:      srcError + "; ClientLite _response takes anything else for an answer", Needs: "an error report",
			Judge: onErrors(func(t *Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				t.Hold(m.IsError, m.Frame, "is_error => 1", "no is_error")
			}),
		},
		{
			ID: "ERR-003", Level: Must, Party: TheResponder,
			Requirement: "An error report goes to the state remote_error of the session IKC, at the kernel whose request failed.",
			Source:      "Channel channel_receive (errors_to)", Needs: "an error report",
			Judge: onErrors(func(t *Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				names := t.names(t.Side.Other())
				ok := m.Event.Session == "IKC" && m.Event.State == "remote_error" && (len(names) == 0 || slices.Contains(names, m.Event.Kernel))
				t.HoldElse(ok, m.Frame, func() (string, string) {
					return "poe://<your kernel>/IKC/remote_error", m.Event.String()
				})
			}),
		},
		{
			ID: "ERR-004", Level: Must, Party: TheResponder,
			Requirement: "The params of an error report are [message, kernel as it was addressed, operation].",
			Source:      srcError + " (0.2400 on; earlier releases send the message alone)", Needs: "an error report",
			Judge: onErrors(func(t *Trial, m *dialogue.Message, x *dialogue.Exchange) {
				_, kernel, _, ok := params(m)
				if ok && x != nil {
					ok = kernel == x.Request.To.Kernel
				}
				t.HoldElse(ok, m.Frame, func() (string, string) {
					return "[message, kernel as addressed, operation]", showValue(m.Params())
				})
			}),
		},
		{
			ID: "ERR-005", Level: Should, Party: TheResponder,
			Requirement: "The operation of an error report is request, check, resolve or invocation.",
			Source:      "Responder request (0.2400 on)", Needs: "an error report with an operation",
			Judge: onErrors(func(t *Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				if _, _, op, ok := params(m); ok {
					t.HoldElse(slices.Contains(operations, op), m.Frame, func() (string, string) {
						return strings.Join(operations, ", "), op
					})
				}
			}),
		},
		{
			ID: "ERR-006", Level: Should, Party: TheResponder,
			Requirement: "A request to what is not published fails with the operation check.",
			Source:      "Responder request (0.2400 on)", Needs: "an error report on a request to what is not published",
			Judge: onRefused(func(t *Trial, x *dialogue.Exchange) {
				for _, e := range x.Errors {
					if _, _, op, ok := params(e); ok {
						t.Hold(op == "check", e.Frame, "check", op)
					}
				}
			}),
		},
		{
			ID: "ERR-007", Level: Should, Party: TheResponder,
			Requirement: "The message for a session without published states begins \"Session 'S' is not available for remote kernels\".",
			Source:      "Responder _req_is_published", Needs: "an error report on a request to " + AbsentSession,
			Judge: onRefused(func(t *Trial, x *dialogue.Exchange) {
				if x.Request.To.Session == AbsentSession {
					wording(t, x, fmt.Sprintf("Session '%s' is not available for remote kernels", AbsentSession))
				}
			}),
		},
		{
			ID: "ERR-008", Level: Should, Party: TheResponder,
			Requirement: "The message for a state that is not published begins \"Session 'S' has not published state 'X'\".",
			Source:      "Responder _req_is_published", Needs: "an error report on a request to an unpublished state of IKC or " + SessionAlias,
			Judge: onRefused(func(t *Trial, x *dialogue.Exchange) {
				if to := x.Request.To; to.Session != AbsentSession {
					wording(t, x, fmt.Sprintf("Session '%s' has not published state '%s'", to.Session, to.State))
				}
			}),
		},
		{
			ID: "ERR-009", Level: Should, Party: TheResponder,
			Requirement: "The message of an error report ends with \".  Request <specifier>\" and, if the request had from, \" sent by <specifier>\".",
			Source:      srcError, Needs: "an error report on a request that the capture shows",
			Judge: both(onErrors(func(t *Trial, m *dialogue.Message, x *dialogue.Exchange) {
				if s := dialogue.ErrorText(m.Params()); x == nil && m.IsError && !strings.Contains(s, ".  Request ") {
					t.Fail(m.Frame, "... .  Request <specifier>", s)
				}
			}), onRefused(func(t *Trial, x *dialogue.Exchange) {
				want := ".  Request " + x.Request.To.String()
				if x.Request.From.Present() {
					want += " sent by " + x.Request.From.String()
				}
				for _, e := range x.Errors {
					t.HoldElse(strings.HasSuffix(dialogue.ErrorText(e.Params()), want), e.Frame, func() (string, string) {
						return "... " + want, dialogue.ErrorText(e.Params())
					})
				}
			})),
		},
		{
			ID: "ERR-010", Level: Must, Party: TheResponder,
			Requirement: "A call that fails gets no answer to its rsvp besides the error report.",
			Source:      "Responder request", Needs: "a call that failed",
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && len(x.Errors) > 0 {
					t.HoldElse(len(x.Answers) == 0, reply(x), func() (string, string) {
						return "no answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "ERR-011", Level: Should, Party: TheResponder,
			Requirement: "A request that fails is reported once.",
			Source:      srcError, Needs: "a request that failed",
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if n := len(x.Errors); n > 0 {
					t.HoldElse(n == 1, x.Errors[n-1].Frame, func() (string, string) {
						return "one error report", fmt.Sprint(n)
					})
				}
			}),
		},
		{
			ID: "ERR-012", Level: Must, Party: TheSender,
			Requirement: "An error report is never answered with another.",
			Source:      srcError + " (is_error)", Needs: "an error report of the other side",
			Judge: onErrorsGot(func(t *Trial, m *dialogue.Message) {
				if m.IsError {
					t.Hold(!quoted(t, m), m.Frame, "silence", "an error report on an error report")
				}
			}),
		},
		{
			ID: "ERR-013", Level: Must, Party: TheResponder,
			Requirement: "A request that fails does not harm the connection: later calls are answered.",
			Source:      "Responder request", Needs: "a request that failed, and a later call of a state that always answers",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				failed := false
				return func(t *Trial, x *dialogue.Exchange) {
					to := x.Request.To
					if failed && x.Request.IsCall() && !x.Ambiguous && alwaysAnswers(to.Session, to.State) && (len(x.Answers) > 0 || settled(t, x) || t.Conn.Ends[t.Side] != nil) {
						t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
							return "an answer", gotten(x)
						})
					}
					failed = failed || len(x.Errors) > 0
				}
			}),
		},
	}
}

// MoreERR are the checks ERR-014 to ERR-015. // proxyChecks are about messages to IKC:proxy and what was retracted.
func AreaShownMoreERR() []*Check {
	return []*Check{
		{
			ID: "ERR-014", Level: Must, Party: TheResponder,
			Requirement: "An error report has no rsvp: nobody is to answer it.",
			Source:      srcError, Needs: "an error report",
			Judge: onErrors(func(t *Trial, m *dialogue.Message, _ *dialogue.Exchange) {
				t.Hold(!m.RSVP.Present(), m.Frame, "no rsvp", "rsvp "+m.RSVP.String())
			}),
		},
		{
			ID: "ERR-015", Level: Should, Party: TheResponder,
			Requirement: "Error reports keep their place among the answers: what failed first is reported before what was asked later is answered.",
			Source:      "Channel channel_receive: a request is carried out to its end before the next is taken", Needs: "a request that failed, and a later call that was answered",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				failed := 0
				return func(t *Trial, x *dialogue.Exchange) {
					switch {
					case len(x.Errors) > 0:
						failed = x.Errors[0].Frame.Number
					case failed > 0 && len(x.Answers) > 0 && !x.Ambiguous:
						a := x.Answers[0].Frame
						t.HoldElse(a.Number > failed, a, func() (string, string) {
							return "the error report first", fmt.Sprintf("the answer in frame %d, the report in frame %d", a.Number, failed)
						})
						failed = 0
					}
				}
			}),
		},
	}
}
