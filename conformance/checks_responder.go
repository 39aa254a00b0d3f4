package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func pingChecks() []*Check {
	return []*Check{
		{
			ID: "PING-001", Level: Must, Party: TheResponder,
			Requirement: "A call of IKC/ping is answered with the string PONG.",
			Source:      "Responder ping; ClientLite ping", Needs: "a call of IKC/ping",
			Judge: onSettled("IKC", []string{"ping"}, func(t *Trial, x *dialogue.Exchange) {
				if !x.Request.IsCall() {
					return
				}
				want := perl.NewBytes("PONG")
				if x.Request.WantArray {
					want = perl.ArrayRef(want)
				}
				t.HoldElse(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) {
					return showValue(want), gotten(x)
				})
			}),
		},
	}
}

const srcHave = "Responder do_you_have"

// askedFor is the specifier of a do_you_have request; ok is false if its params are not
// [specifier, kernel id].
func askedFor(x *dialogue.Exchange) (a wire.Address, ok bool) {
	elems, ok := elemsOf(arg(x, 0))
	if !ok || len(elems) < 2 || !isString(elems[1]) {
		return a, false
	}
	a = wire.ParseAddress("params", elems[0])
	return a, a.Present() && a.Err == nil
}

// onHave judges what a do_you_have request came to.
func onHave(judge func(t *Trial, x *dialogue.Exchange, asked wire.Address)) Predicate {
	return onSettled("IKC", []string{"do_you_have"}, func(t *Trial, x *dialogue.Exchange) {
		if asked, ok := askedFor(x); ok && x.Request.IsCall() {
			judge(t, x, asked)
		}
	})
}

// accepted reads an answer to do_you_have that says yes: [specifier, kernel id].
func accepted(x *dialogue.Exchange) (a wire.Address, id *perl.Value, ok bool) {
	if len(x.Answers) == 0 {
		return a, nil, false
	}
	elems, ok := elemsOf(x.Answers[0].Params())
	if !ok || len(elems) == 0 {
		return a, nil, false
	}
	if len(elems) > 1 {
		id = elems[1]
	}
	return wire.ParseAddress("params", elems[0]), id, true
}

// published tells what is known of a session and state without asking: whether every target, or
// one with the conformance session, has published them.
func published(session, state string) (yes, known bool) {
	switch session {
	case "IKC":
		return state == "" || slices.Contains([]string{"ping", "do_you_have", "remote_error"}, state), true
	case AbsentSession:
		return false, true
	case SessionAlias:
		return state == "" || slices.Contains(sessionPublishes(), state), true
	}
	return false, false
}

// sessionPublishes is PublishedStates, made once.
var sessionPublishes = sync.OnceValue(PublishedStates)

