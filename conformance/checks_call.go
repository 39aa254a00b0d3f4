package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// arg is argument i of a request, nil if there are fewer.
func arg(x *dialogue.Exchange, i int) *perl.Value {
	if args := x.Request.Args(); i < len(args) {
		return args[i]
	}
	return nil
}

// patience is how long a requester has to wait for its silence to mean something.
const patience = 4 * time.Second

// settled tells whether nothing can come for a request any more: a later request of the same side
// has been answered, and a kernel takes requests in order; or the requester waited and then left.
func settled(t *Trial, x *dialogue.Exchange) bool {
	if end := t.Conn.Ends[x.Request.Frame.From]; end != nil && end.At.Time.Sub(x.Request.Frame.At.Time) >= patience {
		return true
	}
	return x.RepliesAfter > 0
}

// onSettled judges requests, to the session and one of the states, that came to something or to nothing.
func onSettled(session string, states []string, judge func(t *Trial, x *dialogue.Exchange)) Predicate {
	return onRequests(func(t *Trial, x *dialogue.Exchange) {
		if !slices.Contains(states, x.Request.To.State) || x.Ambiguous {
			return
		}
		if len(x.Answers)+len(x.Errors) > 0 || settled(t, x) {
			judge(t, x)
		}
	}).ofSession(session)
}

// gotten says what came back, for a finding.
func gotten(x *dialogue.Exchange) string {
	switch {
	case len(x.Answers) > 0:
		return "the answer " + showValue(x.Answers[0].Params())
	case len(x.Errors) > 0:
		return "the error " + showValue(x.Errors[0].Params())
	case len(x.Misdirected) > 0:
		return fmt.Sprintf("none, but a message to %v came", x.Misdirected[0].Event)
	}
	return "none"
}

// reply is what to point at: the answer, else the request.
func reply(x *dialogue.Exchange) dialogue.Item {
	for _, list := range [][]*dialogue.Message{x.Answers, x.Errors, x.Misdirected} {
		if len(list) > 0 {
			return list[0].Frame
		}
	}
	return x.Request.Frame
}

