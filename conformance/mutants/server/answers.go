package server

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// answers changes what goes to the rsvp of calls of the conformance session: so the pings that the
// harness waits for stay as they are.
func answers(change func(r *request, a *wire.Message)) func(*request) {
	return func(r *request) {
		for _, m := range r.replies {
			if r.IsCall() && r.refused == nil && r.to.Session == contract.SessionAlias && m.Event.Specifier == r.RSVP.Specifier {
				change(r, m)
			}
		}
	}
}

// elsewhere changes where an answer goes.
func elsewhere(change func(to *specifier.Specifier)) func(*request) {
	return answers(func(_ *request, a *wire.Message) {
		to := a.Event.Specifier
		change(&to)
		a.Event = wire.At(to)
	})
}

// unanswered drops the replies to a state.
func unanswered(drop func(r *request) bool) func(*request) {
	return func(r *request) {
		if drop(r) {
			r.replies = nil
		}
	}
}

// silentKinds are servers that do not answer when the state echo returns a value of a kind.
func silentKinds() (defects []*Behaviour) {
	for _, k := range contract.ValueKinds() {
		defects = append(defects, &Behaviour{Name: "silent about kind " + k.Number, Text: fmt.Sprintf("A call whose state returns %s gets no answer.", k.Name),
			Kills: []string{"ANS-" + k.Number, "CALL-002"},
			replies: unanswered(func(r *request) bool {
				return r.conform(contract.EchoState) && r.IsCall() && k.Has(r.arg(0), walk.Parts(nil, r.arg(0)))
			})})
	}
	return defects
}

