package ikc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// requestError is why a request is not carried out.
type requestError struct {
	op    string
	msg   string
	cause error // what a state returned, or why that cannot be sent; nil for all else
	own   bool  // cause is the state's error
}

func (e *requestError) Error() string { return e.op + ": " + e.msg }

// request carries out a message of a peer, or of this kernel itself if c is nil; or it leaves the
// request to the queue of its session, if that has one. w carries it out; it is nil if that is no
// worker of an inbox. reply, if not nil, gets the answer or error report. The error is that of
// enqueue. Source: Responder request.
func (k *Kernel) request(c *Channel, m *wire.Message, l load, w *worker, reply reply) error {
	to := m.Event.Specifier
	h := w.newHandling(l)
	h.m = m
	if k.cfg.Hooks.Request != nil || reply != nil {
		a := h.more()
		a.reply, a.came = reply, time.Since(start)
	}
	if l.size >= longAnswer {
		h.more().size = l.size
	}
	h.Request.h, h.Channel = h, c
	h.cost, h.payer = l.cost+l.more, l.to
	if err := k.admit(c, h, m, &to); err != nil {
		k.reportError(c, h, m, to, err, w)
		k.requestDone(h, m.IsCall(), err)
		return nil
	}
	if h.Session.reuse && l.size >= longAnswer {
		h.aside.image = new(image)
		h.aside.image.holders.Store(1)
	}
	if h.Session.queue != nil {
		w.giveTurn()
		return k.queue(c, m, h, l)
	}
	k.carryOut(c, h, w)
	return nil
}

// handling is what a state gets, of which it is the context, and what belongs to its run, allocated
// as one.
type handling struct {
	Request
	state    State
	m        *wire.Message // as long as the state runs
	detached *detached     // guarded by hold.mu
	place    *place        // guarded by the mu of the channel's reports
	aside    *aside
	hold
	only [1]*perl.Value // Args, if it is one
}

// aside is what few requests need. The zero aside is that of all others.
type aside struct {
	reply     reply
	post      *perl.Value // the specifier that the answer is to be posted to, with AnswersByPost
	size      int         // of the image, if it is long
	image     *image      // the image, if it is long and may be used again
	elsewhere bool        // the answer went to somebody else than the peer
	instants
}

// image is that of h, nil if it is not to be used again.
func (h *handling) image() *image {
	if h.aside == nil {
		return nil
	}
	return h.aside.image
}

// more returns what h has aside, made if there was nothing. It is for whoever makes the request or
// carries it out.
func (h *handling) more() *aside {
	if h.aside == nil {
		h.aside = new(aside)
	}
	return h.aside
}

// reply is what takes the answer, nil if it goes to the rsvp.
func (h *handling) reply() reply {
	if h.aside == nil {
		return nil
	}
	return h.aside.reply
}

// to is what is addressed in the end, once the request has been admitted.
func (h *handling) to(m *wire.Message) specifier.Specifier {
	to := m.Event.Specifier
	to.State = h.State
	return to
}

// waits notes that those behind this request may be decided before it is.
func (h *handling) waits() {
	if h.Channel != nil && h.IsCall {
		h.Channel.reports.begin(h)
	}
}

// queue leaves a request to the queue of its session, with a copy of its message.
func (k *Kernel) queue(c *Channel, of *wire.Message, h *handling, l load) error {
	m := *of
	h.m = &m
	h.IsCall = m.IsCall()
	if h.Session.concurrent() {
		h.waits()
	}
	return k.enqueue(c, h, l)
}

// enqueue leaves a request to the queue of its session. If c is nil, it is called while something
// of the kernel is running. The error is net.ErrClosed, or says that too many wait in their states.
func (k *Kernel) enqueue(c *Channel, h *handling, l load) error {
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
		k.carryOut(c, h, w)
		if c != nil {
			c.out.flush()
		}
	}})
	if full != nil {
		jobs.Done()
	}
	return full
}

// carryOut has a state handle a request, and tells what becomes of it.
func (k *Kernel) carryOut(c *Channel, h *handling, w *worker) {
	m := h.m
	err := k.run(c, m, h, w)
	if err == nil && h.detached != nil {
		return // whoever answers it does the rest
	}
	k.settle(c, m, h, err, w)
}

// settle notes that a request has been answered, or tells why not.
func (k *Kernel) settle(c *Channel, m *wire.Message, h *handling, err *requestError, w *worker) {
	switch {
	case err != nil:
		k.reportError(c, h, m, h.to(m), err, w)
	case c != nil && h.place != nil:
		c.reports.end(h)
	}
	k.requestDone(h, h.IsCall, err)
}

