package ikc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// register enters a negotiated peer under its id and aliases, and under the address it was reached
// at. Names that are taken stay with whoever has them; a peer whose id is taken can send, but not
// be addressed. Source: Responder register, Channel _negociation_done.
func (k *Kernel) register(c *Channel, address string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return ErrClosed
	}
	id := c.peer.ID
	if wire.ValidName(address) && !slices.Contains(c.peer.Aliases, address) && address != id {
		c.aliases = append(c.aliases, address)
	}
	if old := k.channels[id]; old != nil && old.lost {
		k.forget(old) // the peer is back before we were done with what it sent before
	}
	c.ready = true
	switch {
	case id == k.id || k.channels[id] != nil:
		text := fmt.Sprintf("Remote kernel '%s' already exists", id)
		k.inform("", EventError, event{operation: OpRegister, message: text})
		k.log.Warn("remote kernel exists already; this connection can send, but not be addressed", "id", id)
	default:
		k.channels[id] = c
		c.registered = true
		if k.fallback == "" {
			k.fallback = id
		}
		for _, name := range c.aliases {
			if k.names[name] == "" && k.channels[name] == nil {
				k.names[name] = id
			}
		}
		k.inform(id, EventRegister, event{pid: c.peer.PID})
		k.log.Debug("kernel registered", "id", id, "aliases", c.aliases, "dialect", c.dialect.String())
	}
	k.inform(id, EventChannel, event{channel: c, change: ChannelReady})
	return nil
}

// lose fails what waits for an answer from a peer: none can come any more.
func (k *Kernel) lose(c *Channel, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.lost {
		return
	}
	c.lost = true
	cause = fmt.Errorf("%w: %w", ErrDisconnected, cause)
	for order, w := range k.waiters {
		if w.from == c {
			delete(k.waiters, order)
			w.finish(outcome{err: cause})
		}
	}
	for _, r := range k.receipts {
		if _, waits := r.pending[c]; waits {
			k.refused(r, c, "Refused subscription to "+r.asked, cause)
		}
	}
}

// unregister takes a channel that has ended off the books.
func (k *Kernel) unregister(c *Channel, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, c)
	if !c.ready {
		return
	}
	if !closedHere(cause) {
		operation := OpRead
		if errors.Is(cause, ErrQueueFull) {
			operation = OpWrite
		}
		k.channelError(c, operation, cause)
	}
	var fault *faultError
	if !closedHere(cause) && !errors.Is(cause, io.EOF) && !errors.As(cause, &fault) {
		k.log.Warn("connection lost", "id", c.peer.ID, "error", cause)
	}
	k.forget(c)
	k.log.Debug("kernel unregistered", "id", c.peer.ID, "cause", cause)
}

// channelError tells monitors, once, why a connection ends. mu is locked.
// Source: Channel channel_error, Util monitor_error.
func (k *Kernel) channelError(c *Channel, operation string, cause error) {
	if c.failed || !c.ready || k.closed {
		return
	}
	c.failed = true
	k.inform(c.peer.ID, EventError, event{operation: PrefixChannel + operation, message: wheelError(cause)})
}

// forget takes a channel's names away and tells monitors. mu is locked.
// Source: Channel _close_channel, Responder unregister.
func (k *Kernel) forget(c *Channel) {
	if !c.ready {
		return
	}
	c.ready = false
	id := c.peer.ID
	k.inform(id, EventChannel, event{channel: c, change: ChannelClose})
	if !c.registered {
		return
	}
	c.registered = false
	k.inform(id, EventUnregister, event{})
	delete(k.channels, id)
	for _, name := range c.aliases {
		if k.names[name] == id {
			delete(k.names, name)
		}
	}
	if k.fallback == id {
		k.fallback = ""
	}
	for _, p := range k.proxies {
		if p.remote == id {
			k.dropProxy(p)
		}
	}
}

// SetDefault makes a connected kernel, named by id or alias, or this one, the one that specifiers
// without a kernel lead to. Otherwise it is the first that connects, and when that is gone the next
// to connect. The error is ErrUnknownKernel. Source: Responder default.
func (k *Kernel) SetDefault(name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := name
	if k.names[name] != "" {
		id = k.names[name]
	}
	if id != k.id && k.channels[id] == nil {
		return fmt.Errorf("%w %q", ErrUnknownKernel, name)
	}
	k.fallback = id
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
	if id := k.names[name]; id != "" {
		name = id
	}
	return k.channels[name]
}

