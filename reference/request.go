package ikc

import (
	"context"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Operations of a RemoteError: the step at which a kernel gave up on a request.
const (
	OpRequest    = "request"    // the message could not be understood
	OpCheck      = "check"      // the state is not published
	OpResolve    = "resolve"    // no such session
	OpInvocation = "invocation" // the state failed
)

// requestError is why a request is not carried out.
type requestError struct {
	op  string
	msg string
}

func (e *requestError) Error() string { return e.msg }

// request carries out a message of a peer, or of this kernel itself if c is nil.
// Source: Responder request.
func (k *Kernel) request(c *Channel, m *wire.Message) {
	to := m.Event.Specifier
	if err := k.carryOut(c, m, &to); err != nil {
		k.reportError(c, m, to, err)
	}
}

func (k *Kernel) carryOut(c *Channel, m *wire.Message, to *specifier.Specifier) *requestError {
	args := []*perl.Value{m.Params}
	if to.State == specifier.ProxyState {
		state, list, ok := m.Proxied()
		if !ok {
			return &requestError{OpRequest, "params of IKC:proxy are not [state, [arguments]]"}
		}
		to.State, args = state, append([]*perl.Value(nil), list...)
	}
	if err := k.allow(*to); err != nil {
		return err
	}
	if to.Arg != "" {
		args = append(args, str(to.Arg))
	}
	k.mu.Lock()
	session := k.sessions[to.Session]
	k.mu.Unlock()
	if session == nil {
		return &requestError{OpResolve, fmt.Sprintf("Unknown session '%s'", to.Session)}
	}
	return k.invoke(c, m, session, to.State, args)
}

// allow checks that a peer may address a state: an rsvp of ours, good for one post, or published.
// Source: Responder _req_is_published.
func (k *Kernel) allow(to specifier.Specifier) *requestError {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := address{to.Session, to.State}
	if n := k.permits[at]; n > 0 {
		if n == 1 {
			delete(k.permits, at)
		} else {
			k.permits[at] = n - 1
		}
		return nil
	}
	s := k.sessions[to.Session]
	switch {
	case s == nil || len(s.published) == 0:
		return &requestError{OpCheck, fmt.Sprintf("Session '%s' is not available for remote kernels", to.Session)}
	case !s.published[to.State]:
		return &requestError{OpCheck, fmt.Sprintf("Session '%s' has not published state '%s'", to.Session, to.State)}
	}
	return nil
}

// invoke runs a state and sends what it returns. Source: Responder::Thunk __thunk.
func (k *Kernel) invoke(c *Channel, m *wire.Message, s *Session, name string, args []*perl.Value) *requestError {
	k.mu.Lock()
	state := s.states[name]
	k.mu.Unlock()
	if state == nil {
		return nil // as POE: an event that a session does not know is dropped
	}
	r := &Request{Session: s, State: name, Args: args, WantArray: m.WantArray, IsCall: m.IsCall(), Channel: c}
	if m.From.Present() && m.From.Err == nil {
		r.Sender = &Sender{k: k, session: s, from: m.From}
	}
	ctx := context.Background()
	if c != nil {
		ctx = c.ctx
	}
	k.turn.take()
	result, err := state(k.turn.inState(ctx), r)
	k.turn.give()
	if err != nil {
		return &requestError{OpInvocation, err.Error()}
	}
	if !m.IsCall() {
		return nil
	}
	answer, err := returned(result, m.WantArray)
	if err != nil {
		return &requestError{OpInvocation, err.Error()}
	}
	if answer == nil {
		return nil
	}
	reply := &wire.Message{Event: answerAddress(m.RSVP), Params: answer, From: k.from(s)}
	if err := k.deliver(m.RSVP.Specifier, reply); err != nil {
		k.log.Warn("answer not sent", "to", m.RSVP.String(), "error", err)
		if c != nil && !isRouting(err) {
			c.end(err)
		}
	}
	return nil
}

// returned makes params of what a state returned; nil means that no answer is sent.
func returned(result any, wantArray bool) (*perl.Value, error) {
	if v, ok := result.(*perl.Value); ok && v == nil {
		result = nil
	}
	list, isList := result.(List)
	if !isList && result != nil {
		list = List{result}
	}
	if len(list) == 0 {
		return nil, nil
	}
	if !wantArray {
		v, err := perl.Marshal(list[len(list)-1])
		if err != nil || v.Kind() == perl.Undef {
			return nil, err
		}
		return v, nil
	}
	a := perl.NewArray()
	for _, item := range list {
		v, err := perl.Marshal(item)
		if err != nil {
			return nil, err
		}
		a.Append(v)
	}
	return perl.NewRef(a), nil
}

// answerAddress copies an rsvp as the event of the answer. A hash gets the keys it lacks, empty.
// Source: Specifier specifier_parse, which fills in the hash it is given.
func answerAddress(rsvp wire.Address) wire.Address {
	h := rsvp.Value.Target()
	if h.Kind() != perl.Hash {
		return rsvp
	}
	for _, key := range []string{"kernel", "session", "state"} {
		if !h.Get(key).True() {
			h.Set(key, perl.NewBytes(""))
		}
	}
	return rsvp
}

// from says who sends, for the session to be answered: absent unless it published something.
// Source: Responder send_msg.
func (k *Kernel) from(s *Session) wire.Address {
	if s == nil {
		return wire.Address{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(s.published) == 0 {
		return wire.Address{}
	}
	return wire.At(specifier.Specifier{Kernel: k.id, Session: s.alias, State: specifier.ProxyState})
}

// reportError tells the sender of a request, and the log, what went wrong with it. An error report
// is never answered with another. Source: Responder _error_response.
func (k *Kernel) reportError(c *Channel, m *wire.Message, to specifier.Specifier, e *requestError) {
	text := e.msg + ".  Request " + to.String()
	if m.From.Present() {
		text += " sent by " + m.From.String()
	}
	k.log.Warn("request failed", "operation", "local-"+e.op, "error", text)
	if m.IsError || c == nil {
		return
	}
	report := &wire.Message{
		Event:   wire.At(specifier.Specifier{Kernel: c.peer.ID, Session: responderAlias, State: "remote_error"}),
		Params:  perl.ArrayRef(str(text), str(to.Kernel), str(e.op)),
		IsError: true,
	}
	if err := c.send(report); err != nil {
		c.end(err)
	}
}
