package ikc

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// callSession is the session that the rsvps of blocking calls name. It has no states: answers to it
// go to whoever waits.
const callSession = "IKCCall"

// fewCalls is how many blocking calls may be under way for each to be written by itself. If there
// are more, they are better written together.
const fewCalls = 4

// Post sends an event. to is a specifier, such as "poe://Pulse/timeserver/connect"; without a
// kernel, such as "poe:/timeserver/connect", it goes to the default one. params, which becomes ARG0
// there, is anything [perl.Marshal] takes; a *perl.Value is taken as it is, and must not be changed
// until Post returns, or later if it is for this kernel itself. It returns the number of kernels it
// was sent to: more than one only for the kernel "*", all that are connected and this one.
//
// The event has then been queued. Nothing tells whether it arrived; if it is refused there,
// monitors are told.
//
// Errors: *[specifier.Error]; *[perl.ConversionError], or what the serializer has against params;
// ErrUnknownKernel if nobody has that name; ErrDisconnected if the connection is lost; ErrClosed
// after Shutdown. When more than Config.MaxQueue waits for the peer to read it, Post waits for room
// if ctx has a deadline, and else fails with ErrQueueFull; so do all methods that send. Otherwise
// it does not look at ctx: a state whose peer has gone can still post.
func (k *Kernel) Post(ctx context.Context, to string, params any) (int, error) {
	return k.post(ctx, nil, to, params, wire.Address{})
}

// Post is Kernel.Post from a session: if it has published anything, the other side can answer.
func (s *Session) Post(ctx context.Context, to string, params any) (int, error) {
	return s.k.post(ctx, s, to, params, wire.Address{})
}

// CallTo sends an event and asks for the state's return value to be posted to rsvp, a specifier of
// a state of this kernel, which need not be published: poe:/SESSION/STATE, or poe:STATE in this
// session. One post for each kernel that was asked, "*" being all, is let in, as long as that is
// connected; until then it counts for Config.MaxMemory. Nothing comes if the state returns nothing.
// It returns what Post does. Source: Responder call.
func (s *Session) CallTo(ctx context.Context, to string, params any, rsvp string) (int, error) {
	spec, err := parseTarget(rsvp)
	if err != nil {
		return 0, fmt.Errorf("ikc: rsvp: %w", err)
	}
	if spec.Session == "" {
		spec.Session = s.Alias()
	}
	return s.k.post(ctx, s, to, params, wire.At(spec.Specifier))
}

func (k *Kernel) post(ctx context.Context, s *Session, to string, params any, rsvp wire.Address) (int, error) {
	t, err := k.targets.parse(to)
	if err != nil {
		return 0, fmt.Errorf("ikc: %w", err)
	}
	v, err := perl.Marshal(params)
	if err != nil {
		return 0, fmt.Errorf("ikc: params for %s: %w", to, err)
	}
	m := &wire.Message{Event: t.Address, Params: v, From: k.from(s)}
	d := dispatch{target: t}
	k.stats.posts.Add(1)
	if rsvp.Present() {
		if rsvp.Kernel == "" {
			rsvp.Kernel = k.nameForAnswers()
		}
		m.RSVP = rsvp
		at := address{rsvp.Session, rsvp.State}
		d.each = func(c *Channel) {
			k.mu.Lock()
			defer k.mu.Unlock()
			if c == nil || !c.lost {
				k.permits.grant(c, at)
				k.lookups.forget()
			}
		}
		d.undo = func(c *Channel) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.permits.revoke(c, at)
		}
	}
	return d.send(ctx, k, t.Kernel, m, manner{})
}

// waiter is a blocking call.
type waiter struct {
	to     *target // of the last call, once that has ended
	m      wire.Message
	number uint64   // in its rsvp
	from   *Channel // where the request went, nil if to this kernel itself
	value  *perl.Value
	err    error
	done   chan struct{} // has room for one: value or err are there
	names  strings.Builder

	// Its place in a callList, and the specifier as a report names it, "" until that is needed.
	prev, next, prevSame, nextSame *waiter
	text                           string

	behind *waiter // among answers
}

// newWaiter returns one with the message of a call, but for its rsvp.
func (k *Kernel) newWaiter(s *Session, to *target, params *perl.Value, wantArray bool) *waiter {
	w, _ := k.waiters.Get().(*waiter)
	if w == nil {
		w = &waiter{done: make(chan struct{}, 1)}
	}
	if w.to != to {
		w.to, w.m.Event = to, to.Address
	}
	w.m.Params, w.m.WantArray = params, wantArray
	if s != nil {
		w.m.From = k.from(s)
	}
	return w
}

// release leaves a waiter, which is in no table, to another call. A call to the same target finds
// the event in its message.
func (k *Kernel) release(w *waiter) {
	w.from, w.value, w.err, w.m.Params = nil, nil, nil, nil
	if w.m.From.Present() {
		w.m.From = wire.Address{}
	}
	k.waiters.Put(w)
}

// end ends the call. Only who has taken it out of the callTable may do so, and has to at once.
func (w *waiter) end(v *perl.Value, err error) {
	w.value, w.err = v, err
	w.done <- struct{}{}
}

