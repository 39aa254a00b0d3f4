package ikc

import (
	"context"
	"errors"
	"time"
)

// Backoff says how KeepConnected waits between attempts. The zero value is valid.
type Backoff struct {
	// Min is the wait after the first failure, doubled after each that follows. Default: 100 ms.
	Min time.Duration
	// Max is the longest wait. Default: 30 s.
	Max time.Duration
	// Attempts bounds failures in a row. Default: no bound.
	Attempts int
}

// KeepConnected dials, and dials again whenever that fails or the connection is lost, until ctx ends
// or the kernel is shut down: both give nil. Subscriptions of the options are made again each time.
// A connection that is ended by Channel.Close is not made again, which gives nil too. Monitors of the
// peer's names and of "*" are told of each new attempt by Reconnect.
//
// The original leaves this to the monitors of unregister.
func (k *Kernel) KeepConnected(ctx context.Context, network, address string, b Backoff, options ...DialOption) error {
	if b.Min <= 0 {
		b.Min = 100 * time.Millisecond
	}
	if b.Max <= 0 {
		b.Max = 30 * time.Second
	}
	for failures := 0; ; {
		c, err := k.Dial(ctx, network, address, options...)
		if err == nil {
			failures = 0
			select {
			case <-c.Done():
				err = c.Err()
			case <-ctx.Done():
				return c.Close()
			}
			if closedHere(err) {
				return nil
			}
		}
		failures++
		switch {
		case ctx.Err() != nil || errors.Is(err, ErrClosed):
			return nil
		case b.Attempts > 0 && failures > b.Attempts:
			return err
		}
		pause := min(b.Min<<min(failures-1, 30), b.Max)
		k.mu.Lock()
		k.inform(address, "reconnect", event{attempt: failures, delay: pause, message: wheelError(err)})
		k.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		case <-k.down:
			return nil
		}
	}
}
