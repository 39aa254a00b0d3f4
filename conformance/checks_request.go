package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// answered is a check that calls which are so are answered.
func answered(id string, level Level, requirement, source, needs string, so func(t *Trial, x *dialogue.Exchange) bool) *Check {
	return &Check{
		ID: id, Level: level, Party: TheResponder, Requirement: requirement, Source: source, Needs: needs,
		Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
			to := x.Request.To
			if x.Request.IsCall() && to.Arg == "" && !x.Ambiguous && alwaysAnswers(to.Session, to.State) && so(t, x) && (len(x.Answers) > 0 || settled(t, x)) {
				t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
					return "an answer to " + x.Request.RSVP.String(), gotten(x)
				})
			}
		}),
	}
}

// viaProxy tells whether a request names its state in the params of a message to IKC:proxy.
func viaProxy(x *dialogue.Exchange) bool {
	_, _, ok := x.Request.Proxied()
	return ok && x.Request.Event.State == specifier.ProxyState
}

// spellingChecks are about the ways to write a request.
func spellingChecks() []*Check {
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
		{
			ID: "PING-002", Level: Should, Party: TheResponder,
			Requirement: "IKC/ping answers PONG whatever its params are.",
			Source:      "Responder ping", Needs: "a call of IKC/ping with params other than PING",
			Judge: onSettled("IKC", []string{"ping"}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && !x.Request.WantArray && arg(x, 0).Str() != "PING" {
					t.HoldElse(len(x.Answers) > 0 && x.Answers[0].Params().Str() == "PONG", reply(x), func() (string, string) { return "'PONG'", gotten(x) })
				}
			}),
		},
		{
			ID: "PING-003", Level: Must, Party: TheResponder,
			Requirement: "A post to IKC/ping is not answered.",
			Source:      "Responder request: what a state returns goes nowhere without rsvp", Needs: "a post to IKC/ping, and a later call that was answered",
			Judge: onSettled("IKC", []string{"ping"}, func(t *Trial, x *dialogue.Exchange) {
				if !x.Request.IsCall() {
					u := unasked(t, x)
					if u != nil {
						t.Fail(u.Frame, "nothing", "a message to "+u.Event.String())
						return
					}
					t.Hold(true, x.Request.Frame, "nothing", "")
				}
			}),
		},
	}
}

// proxyChecks are about messages to IKC:proxy and what was retracted.
func proxyChecks() []*Check {
	refused := func(id string, requirement, source, needs string, so func(x *dialogue.Exchange) bool) *Check {
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement, Source: source, Needs: needs,
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if so(x) && (len(x.Answers)+len(x.Errors) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Errors) > 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		}
	}
	return []*Check{
		{
			ID: "PRX-001", Level: Must, Party: TheResponder,
			Requirement: "A post by way of IKC:proxy is carried out, once.",
			Source:      "Responder _req_args; Proxy _default", Needs: "a post to " + SessionAlias + "/count by way of IKC:proxy between two calls of it that were answered",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				posts, proxied, before := int64(0), false, int64(-1)
				return func(t *Trial, x *dialogue.Exchange) {
					switch {
					case !to(x, SessionAlias, "count"):
					case !x.Request.IsCall():
						posts++
						proxied = proxied || viaProxy(x)
					case len(x.Answers) > 0:
						now := countOf(x)
						if before >= 0 && proxied {
							t.HoldElse(now-before-1 == posts, x.Answers[0].Frame, func() (string, string) {
								return fmt.Sprintf("a count of %d after %d and %d posts", before+posts+1, before, posts), fmt.Sprint(now)
							})
						}
						before, posts, proxied = now, 0, false
					}
				}
			}),
		},
		refused("PRX-002", "A request by way of IKC:proxy to a state that is not published is answered with an error report.", "Responder request, _req_is_published",
			"a request to "+SessionAlias+"/"+HiddenState+" by way of IKC:proxy, and a later call that was answered",
			func(x *dialogue.Exchange) bool { return viaProxy(x) && to(x, SessionAlias, HiddenState) }),
		refused("PUB-001", "A request to a state that was published and then retracted is answered with an error report.", "Responder retract, _req_is_published",
			"a request to "+SessionAlias+"/"+RetractedState+", and a later call that was answered",
			func(x *dialogue.Exchange) bool { return to(x, SessionAlias, RetractedState) }),
		{
			ID: "PUB-002", Level: Must, Party: TheResponder,
			Requirement: "do_you_have refuses a state that was published and then retracted.",
			Source:      "Responder retract, do_you_have", Needs: "a do_you_have request for " + SessionAlias + "/" + RetractedState,
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked askedAddress) {
				if asked.Session == SessionAlias && asked.State == RetractedState {
					t.HoldElse(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) { return "a string that refuses", gotten(x) })
				}
			}),
		},
		{
			ID: "HAVE-008", Level: Must, Party: TheResponder,
			Requirement: "The specifier that do_you_have is asked about may be a string as well as a hash.",
			Source:      srcHave + " (specifier_parse)", Needs: "a do_you_have request with a string, for what is published",
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked askedAddress) {
				if yes, known := published(asked.Session, asked.State); yes && known && isString(asked.Value) {
					_, _, ok := accepted(x)
					t.HoldElse(ok, reply(x), func() (string, string) { return "[specifier, kernel id]", gotten(x) })
				}
			}),
		},
		{
			ID: "HAVE-009", Level: Should, Party: TheResponder,
			Requirement: "The specifier in the answer that says yes is a hash of kernel, session and state.",
			Source:      srcHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, _ askedAddress) {
				if got, _, ok := accepted(x); ok {
					h := got.Value.Target()
					t.HoldElse(got.Err == nil && h.Get("kernel") != nil && h.Get("session") != nil, reply(x), func() (string, string) {
						return "{kernel, session, state}", showValue(got.Value)
					})
				}
			}),
		},
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

