package ikc

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// ErrAnswered: a detached request has been answered already. If it was this kernel that did so,
// because nobody had, the error wraps why.
var ErrAnswered = errors.New("ikc: request has been answered")

// errForgotten is why a detached request is answered that nobody can answer any more.
var errForgotten = errors.New("ikc: nobody has the request any more")

// Detached is a request whose state returns before there is an answer. It comes of
// [Request.Detach], may be used by any goroutine, and is answered once.
type Detached struct{ *detached }

// detached is what the kernel has of it. Nothing here leads to the Detached, so that the collector
// notices when nobody else has that.
type detached struct {
	h    *handling
	m    wire.Message
	cost int // octets of the heap that the request counts for
	stop func() bool

	mu    sync.Mutex
	ended bool
	why   error // what ended it, if it was not Answer
}

// detachedSet are the requests that wait for Detached.Answer.
type detachedSet struct {
	mu  sync.Mutex
	all map[*detached]struct{}
}

// Detach has the request answered later, by [Detached.Answer], from any goroutine and without the
// turn of its session, so that others run when the state has returned. What the state returns is
// not the answer then, but an error is, if there is no answer yet. A request can be detached while
// its state runs, and once; of what comes later or again, Answer fails.
//
// The caller is never left to wait without being told: when ctx ends before there is an answer,
// or Shutdown is called, it gets an error report, with operation "invocation". So does who called
// a state that lost its Detached, as soon as the garbage collector finds that. Given the state's
// own ctx, the request also ends with its connection, and counts for nothing from then on; given
// one that does not, an answer goes to whoever has the caller's name when it is made, as in the
// original.
//
// Until it is answered a request counts for Config.MaxMemory. The connection does not wait for it
// when the peer closes, nor does Channel.Close. The original has no such thing, but for a state
// that keeps an rsvp.
func (r *Request) Detach(ctx context.Context) *Detached {
	h := r.h
	h.hold.mu.Lock()
	defer h.hold.mu.Unlock()
	if h.hold.look() || h.detached != nil {
		return &Detached{&detached{h: h, ended: true}}
	}
	in := &detached{h: h, m: *h.m, cost: h.hold.cost + jobCost}
	h.detached = in
	h.hold.payer.add(in.cost)
	h.waits()
	k := h.Session.k
	set := &k.detached
	set.mu.Lock()
	if set.all == nil {
		set.all = map[*detached]struct{}{}
	}
	set.all[in] = struct{}{}
	set.mu.Unlock()
	in.mu.Lock()
	in.stop = context.AfterFunc(ctx, func() { in.drop(context.Cause(ctx)) })
	in.mu.Unlock()
	if k.isDown() {
		go in.drop(ErrClosed)
	}
	d := &Detached{in}
	runtime.AddCleanup(d, func(in *detached) { go in.drop(errForgotten) }, in)
	return d
}

// Answer answers the request with what its state could have returned. The answer has been queued
// then; nothing tells whether it arrived. That of a post goes nowhere, but for an error.
//
// Errors: ErrAnswered; what perl.Marshal or the serializer has against the value, which the caller
// is told as well; ErrDisconnected or ErrUnknownKernel if the caller is gone; ErrQueueFull if it
// does not read.
func (d *Detached) Answer(result any, err error) error {
	defer runtime.KeepAlive(d)
	return d.answer(result, err)
}

// claim tells whether the request is the caller's to be answered; why is what is told to those who
// come later.
func (d *detached) claim(why error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return false
	}
	d.ended, d.why = true, why
	return true
}

func (d *detached) answer(result any, err error) error {
	if !d.claim(nil) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.why != nil {
			return fmt.Errorf("%w: %w", ErrAnswered, d.why)
		}
		return ErrAnswered
	}
	defer d.release()
	k, c := d.h.Session.k, d.h.Channel
	unfit, err := k.respond(c, &d.m, d.h, result, err, nil)
	k.settle(c, &d.m, d.h, unfit, nil)
	if c != nil {
		c.out.flush()
	}
	if unfit != nil && !unfit.own {
		return fmt.Errorf("ikc: answer of %s/%s: %w", brief(d.m.Event.Session), brief(d.h.State), unfit.cause)
	}
	return err
}

// drop answers with an error, unless there is an answer. If the connection has ended here, nobody
// is there to be told.
func (d *detached) drop(why error) {
	k, c := d.h.Session.k, d.h.Channel
	gone := c != nil && c.ctx.Err() != nil
	if gone {
		why = &disconnectedError{context.Cause(c.ctx)}
	}
	if !d.claim(why) {
		return
	}
	defer d.release()
	k.stats.dropped.Add(1)
	if gone {
		k.log.Warn("request not answered", "session", d.m.Event.Session, "state", d.h.State, "error", why)
		k.requestDone(d.h, d.h.IsCall, &requestError{op: OpInvocation, msg: why.Error(), cause: why})
		return
	}
	k.settle(c, &d.m, d.h, &requestError{op: OpInvocation, msg: "no answer: " + brief(why.Error())}, nil)
	if c != nil {
		c.out.flush()
	}
}

// release gives back what a request took that has been answered.
func (d *detached) release() {
	d.mu.Lock()
	stop := d.stop
	d.mu.Unlock()
	stop()
	set := &d.h.Session.k.detached
	set.mu.Lock()
	delete(set.all, d)
	set.mu.Unlock()
	d.h.hold.payer.add(-d.cost)
}

// drop answers all with an error.
func (s *detachedSet) drop(why error) {
	s.mu.Lock()
	all := make([]*detached, 0, len(s.all))
	for d := range s.all {
		all = append(all, d)
	}
	s.mu.Unlock()
	for _, d := range all {
		d.drop(why)
	}
}

// count is how many wait.
func (s *detachedSet) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}
