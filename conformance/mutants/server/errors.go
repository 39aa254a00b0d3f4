package server

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// reports changes error reports.
func reports(change func(r *request, m *wire.Message)) func(*request) {
	return func(r *request) {
		if r.refused == nil {
			return
		}
		for _, m := range r.replies {
			change(r, m)
		}
	}
}

// text changes the message of error reports.
func text(change func(r *request, s string) string) func(*request) {
	return reports(func(r *request, m *wire.Message) {
		e := m.Params.Target().Elems()
		e[0] = perl.NewBytes(change(r, e[0].Str()))
	})
}

func errorDefects() []*Behaviour {
	b := perl.NewBytes
	return []*Behaviour{
		{Name: "no error", Text: "A request to what is not published is passed over in silence.", Kills: []string{"ERR-001"},
			replies: unanswered(func(r *request) bool { return r.refused != nil })},
		{Name: "no error for an unpublished session", Text: "A request to a session that is not there is passed over in silence.", Kills: []string{"ERR-001"},
			replies: unanswered(func(r *request) bool { return r.refused != nil && !known(r.to.Session) })},
		{Name: "error without is_error", Text: "An error report is not marked as one.", Kills: []string{"ERR-002"},
			replies: reports(func(_ *request, m *wire.Message) { m.IsError = false })},
		{Name: "error to the wrong state", Text: "An error report goes to another state of IKC.", Kills: []string{"ERR-003"},
			replies: reports(func(_ *request, m *wire.Message) { m.Event.State = "error" })},
		{Name: "error to the rsvp", Text: "An error report goes to the rsvp of the call that failed.", Kills: []string{"ERR-003"},
			replies: reports(func(r *request, m *wire.Message) {
				if r.IsCall() {
					m.Event = r.RSVP
				}
			})},
		{Name: "error to the wrong kernel", Text: "An error report names another kernel.", Kills: []string{"ERR-003"},
			replies: reports(func(_ *request, m *wire.Message) { m.Event.Kernel = "Elsewhere" })},
		{Name: "error to an alias", Text: "An error report names the kernel by an alias, not by its id.", Kills: []string{"ERR-016"},
			replies: reports(func(r *request, m *wire.Message) {
				if aliases := r.c.n.Peer().Aliases; len(aliases) > 0 {
					m.Event.Kernel = aliases[0]
				}
			})},
		{Name: "error params a string", Text: "The params of an error report are the message alone.", Kills: []string{"ERR-004"},
			replies: reports(func(_ *request, m *wire.Message) { m.Params = m.Params.Target().Elems()[0] })},
		{Name: "error without operation", Text: "An error report does not tell the operation.", Kills: []string{"ERR-004"},
			replies: reports(func(_ *request, m *wire.Message) { m.Params = perl.ArrayRef(m.Params.Target().Elems()[:2]...) })},
		{Name: "error with its own kernel", Text: "The second element of an error is the kernel's own name.", Kills: []string{"ERR-004"},
			replies: reports(func(_ *request, m *wire.Message) { m.Params.Target().Elems()[1] = b(Name) })},
		{Name: "unknown operation", Text: "An error report names an operation that nobody knows.", Kills: []string{"ERR-005", "ERR-006"},
			replies: reports(func(_ *request, m *wire.Message) { m.Params.Target().Elems()[2] = b("permission") })},
		{Name: "wrong operation", Text: "A request to what is not published fails with resolve.", Kills: []string{"ERR-006"},
			replies: reports(func(_ *request, m *wire.Message) { m.Params.Target().Elems()[2] = b("resolve") })},
		{Name: "wrong words for a session", Text: "The message for a session that is not there is in words of its own.", Kills: []string{"ERR-007"},
			replies: text(func(_ *request, s string) string {
				return strings.Replace(s, "is not available for remote kernels", "does not exist", 1)
			})},
		{Name: "wrong words for a state", Text: "The message for a state that is not published is in words of its own.", Kills: []string{"ERR-008"},
			replies: text(func(_ *request, s string) string {
				return strings.Replace(s, "has not published state", "has no state", 1)
			})},
		{Name: "error does not quote", Text: "An error report does not say which request failed.", Kills: []string{"ERR-009"},
			replies: text(func(_ *request, s string) string {
				before, _, _ := strings.Cut(s, ".  Request ")
				return before
			})},
		{Name: "error does not name the sender", Text: "An error report does not say whose request failed.", Kills: []string{"ERR-009"},
			replies: text(func(_ *request, s string) string {
				before, _, _ := strings.Cut(s, " sent by ")
				return before
			})},
		{Name: "error and answer", Text: "A call that fails gets an error report and then an answer.", Kills: []string{"ERR-010"},
			replies: func(r *request) {
				if r.refused != nil && r.IsCall() {
					r.replies = append(r.replies, r.response(b("failed")))
				}
			}},
		{Name: "answer and error", Text: "A call that fails gets an answer and then an error report.", Kills: []string{"ERR-010"},
			replies: func(r *request) {
				if r.refused != nil && r.IsCall() {
					r.replies = append([]*wire.Message{r.response(b("failed"))}, r.replies...)
				}
			}},
		{Name: "answer instead of error", Text: "A call that fails gets an answer instead of an error report.", Kills: []string{"ERR-001"},
			replies: func(r *request) {
				if r.refused != nil && r.IsCall() {
					r.replies = []*wire.Message{r.response(b("failed"))}
				}
			}},
		{Name: "error twice", Text: "A request that fails is reported twice.", Kills: []string{"ERR-011"},
			replies: func(r *request) {
				if r.refused != nil {
					r.replies = append(r.replies, r.replies...)
				}
			}},
		{Name: "error answered by error", Text: "An error report that cannot be delivered is answered by another.", Kills: []string{"ERR-012"}, Hostile: true,
			replies: func(r *request) {
				if r.refused != nil && r.IsError {
					r.replies = append(r.replies, r.report(r.refused))
				}
			}},
		{Name: "error ends the connection", Text: "After an error report the connection is closed.", Kills: []string{"ERR-013"},
			quit: func(r *request) bool { return r.refused != nil }},
	}
}

// requestDefects are about requests that the server makes itself: when its state "sender" is
// called.
func requestDefects() []*Behaviour {
	asks := func(session, state string, params *perl.Value, rsvp specifier.Specifier) func(*request) {
		return func(r *request) {
			if r.conform("sender") {
				r.replies = append(r.replies, &wire.Message{
					Event:  wire.At(specifier.Specifier{Kernel: r.c.remote, Session: session, State: state}),
					Params: params, From: r.self(), RSVP: wire.At(rsvp),
				})
			}
		}
	}
	good := specifier.Specifier{Kernel: ID, Session: contract.SessionAlias, State: "answer"}
	return []*Behaviour{
		{Name: "rsvp without kernel", Text: "The rsvp of a call names no kernel.", Kills: []string{"MSG-006"},
			replies: asks(wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping), specifier.Specifier{Session: good.Session, State: good.State})},
		{Name: "rsvp of another kernel", Text: "The rsvp of a call names a kernel that the caller is not.", Kills: []string{"MSG-007"},
			replies: asks(wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping),
				specifier.Specifier{Kernel: "Elsewhere", Session: good.Session, State: good.State})},
		{Name: "do_you_have with a string", Text: "A do_you_have request has the specifier alone as params.", Kills: []string{"MSG-008"},
			replies: asks(wire.SessionIKC, wire.StateHave, perl.NewBytes("poe://K/session"), good)},
	}
}
