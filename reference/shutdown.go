package ikc

import (
	"context"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// Shutdown closes listeners, tells monitors of "*", writes what is queued, closes the connections,
// ends the contexts of states, and waits for the states and monitors that are running. What such a
// state returns is not sent any more; who waits for a detached request is told. When ctx ends
// first, what is left is cut off and the context's error returned.
//
// With the context of a state it does not wait for states, its own among them, and of that context
// only a deadline counts. In a state, with another context, it waits for that very state, in vain.
//
// Monitors are told of nothing after the shutdown, as in the original. A second Shutdown waits as
// the first does. Source: Responder shutdown.
func (k *Kernel) Shutdown(ctx context.Context) error {
	fromState := inState(ctx)
	if fromState { // which ends with its connection, one of those that are closed here
		deadline, ok := ctx.Deadline()
		ctx = context.WithoutCancel(ctx)
		if ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
	}
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.down)
		k.targets.forget()
		k.calls.end(ErrClosed)
		k.headroom.close()
		k.inform(specifier.Any, EventShutdown, event{})
		clear(k.proxies)
	}
	channels := make([]*Channel, 0, len(k.open))
	for c := range k.open {
		channels = append(channels, c)
	}
	for l := range k.listeners {
		_ = l.Close()
	}
	k.mu.Unlock()
	k.detached.drop(ErrClosed)

	limit := k.cfg.HandshakeTimeout
	if d, ok := ctx.Deadline(); ok {
		limit = time.Until(d)
	}
	var draining sync.WaitGroup
	for _, c := range channels {
		draining.Go(func() {
			c.out.drain(limit)
			c.end(ErrClosed)
		})
	}
	done := make(chan struct{})
	go func() {
		draining.Wait()
		k.cancel(ErrClosed)
		if !fromState {
			k.running.Wait()
		}
		close(done)
	}()
	var err error
	wait(ctx, func() {
		select {
		case <-done:
		case <-ctx.Done():
			for _, c := range channels {
				c.end(ErrClosed)
			}
			k.cancel(ErrClosed)
			err = ctx.Err()
		}
	})
	return err
}

// isDown tells whether Shutdown has been called.
func (k *Kernel) isDown() bool {
	select {
	case <-k.down:
		return true
	default:
		return false
	}
}

// Done is closed when Shutdown has been called, not when it has ended.
func (k *Kernel) Done() <-chan struct{} { return k.down }