// admit finds what a request is for, and checks that it may. to becomes what is addressed in the
// end.
func (k *Kernel) admit(c *Channel, h *handling, m *wire.Message, to *specifier.Specifier) *requestError {
	if m.Event.Err != nil {
		return &requestError{op: OpRequest, msg: fmt.Sprintf("%s isn't a valid specifier", perl.Format(m.Event.ToValue(), shown))}
	}
	h.only[0] = m.Params
	h.Args = h.only[:]
	if to.State == wire.StateProxy {
		state, list, ok := m.Proxied()
		if !ok {
			return &requestError{op: OpRequest, msg: "params of IKC:proxy are not [state, [arguments]]"}
		}
		to.State, h.Args = state, append([]*perl.Value(nil), list...)
	}
	at := address{to.Session, to.State}
	found := k.lookups.find(at)
	if found == nil {
		var err *requestError
		if found, err = k.lookUp(c, at); err != nil {
			return err
		}
	}
	if to.Arg != "" {
		h.Args = append(h.Args, str(to.Arg))
	}
	h.Session, h.State, h.state = found.session, to.State, found.state
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
func (k *Kernel) allow(c *Channel, s *Session, to address) *requestError {
	if len(k.permits.all) > 0 && k.use(c, to) {
		return nil
	}
	switch {
	case s == nil || len(s.published) == 0:
		return unavailable(to.session)
	case !s.published[to.state]:
		return &requestError{op: OpCheck, msg: fmt.Sprintf("Session '%s' has not published state '%s'", brief(to.session), brief(to.state))}
	}
	return nil
}

// unavailable says that a session has published nothing, or that there is none.
func unavailable(session string) *requestError {
	return &requestError{op: OpCheck, msg: fmt.Sprintf("Session '%s' is not available for remote kernels", brief(session))}
}

// run has a state handle an event and sends what it returns. Source: Responder::Thunk __thunk.
func (k *Kernel) run(c *Channel, m *wire.Message, h *handling, w *worker) *requestError {
	s, r := h.Session, &h.Request
	if h.state == nil && !s.closed.Load() {
		return nil // as POE: an event that a session does not know is dropped
	}
	r.WantArray, r.IsCall = m.WantArray, m.IsCall()
	if m.From.Present() && m.From.Err == nil {
		r.Sender = &Sender{k: k, session: s, channel: c, from: m.From}
	}
	ctx := k.ctx
	if c != nil {
		ctx = c.ctx
	}
	h.hold.begin(ctx, s.turn, w)
	if s.closed.Load() { // while it waited for its turn
		h.hold.end(w)
		return unavailable(m.Event.Session)
	}
	if k.cfg.Hooks.Request != nil {
		h.more().began = time.Since(start)
	}
	result, err := h.state(h, r)
	alone := h.hold.end(w)
	if h.detached != nil {
		if err != nil {
			_ = h.detached.answer(nil, err) // if there was an answer, that counts
		}
		return nil
	}
	failed, unsent := k.respond(c, m, h, result, err, w)
	if unsent != nil {
		w.giveTurn()
		k.log.Warn("answer not sent", "to", m.RSVP.String(), "error", unsent)
	}
	if alone && failed == nil && unsent == nil && w != nil && w.reads && h.mayBeUsedAgain() {
		w.over = h
	}
	return failed
}

// respond sends what a state returned. failed is what the caller is to be told instead; unsent is
// why nothing could be sent.
func (k *Kernel) respond(c *Channel, m *wire.Message, h *handling, result any, err error, w *worker) (failed *requestError, unsent error) {
	if err != nil {
		w.giveTurn() // before a method that is not of this package
		return &requestError{op: OpInvocation, msg: err.Error(), cause: err, own: true}, nil
	}
	if h.aside != nil && h.aside.post != nil {
		w.giveTurn()
		if err := h.postAnswer(result); err != nil {
			return &requestError{op: OpInvocation, msg: err.Error(), cause: err}, nil
		}
		return nil, nil
	}
	if !h.IsCall {
		return nil, nil
	}
	if !isPlain(result) {
		w.giveTurn() // it may have a method that marshals it
	}
	answer, err := returned(result, m.WantArray)
	if err != nil {
		return &requestError{op: OpInvocation, msg: err.Error(), cause: err}, nil
	}
	if answer == nil {
		return nil, nil
	}
	var to wire.Message // filled in place: a literal takes thrice the stack
	to.Event, to.Params = m.RSVP, answer
	to.From = k.from(h.Session)
	completeAddress(&to.Event)
	if reply := h.reply(); reply != nil {
		if own := to; reply(&own) { // a copy, so that only these answers are allocated
			k.stats.answers.Add(1)
			return nil, nil
		}
	}
	return k.answer(h, c, m.RSVP, &to, h.loan(m), w)
}

// loan is what may be lent of the params of a long request, m: if that is at least half of its
// image, of which all is kept.
func (h *handling) loan(m *wire.Message) loan {
	if h.aside == nil || h.aside.size == 0 {
		return loan{}
	}
	return loan{m.Params, max(longAnswer, h.aside.size/2), h.aside.image}
}

// answer sends what a state returned: by the connection that the call came by if it is the peer's
// own name that the rsvp gives, else to whoever has that name, for whom that peer waits a moment at
// most. An rsvp that names no kernel gets no answer: a peer is not to have one sent to whoever is
// the default. What cannot be frozen fails the request, so that the caller does not wait in vain. w
// is nil if it is no worker that answers.
func (k *Kernel) answer(h *handling, c *Channel, rsvp wire.Address, m *wire.Message, l loan, w *worker) (
	failed *requestError, unsent error) {
	if w != nil && w.reads {
		w.answers++
	} else {
		k.stats.answers.Add(1)
	}
	var yield func()
	if h.Session.queue != nil { // then others wait behind this state
		yield = h.yield
	}
	var d dispatch
	var err error
	own := c != nil && c.calls(rsvp.Kernel)
	switch {
	case own:
		err = c.send(m, l, yield, w)
	case rsvp.Kernel == "":
		err = fmt.Errorf("%w: the rsvp names none", ErrUnknownKernel)
	case c != nil && k.cfg.AnswerCallersOnly:
		err = fmt.Errorf("%w: rsvp %v", ErrThirdParty, rsvp)
	default:
		if w != nil {
			w.giveTurn()
			h.more().elsewhere = true // it may be this kernel itself
		}
		ctx, cancel := context.WithTimeout(h, moment)
		_, err = d.send(ctx, k, rsvp.Kernel, m, manner{sender: h.payer, yield: yield})
		cancel()
	}
	if err == nil {
		return nil, nil
	}
	var unfit *freezeError
	switch {
	case errors.As(err, &unfit):
		return &requestError{op: OpInvocation, msg: unfit.error.Error(), cause: unfit.error}, nil
	case c != nil && errors.Is(err, ErrQueueFull) && (own || d.selfFull):
		c.end(err) // it calls but does not read, or has this kernel call itself
	}
	return nil, err
}

// isPlain tells whether what a state returned is made a Value of by this module alone.
func isPlain(result any) bool {
	switch result.(type) {
	case nil, *perl.Value, string, []byte, bool, int, int64, float64:
		return true
	}
	return false
}

// isNothing tells whether a state returned nothing at all.
func isNothing(result any) bool {
	switch result := result.(type) {
	case nil:
		return true
	case *perl.Value:
		return result == nil
	case List:
		return len(result) == 0
	}
	return false
}

// returned makes params of what a state returned; nil means that no answer is sent.
func returned(result any, wantArray bool) (*perl.Value, error) {
	if isNothing(result) {
		return nil, nil
	}
	list, isList := result.(List)
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

// completeAddress makes an rsvp the event of the answer. A hash gets the keys it lacks, empty.
// Source: Specifier specifier_parse, which fills in the hash it is given.
func completeAddress(rsvp *wire.Address) {
	if rsvp.Value == nil && rsvp.Text == "" && (rsvp.Kernel == "" || rsvp.Session == "" || rsvp.State == "") {
		rsvp.Value = rsvp.ToValue()
	}
	h := rsvp.Value.Target()
	if h.Kind() != perl.Hash {
		return
	}
	for _, key := range []string{"kernel", "session", "state"} {
		if !h.Get(key).True() {
			h.Set(key, perl.NewBytes(""))
		}
	}
}

// from says who sends, for the session to be answered: absent unless it published something.
// Source: Responder send_msg.
func (k *Kernel) from(s *Session) wire.Address {
	if s == nil {
		return wire.Address{}
	}
	if known := s.from.Load(); known != nil {
		return *known
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var from wire.Address
	if len(s.published) > 0 && len(s.aliases) > 0 {
		from = wire.At(specifier.Specifier{Kernel: k.id, Session: s.aliases[0], State: wire.StateProxy})
	}
	s.from.Store(&from)
	return from
}

// reportError tells monitors, the sender of a request, and the log, what went wrong with it. An
// error report is never answered with another. Source: Responder _error_response.
func (k *Kernel) reportError(c *Channel, h *handling, m *wire.Message, to specifier.Specifier, e *requestError, w *worker) {
	w.giveTurn()
	var yield func()
	if w != nil {
		yield = w.yields
	}
	text := k.tellError(m, to, e)
	if m.IsError {
		return
	}
	kernel, reply := brief(to.Kernel), h.reply()
	send := func(yield func()) {
		err := k.sendReport(c, text, kernel, e.op, reply, yield)
		var unfit *freezeError
		if errors.As(err, &unfit) { // characters that the serializer does not take
			err = k.sendReport(c, ascii(text), ascii(kernel), e.op, reply, yield)
		}
		switch {
		case c == nil:
		case errors.Is(err, ErrQueueFull):
			c.end(err)
		}
	}
	if c == nil {
		send(yield)
		return
	}
	c.reports.put(h, address{m.Event.Session, m.Event.State}, send, yield)
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
	return c.send(report, loan{}, yield, nil)
}

// ascii escapes what is beyond ASCII.
func ascii(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return quoted[1 : len(quoted)-1]
}
