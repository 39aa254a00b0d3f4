package ikc

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
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
	spec, err := k.targets.parse(to)
	if err != nil {
		return 0, fmt.Errorf("ikc: %w", err)
	}
	v, err := perl.Marshal(params)
	if err != nil {
		return 0, fmt.Errorf("ikc: params for %s: %w", to, err)
	}
	m := &wire.Message{Event: *spec, Params: v, From: k.from(s)}
	var d dispatch
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
	return d.send(ctx, k, spec.Kernel, m, manner{})
}

// waiter is a blocking call.
type waiter struct {
	to    specifier.Specifier
	order uint64
	from  *Channel // where the request went
	done  chan outcome

	// Its place in a callList, and the specifier as a report names it, "" until that is needed.
	prev, next, prevSame, nextSame *waiter
	text                           string
}

// waiters are for other calls when theirs have ended: nobody else has them then.
var waiters = sync.Pool{New: func() any { return &waiter{done: make(chan outcome, 1)} }}

type outcome struct {
	value *perl.Value
	err   error
}

// finish gives the outcome unless there is one already.
func (w *waiter) finish(o outcome) {
	select {
	case w.done <- o:
	default:
	}
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
	spec, err := k.targets.parse(to)
	if err != nil {
		return nil, fmt.Errorf("ikc: %w", err)
	}
	if spec.Kernel == specifier.Any {
		return nil, fmt.Errorf("ikc: call %s: expected one kernel; use CallTo to call every kernel", to)
	}
	v, err := perl.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("ikc: params for %s: %w", to, err)
	}
	var begun time.Time
	if k.cfg.Hooks.Call != nil {
		begun = time.Now()
	}
	w := waiters.Get().(*waiter)
	w.to, w.order, w.from = spec.Specifier, k.lastID.Add(1), nil
	k.stats.calls.Add(1)
	u := atOnce
	if k.calling.Add(1) > fewCalls {
		u = later
	}
	out := k.exchange(ctx, w, &wire.Message{
		Event: *spec, Params: v, From: k.from(s), WantArray: wantArray,
		RSVP: wire.At(specifier.Specifier{Kernel: k.id, Session: callSession, State: callState(w.order)}),
	}, u)
	k.calling.Add(-1)
	if f := k.cfg.Hooks.Call; f != nil {
		f(CallDone{To: to, Took: time.Since(begun), Err: out.err})
	}
	w.to, w.from = specifier.Specifier{}, nil
	waiters.Put(w)
	return out.value, out.err
}

// exchange sends a request and waits for its outcome. Nobody else has w when it returns.
func (k *Kernel) exchange(ctx context.Context, w *waiter, m *wire.Message, u urgency) (out outcome) {
	d := dispatch{call: w, each: func(c *Channel) {
		k.mu.Lock()
		defer k.mu.Unlock()
		switch {
		case k.closed:
			w.finish(outcome{err: ErrClosed})
		case c != nil && c.lost:
			w.finish(outcome{err: ErrDisconnected})
		default:
			w.from = c
			k.beginCall(w)
		}
	}}
	_, out.err = d.send(ctx, k, w.to.Kernel, m, manner{urgency: u})
	if out.err == nil {
		wait(ctx, func() {
			ended := ctx.Done()
			if ended == nil {
				out = <-w.done
				return
			}
			select {
			case out = <-w.done:
			case <-ended:
				out.err = fmt.Errorf("ikc: call %s: no answer (a state that returns nothing sends none): %w", m.Event.Text, context.Cause(ctx))
			}
		})
	}
	if out.err != nil {
		k.mu.Lock()
		k.endCall(w)
		k.mu.Unlock()
		select {
		case <-w.done: // came when nobody waited any more
		default:
		}
	}
	return out
}

// callState is the rsvp state of a blocking call.
func callState(order uint64) string {
	var b [len(callPrefix) + 20]byte
	return string(strconv.AppendUint(append(b[:0], callPrefix...), order, 10))
}

const callPrefix = wire.StateResponse

// callOrder is the number in a state that callState made; of others it is 0, which no call has.
func callOrder(state string) uint64 {
	digits, ok := strings.CutPrefix(state, callPrefix)
	if !ok || strings.HasPrefix(digits, "0") {
		return 0
	}
	order, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return order
}

// reply takes the answer of this kernel itself to a call of its own.
func (w *waiter) reply(k *Kernel) reply {
	order := w.order // w may be that of another call when the answer comes
	return func(m *wire.Message) bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		w := k.waiters[order]
		if w == nil {
			return false
		}
		k.endCall(w)
		if m.IsError {
			e := briefReport(wire.ParseRemoteError(m.Params))
			w.finish(outcome{err: e})
			k.remoteTrouble(e)
		} else {
			w.finish(outcome{value: m.Params})
		}
		return true
	}
}

// answered hands an answer, or an error report, that came by a channel to the blocking call that it
// concerns, or to the subscription. It returns false if there is none. Only who was called may
// answer.
func (k *Kernel) answered(c *Channel, m *wire.Message) bool {
	switch {
	case m.Event.Session == callSession:
		k.mu.Lock()
		defer k.mu.Unlock()
		w := k.waiters[callOrder(m.Event.State)]
		switch {
		case w == nil:
			return false
		case !k.mayAnswer(c, w.from):
			if w.from != nil && w.from.peer.ID == c.peer.ID {
				k.log.Warn("an answer came by another connection than the call went by, and is not taken: see Config.PerlIdentity",
					"id", c.peer.ID, "called", w.from.conn.RemoteAddr(), "from", c.conn.RemoteAddr())
			}
			return false
		}
		k.endCall(w)
		v := m.Params
		if v == nil {
			v = perl.NewUndef()
		}
		w.finish(outcome{value: v})
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

// mayAnswer tells whether what comes by channel c may be the answer to what went by channel asked,
// nil if this kernel asked itself. Whoever makes a second connection may say there that it is the
// same kernel; with Config.PerlIdentity it is believed.
func (k *Kernel) mayAnswer(c, asked *Channel) bool {
	return c == asked || k.cfg.PerlIdentity && asked != nil && asked.peer.ID == c.peer.ID
}

// failed gives an error report to the oldest call that waits for the request it names. The report
// itself does not say which call it means; a kernel handles requests in order, so it is the oldest.
func (k *Kernel) failed(c *Channel, e *RemoteError) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	oldest := k.callsBy(c).about(e)
	if oldest == nil && c != nil && k.cfg.PerlIdentity {
		for other := range k.open {
			if !k.mayAnswer(c, other) {
				continue
			}
			if w := other.underWay.about(e); w != nil && (oldest == nil || w.order < oldest.order) {
				oldest = w
			}
		}
	}
	if oldest == nil {
		return false
	}
	k.endCall(oldest)
	oldest.finish(outcome{err: briefReport(e)})
	return true
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