// wait waits for the end of the call, or of ctx.
func (w *waiter) wait(ctx context.Context) (err error) {
	wait(ctx, func() {
		ended := ctx.Done()
		if ended == nil {
			w.told()
			return
		}
		select {
		case <-w.done:
			w.pass()
		case <-ended:
			err = context.Cause(ctx)
		}
	})
	return err
}

// Call sends an event to one kernel, not "*", and waits for what the state returns: its last value.
//
// It fails at once with the errors of Post, with ErrDisconnected when the connection is lost, and
// with a *RemoteError when the other side reports an error about the request. (Reports do not say
// which request they are about but by its specifier; the oldest call of that specifier fails.) A
// state that returns nothing, or undef, sends no answer, as in the original: the call then ends
// with the context, and its error says so. There is no other time limit. The Value is the caller's
// own.
func (k *Kernel) Call(ctx context.Context, to string, params any) (*perl.Value, error) {
	return k.call(ctx, nil, to, params, false)
}

// CallList is Call in list context: it returns all values of the state. There is at least one, or
// no answer comes at all.
func (k *Kernel) CallList(ctx context.Context, to string, params any) ([]*perl.Value, error) {
	return k.callList(ctx, nil, to, params)
}

// Call is Kernel.Call from a session.
func (s *Session) Call(ctx context.Context, to string, params any) (*perl.Value, error) {
	return s.k.call(ctx, s, to, params, false)
}

// CallList is Kernel.CallList from a session.
func (s *Session) CallList(ctx context.Context, to string, params any) ([]*perl.Value, error) {
	return s.k.callList(ctx, s, to, params)
}

func (k *Kernel) callList(ctx context.Context, s *Session, to string, params any) ([]*perl.Value, error) {
	v, err := k.call(ctx, s, to, params, true)
	if err != nil {
		return nil, err
	}
	if v.Kind() == perl.Ref && v.Target().Kind() == perl.Array {
		return v.Target().Elems(), nil
	}
	return []*perl.Value{v}, nil // a kernel that does not know wantarray
}

func (k *Kernel) call(ctx context.Context, s *Session, to string, params any, wantArray bool) (*perl.Value, error) {
	t, err := k.targets.parse(to)
	if err != nil {
		return nil, fmt.Errorf("ikc: %w", err)
	}
	if t.Kernel == specifier.Any {
		return nil, fmt.Errorf("ikc: call %s: expected one kernel; use CallTo to call every kernel", to)
	}
	v, err := perl.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("ikc: params for %s: %w", to, err)
	}
	w := k.newWaiter(s, t, v, wantArray)
	if f := k.cfg.Hooks.Call; f == nil {
		err = k.exchange(ctx, w)
	} else {
		begun := time.Now()
		err = k.exchange(ctx, w)
		f(CallDone{To: to, Took: time.Since(begun), Err: err})
	}
	v = w.value
	k.release(w) // not when there is a panic: it may be in the table then
	if err != nil {
		return nil, err
	}
	return v, nil
}

// exchange sends a request and waits for what comes of it: the value of w, or an error.
func (k *Kernel) exchange(ctx context.Context, w *waiter) error {
	c, _, _, err := k.route(w.to.Kernel, w.to)
	if err != nil {
		return err
	}
	beside, err := k.calls.begin(w, c)
	if err != nil {
		return err
	}
	k.watch.hurry()
	m := &w.m
	m.RSVP.Kernel, m.RSVP.Session, m.RSVP.State = k.id, callSession, w.state()
	switch {
	case c == nil:
		err = k.toSelf(ctx, m, k.replyTo(w.number))
	case beside < fewCalls:
		err = c.sendWait(ctx, m, manner{urgency: atOnce})
	default:
		err = c.sendWait(ctx, m, manner{urgency: later})
	}
	if err == nil {
		if err = w.wait(ctx); err != nil {
			err = fmt.Errorf("ikc: call %s: no answer (a state that returns nothing sends none): %w", m.Event.Text, err)
		}
	}
	switch {
	case err == nil:
		return w.err
	case !k.calls.take(w):
		w.told() // when nobody was waiting any more
	}
	return err
}

// statesAtOnce is how many octets the rsvp states of a waiter are allocated together as.
const statesAtOnce = 512

// state is the rsvp state of the call.
func (w *waiter) state() string {
	var digits [20]byte
	number := strconv.AppendUint(digits[:0], w.number, 10)
	if w.names.Cap()-w.names.Len() < len(callPrefix)+len(number) {
		w.names.Reset()
		w.names.Grow(statesAtOnce)
	}
	at := w.names.Len()
	w.names.WriteString(callPrefix)
	w.names.Write(number)
	return w.names.String()[at:]
}

const callPrefix = wire.StateResponse

