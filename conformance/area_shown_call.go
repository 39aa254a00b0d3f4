package conformance

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// CALL are the checks CALL-001 to CALL-013.
func AreaShownCALL() []*Check {
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
	}
}

// MoreCALL are the checks CALL-014 to CALL-018. // spellingChecks are about the ways to write a request.
func AreaShownMoreCALL() []*Check {
	return []*Check{
		answered("CALL-014", Must, "The rsvp of a call may be a string as well as a hash.", "Responder send_msg (specifier_parse)",
			"a call of a state that always answers, its rsvp a string",
			func(_ *Trial, x *dialogue.Exchange) bool { _, ok := x.Request.RSVP.AsText(); return ok }),
		answered("CALL-015", Must, "The rsvp of a call may name the caller by any name that it announced, not only its id.", "Channel channel_list; Responder send_msg",
			"a call of a state that always answers, whose rsvp names an alias", func(t *Trial, x *dialogue.Exchange) bool {
				names := t.names(t.Side.Other())
				return len(names) > 1 && slices.Contains(names[1:], x.Request.RSVP.Kernel)
			}),
		answered("CALL-016", Must, "A call without from is answered as any other.", "Responder request: only posts to the sender need from",
			"a call without from of a state that always answers", func(_ *Trial, x *dialogue.Exchange) bool { return !x.Request.From.Present() }),
		{
			ID: "CALL-017", Level: Must, Party: TheResponder,
			Requirement: "A message to IKC:proxy with no arguments gives the state none.",
			Source:      "Responder _req_args", Needs: "a call of " + SessionAlias + "/args by way of IKC:proxy with []",
			Judge: onSettled(SessionAlias, []string{"args"}, func(t *Trial, x *dialogue.Exchange) {
				if _, args, ok := x.Request.Proxied(); ok && len(args) == 0 && x.Request.IsCall() {
					t.HoldElse(answersArgs(x, nil), reply(x), func() (string, string) { return "[]", gotten(x) })
				}
			}),
		},
		answered("CALL-018", Should, "The event of a request may do without a kernel.", "Responder request; Specifier specifier_parse",
			"a call of a state that always answers, whose event names no kernel",
			func(_ *Trial, x *dialogue.Exchange) bool { return x.Request.Event.Kernel == "" }),
	}
}
