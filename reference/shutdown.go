package ikc

import (
	"context"
	"sync"
	"time"
)

// Shutdown closes listeners, writes what is queued, closes the connections, and waits for states
// that are running. When ctx ends first, what is left is cut off and the context's error returned.
// It must not be called from a state.
func (k *Kernel) Shutdown(ctx context.Context) error {
	k.mu.Lock()
	k.closed = true
	var channels []*Channel
	for c := range k.open {
		channels = append(channels, c)
	}
	for l := range k.listeners {
		_ = l.Close()
	}
	k.mu.Unlock()

	limit := k.cfg.HandshakeTimeout
	if d, ok := ctx.Deadline(); ok {
		limit = time.Until(d)
	}
	var draining sync.WaitGroup
	for _, c := range channels {
		draining.Add(1)
		go func() {
			defer draining.Done()
			c.out.drain(limit)
			c.end(ErrClosed)
		}()
	}
	done := make(chan struct{})
	go func() {
		draining.Wait()
		k.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		for _, c := range channels {
			c.end(ErrClosed)
		}
		return ctx.Err()
	}
}
