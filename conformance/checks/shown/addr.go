package shown

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// knownSessions are those that a harness asks by names that are nearly theirs.
var knownSessions = []string{wire.SessionIKC, contract.SessionAlias}

// nearlyKnown tells whether a name is nearly one of those that are there, but none of them.
func nearlyKnown(name string, known []string, nearly func(name, known string) bool) bool {
	return name != "" && !slices.Contains(known, name) && slices.ContainsFunc(known, func(k string) bool { return nearly(name, k) })
}

// inOtherCase and beginning are ways in which a name is nearly another.
func inOtherCase(name, known string) bool { return strings.EqualFold(name, known) }
func beginning(name, known string) bool   { return strings.HasPrefix(known, name) }

// statesOf are the states of a session that harnesses ask.
func statesOf(session string) []string {
	if session == wire.SessionIKC {
		return []string{wire.StatePing, wire.StateHave, wire.StateRemoteError}
	}
	return contract.PublishedStates()
}

// ADDR are about the names by which something is addressed.
func ADDR() []*judge.Check {
	refused := func(id, requirement string, so func(session, state string) bool) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheResponder, Requirement: requirement,
			Source: "Responder _req_is_published: keys of a hash", Needs: "a call of a probe with such a name, and a later call that was answered",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				to := x.Request.To
				if x.Request.RSVP.Session == contract.ProbeSession && so(to.Session, to.State) &&
					(len(x.Answers)+len(x.Errors) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Errors) > 0 && len(x.Answers) == 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		}
	}
	session := func(nearly func(name, known string) bool) func(session, state string) bool {
		return func(session, _ string) bool { return nearlyKnown(session, knownSessions, nearly) }
	}
	state := func(nearly func(name, known string) bool) func(session, state string) bool {
		return func(session, state string) bool {
			return slices.Contains(knownSessions, session) && nearlyKnown(state, statesOf(session), nearly)
		}
	}
	return []*judge.Check{
		{
			ID: "ADDR-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A call is answered by whichever of its names it addresses the kernel: an alias or its address, as well as its id.",
			Source:      "Responder request: the kernel in the event is not looked at", Needs: "a call of IKC/ping addressed by a name other than the id, and a later call that was answered",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				names := t.Names(t.Side)
				if to(x, wire.SessionIKC, wire.StatePing) && answerDue(x) && x.Request.Event.Kernel != t.ID(t.Side) &&
					slices.Contains(names, x.Request.Event.Kernel) && (len(x.Answers) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) { return "an answer", gotten(x) })
				}
			}),
		},
		refused("ADDR-002", "A session whose name differs in capitals only is another session: a request to it is refused.", session(inOtherCase)),
		refused("ADDR-003", "The beginning of a session's name is no name of it: a request to it is refused.", session(beginning)),
		refused("ADDR-004", "A state whose name differs in capitals only is another state: a request to it is refused.", state(inOtherCase)),
		refused("ADDR-005", "The beginning of a state's name is no name of it: a request to it is refused.", state(beginning)),
		{
			ID: "ADDR-006", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "do_you_have refuses names that differ in capitals only, or are the beginning of one.",
			Source:      "Responder do_you_have: keys of a hash", Needs: "a do_you_have request of a probe for such a name",
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked askedAddress) {
				near := false
				for _, nearly := range []func(name, known string) bool{inOtherCase, beginning} {
					near = near || session(nearly)(asked.Session, asked.State) || state(nearly)(asked.Session, asked.State)
				}
				if near && x.Request.RSVP.Session == contract.ProbeSession {
					t.HoldFunc(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) { return "a string that refuses", gotten(x) })
				}
			}),
		},
	}
}
