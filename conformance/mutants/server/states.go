package server

import (
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// returns replaces what a state returns when ok.
func returns(state string, ok func(*request) bool, list ...*perl.Value) func(*request) {
	return func(r *request) {
		if r.conform(state) && r.refused == nil && (ok == nil || ok(r)) {
			r.list = list
		}
	}
}

func inList(r *request) bool { return r.WantArray }

func inScalar(r *request) bool { return !r.WantArray }

// answered adds an answer to calls of a state that gives none.
func answered(state string, list bool, v *perl.Value) func(*request) {
	return func(r *request) {
		if r.conform(state) && r.IsCall() && r.WantArray == list && len(r.replies) == 0 {
			r.replies = append(r.replies, r.response(v))
		}
	}
}

// have changes what do_you_have answers.
func have(change func(r *request, asked specifier.Specifier) *perl.Value) func(*request) {
	return func(r *request) {
		if r.is(wire.SessionIKC, wire.StateHave) {
			if v := change(r, r.asked()); v != nil {
				r.list = []*perl.Value{v}
			}
		}
	}
}

// yes changes the answers of do_you_have that say yes.
func yes(change func(asked *specifier.Specifier, id *string)) func(*request) {
	return have(func(r *request, asked specifier.Specifier) *perl.Value {
		if !published(asked) {
			return nil
		}
		id := ID
		if asked.Kernel == "" {
			asked.Kernel = ID
		}
		change(&asked, &id)
		return r.yes(asked, id)
	})
}

func stateDefects() []*Behaviour {
	b := perl.NewBytes
	return []*Behaviour{
		{Name: "ping answered pong", Text: "IKC/ping is answered with \"pong\".", Kills: []string{"PING-001"},
			returned: func(r *request) {
				if r.is(wire.SessionIKC, wire.StatePing) {
					r.list = []*perl.Value{b("pong")}
				}
			}},
		{Name: "proxied args flattened", Text: "A message to IKC:proxy gives the state its arguments as one.", Kills: []string{"CALL-009"},
			request: func(r *request) {
				if _, args, ok := r.Proxied(); ok {
					r.args = []*perl.Value{perl.ArrayRef(args...)}
				}
			}},
		{Name: "proxied args lost", Text: "A message to IKC:proxy gives the state only its first argument.", Kills: []string{"CALL-009"},
			request: func(r *request) {
				if _, _, ok := r.Proxied(); ok && len(r.args) > 1 {
					r.args = r.args[:1]
				}
			}},
		{Name: "?arg dropped", Text: "The ?ARG of a specifier is lost.", Kills: []string{"CALL-010"},
			request: func(r *request) {
				if r.to.Arg != "" {
					r.args = r.args[:len(r.args)-1]
				}
			}},
		{Name: "string events dropped", Text: "A request whose event is a string is passed over.", Kills: []string{"CALL-011"},
			replies: unanswered(func(r *request) bool {
				return r.Event.Value.Kind() == perl.Bytes && !(r.to.Session == wire.SessionIKC && r.RSVP.State == "early")
			})},
		{Name: "kernel compared", Text: "A request to another kernel name is passed over.", Kills: []string{"CALL-012"},
			replies: unanswered(func(r *request) bool { return r.to.Kernel == "SomeoneElse" })},
		{Name: "posts carried out twice", Text: "A post is carried out twice.", Kills: []string{"POST-001"},
			request: func(r *request) {
				if r.conform("count") && !r.IsCall() {
					r.run()
				}
			}},
		{Name: "posts lost", Text: "A post is not carried out.", Kills: []string{"POST-001"},
			request: func(r *request) {
				if r.conform("count") && !r.IsCall() {
					r.to.State = "nothing"
				}
			}},
		{Name: "posted pings come back", Text: "What is posted to IKC/ping is sent back to the session that sent it.", Kills: []string{"PING-003"},
			replies: func(r *request) {
				if r.is(wire.SessionIKC, wire.StatePing) && !r.IsCall() && r.From.Present() {
					to := r.From.Specifier
					to.State = wire.StatePing
					r.replies = append(r.replies, &wire.Message{Event: wire.At(to), Params: r.arg(0), From: r.self()})
				}
			}},
		{Name: "posts answered", Text: "What a state returns goes back to the session of a post.", Kills: []string{"POST-002"},
			replies: func(r *request) {
				if r.conform("echo") && !r.IsCall() && r.From.Present() {
					to := r.From.Specifier
					to.State = "echo"
					r.replies = append(r.replies, &wire.Message{Event: wire.At(to), Params: r.arg(0), From: r.self()})
				}
			}},
		{Name: "list return wrong in scalar context", Text: "In scalar context the first value of a list is the answer.", Kills: []string{"CTX-001"},
			returned: returns("list", inScalar, contract.SessionList()[0])},
		{Name: "list return counted", Text: "In scalar context the number of values is the answer, as of an array.", Kills: []string{"CTX-001"},
			returned: returns("list", inScalar, b("3"))},
		{Name: "wantarray ignored", Text: "A call with wantarray is answered as one without.", Kills: []string{"CTX-002", "CTX-009"},
			request: func(r *request) { r.WantArray = false }},
		{Name: "list cut", Text: "In list context one value is missing.", Kills: []string{"CTX-002"},
			returned: returns("list", inList, contract.SessionList()[:2]...)},
		{Name: "zero not answered", Text: "A return of \"0\" is taken for none.", Kills: []string{"CTX-003", "CALL-002"},
			replies: unanswered(func(r *request) bool { return r.conform("zero") })},
		{Name: "empty not answered", Text: "A return of the empty string is taken for none.", Kills: []string{"CTX-004", "CALL-002"},
			replies: unanswered(func(r *request) bool { return r.conform("empty") })},
		{Name: "undef return answered", Text: "An undefined return is sent.", Kills: []string{"CTX-005"},
			replies: answered("undef", false, perl.NewUndef())},
		{Name: "empty return answered", Text: "An empty return is sent as undef.", Kills: []string{"CTX-006"},
			replies: answered("nothing", false, perl.NewUndef())},
		{Name: "empty list answered", Text: "An empty return in list context is sent as an empty array.", Kills: []string{"CTX-007"},
			replies: answered("nothing", true, perl.ArrayRef())},
		{Name: "undef in a list not answered", Text: "In list context a return of undef is not sent.", Kills: []string{"CTX-008"},
			returned: returns("undef", inList)},
		{Name: "subscription refused", Text: "do_you_have refuses a session that is published.", Kills: []string{"HAVE-001"},
			returned: have(func(_ *request, asked specifier.Specifier) *perl.Value {
				if asked.State == "" {
					return b("Refused subscription " + asked.String())
				}
				return nil
			})},
		{Name: "subscription to a state refused", Text: "do_you_have refuses a state that is published.", Kills: []string{"HAVE-002"},
			returned: have(func(_ *request, asked specifier.Specifier) *perl.Value {
				if asked.State != "" {
					return b("Refused subscription " + asked.String())
				}
				return nil
			})},
		{Name: "refused subscription answered yes", Text: "do_you_have says yes to everything.", Kills: []string{"HAVE-003"},
			returned: have(func(r *request, asked specifier.Specifier) *perl.Value {
				if asked.Kernel == "" {
					asked.Kernel = ID
				}
				return r.yes(asked, ID)
			})},
		{Name: "refusal not sent", Text: "do_you_have says nothing instead of no.", Kills: []string{"HAVE-003"},
			replies: unanswered(func(r *request) bool { return r.is(wire.SessionIKC, wire.StateHave) && !published(r.asked()) })},
		{Name: "refusal in other words", Text: "do_you_have refuses in words of its own.", Kills: []string{"HAVE-004"},
			returned: have(func(_ *request, asked specifier.Specifier) *perl.Value {
				if !published(asked) {
					return b("no")
				}
				return nil
			})},
		{Name: "accepted with the wrong session", Text: "do_you_have says yes to another session than the one asked for.", Kills: []string{"HAVE-005"},
			returned: yes(func(asked *specifier.Specifier, _ *string) { asked.Session = "elsewhere" })},
		{Name: "accepted with the wrong kernel", Text: "do_you_have answers with its own id for the kernel that was asked for.", Kills: []string{"HAVE-006"},
			returned: yes(func(asked *specifier.Specifier, _ *string) { asked.Kernel = ID })},
		{Name: "accepted without kernel", Text: "do_you_have leaves the kernel empty that was empty in the request.", Kills: []string{"HAVE-006"},
			returned: have(func(r *request, asked specifier.Specifier) *perl.Value {
				if published(asked) {
					return r.yes(asked, ID)
				}
				return nil
			})},
		{Name: "accepted with the wrong id", Text: "do_you_have answers with its name instead of its id.", Kills: []string{"HAVE-007"},
			returned: yes(func(_ *specifier.Specifier, id *string) { *id = Name })},
	}
}