func callChecks() []*Check {
	return []*Check{
		{
			ID: "CALL-001", Level: Must, Party: TheResponder,
			Requirement: "The return value of a call is sent to the rsvp of the request: the same session and state.",
			Source:      "Responder::Thunk __thunk, Responder send_msg", Needs: "a call that was answered",
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				switch {
				case len(x.Answers) > 0:
					t.Pass(reply(x))
				case len(x.Misdirected) > 0 && answerDue(x) && settled(t, x):
					t.Fail(x.Misdirected[0].Frame, "a message to "+x.Request.RSVP.String(), "one to "+x.Misdirected[0].Event.String())
				}
			}),
		},
		{
			ID: "CALL-002", Level: Must, Party: TheResponder,
			Requirement: "A call of a state that returns a defined value is answered.",
			Source:      "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of IKC/ping, or of a state of %s that always answers, and a later call that was answered", SessionAlias),
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				to := x.Request.To
				if x.Request.IsCall() && to.Arg == "" && !x.Ambiguous && alwaysAnswers(to.Session, to.State) && (len(x.Answers) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer to " + x.Request.RSVP.String(), gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-003", Level: Must, Party: TheResponder,
			Requirement: "A call is answered once.",
			Source:      "Responder::Thunk __thunk; the caller allows one post (Responder send_msg, _req_is_published)", Needs: "a call that was answered",
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if n := len(x.Answers); n > 0 {
					t.HoldElse(n == 1 || !repeated(x), x.Answers[n-1].Frame, func() (string, string) {
						return "one answer", fmt.Sprint(n)
					})
				}
			}),
			Rationale: "Of sessions that are not known here, other messages to the rsvp may be posts, if the caller has published that state.",
		},
		{
			ID: "CALL-004", Level: Must, Party: TheResponder,
			Requirement: "An answer is a post: it has no rsvp and is no error report.",
			Source:      "Responder::Thunk __thunk", Needs: "a call that was answered",
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if len(x.Answers) > 0 {
					t.Pass(reply(x))
				} else if m := inDisguise(t, x); m != nil {
					t.Fail(m.Frame, "neither rsvp nor is_error", showValue(m.Frame.Value()))
				}
			}),
		},
		{
			ID: "CALL-005", Level: Should, Party: TheResponder,
			Requirement: "The event of an answer is the rsvp as it was sent, its kernel included.",
			Source:      "Responder::Thunk __thunk", Needs: "a call that was answered",
			Judge: onAnswers(func(t *Trial, x *dialogue.Exchange, a *dialogue.Message) {
				want, got := x.Request.RSVP.Specifier, a.Event.Specifier
				t.HoldElse(want == got, a.Frame, func() (string, string) {
					return want.String(), got.String()
				})
			}),
		},
		{
			ID: "CALL-006", Level: Should, Party: TheResponder,
			Requirement: "An answer has params.",
			Source:      "Responder::Thunk __thunk", Needs: "a call that was answered",
			Judge: onAnswers(func(t *Trial, _ *dialogue.Exchange, a *dialogue.Message) {
				t.Hold(a.HasParams(), a.Frame, "the key params", "none")
			}),
		},
		{
			ID: "CALL-007", Level: Should, Party: TheResponder,
			Requirement: "Calls that came by one connection are answered in the order in which they came.",
			Source:      "Channel channel_receive calls the Responder, which calls the state", Needs: "two calls that were answered",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				last := 0
				return func(t *Trial, x *dialogue.Exchange) {
					if len(x.Answers) == 0 || x.Ambiguous {
						return
					}
					a := x.Answers[0]
					if last > 0 {
						t.HoldElse(a.Frame.Number > last, a.Frame, func() (string, string) {
							return "the answer after that of the call before it", fmt.Sprintf("frame %d before frame %d", a.Frame.Number, last)
						})
					}
					last = a.Frame.Number
				}
			}),
		},
		{
			ID: "CALL-008", Level: Should, Party: TheResponder,
			Requirement: "An answer of a session that published something says so in from: its kernel id, its alias, and IKC:proxy.",
			Source:      "Responder send_msg", Needs: "an answered call of IKC or " + SessionAlias,
			Judge: onAnswers(func(t *Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if s := x.Request.To.Session; !x.Ambiguous && (s == "IKC" || s == SessionAlias) {
					want := specifier.Specifier{Kernel: t.Conn.Negotiation.Peers[t.Side].ID, Session: s, State: specifier.ProxyState}
					if want.Kernel != "" {
						t.HoldElse(a.From.Specifier == want, a.Frame, func() (string, string) {
							return want.String(), a.From.String()
						})
					}
				}
			}),
		},
		{
			ID: "CALL-009", Level: Must, Party: TheResponder,
			Requirement: "A message to IKC:proxy reaches the state it names, with all its arguments.",
			Source:      "Responder _req_args", Needs: "a call of " + SessionAlias + "/args by way of IKC:proxy",
			Judge: onSettled(SessionAlias, []string{"args"}, func(t *Trial, x *dialogue.Exchange) {
				if _, args, ok := x.Request.Proxied(); ok && x.Request.IsCall() {
					t.HoldElse(answersArgs(x, args), reply(x), func() (string, string) {
						return showValue(perl.ArrayRef(args...)), gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-010", Level: Must, Party: TheResponder,
			Requirement: "The ?ARG of a specifier is appended to the arguments of the state.",
			Source:      "Responder request", Needs: "a call of " + SessionAlias + "/args?ARG",
			Judge: onSettled(SessionAlias, []string{"args"}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.To.Arg != "" && x.Request.IsCall() {
					t.HoldElse(answersArgs(x, x.Request.Args()), reply(x), func() (string, string) {
						return showValue(perl.ArrayRef(x.Request.Args()...)), gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-011", Level: Must, Party: TheResponder,
			Requirement: "The event of a request may be a string as well as a hash.",
			Source:      "Specifier specifier_parse; ClientLite sends strings", Needs: "a call of a state that always answers, its event a string",
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				to := x.Request.To
				if _, isText := x.Request.Event.AsText(); isText && x.Request.IsCall() && to.Arg == "" && !x.Ambiguous && alwaysAnswers(to.Session, to.State) && (len(x.Answers) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-012", Level: Should, Party: TheResponder,
			Requirement: "The kernel part of a request's event is not compared with the kernel's own names.",
			Source:      "Responder request", Needs: "a call of IKC/ping, addressed to a kernel name that the other side does not have",
			Judge: onSettled("IKC", []string{"ping"}, func(t *Trial, x *dialogue.Exchange) {
				names := t.names(t.Side)
				if k := x.Request.To.Kernel; k != "" && len(names) > 0 && !slices.Contains(names, k) && x.Request.IsCall() {
					t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-013", Level: Should, Party: TheResponder,
			Requirement: "A specifier may do without \"poe:\", as in \"IKC/ping\".",
			Source:      "Specifier specifier_parse (0.1802 on)", Needs: "a call of a state that always answers, its event a string without poe:",
			Judge: onAnyRequests(func(t *Trial, x *dialogue.Exchange) {
				to := x.Request.To
				if !x.Request.Frame.Early && short(x) && x.Request.IsCall() && alwaysAnswers(to.Session, to.State) && (len(x.Answers) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "POST-001", Level: Must, Party: TheResponder,
			Requirement: "A post is carried out, once, before what comes after it.",
			Source:      "Responder request", Needs: "a post to " + SessionAlias + "/count between two calls of it that were answered",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				posts, before := 0, int64(-1)
				return func(t *Trial, x *dialogue.Exchange) {
					switch {
					case !to(x, SessionAlias, "count"):
					case !x.Request.IsCall():
						posts++
					case len(x.Answers) > 0:
						now := countOf(x)
						if before >= 0 && posts > 0 {
							t.HoldElse(now-before-1 == int64(posts), x.Answers[0].Frame, func() (string, string) {
								return fmt.Sprintf("a count of %d after %d and %d posts", before+int64(posts)+1, before, posts), fmt.Sprint(now)
							})
						}
						before, posts = now, 0
					}
				}
			}),
			Rationale: "The count must be of one connection at a time; other users of the session spoil the evidence.",
		},
		{
			ID: "POST-002", Level: Must, Party: TheResponder,
			Requirement: "A post is not answered, whatever the state returns.",
			Source:      "Responder::Thunk __thunk", Needs: "a post to " + SessionAlias + "/echo, and a later call that was answered",
			Judge: onSettled(SessionAlias, []string{"echo", "list"}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() {
					return
				}
				if u := unasked(t, x); u != nil {
					t.Fail(u.Frame, "nothing", "a message to "+u.Event.String())
					return
				}
				t.Pass(x.Request.Frame)
			}),
		},
	}
}

// repeated tells whether what came after the answer of a call is another answer to it, and not
// something that the state of the rsvp is there for besides.
func repeated(x *dialogue.Exchange) bool {
	if s := x.Request.To.Session; s == "IKC" || s == SessionAlias {
		return true
	}
	return slices.ContainsFunc(x.Answers[1:], func(a *dialogue.Message) bool { return perl.Equal(a.Params(), x.Answers[0].Params()) })
}

// answerDue tells whether the state called is known to return a defined value. Of any other state, a
// missing answer means nothing.
func answerDue(x *dialogue.Exchange) bool {
	to := x.Request.To
	return x.Request.IsCall() && !x.Ambiguous && to.Arg == "" && (alwaysAnswers(to.Session, to.State) ||
		to.Session == SessionAlias && to.State == "echo" && arg(x, 0).Kind() != perl.Undef)
}

// inDisguise is what answers a call in all but form: a call or an error report to its rsvp, of a state
// that owes an answer and sent no other. It is nil if there is none.
func inDisguise(t *Trial, x *dialogue.Exchange) *dialogue.Message {
	if !answerDue(x) || !settled(t, x) {
		return nil
	}
	later := false
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		later = later || ok && f == x.Request.Frame
		if ok && later && f.From == t.Side && f.Message != nil && (f.Message.IsCall() || f.Message.IsError) &&
			f.Message.Event.Session == x.Request.RSVP.Session && f.Message.Event.State == x.Request.RSVP.State {
			return f.Message
		}
	}
	return nil
}

// countOf is the count that the state "count" answered with; FreezeThaw makes strings of numbers.
func countOf(x *dialogue.Exchange) int64 {
	v := x.Answers[0].Params()
	if list, ok := elemsOf(v); ok && x.Request.WantArray && len(list) == 1 {
		v = list[0]
	}
	n := v.Int()
	if s, ok := v.AsString(); ok {
		n, _ = strconv.ParseInt(s, 10, 64)
	}
	return n
}

// unasked is a message that a responder sent back to the session a post came from, nil if there is none.
func unasked(t *Trial, x *dialogue.Exchange) *dialogue.Message {
	for _, y := range t.Conn.Exchanges {
		m := y.Request
		if m.Frame.From == t.Side && m.Kind == dialogue.Post && x.Request.From.Present() &&
			m.Event.Session == x.Request.From.Session && perl.Equal(m.Params(), x.Request.Params()) {
			return m
		}
	}
	return nil
}

// answersArgs tells whether a call of the state "args" was answered with these arguments.
func answersArgs(x *dialogue.Exchange, args []*perl.Value) bool {
	if len(x.Answers) == 0 {
		return false
	}
	v := x.Answers[0].Params()
	if x.Request.WantArray { // the list has one element, the reference
		list, ok := elemsOf(v)
		if !ok || len(list) != 1 {
			return false
		}
		v = list[0]
	}
	got, ok := elemsOf(v)
	return ok && slices.EqualFunc(got, args, perl.Equal)
}

func isString(v *perl.Value) bool { return v.Kind() == perl.Bytes || v.Kind() == perl.Text }

func contextChecks() []*Check {
	call := func(x *dialogue.Exchange, list bool) bool { return x.Request.IsCall() && x.Request.WantArray == list }
	silent := func(id, state, requirement string, list bool) *Check {
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s, and a later call that was answered", SessionAlias, state),
			Judge: onSettled(SessionAlias, []string{state}, func(t *Trial, x *dialogue.Exchange) {
				if call(x, list) {
					t.HoldElse(len(x.Answers)+len(x.Errors) == 0, reply(x), func() (string, string) {
						return "no answer", gotten(x)
					})
				}
			}),
		}
	}
	value := func(id string, level Level, state, requirement string, list bool, want *perl.Value) *Check {
		carried := carrier(want)
		return &Check{
			ID: id, Level: level, Party: TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s in that context, and a later call that was answered", SessionAlias, state),
			Judge: onSettled(SessionAlias, []string{state}, func(t *Trial, x *dialogue.Exchange) {
				if call(x, list) {
					want := carried(t)
					t.HoldElse(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) {
						return showValue(want), gotten(x)
					})
				}
			}),
		}
	}
	list := SessionList()
	return []*Check{
		value("CTX-001", Must, "list", "In scalar context the answer is the last value of the list that the state returns.", false, list[len(list)-1]),
		value("CTX-002", Must, "list", "With wantarray true the answer is an array of all values that the state returns.", true, perl.ArrayRef(list...)),
		value("CTX-003", Must, "zero", "A false value that is defined, such as \"0\", is an answer.", false, perl.NewBytes("0")),
		value("CTX-004", Must, "empty", "The empty string is an answer.", false, perl.NewBytes("")),
		silent("CTX-005", "undef", "An undefined return value is not sent: the call gets no answer.", false),
		silent("CTX-006", "nothing", "An empty return in scalar context is not sent: the call gets no answer.", false),
		silent("CTX-007", "nothing", "An empty return in list context is not sent: the call gets no answer.", true),
		value("CTX-008", Should, "undef", "In list context undef is one value: the answer is an array of it.", true, perl.ArrayRef(perl.NewUndef())),
		{
			ID: "CTX-009", Level: Must, Party: TheResponder,
			Requirement: "With wantarray true the params of an answer are a reference to an array.",
			Source:      "Responder::Thunk __thunk", Needs: "a call with wantarray that was answered",
			Judge: onAnswers(func(t *Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if x.Request.WantArray {
					_, ok := elemsOf(a.Params())
					t.HoldElse(ok, a.Frame, func() (string, string) {
						return "a reference to an array", showValue(a.Params())
					})
				}
			}),
		},
	}
}
