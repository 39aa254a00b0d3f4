package shown

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SAID are about what a kernel says without a reason, when it talks to a probe: that is given
// answers, error reports of requests that failed, and what states post to their sender.
func SAID() []*judge.Check {
	const needsProbe = "a connection with a probe of the harness, and a message on it"
	return []*judge.Check{
		{
			ID: "SAID-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A kernel posts nothing that was not asked for: neither to a state that nobody named, nor to whoever sent a post.",
			Source:      "Responder request; Responder::Thunk __thunk, _default", Needs: needsProbe,
			Rationale: "What comes unasked is an event all the same, to the session that it is addressed to, or an error that is reported.",
			Judge: judge.InTurn(maybeWithProbe, reasons(func(t *judge.Trial, m *dialogue.Message, r *reason) {
				if m.Kind == dialogue.Post {
					t.HoldFunc(r.given || r.toSender, m.Frame, func() (string, string) { return "nothing that was not asked for", "a post to " + unexplained(m) })
				}
			})),
		},
		{
			ID: "SAID-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A kernel calls nobody unasked.",
			Source:      "Responder request; Responder::Thunk __thunk, _default", Needs: needsProbe,
			Judge: judge.InTurn(maybeWithProbe, reasons(func(t *judge.Trial, m *dialogue.Message, r *reason) {
				if m.Kind == dialogue.Call && !r.toSender {
					t.Hold(r.given, m.Frame, "no call that was not asked for", "a call of "+unexplained(m))
				} else {
					t.Pass(m.Frame)
				}
			})),
		},
		{
			ID: "SAID-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "What is reported to have failed is a request that was made.",
			Source:      sourceError, Needs: "a connection with a probe of the harness, and an error report on it",
			Judge: judge.InTurn(maybeWithProbe, errorsOnRequests),
		},
		{
			ID: "SAID-004", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A request to a published state that can be carried out is not reported to have failed.",
			Source:      "Responder request", Needs: "a request to IKC/ping, or to a published state of " + contract.SessionAlias,
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if cannotFail(x) && (len(x.Answers)+len(x.Errors) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Errors) == 0, reply(x), func() (string, string) { return "no error report", gotten(x) })
				}
			}),
		},
		{
			ID: "SAID-005", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "What a state posts to its sender is sent once.",
			Source:      "Responder::Thunk _default", Needs: "a connection with a probe of the harness, and what a state posted to its sender on it",
			Judge: judge.InTurn(maybeWithProbe, reasons(func(t *judge.Trial, m *dialogue.Message, r *reason) {
				if r.toSender {
					t.HoldFunc(r.given, m.Frame, func() (string, string) {
						return "one post for each request to " + contract.SessionAlias + "/" + contract.SenderState, "one more, to " + unexplained(m)
					})
				}
			})),
		},
		{
			ID: "SAID-006", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "What a state posts to its sender is a post: it has no rsvp.",
			Source:      "Responder::Thunk _default", Needs: "a connection with a probe of the harness, and what a state posted to its sender on it",
			Judge: judge.InTurn(maybeWithProbe, reasons(func(t *judge.Trial, m *dialogue.Message, r *reason) {
				if r.toSender {
					t.HoldFunc(!m.IsCall(), m.Frame, func() (string, string) { return "no rsvp", "rsvp " + m.RSVP.String() })
				}
			})),
		},
	}
}

// cannotFail tells whether a request is to a state that takes whatever it is given.
func cannotFail(x *dialogue.Exchange) bool {
	m, to := x.Request, x.Request.To
	if to.Session == wire.SessionIKC {
		return to.State == wire.StatePing && !m.IsError
	}
	yes, _ := contract.Published(to.Session, to.State)
	return yes && to.Session == contract.SessionAlias && to.State != "" && to.Arg == "" && !m.IsError &&
		to.State != contract.RespondState && (to.State != contract.SenderState || m.From.Present())
}

// reason is why a side said something, other than to report an error.
type reason struct {
	// given: there is one.
	given bool
	// toSender: it is what a state posts to its sender, if anything.
	toSender bool
}

// asked is what a probe has asked of the other side so far.
type asked struct {
	sessions map[string]bool // that it named in from and rsvp
	senders  map[string]int  // what states are still to post to its sessions
	replied  map[string]bool // of those, the sessions that were ever to get something
	respond  map[string]int  // where the state respond is still to post
	full     bool            // it is too much to be kept
}

// maxAsked bounds what is kept of what a probe asked: it names few sessions.
const maxAsked = 1024

