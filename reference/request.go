package ikc

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// requestError is why a request is not carried out.
type requestError struct {
	op  string
	msg string
}

// request carries out a message of a peer, or of this kernel itself if c is nil. yield, if not nil,
// is called when the state waits; reply, if not nil, gets the answer or error report.
// Source: Responder request.
func (k *Kernel) request(c *Channel, m *wire.Message, l load, yield func(), reply reply) {
	k.stats.requests.Add(1)
	to := m.Event.Specifier
	h := &handling{reply: reply}
	h.hold.cost, h.hold.payer = l.cost+l.more, l.to
	err := k.admit(c, h, m, &to)
	if err == nil {
		err = k.run(c, m, h, yield)
	}
	if err != nil {
		k.reportError(c, m, to, err, reply, nil)
	}
}

// handling is what a state gets and what belongs to its run, allocated as one.
type handling struct {
	Request
	state State
	reply reply
	hold  hold
	only  [1]*perl.Value // Args, if it is one
}

// queue is request with Config.QueuePerSession: it leaves the request to the queue of its session.
func (k *Kernel) queue(c *Channel, m *wire.Message, l load, reply reply) error {
	k.stats.requests.Add(1)
	to := m.Event.Specifier
	h := &handling{reply: reply}
	h.hold.cost, h.hold.payer = l.cost+l.more, l.to
	if err := k.admit(c, h, m, &to); err != nil {
		k.reportError(c, m, to, err, reply, nil)
		return nil
	}
	return k.enqueue(c, m, h, l, func(err *requestError, yield func()) { k.reportError(c, m, to, err, reply, yield) })
}

// enqueue leaves a request to the queue of its session; failed is told if it is not carried out,
// and is to call yield before it waits. If c is nil, enqueue is called while something of the
// kernel is running.
func (k *Kernel) enqueue(c *Channel, m *wire.Message, h *handling, l load, failed func(err *requestError, yield func())) error {
	jobs, waits := &k.running, func() {}
	if c != nil {
		jobs, waits = &c.jobs, c.part
	}
	jobs.Add(1)
	full := h.Session.queue.put(waits, job{load: l, run: func(w *worker) {
		defer jobs.Done()
		if c != nil && c.ctx.Err() != nil {
			return // the connection was ended here
		}
		h.find(k)
		if err := k.run(c, m, h, w.yield); err != nil {
			failed(err, w.yield)
		}
		if c != nil {
			c.out.flush()
		}
	}})
	if full != nil {
		jobs.Done()
	}
	return full
}

// admit finds what a request is for, and checks that it may. to becomes what is addressed in the
// end.
func (k *Kernel) admit(c *Channel, h *handling, m *wire.Message, to *specifier.Specifier) *requestError {
	if m.Event.Err != nil {
		return &requestError{OpRequest, fmt.Sprintf("%s isn't a valid specifier", perl.Format(m.Event.ToValue(), shown))}
	}
	h.only[0] = m.Params
	h.Args = h.only[:]
	if to.State == wire.StateProxy {
		state, list, ok := m.Proxied()
		if !ok {
			return &requestError{OpRequest, "params of IKC:proxy are not [state, [arguments]]"}
		}
		to.State, h.Args = state, append([]*perl.Value(nil), list...)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.sessions[to.Session]
	if err := k.allow(c, s, to); err != nil {
		return err
	}
	if to.Arg != "" {
		h.Args = append(h.Args, str(to.Arg))
	}
	if s == nil {
		return &requestError{OpResolve, fmt.Sprintf("Unknown session '%s'", brief(to.Session))}
	}
	h.Session, h.State, h.state = s, to.State, s.states[to.State]
	return nil
}

// find looks the state up, for what has been queued: as in POE, it is the one that the session has
// when its turn has come.
func (h *handling) find(k *Kernel) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h.state = h.Session.states[h.State]
}

// allow checks that a peer may address a state: an rsvp of ours, good for one post, or published.
// mu is locked. Source: Responder _req_is_published.
func (k *Kernel) allow(c *Channel, s *Session, to *specifier.Specifier) *requestError {
	if len(k.permits.all) > 0 && k.use(c, address{to.Session, to.State}) {
		return nil
	}
	switch {
	case s == nil || len(s.published) == 0:
		return unavailable(to.Session)
	case !s.published[to.State]:
		return &requestError{OpCheck, fmt.Sprintf("Session '%s' has not published state '%s'", brief(to.Session), brief(to.State))}
	}
	return nil
}

// unavailable says that a session has published nothing, or that there is none.
func unavailable(session string) *requestError {
	return &requestError{OpCheck, fmt.Sprintf("Session '%s' is not available for remote kernels", brief(session))}
}

