package shown

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// CALL are about calls and their answers.
func CALL() []*judge.Check {
	return []*judge.Check{
		{
			ID: "CALL-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The return value of a call is sent to the rsvp of the request: the same session and state.",
			Source:      "Responder::Thunk __thunk, Responder send_msg", Needs: "a call that was answered",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				switch {
				case len(x.Answers) > 0:
					t.Pass(reply(x))
				case len(x.Misdirected) > 0 && answerDue(x) && concluded(t, x):
					t.OnAll()
					t.Fail(x.Misdirected[0].Frame, "a message to "+x.Request.RSVP.String(), "one to "+x.Misdirected[0].Event.String())
				}
			}),
		},
		{
			ID: "CALL-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A call of a state that returns a defined value is answered.",
			Source:      "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of IKC/ping, of %[1]s/echo with something, or of a state of %[1]s that always answers, and a later call that was answered", contract.SessionAlias),
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if answerDue(x) && (len(x.Answers) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer to " + x.Request.RSVP.String(), gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A call is answered once.",
			Source:      "Responder::Thunk __thunk; the caller allows one post (Responder send_msg, _req_is_published)", Needs: "a call that was answered",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				n := len(x.Answers)
				if n == 1 && x.Answers[0].Unseen() {
					return // it, or the one before it, may be for a call that the capture does not show
				}
				if n > 0 {
					t.HoldFunc(n == 1 || !repeated(x), x.Answers[n-1].Frame, func() (string, string) {
						return "one answer", fmt.Sprint(n)
					})
				}
			}),
			Rationale: "Of sessions that are not known here, other messages to the rsvp may be posts, if the caller has published that state.",
		},
		{
			ID: "CALL-004", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "An answer is a post: it has no rsvp and is no error report.",
			Source:      "Responder::Thunk __thunk", Needs: "a call that was answered",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if len(x.Answers) > 0 {
					t.Pass(reply(x))
				} else if m := inDisguise(t, x); m != nil {
					t.OnAll()
					t.Fail(m.Frame, "neither rsvp nor is_error", judge.ShowValue(m.Frame.Value()))
				}
			}),
		},
		{
			ID: "CALL-005", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The event of an answer is the rsvp as it was sent, its kernel included.",
			Source:      "Responder::Thunk __thunk", Needs: "a call that was answered",
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, a *dialogue.Message) {
				want, got := x.Request.RSVP.Specifier, a.Event.Specifier
				if x.Ambiguous && want != got {
					return // another call with this session and state may name another kernel
				}
				t.HoldFunc(want == got, a.Frame, func() (string, string) {
					return want.String(), got.String()
				})
			}),
		},
		{
			ID: "CALL-006", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "An answer has params.",
			Source:      "Responder::Thunk __thunk", Needs: "a call that was answered",
			Judge: judge.OnAnswers(func(t *judge.Trial, _ *dialogue.Exchange, a *dialogue.Message) {
				t.Hold(a.HasParams(), a.Frame, "the key params", "none")
			}),
		},
		{
			ID: "CALL-007", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "Calls that came by one connection are answered in the order in which they came.",
			Source:      "Channel channel_receive calls the Responder, which calls the state", Needs: "two calls that were answered",
			Judge: judge.InOrder(func() func(*judge.Trial, *dialogue.Exchange) {
				last := 0
				return func(t *judge.Trial, x *dialogue.Exchange) {
					if len(x.Answers) == 0 || x.Ambiguous {
						return
					}
					a := x.Answers[0]
					if last > 0 {
						t.HoldFunc(a.Frame.Number > last, a.Frame, func() (string, string) {
							return "the answer after that of the call before it", fmt.Sprintf("frame %d before frame %d", a.Frame.Number, last)
						})
					}
					last = a.Frame.Number
				}
			}),
		},
		{
			ID: "CALL-008", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "An answer of a session that published something says so in from: its kernel id, its alias, and IKC:proxy.",
			Source:      "Responder send_msg", Needs: "an answered call of IKC or " + contract.SessionAlias,
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if s := x.Request.To.Session; !x.Ambiguous && (s == wire.SessionIKC || s == contract.SessionAlias) {
					want := specifier.Specifier{Kernel: t.ID(t.Side), Session: s, State: specifier.ProxyState}
					if want.Kernel != "" {
						t.HoldFunc(a.From.Specifier == want, a.Frame, func() (string, string) {
							return want.String(), a.From.String()
						})
					}
				}
			}),
		},
		{
			ID: "CALL-009", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A message to IKC:proxy reaches the state it names, with all its arguments.",
			Source:      "Responder _req_args", Needs: "a call of " + contract.SessionAlias + "/args by way of IKC:proxy",
			Judge: onConcluded(contract.SessionAlias, []string{"args"}, func(t *judge.Trial, x *dialogue.Exchange) {
				if _, args, ok := x.Request.Proxied(); ok && x.Request.IsCall() {
					t.HoldFunc(answersArgs(x, args), reply(x), func() (string, string) {
						return wanted(perl.ArrayRef(args...), x)
					})
				}
			}),
		},
		{
			ID: "CALL-010", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The ?ARG of a specifier is appended to the arguments of the state.",
			Source:      "Responder request", Needs: "a call of " + contract.SessionAlias + "/args?ARG",
			Judge: onConcluded(contract.SessionAlias, []string{"args"}, func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.To.Arg != "" && x.Request.IsCall() {
					t.HoldFunc(answersArgs(x, x.Request.Args()), reply(x), func() (string, string) {
						return wanted(perl.ArrayRef(x.Request.Args()...), x)
					})
				}
			}),
		},
		{
			ID: "CALL-011", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The event of a request may be a string as well as a hash.",
			Source:      "Specifier specifier_parse; ClientLite sends strings", Needs: "a call of a state that always answers, its event a string",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if _, isText := x.Request.Event.AsText(); isText && answerDue(x) && (len(x.Answers) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-012", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The kernel part of a request's event is not compared with the kernel's own names.",
			Source:      "Responder request", Needs: "a call of IKC/ping, addressed to a kernel name that the other side does not have",
			Judge: onConcluded(wire.SessionIKC, []string{wire.StatePing}, func(t *judge.Trial, x *dialogue.Exchange) {
				names := t.Names(t.Side)
				if k := x.Request.To.Kernel; k != "" && len(names) > 0 && !slices.Contains(names, k) && x.Request.IsCall() {
					t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "CALL-013", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "A specifier may do without \"poe:\", as in \"IKC/ping\".",
			Source:      "Specifier specifier_parse (0.1802 on)", Needs: "a call of a state that always answers, its event a string without poe:",
			Judge: judge.OnAnyRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if !x.Request.Frame.Early && judge.ShortSpecifier(x) && x.Request.IsCall() &&
					returnsSomething(x) && (len(x.Answers) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
	}
}

// MoreCALL are about the ways to write a call.
func MoreCALL() []*judge.Check {
	return []*judge.Check{
		answered("CALL-014", judge.Must, "The rsvp of a call may be a string as well as a hash.", "Responder send_msg (specifier_parse)",
			"a call of a state that always answers, its rsvp a string",
			func(_ *judge.Trial, x *dialogue.Exchange) bool { _, ok := x.Request.RSVP.AsText(); return ok }),
		answered("CALL-015", judge.Must, "The rsvp of a call may name the caller by any name that it announced, not only its id.", "Channel channel_list; Responder send_msg",
			"a call of a state that always answers, whose rsvp names an alias", func(t *judge.Trial, x *dialogue.Exchange) bool {
				names := t.Names(t.Side.Other())
				return len(names) > 1 && slices.Contains(names[1:], x.Request.RSVP.Kernel)
			}),
		answered("CALL-016", judge.Must, "A call without from is answered as any other.", "Responder request: only posts to the sender need from",
			"a call without from of a state that always answers", func(_ *judge.Trial, x *dialogue.Exchange) bool { return !x.Request.From.Present() }),
		{
			ID: "CALL-017", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A message to IKC:proxy with no arguments gives the state none.",
			Source:      "Responder _req_args", Needs: "a call of " + contract.SessionAlias + "/args by way of IKC:proxy with []",
			Judge: onConcluded(contract.SessionAlias, []string{"args"}, func(t *judge.Trial, x *dialogue.Exchange) {
				if _, args, ok := x.Request.Proxied(); ok && len(args) == 0 && x.Request.IsCall() {
					t.HoldFunc(answersArgs(x, nil), reply(x), func() (string, string) { return "[]", gotten(x) })
				}
			}),
		},
		answered("CALL-018", judge.Should, "The event of a request may do without a kernel.", "Responder request; Specifier specifier_parse",
			"a call of a state that always answers, whose event names no kernel",
			func(_ *judge.Trial, x *dialogue.Exchange) bool { return x.Request.Event.Kernel == "" }),
		{
			ID: "CALL-019", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The event of an answer is in the form of the rsvp: a string if it was a string, a plain hash if it was a hash.",
			Source:      "Responder::Thunk __thunk; the rsvp is copied as it came", Needs: "a call that was answered",
			Rationale: "The permission that a caller gave is looked up by what it sent.",
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if x.Ambiguous {
					return // another call may have written it otherwise
				}
				_, asked := x.Request.RSVP.AsText()
				_, got := a.Event.AsText()
				t.HoldFunc(asked == got && isPlain(a.Event.Value), a.Frame, func() (string, string) {
					return judge.ShowValue(x.Request.RSVP.ToValue()), judge.ShowValue(a.Event.ToValue())
				})
			}),
		},
	}
}
