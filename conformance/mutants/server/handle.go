package server

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// request is a message that came, and what is being made of it.
type request struct {
	c *conn
	*wire.Message
	// to and args are what it is addressed to after IKC:proxy and ?arg were resolved.
	to   specifier.Specifier
	args []*perl.Value
	// refused is why it is not carried out, nil if it is.
	refused *refusal
	// list is what the state returned, posts what it posted.
	list  []*perl.Value
	posts []*wire.Message
	// replies are what goes back, in order.
	replies []*wire.Message
}

type refusal struct{ text, op string }

// is tells whether the request is to a state of a session.
func (r *request) is(session, state string) bool {
	return r.to.Session == session && r.to.State == state
}

// conform is is for a state of the conformance session.
func (r *request) conform(state string) bool { return r.is(contract.SessionAlias, state) }

func (r *request) arg(i int) *perl.Value {
	if i < len(r.args) {
		return r.args[i]
	}
	return nil
}

// handle does what a kernel does with a request.
func (c *conn) handle(m *wire.Message) error {
	r := &request{c: c, Message: m, to: m.Event.Specifier, args: []*perl.Value{m.Params}}
	if m.Event.Err != nil {
		return m.Event.Err
	}
	if state, args, ok := m.Proxied(); ok {
		r.to.State, r.args = state, append([]*perl.Value(nil), args...)
	}
	if r.to.Arg != "" {
		r.args = append(r.args, perl.NewBytes(r.to.Arg))
	}
	if c.d.request != nil {
		c.d.request(r)
	}
	if bare := c.s.opts.Bare && r.to.Session == contract.SessionAlias; bare || !published(r.to) {
		r.refuse()
	} else {
		r.list = r.run()
	}
	if c.d.returned != nil {
		c.d.returned(r)
	}
	r.answer()
	if c.d.replies != nil {
		c.d.replies(r)
	}
	if err := c.send(r.replies...); err != nil {
		return err
	}
	if c.d.quit != nil && c.d.quit(r) {
		return errQuit
	}
	return nil
}

// published tells whether others may address a state, or a session if the state is empty.
func published(to specifier.Specifier) bool {
	switch to.Session {
	case wire.SessionIKC:
		switch to.State {
		case "", wire.StatePing, wire.StateHave, wire.StateRemoteError:
			return true
		}
	case contract.SessionAlias:
		_, is := contract.SessionStates()[to.State]
		return to.State == "" || is && to.State != contract.HiddenState && to.State != contract.RetractedState
	}
	return false
}

// known tells whether a session published anything.
func known(session string) bool {
	return session == wire.SessionIKC || session == contract.SessionAlias
}

func (r *request) refuse() {
	text := fmt.Sprintf("Session '%s' is not available for remote kernels", r.to.Session)
	if known(r.to.Session) && (r.to.Session == wire.SessionIKC || !r.c.s.opts.Bare) {
		text = fmt.Sprintf("Session '%s' has not published state '%s'", r.to.Session, r.to.State)
	}
	r.refused = &refusal{text, "check"}
}

// run carries a request out and gives what the state returned.
func (r *request) run() []*perl.Value {
	switch {
	case r.is(wire.SessionIKC, wire.StatePing):
		return []*perl.Value{perl.NewBytes(wire.Pong)}
	case r.is(wire.SessionIKC, wire.StateHave):
		return []*perl.Value{r.have()}
	case r.to.Session == wire.SessionIKC:
		return nil
	}
	switch r.to.State {
	case "echo":
		return []*perl.Value{r.arg(0)}
	case "args":
		return []*perl.Value{perl.ArrayRef(r.args...)}
	case "list":
		return contract.SessionList()
	case "zero":
		return []*perl.Value{perl.NewBytes("0")}
	case "empty":
		return []*perl.Value{perl.NewBytes("")}
	case "undef":
		return []*perl.Value{perl.NewUndef()}
	case "count":
		r.c.s.mu.Lock()
		defer r.c.s.mu.Unlock()
		r.c.s.count++
		return []*perl.Value{perl.NewInt(r.c.s.count)}
	case "sender":
		r.postBack()
	case "respond":
		if e := r.arg(0).Target().Elems(); len(e) == 2 {
			r.posts = append(r.posts, &wire.Message{Event: wire.ParseAddress("rsvp", e[1]), Params: e[0], From: r.self()})
		}
	}
	return nil
}

// have answers do_you_have.
func (r *request) have() *perl.Value {
	asked := r.asked()
	if !published(asked) {
		return perl.NewBytes("Refused subscription " + asked.String())
	}
	if asked.Kernel == "" {
		asked.Kernel = ID
	}
	return r.yes(asked, ID)
}

func (r *request) asked() specifier.Specifier {
	var a wire.Address
	if e := r.arg(0).Target().Elems(); len(e) > 0 {
		a = wire.ParseAddress("params", e[0])
	}
	return a.Specifier
}

// yes is an answer to do_you_have that says so.
func (r *request) yes(asked specifier.Specifier, id string) *perl.Value {
	b := perl.NewBytes
	spec := perl.HashRef(perl.P("kernel", b(asked.Kernel)), perl.P("session", b(asked.Session)), perl.P("state", b(asked.State)))
	return perl.ArrayRef(spec, b(id))
}

// postBack posts the state "reply" to the sender.
func (r *request) postBack() {
	from := r.From
	if !from.Present() {
		return
	}
	m := &wire.Message{Event: from, Params: perl.ArrayRef(perl.NewBytes(contract.ReplyState), perl.ArrayRef(r.arg(0))), From: r.self()}
	if from.State == "" { // ClientLite
		to := from.Specifier
		to.State = contract.ReplyState
		m.Event, m.Params = wire.At(to), perl.ArrayRef(r.arg(0))
	}
	r.posts = append(r.posts, m)
}

// self is the from of what a published session sends.
func (r *request) self() wire.Address {
	return wire.At(specifier.Specifier{Kernel: ID, Session: r.to.Session, State: specifier.ProxyState})
}

// report is an error report on the request.
func (r *request) report(e *refusal) *wire.Message {
	text := e.text + ".  Request " + specifier.Specifier{Kernel: r.to.Kernel, Session: r.to.Session, State: r.to.State}.String()
	if r.From.Present() {
		text += " sent by " + r.From.String()
	}
	b := perl.NewBytes
	return &wire.Message{
		Event:   wire.At(specifier.Specifier{Kernel: r.c.remote, Session: wire.SessionIKC, State: wire.StateRemoteError}),
		Params:  perl.ArrayRef(b(text), b(r.to.Kernel), b(e.op)),
		IsError: true,
	}
}

// response is an answer to the call with a value.
func (r *request) response(v *perl.Value) *wire.Message {
	return &wire.Message{Event: r.RSVP, Params: v, From: r.self()}
}

// answer makes the replies.
func (r *request) answer() {
	r.replies = append(r.replies, r.posts...)
	switch {
	case r.refused != nil && r.IsError:
	case r.refused != nil:
		r.replies = append(r.replies, r.report(r.refused))
	case !r.IsCall() || len(r.list) == 0:
	case r.WantArray:
		r.replies = append(r.replies, r.response(perl.ArrayRef(r.list...)))
	default:
		if v := r.list[len(r.list)-1]; v.Kind() != perl.Undef {
			r.replies = append(r.replies, r.response(v))
		}
	}
}