// run has a state handle an event and sends what it returns. Source: Responder::Thunk __thunk.
func (k *Kernel) run(c *Channel, m *wire.Message, h *handling, yield func()) *requestError {
	s, r := h.Session, &h.Request
	if h.state == nil && !s.closed.Load() {
		return nil // as POE: an event that a session does not know is dropped
	}
	r.WantArray, r.IsCall, r.Channel = m.WantArray, m.IsCall(), c
	if m.From.Present() && m.From.Err == nil {
		r.Sender = &Sender{k: k, session: s, channel: c, from: m.From}
	}
	ctx := k.ctx
	if c != nil {
		ctx = c.ctx
	}
	h.hold.begin(ctx, s.turn, yield)
	if s.closed.Load() { // while it waited for its turn
		h.hold.end()
		return unavailable(m.Event.Session)
	}
	result, err := h.state(&h.hold, r)
	h.hold.end()
	if err != nil {
		return &requestError{OpInvocation, err.Error()}
	}
	if !r.IsCall {
		return nil
	}
	answer, err := returned(result, m.WantArray)
	if err != nil {
		return &requestError{OpInvocation, err.Error()}
	}
	if answer == nil {
		return nil
	}
	to := wire.Message{Event: answerAddress(m.RSVP), Params: answer, From: k.from(s)}
	if h.reply != nil {
		if own := to; h.reply(&own) { // a copy, so that only these answers are allocated
			k.stats.answers.Add(1)
			return nil
		}
	}
	return k.answer(&h.hold, c, m.RSVP, &to)
}

// answer sends what a state returned: by the connection that the call came by if it is the peer's
// own name that the rsvp gives, else to whoever has that name, for whom that peer waits a moment at
// most. An rsvp that names no kernel gets no answer: a peer is not to have one sent to whoever is
// the default. What cannot be frozen fails the request, so that the caller does not wait in vain.
func (k *Kernel) answer(h *hold, c *Channel, rsvp wire.Address, m *wire.Message) *requestError {
	k.stats.answers.Add(1)
	var yield func()
	if k.cfg.QueuePerSession { // then others wait behind this state
		yield = h.yield
	}
	var d dispatch
	var err error
	own := c != nil && c.calls(rsvp.Kernel)
	switch {
	case own:
		err = c.send(m, yield)
	case rsvp.Kernel == "":
		err = fmt.Errorf("%w: the rsvp names none", ErrUnknownKernel)
	case c != nil && k.cfg.AnswerCallersOnly:
		err = fmt.Errorf("%w: rsvp %v", ErrThirdParty, rsvp)
	default:
		ctx, cancel := context.WithTimeout(h, moment)
		_, err = d.send(ctx, k, rsvp.Kernel, m, manner{sender: h.payer, yield: yield})
		cancel()
	}
	var unfit *freezeError
	switch {
	case errors.As(err, &unfit):
		return &requestError{OpInvocation, unfit.error.Error()}
	case err != nil:
		k.log.Warn("answer not sent", "to", rsvp.String(), "error", err)
		if c != nil && errors.Is(err, ErrQueueFull) && (own || d.selfFull) {
			c.end(err) // it calls but does not read, or has this kernel call itself
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
	if isList && len(list) == 0 || result == nil {
		return nil, nil
	}
	if !wantArray {
		if isList {
			result = list[len(list)-1]
		}
		v, err := perl.Marshal(result)
		if err != nil || v.Kind() == perl.Undef {
			return nil, err
		}
		return v, nil
	}
	if !isList {
		list = List{result}
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
	if rsvp.Value == nil && rsvp.Text == "" && (rsvp.Kernel == "" || rsvp.Session == "" || rsvp.State == "") {
		rsvp.Value = rsvp.ToValue()
	}
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
	if len(s.published) == 0 || len(s.aliases) == 0 {
		return wire.Address{}
	}
	return wire.At(specifier.Specifier{Kernel: k.id, Session: s.aliases[0], State: wire.StateProxy})
}

// reportError tells monitors, the sender of a request, and the log, what went wrong with it. An
// error report is never answered with another. Source: Responder _error_response.
func (k *Kernel) reportError(c *Channel, m *wire.Message, to specifier.Specifier, e *requestError, reply reply, yield func()) {
	text := k.tellError(m, to, e)
	if m.IsError {
		return
	}
	err := k.sendReport(c, text, brief(to.Kernel), e.op, reply, yield)
	var unfit *freezeError
	if errors.As(err, &unfit) { // characters that the serializer does not take
		err = k.sendReport(c, ascii(text), ascii(brief(to.Kernel)), e.op, reply, yield)
	}
	if c != nil && errors.Is(err, ErrQueueFull) {
		c.end(err)
	}
}

// tellError tells monitors, else the log, what went wrong with a request, and returns the text of
// it.
func (k *Kernel) tellError(m *wire.Message, to specifier.Specifier, e *requestError) string {
	k.stats.errors.Add(1)
	text := brief(e.msg) + ".  Request " + brief(to.String())
	if m.From.Present() {
		text += " sent by " + brief(m.From.String())
	}
	k.mu.Lock()
	told := k.inform(brief(to.Kernel), EventError, event{operation: PrefixLocal + e.op, message: text})
	k.mu.Unlock()
	if told == 0 {
		k.log.Warn("request failed", "operation", PrefixLocal+e.op, "error", text)
	}
	return text
}

// sendReport sends an error report to a peer, or to this kernel itself if c is nil.
func (k *Kernel) sendReport(c *Channel, text, kernel, op string, reply reply, yield func()) error {
	report := &wire.Message{
		Event:   wire.At(specifier.Specifier{Kernel: k.id, Session: wire.SessionIKC, State: wire.StateRemoteError}),
		Params:  perl.ArrayRef(str(text), str(kernel), str(op)),
		IsError: true,
	}
	if reply != nil && reply(report) {
		return nil
	}
	if c == nil {
		return k.toSelf(context.Background(), report, nil)
	}
	report.Event.Kernel = c.peer.ID
	return c.send(report, yield)
}

// ascii escapes what is beyond ASCII.
func ascii(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return quoted[1 : len(quoted)-1]
}