func answerDefects() []*Behaviour {
	return []*Behaviour{
		{Name: "two answers", Text: "A call is answered twice.", Kills: []string{"CALL-003"},
			replies: func(r *request) {
				if r.conform("echo") && r.IsCall() {
					r.replies = append(r.replies, r.replies...)
				}
			}},
		{Name: "answer to the wrong state", Text: "An answer goes to another state of the session of the rsvp.", Kills: []string{"CALL-001", "CALL-002"},
			replies: elsewhere(func(to *specifier.Specifier) { to.State = "answer" })},
		{Name: "answer to the wrong session", Text: "An answer goes to another session.", Kills: []string{"CALL-001", "CALL-002"},
			replies: elsewhere(func(to *specifier.Specifier) { to.Session = "elsewhere" })},
		{Name: "answer to the wrong kernel", Text: "An answer names another kernel.", Kills: []string{"CALL-005"},
			replies: elsewhere(func(to *specifier.Specifier) { to.Kernel = "Elsewhere" })},
		{Name: "no answers", Text: "Calls of states that always answer are not answered.", Kills: []string{"CALL-002"},
			replies: unanswered(func(r *request) bool { return r.conform("list") || r.conform("args") })},
		{Name: "only a hash for an rsvp", Text: "A call whose rsvp is a string is not answered.", Kills: []string{"CALL-014"},
			replies: unanswered(func(r *request) bool { return r.IsCall() && r.RSVP.Value.Kind() == perl.Bytes })},
		{Name: "only with from", Text: "A call without from is not answered.", Kills: []string{"CALL-016"},
			replies: unanswered(func(r *request) bool { return r.IsCall() && !r.From.Present() })},
		{Name: "only with a kernel", Text: "A call whose event names no kernel is not answered.", Kills: []string{"CALL-018"},
			replies: unanswered(func(r *request) bool { return r.IsCall() && r.Event.Kernel == "" })},
		{Name: "yes as a string", Text: "The specifier in the answer of do_you_have is a string.", Kills: []string{"HAVE-009"},
			returned: func(r *request) {
				if r.is(wire.SessionIKC, wire.StateHave) && len(r.list) == 1 && r.list[0].Kind() == perl.Ref {
					e := r.list[0].Target().Elems()
					r.list[0] = perl.ArrayRef(perl.NewBytes(wire.ParseAddress("", e[0]).String()), e[1])
				}
			}},
		{Name: "blessed event", Text: "The event of an answer is a blessed hash.", Kills: []string{"CALL-019", "MSG-010"},
			replies: answers(func(_ *request, a *wire.Message) {
				if _, text := a.Event.AsText(); !text {
					spec := wire.At(a.Event.Specifier).ToValue()
					spec.Target().Bless("POE::Component::IKC::Specifier")
					a.Event.Value = spec
				}
			})},
		{Name: "event as a string", Text: "The event of an answer is a string though the rsvp was a hash.", Kills: []string{"CALL-019"},
			replies: answers(func(_ *request, a *wire.Message) { a.Event = wire.AtString(a.Event.String()) })},
		{Name: "answer with rsvp", Text: "An answer is a call itself.", Kills: []string{"CALL-004"},
			replies: answers(func(r *request, a *wire.Message) {
				a.RSVP = wire.At(specifier.Specifier{Kernel: ID, Session: r.to.Session, State: "echo"})
			})},
		{Name: "answer marked as error", Text: "An answer has is_error.", Kills: []string{"CALL-004"},
			replies: answers(func(_ *request, a *wire.Message) { a.IsError = true })},
		{Name: "answer without params", Text: "An answer lacks the key params.", Kills: []string{"CALL-006"},
			replies: answers(func(_ *request, a *wire.Message) { a.Params = nil })},
		{Name: "error overtakes an answer", Text: "An answer is sent after the report on what was asked later and failed.", Kills: []string{"ERR-017"},
			replies: func(r *request) {
				if r.conform("args") && len(r.args) == 0 {
					r.c.held, r.replies = r.replies, nil
					return
				}
				r.replies = append(r.replies, r.c.held...)
				r.c.held = nil
			}},
		{Name: "answers reordered", Text: "An answer overtakes the one before.", Kills: []string{"CALL-007"},
			replies: func(r *request) {
				if r.conform("list") && !r.WantArray {
					r.c.held, r.replies = r.replies, nil
					return
				}
				r.replies = append(r.replies, r.c.held...)
				r.c.held = nil
			}},
		{Name: "from missing", Text: "An answer does not say where it comes from.", Kills: []string{"CALL-008"},
			replies: answers(func(_ *request, a *wire.Message) { a.From = wire.Address{} })},
		{Name: "from with the wrong kernel", Text: "from names a kernel that nobody announced.", Kills: []string{"MSG-004", "CALL-008"},
			replies: answers(func(_ *request, a *wire.Message) { a.From.Kernel = "Elsewhere" })},
		{Name: "from with the wrong session", Text: "from names a session that did not answer.", Kills: []string{"CALL-008"},
			replies: answers(func(_ *request, a *wire.Message) { a.From.Session = "elsewhere" })},
		{Name: "from without session", Text: "from names no session.", Kills: []string{"MSG-003"},
			replies: answers(func(_ *request, a *wire.Message) { a.From.Session = "" })},
		{Name: "from with a state", Text: "from names the state that answers instead of IKC:proxy.", Kills: []string{"MSG-003"},
			replies: answers(func(r *request, a *wire.Message) { a.From.State = r.to.State })},
		{Name: "message without event", Text: "A message is addressed to nobody.", Kills: []string{"MSG-001"},
			replies: func(r *request) {
				if r.conform("zero") {
					r.replies = append(r.replies, &wire.Message{Params: perl.NewBytes("x")})
				}
			}},
		{Name: "event without state", Text: "A message is addressed to a session, but to no state.", Kills: []string{"MSG-001"},
			replies: func(r *request) {
				if r.conform("zero") {
					r.replies = append(r.replies, &wire.Message{Event: wire.At(specifier.Specifier{Kernel: r.c.remote,
						Session: "probe"}), Params: perl.NewBytes("x")})
				}
			}},
		{Name: "unknown key", Text: "A message has a key that nobody knows.", Kills: []string{"MSG-002"},
			replies: answers(func(_ *request, a *wire.Message) { a.Other = append(a.Other, perl.P("serial", perl.NewInt(1))) })},
		{Name: "params not proxied", Text: "A message to IKC:proxy has the bare argument as params.", Kills: []string{"MSG-005", "SND-001"},
			replies: func(r *request) {
				if r.conform("sender") && r.From.State != "" {
					for _, m := range r.replies {
						m.Params = r.arg(0)
					}
				}
			}},
		{Name: "sender's post to the wrong place", Text: "A post to the sender goes to its session and the state posted, not to IKC:proxy.", Kills: []string{"SND-001"},
			replies: func(r *request) {
				if r.conform("sender") && r.From.State != "" {
					for _, m := range r.replies {
						to := r.From.Specifier
						to.State = contract.ReplyState
						m.Event, m.Params = wire.At(to), r.arg(0)
					}
				}
			}},
		{Name: "no post to the sender", Text: "A post to the sender is lost.", Kills: []string{"SND-001", "SND-002"},
			replies: unanswered(func(r *request) bool { return r.conform("sender") })},
		{Name: "ClientLite proxied", Text: "A post to a ClientLite goes to IKC:proxy, which it has not.", Kills: []string{"SND-002"},
			replies: func(r *request) {
				if r.conform("sender") && r.From.State == "" {
					for _, m := range r.replies {
						to := r.From.Specifier
						to.State = specifier.ProxyState
						m.Event, m.Params = wire.At(to), perl.ArrayRef(perl.NewBytes(contract.ReplyState), perl.ArrayRef(r.arg(0)))
					}
				}
			}},
	}
}