// callNumber is the number in the rsvp state of a call; of others it is 0, which no call has.
func callNumber(state string) uint64 {
	digits, ok := strings.CutPrefix(state, callPrefix)
	if !ok || strings.HasPrefix(digits, "0") {
		return 0
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// replyTo takes the answer of this kernel itself to a call of its own.
func (k *Kernel) replyTo(number uint64) reply {
	return func(m *wire.Message) bool {
		w := k.answeredCall(nil, number, nil)
		switch {
		case w == nil:
			return false
		case m.IsError:
			e := briefReport(wire.ParseRemoteError(m.Params))
			w.end(nil, e)
			k.mu.Lock()
			k.remoteTrouble(e)
			k.mu.Unlock()
		default:
			w.end(m.Params, nil)
		}
		return true
	}
}

// answered hands an answer, or an error report, that came by a channel to the blocking call that it
// concerns, or to the subscription. Answers to calls are added to a, whose tell must follow. It
// returns false if there is none.
func (k *Kernel) answered(c *Channel, m *wire.Message, a *answers) bool {
	switch {
	case m.Event.Session == callSession:
		w := k.answeredCall(c, callNumber(m.Event.State), a)
		if w == nil {
			return false
		}
		v := m.Params
		if v == nil {
			v = perl.NewUndef()
		}
		w.value = v
		a.add(w)
		return true
	case m.Event.Session == wire.SessionIKC && strings.HasPrefix(m.Event.State, wire.StateReceipt):
		return k.received(c, m)
	case m.IsError && m.Event.Session == wire.SessionIKC && m.Event.State == wire.StateRemoteError:
		e := wire.ParseRemoteError(m.Params)
		if !k.failed(c, e) {
			return false
		}
		k.mu.Lock()
		k.remoteTrouble(e)
		k.mu.Unlock()
		return true
	}
	return false
}

// answeredCall takes out the call of a number that was answered by a channel, nil if there is none.
// Only who was called may answer. a, unless nil, is told if others wait as well.
func (k *Kernel) answeredCall(c *Channel, number uint64, a *answers) *waiter {
	t := &k.calls
	t.mu.Lock()
	w := t.find(number)
	if w == nil {
		t.mu.Unlock()
		return nil
	}
	if k.mayAnswer(c, w.from) {
		t.remove(w)
		many := a != nil && !a.many && c.underWay.n >= fewCalls
		t.mu.Unlock()
		if many {
			a.many = true
			c.out.await()
		}
		return w
	}
	asked := w.from
	t.mu.Unlock()
	if asked != nil && asked.peer.ID == c.peer.ID {
		k.log.Warn("an answer came by another connection than the call went by, and is not taken: see Config.PerlIdentity",
			"id", c.peer.ID, "called", asked.conn.RemoteAddr(), "from", c.conn.RemoteAddr())
	}
	return nil
}

// mayAnswer tells whether what comes by channel c may be the answer to what went by channel asked,
// nil if this kernel asked itself. Whoever makes a second connection may say there that it is the
// same kernel; with Config.PerlIdentity it is believed.
func (k *Kernel) mayAnswer(c, asked *Channel) bool {
	return c == asked || k.cfg.PerlIdentity && asked != nil && asked.peer.ID == c.peer.ID
}

// failed gives an error report to the oldest call that waits for the request it names. The report
// itself does not say which call it means; a kernel handles requests in order, so it is the oldest.
func (k *Kernel) failed(c *Channel, e *RemoteError) bool {
	w := k.failedCall(c, e)
	if w != nil {
		w.end(nil, briefReport(e))
	}
	return w != nil
}

// failedCall takes out the call that an error report is about, nil if there is none.
func (k *Kernel) failedCall(c *Channel, e *RemoteError) *waiter {
	if k.cfg.PerlIdentity {
		k.mu.Lock() // for open
		defer k.mu.Unlock()
	}
	t := &k.calls
	t.mu.Lock()
	defer t.mu.Unlock()
	oldest := t.by(c).about(e)
	if oldest == nil && c != nil && k.cfg.PerlIdentity {
		for other := range k.open {
			if !k.mayAnswer(c, other) {
				continue
			}
			if w := other.underWay.about(e); w != nil && (oldest == nil || w.number < oldest.number) {
				oldest = w
			}
		}
	}
	if oldest != nil {
		t.remove(oldest)
	}
	return oldest
}

// Respond posts to an rsvp as it stood in a message, a string or a hash, once. It is how a state
// answers what was asked by post with an rsvp among the params; for the post_respond of a
// ClientLite see [AnswersByPost], and [Request.Detach] for a state that answers a call later.
// Errors are those of Kernel.Post. Source: ClientLite post_respond.
func (s *Session) Respond(ctx context.Context, rsvp *perl.Value, params any) error {
	a := wire.ParseAddress("rsvp", rsvp)
	switch {
	case a.Err != nil:
		return fmt.Errorf("ikc: rsvp: %w", a.Err)
	case a.State == "":
		return fmt.Errorf("ikc: rsvp: %w", &wire.MessageError{Key: "rsvp", Expected: "a specifier with a state", Got: perl.Format(rsvp, shown)})
	}
	v, err := perl.Marshal(params)
	if err != nil {
		return fmt.Errorf("ikc: params for %v: %w", a, err)
	}
	m := &wire.Message{Event: a, Params: v, From: s.k.from(s)}
	_, err = new(dispatch).send(ctx, s.k, a.Kernel, m, manner{sender: payer(ctx)})
	return err
}