// reasons looks at each message that the side judged sent to a probe, other than an error report,
// and why.
func reasons(look func(t *judge.Trial, m *dialogue.Message, r *reason)) func() func(*judge.Trial, *dialogue.Message) {
	return func() func(*judge.Trial, *dialogue.Message) {
		a := &asked{sessions: map[string]bool{}, senders: map[string]int{}, replied: map[string]bool{}, respond: map[string]int{}}
		return func(t *judge.Trial, m *dialogue.Message) {
			switch {
			case !withProbe(t) || a.full:
			case m.Frame.From != t.Side:
				a.note(m)
			case m.Kind == dialogue.Answer:
				t.OnRequests()
				look(t, m, &reason{given: true})
			case m.Kind != dialogue.ErrorReport && a.concerns(t, m):
				t.OnRequests()
				look(t, m, a.why(m))
			}
		}
	}
}

// note notes what a probe asks for.
func (a *asked) note(m *dialogue.Message) {
	for _, s := range []string{m.From.Session, m.RSVP.Session} {
		if s != "" && !a.sessions[s] {
			a.sessions[strings.Clone(s)] = true
		}
	}
	if m.To.Session == contract.SessionAlias && m.To.State == contract.SenderState && m.From.Present() {
		session := strings.Clone(m.From.Session)
		a.senders[session]++
		a.replied[session] = true
	}
	if m.To.Session == contract.SessionAlias && m.To.State == contract.RespondState && len(m.Args()) > 0 {
		if e := m.Args()[0].Target().Elems(); len(e) == 2 {
			to := wire.ParseAddress("params", e[1])
			a.respond[strings.Clone(to.Session+"/"+to.State)]++
		}
	}
	a.full = a.full || len(a.sessions)+len(a.senders)+len(a.respond) > maxAsked
}

// concerns tells whether a message is one of the conformance session or of the kernel itself, or
// goes to a session of the probe. A server that is in use may post other things to whoever comes,
// and subscribe to what they have; and pass on what others send.
func (a *asked) concerns(t *judge.Trial, m *dialogue.Message) bool {
	n := t.Conn.Negotiation
	switch {
	case m.Event.Err != nil || m.Event.Kernel != "" && !slices.Contains(n.Names(t.Side.Other()), m.Event.Kernel):
		return false
	case m.From.Present() && !slices.Contains(n.Names(t.Side), m.From.Kernel):
		return false
	case m.Event.Session == wire.SessionIKC && m.To.State == wire.StateHave:
		return false
	}
	return a.sessions[m.Event.Session] || m.From.Session == contract.SessionAlias || m.From.Session == wire.SessionIKC
}

// why finds the reason of a post or a call.
func (a *asked) why(m *dialogue.Message) *reason {
	if at := m.Event.Session + "/" + m.Event.State; a.respond[at] > 0 {
		a.respond[at]--
		return &reason{given: true}
	}
	if session := m.Event.Session; a.replied[session] && m.To.State == contract.ReplyState {
		a.senders[session]--
		return &reason{given: a.senders[session] >= 0, toSender: true}
	}
	return new(reason)
}

// unexplained is what came without a reason, for a finding.
func unexplained(m *dialogue.Message) string {
	return m.Event.String() + " with " + judge.ShowValue(m.Params())
}

// withProbe tells whether the other side of the one that is judged is a probe of the harness.
func withProbe(t *judge.Trial) bool {
	p := &t.Conn.Negotiation.Peers[t.Side.Other()]
	return strings.HasPrefix(p.ID, contract.ProbeName) ||
		slices.ContainsFunc(p.Aliases, func(name string) bool { return strings.HasPrefix(name, contract.ProbeName) })
}

// maybeWithProbe is withProbe, but true as long as the names are not known.
func maybeWithProbe(t *judge.Trial) bool { return !t.Conn.Negotiation.Complete || withProbe(t) }

// errorsOnRequests holds each error report that a probe gets against what it sent.
func errorsOnRequests() func(*judge.Trial, *dialogue.Message) {
	sent, full := map[string]bool{}, false
	return func(t *judge.Trial, m *dialogue.Message) {
		if full || !withProbe(t) {
			return
		}
		if m.Frame.From != t.Side {
			if s := m.To.String(); !sent[s] {
				sent[strings.Clone(s)] = true
				full = len(sent) > maxAsked
			}
			return
		}
		text := dialogue.ErrorText(m.Params())
		if m.Kind != dialogue.ErrorReport || !strings.Contains(text, ".  Request ") {
			return // one that quotes none is for other checks
		}
		about := m.Exchange != nil
		for s := range sent {
			about = about || (&wire.RemoteError{Message: text}).About(s)
		}
		t.OnRequests()
		t.Hold(about, m.Frame, "the specifier of a request that was made", text)
	}
}