// route returns the channels to a kernel name, alias or id; for "*" all; for "" the default kernel.
// local tells that this kernel itself is meant, or among them. Source: Responder channel_list.
func (k *Kernel) route(name string) (one *Channel, more []*Channel, local bool, err error) {
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
	asked := name
	if id := k.names[name]; id != "" {
		name = id
	}
	if name == k.id {
		return nil, nil, true, nil
	}
	if c := k.channels[name]; c != nil {
		return c, nil, false, nil
	}
	k.inform("", EventError, event{operation: OpResolve, message: fmt.Sprintf("%d: Unknown kernel '%s'.", os.Getpid(), asked)})
	return nil, nil, false, fmt.Errorf("%w %q", ErrUnknownKernel, asked)
}

// dispatch sends a message to every kernel that a name stands for and returns how many there were.
// each, if not nil, is told of each channel before the message goes there, undo if it could not.
// While a queue is full it waits if ctx has a deadline.
func (k *Kernel) dispatch(ctx context.Context, kernel string, m *wire.Message, u urgency, each, undo func(*Channel)) (int, error) {
	return k.dispatchTo(ctx, kernel, m, u, false, each, undo)
}

// dispatchTo is dispatch; with selfFirst this kernel hears it before the others do. A question that
// this kernel answers itself wants that: in Perl, its own answer comes first, since it needs no
// connection.
func (k *Kernel) dispatchTo(ctx context.Context, kernel string, m *wire.Message, u urgency, selfFirst bool,
	each, undo func(*Channel)) (int, error) {
	one, more, local, err := k.route(kernel)
	if err != nil {
		return 0, err
	}
	if one != nil {
		if each != nil {
			each(one)
		}
		if err := one.sendWait(ctx, m, u); err != nil {
			if undo != nil {
				undo(one)
			}
			return 0, err
		}
		return 1, nil
	}
	n := 0
	var failed error
	self := func() {
		if each != nil {
			each(nil)
		}
		if err := k.toSelf(ctx, m); err != nil {
			failed = errors.Join(failed, err)
		} else {
			n++
		}
	}
	if local && selfFirst {
		self()
	}
	for _, c := range more {
		if each != nil {
			each(c)
		}
		if err := c.sendWait(ctx, m, u); err != nil {
			failed = errors.Join(failed, err)
			if undo != nil {
				undo(c)
			}
			continue
		}
		n++
	}
	if local && !selfFirst {
		self()
	}
	if n == 0 {
		return 0, failed
	}
	return n, nil
}

// toSelf queues a message for this kernel itself; what a blocking call or a subscription waits for
// goes there directly. Source: LocalKernel send.
func (k *Kernel) toSelf(ctx context.Context, m *wire.Message) error {
	if k.answered(nil, m) {
		return nil
	}
	own := *m
	l := k.localLoad(ctx)
	return k.locally(l, func(yield func()) {
		if k.cfg.QueuePerSession {
			_ = k.queue(nil, &own, l)
			return
		}
		k.request(nil, &own, l, yield)
	})
}

// localSize is what an event of this kernel to itself counts for in a queue, in octets: it is never
// an image.
const localSize = 256

// localLoad is what an event of this kernel to itself counts for. One that a state sends may hold
// all that the request did which that state handles, and counts for whoever sent that.
func (k *Kernel) localLoad(ctx context.Context) load {
	if h, _ := ctx.Value(holdKey{}).(*hold); h != nil && h.load.to != nil {
		return load{localSize, h.load.cost, h.load.to}
	}
	return load{localSize, jobCost, k.own}
}

// locally queues something to be done in the order of requests of this kernel to itself. It does
// not wait for room: its caller may be what the queue waits for.
func (k *Kernel) locally(l load, f func(yield func())) error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return ErrClosed
	}
	k.running.Add(1)
	k.mu.Unlock()
	err := k.local.offer(job{load: l, run: func(w *worker) {
		defer k.running.Done()
		f(w.yield)
	}})
	if err != nil {
		k.running.Done()
	}
	return err
}
