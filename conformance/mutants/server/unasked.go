package server

import (
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// unaskedDefects say what has no reason.
func unaskedDefects() []*Behaviour {
	more := func(when func(r *request) bool, m func(r *request) *wire.Message) func(*request) {
		return func(r *request) {
			if when(r) {
				r.replies = append(r.replies, m(r))
			}
		}
	}
	zero := func(r *request) bool { return r.conform("zero") }
	toSender := func(change func(r *request)) func(*request) {
		return func(r *request) {
			if r.conform(contract.SenderState) && len(r.replies) == 1 {
				change(r)
			}
		}
	}
	calls := 0
	quitAt := func(n int) func(*request) bool {
		return func(*request) bool { calls++; return calls == n }
	}
	return []*Behaviour{
		{Name: "unasked post", Text: "Something is posted to the session of the caller that nobody asked for.", Kills: []string{"SAID-001"},
			replies: more(zero, func(r *request) *wire.Message {
				to := specifier.Specifier{Kernel: r.c.remote, Session: r.From.Session, State: "news"}
				return &wire.Message{Event: wire.At(to), Params: perl.NewBytes("news"), From: r.self()}
			})},
		{Name: "posts are answered", Text: "What a state returns for a post goes to whoever sent it.", Kills: []string{"SAID-001"},
			replies: more(func(r *request) bool {
				return r.conform("count") && !r.IsCall() && r.From.Present()
			}, func(r *request) *wire.Message {
				return &wire.Message{Event: r.From, Params: perl.ArrayRef(perl.NewBytes("count"), perl.ArrayRef(r.list...)), From: r.self()}
			})},
		{Name: "posts of a ClientLite are answered", Text: "A ClientLite that posts gets an answer.", Kills: []string{"SAID-001"},
			replies: more(func(r *request) bool {
				return r.conform(contract.SenderState) && r.From.State == ""
			}, func(r *request) *wire.Message {
				to := specifier.Specifier{Kernel: r.From.Kernel, Session: r.From.Session, State: "response"}
				return &wire.Message{Event: wire.At(to), Params: perl.NewBytes("done"), From: r.self()}
			})},
		{Name: "unasked call", Text: "Whoever calls is pinged in turn.", Kills: []string{"SAID-002"},
			replies: more(zero, func(r *request) *wire.Message {
				to := specifier.Specifier{Kernel: r.c.remote, Session: wire.SessionIKC, State: wire.StatePing}
				back := specifier.Specifier{Kernel: ID, Session: contract.SessionAlias, State: wire.StatePong}
				return &wire.Message{Event: wire.At(to), Params: perl.NewBytes(wire.Ping), From: r.self(), RSVP: wire.At(back)}
			})},
		{Name: "error on nothing", Text: "A request is reported to have failed that nobody made.", Kills: []string{"SAID-003"},
			replies: more(zero, func(r *request) *wire.Message {
				never := *r
				never.to.State = "nothing_like_this"
				return never.report(&refusal{"Session '" + r.to.Session + "' has not published state 'nothing_like_this'", "check"})
			})},
		{Name: "cycles are refused", Text: "A request with a cyclic value is reported to have failed.", Kills: []string{"SAID-004", "ANS-013"},
			returned: func(r *request) {
				if r.conform(contract.EchoState) && walk.Cyclic(r.arg(0)) {
					r.list, r.refused = nil, &refusal{"the value is cyclic", "invocation"}
				}
			}},
		{Name: "twice to the sender", Text: "What a state posts to its sender is sent twice.", Kills: []string{"SAID-005"},
			replies: toSender(func(r *request) { r.replies = append(r.replies, r.replies...) })},
		{Name: "calls the sender", Text: "What a state posts to its sender is a call.", Kills: []string{"SAID-006"},
			replies: toSender(func(r *request) {
				r.replies[0].RSVP = wire.At(specifier.Specifier{Kernel: ID, Session: contract.SessionAlias, State: contract.EchoState})
			})},
		{Name: "ends a connection", Text: "A connection is closed after thirty requests.", Kills: []string{"END-001"}, quit: quitAt(30)},
	}
}
