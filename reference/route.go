package ikc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SetDefault makes a connected kernel, named by id or alias, or this one, the one that specifiers
// without a kernel lead to. Otherwise it is the first that connects, and when that is gone the next
// to connect. The error is ErrUnknownKernel. Source: Responder default.
func (k *Kernel) SetDefault(name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, self := k.resolve(name)
	k.targets.forget()
	switch {
	case self:
		k.fallback = k.id
	case c == nil:
		return fmt.Errorf("%w %q", ErrUnknownKernel, name)
	default:
		k.fallback = c.peer.ID
	}
	return nil
}

// Kernels returns the ids of the remote kernels that are connected, with their aliases. The map is
// the caller's own.
func (k *Kernel) Kernels() map[string][]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make(map[string][]string, len(k.channels))
	for id, c := range k.channels {
		all[id] = slices.Clone(c.aliases)
	}
	return all
}

// Channel returns the connection to a kernel, by id or alias; nil if there is none.
func (k *Kernel) Channel(name string) *Channel {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, _ := k.resolve(name)
	return c
}

// route returns the channels to a kernel name, alias or id; for "*" all; for "" the default kernel.
// local tells that this kernel itself is meant, or among them. t, if not nil, is the target that
// has the name. Source: Responder channel_list.
func (k *Kernel) route(name string, t *target) (one *Channel, more []*Channel, local bool, err error) {
	if t != nil {
		if one = t.via.Load(); one != nil {
			return one, nil, false, nil
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, nil, false, ErrClosed
	}
	if name == specifier.Any {
		for _, c := range k.channels {
			more = append(more, c)
		}
		return nil, more, true, nil
	}
	if name == "" {
		if name = k.fallback; name == "" {
			return nil, nil, false, fmt.Errorf("%w: none was named and there is no default", ErrUnknownKernel)
		}
	}
	if one, local = k.resolve(name); one != nil || local {
		if t != nil {
			t.via.Store(one)
		}
		return one, nil, local, nil
	}
	k.inform("", EventError, event{operation: OpResolve, message: fmt.Sprintf("%d: Unknown kernel '%s'.", os.Getpid(), brief(name))})
	return nil, nil, false, fmt.Errorf("%w %q", ErrUnknownKernel, brief(name))
}

// dispatch is what there is to do besides when a message goes to every kernel that a name stands
// for. The message is none of it, and how it is sent is not: that would have it allocated.
type dispatch struct {
	// selfFirst: this kernel hears it before the others do. A question that this kernel answers
	// itself wants that: in Perl, its own answer comes first, since it needs no connection.
	selfFirst bool
	// each, if not nil, is told of each channel before the message goes there, nil being this
	// kernel itself; undo, if it could not.
	each, undo func(*Channel)
	// selfFull: this kernel itself did not take it, because too much waits for it.
	selfFull bool
	// receipt is what waits for the answer, if anything. If this kernel itself is asked, it gets the
	// answer directly: nothing else can be taken for it, for what names its rsvp is a request like
	// any other.
	receipt *receipt
	// target is what names the kernel, if that is kept.
	target *target
}

// send sends it and returns how many kernels there were. While a queue is full it waits if ctx has
// a deadline.
func (d *dispatch) send(ctx context.Context, k *Kernel, kernel string, m *wire.Message, how manner) (int, error) {
	one, more, local, err := k.route(kernel, d.target)
	if err != nil {
		return 0, err
	}
	if one != nil {
		if err := d.to(ctx, one, m, how); err != nil {
			return 0, err
		}
		return 1, nil
	}
	n := 0
	var failed error
	count := func(err error) {
		if err != nil {
			failed = errors.Join(failed, err)
		} else {
			n++
		}
	}
	if local && d.selfFirst {
		count(d.toSelf(ctx, k, m))
	}
	for _, c := range more {
		count(d.to(ctx, c, m, how))
	}
	if local && !d.selfFirst {
		count(d.toSelf(ctx, k, m))
	}
	if n == 0 {
		return 0, failed
	}
	return n, nil
}

// to sends it by a channel.
func (d *dispatch) to(ctx context.Context, c *Channel, m *wire.Message, how manner) error {
	return d.tell(c, func() error { return c.sendWait(ctx, m, how) })
}

// toSelf has this kernel itself hear it.
func (d *dispatch) toSelf(ctx context.Context, k *Kernel, m *wire.Message) error {
	var reply reply
	if d.receipt != nil {
		reply = d.receipt.reply(k)
	}
	err := d.tell(nil, func() error { return k.toSelf(ctx, m, reply) })
	d.selfFull = errors.Is(err, ErrQueueFull)
	return err
}

// tell tells each, sends, and tells undo if that failed.
func (d *dispatch) tell(c *Channel, send func() error) error {
	if d.each != nil {
		d.each(c)
	}
	err := send()
	if err != nil && d.undo != nil {
		d.undo(c)
	}
	return err
}

// bequeath has what a peer had sent to others count for these, as its connection has ended.
func (k *Kernel) bequeath(left *account) {
	left.close()
	if left.abroad.Load() == 0 {
		return
	}
	k.mu.Lock()
	all := slices.Collect(maps.Keys(k.open))
	k.mu.Unlock()
	for _, c := range all {
		c.out.inherit(left)
	}
}

// reply takes what this kernel answers to a request of its own: what the state returned, or an
// error report. It returns false if it does not want it. nil takes nothing.
type reply func(*wire.Message) bool

// toSelf queues a message for this kernel itself. Source: LocalKernel send.
func (k *Kernel) toSelf(ctx context.Context, m *wire.Message, reply reply) error {
	own := *m
	l := k.localLoad(ctx)
	return k.locally(l, func(w *worker) {
		k.stats.requests.Add(1)
		_ = k.request(nil, &own, l, w, reply) // a session's queue is not closed, and waits for room
	})
}

// localSize is what an event of this kernel to itself counts for in a queue, in octets: it is never
// an image.
const localSize = 256

// localLoad is what an event of this kernel to itself counts for. One that a state sends may hold
// all that the request did which that state handles, and counts for whoever sent that.
func (k *Kernel) localLoad(ctx context.Context) load {
	if h, _ := holdOf(ctx); h != nil && h.payer != nil {
		h.mu.Lock()
		h.look() // so that the request is not used again (WithReuse)
		h.mu.Unlock()
		return load{size: localSize, cost: h.cost, to: h.payer}
	}
	return load{size: localSize, cost: jobCost, to: k.itself}
}

// locally queues something to be done in the order of requests of this kernel to itself. It does
// not wait for room: its caller may be what the queue waits for.
func (k *Kernel) locally(l load, f func(w *worker)) error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return ErrClosed
	}
	k.running.Add(1)
	k.mu.Unlock()
	err := k.local.offer(job{load: l, run: func(w *worker) {
		defer k.running.Done()
		f(w)
	}})
	if err != nil {
		k.running.Done()
	}
	return err
}