// returnChecks are about returns in list context, and a context that is named and false.
func returnChecks() []*Check {
	inList := func(id, state, requirement string, want *perl.Value) *Check {
		carried := carrier(want)
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s with wantarray, and a later call that was answered", SessionAlias, state),
			Judge: onSettled(SessionAlias, []string{state}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && x.Request.WantArray {
					want := carried(t)
					t.HoldElse(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) { return showValue(want), gotten(x) })
				}
			}),
		}
	}
	return []*Check{
		inList("CTX-010", "zero", "In list context a false value, such as \"0\", is an array of it.", perl.ArrayRef(perl.NewBytes("0"))),
		inList("CTX-011", "empty", "In list context the empty string is an array of it.", perl.ArrayRef(perl.NewBytes(""))),
		{
			ID: "CTX-012", Level: Must, Party: TheResponder,
			Requirement: "A wantarray that is there but false asks for scalar context.",
			Source:      "Responder request; ClientLite call sends wantarray => 0", Needs: "a call of " + SessionAlias + "/list with wantarray => 0 that was answered",
			Judge: onSettled(SessionAlias, []string{"list"}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && !x.Request.WantArray && x.Request.Sent("wantarray") != nil {
					_, array := elemsOf(reported(x))
					t.HoldElse(len(x.Answers) > 0 && !array, reply(x), func() (string, string) { return "the last value", gotten(x) })
				}
			}),
		},
	}
}

// reported is what a call was answered with, nil if it was not.
func reported(x *dialogue.Exchange) *perl.Value {
	if len(x.Answers) == 0 {
		return nil
	}
	return x.Answers[0].Params()
}

// identityChecks are about what kernels call themselves.
func identityChecks() []*Check {
	return []*Check{
		{
			ID: "HS-NAME-002", Level: Must, Party: TheSender,
			Requirement: "A kernel does not announce the id of the kernel that it talks to.",
			Rationale:   "Ids are how answers find their way; two kernels of one id cannot be told apart.",
			Source:      "Channel server_000, client_000; POE::Kernel ID", Needs: "a negotiation that was completed",
			Judge: onConnection(func(t *Trial) {
				own, other := t.names(t.Side), t.names(t.Side.Other())
				if len(own) > 0 && len(other) > 0 && t.Conn.Negotiation.Complete {
					t.Hold(own[0] != other[0], lastLine(t), "an id of its own", fmt.Sprintf("%q, as the other side", own[0]))
				}
			}),
		},
		{
			ID: "HS-NAME-003", Level: Should, Party: TheSender,
			Requirement: "A kernel announces each of its names once.",
			Source:      "Channel channel_start, __build_setup, negociate_001", Needs: "two names of one side",
			Judge: onConnection(func(t *Trial) {
				names := slices.Clone(t.names(t.Side))
				if len(names) > 1 && t.Conn.Negotiation.Complete {
					slices.Sort(names)
					t.HoldElse(len(slices.Compact(slices.Clone(names))) == len(names), lastLine(t), func() (string, string) { return "each name once", strings.Join(names, ", ") })
				}
			}),
		},
		{
			ID: "HC-IKC0-007", Level: Should, Party: TheClient,
			Requirement: "The client's KERNEL list ends with the address of its socket, unless it is one name only (ClientLite).",
			Source:      "Channel channel_start, __build_setup; ClientLite connect", Needs: "a SETUP of the client with two names",
			Judge: onConnection(func(t *Trial) {
				if p := t.names(t.Side); len(p) > 1 && t.Conn.Negotiation.Complete && !t.Conn.Negotiation.Fallback && t.Conn.Negotiation.Dialect.String() == "IKC0" {
					last := p[len(p)-1]
					t.Hold(addressLike.MatchString(last), lastLine(t), "<address:port> or unix:<path>", last)
				}
			}),
		},
		{
			ID: "HC-IKC0-008", Level: Should, Party: TheClient,
			Requirement: "A client offers each serializer once.",
			Source:      "Protocol __build_setup; Channel client_002", Needs: "an offer of serializers",
			Judge: onConnection(func(t *Trial) {
				offered := slices.Clone(t.Conn.Negotiation.Offered)
				if len(offered) > 0 && t.Conn.Negotiation.Complete && !t.Conn.Negotiation.Fallback {
					slices.Sort(offered)
					t.HoldElse(len(slices.Compact(slices.Clone(offered))) == len(offered), lastLine(t), func() (string, string) { return "each once", strings.Join(offered, ", ") })
				}
			}),
		},
	}
}