func haveChecks() []*Check {
	onYes := func(judge func(t *Trial, x *dialogue.Exchange, asked, got wire.Address, id *perl.Value)) Predicate {
		return onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
			if got, id, ok := accepted(x); ok {
				judge(t, x, asked, got, id)
			}
		})
	}
	return []*Check{
		{
			ID: "HAVE-001", Level: Must, Party: TheResponder,
			Requirement: "do_you_have says yes to a session that published something, with an array.",
			Source:      srcHave, Needs: "a do_you_have request for IKC or " + SessionAlias,
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, known := published(asked.Session, ""); known && yes && asked.State == "" {
					_, _, ok := accepted(x)
					t.HoldElse(ok, reply(x), func() (string, string) {
						return "[specifier, kernel id]", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-002", Level: Must, Party: TheResponder,
			Requirement: "do_you_have says yes to a state that is published.",
			Source:      srcHave, Needs: "a do_you_have request for a state of IKC or " + SessionAlias,
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, _ := published(asked.Session, asked.State); yes && asked.State != "" {
					_, _, ok := accepted(x)
					t.HoldElse(ok, reply(x), func() (string, string) {
						return "[specifier, kernel id]", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-003", Level: Must, Party: TheResponder,
			Requirement: "do_you_have refuses a session or state that is not published, with a string.",
			Source:      srcHave, Needs: fmt.Sprintf("a do_you_have request for %s or %s/%s", AbsentSession, SessionAlias, HiddenState),
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, known := published(asked.Session, asked.State); known && !yes {
					t.HoldElse(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) {
						return "a string that refuses", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-004", Level: Should, Party: TheResponder,
			Requirement: "The refusal reads \"Refused subscription <specifier>\".",
			Source:      srcHave, Needs: "a do_you_have request that was refused",
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if len(x.Answers) > 0 && isString(x.Answers[0].Params()) {
					want := "Refused subscription " + asked.String()
					t.HoldElse(x.Answers[0].Params().Str() == want, reply(x), func() (string, string) {
						return want, x.Answers[0].Params().Str()
					})
				}
			}),
		},
		{
			ID: "HAVE-005", Level: Must, Party: TheResponder,
			Requirement: "The answer that says yes repeats the session and state that were asked for.",
			Source:      srcHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onYes(func(t *Trial, x *dialogue.Exchange, asked, got wire.Address, _ *perl.Value) {
				t.HoldElse(got.Session == asked.Session && got.State == asked.State, reply(x), func() (string, string) {
					return asked.String(), got.String()
				})
			}),
		},
		{
			ID: "HAVE-006", Level: Must, Party: TheResponder,
			Requirement: "The kernel in the answer is the one asked for, or the answering kernel's id if none was.",
			Source:      srcHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onYes(func(t *Trial, x *dialogue.Exchange, asked, got wire.Address, _ *perl.Value) {
				want := asked.Kernel
				if want == "" {
					want = t.Conn.Negotiation.Peers[t.Side].ID
				}
				if want != "" {
					t.Hold(got.Kernel == want, reply(x), want, got.Kernel)
				}
			}),
		},
		{
			ID: "HAVE-007", Level: Must, Party: TheResponder,
			Requirement: "The second element of the answer is the id that the kernel announced.",
			Source:      srcHave, Needs: "a negotiation, and a do_you_have request that was answered with yes",
			Judge: onYes(func(t *Trial, x *dialogue.Exchange, _, _ wire.Address, id *perl.Value) {
				if want := t.Conn.Negotiation.Peers[t.Side].ID; want != "" {
					got, _ := id.AsString()
					t.Hold(got == want, reply(x), want, got)
				}
			}),
		},
	}
}

const srcError = "Responder _error_response"

var operations = []string{"request", "check", "resolve", "invocation"}

func errorChecks() []*Check {
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

// wording holds the message of the error reports on a request against what it should begin with.
func wording(t *Trial, x *dialogue.Exchange, want string) {
	for _, e := range x.Errors {
		text := dialogue.ErrorText(e.Params())
		t.Hold(strings.HasPrefix(text, want), e.Frame, want, text)
	}
}

// quoted tells whether the side judged reported an error about the message m.
func quoted(t *Trial, m *dialogue.Message) bool {
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		if ok && f.From == t.Side && f.Message != nil && f.Message.Kind == dialogue.ErrorReport && strings.Contains(dialogue.ErrorText(f.Message.Params()), ".  Request "+m.To.String()) {
			return true
		}
	}
	return false
}

func senderChecks() []*Check {
	// onReplies finds the post that the state "sender" owes to whoever sent a request.
	onReplies := func(lite bool, judge func(t *Trial, x *dialogue.Exchange, m *dialogue.Message)) Predicate {
		return onSettled(SessionAlias, []string{"sender"}, func(t *Trial, x *dialogue.Exchange) {
			from := x.Request.From
			if !from.Present() || (from.State == "") != lite {
				return
			}
			for _, y := range t.Conn.Exchanges {
				m := y.Request
				if m.Frame.From == t.Side && m.Event.Session == from.Session && m.To.State == ReplyState {
					judge(t, x, m)
					return
				}
			}
			// What a state posts is only queued: it may follow the answer to a call that came later.
			if x.RepliesAfter > 1 {
				judge(t, x, nil)
			}
		})
	}
	at := func(x *dialogue.Exchange, m *dialogue.Message) (dialogue.Item, string) {
		if m == nil {
			return x.Request.Frame, "nothing"
		}
		return m.Frame, fmt.Sprintf("a message to %v with %s", m.Event, showValue(m.Params()))
	}
	return []*Check{
		{
			ID: "SND-001", Level: Must, Party: TheResponder,
			Requirement: "What a state posts to its sender goes to the request's from, with the params [state, [arguments]].",
			Source:      "Responder::Thunk _default", Needs: "a request to " + SessionAlias + "/sender with from, and a later call that was answered",
			Judge: onReplies(false, func(t *Trial, x *dialogue.Exchange, m *dialogue.Message) {
				item, actual := at(x, m)
				ok := m != nil && m.Event.Specifier == x.Request.From.Specifier && len(m.Args()) == 1 && perl.Equal(m.Args()[0], arg(x, 0))
				t.HoldElse(ok, item, func() (string, string) {
					return fmt.Sprintf("a message to %v with ['%s', [%s]]", x.Request.From, ReplyState, showValue(arg(x, 0))), actual
				})
			}),
		},
		{
			ID: "SND-002", Level: Must, Party: TheResponder,
			Requirement: "What a state posts to a sender whose from has no state (ClientLite) goes to that session and the state posted, with the params [arguments].",
			Source:      "Responder::Thunk _default", Needs: "a request to " + SessionAlias + "/sender of session " + sourceLite + ", and a later call that was answered",
			Judge: onReplies(true, func(t *Trial, x *dialogue.Exchange, m *dialogue.Message) {
				item, actual := at(x, m)
				want := x.Request.From.Specifier
				want.State = ReplyState
				ok := m != nil && m.Event.Specifier == want && perl.Equal(m.Params(), perl.ArrayRef(arg(x, 0)))
				t.HoldElse(ok, item, func() (string, string) {
					return fmt.Sprintf("a message to %v with [%s]", want, showValue(arg(x, 0))), actual
				})
			}),
		},
	}
}
