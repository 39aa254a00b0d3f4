package ikc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// retryKey marks the context of an attempt that follows one that failed: a failure is routine then.
type retryKey struct{}

// Backoff says how KeepConnected waits between attempts. The zero value is valid.
type Backoff struct {
	// Min is the wait after the first failure, doubled after each that follows. Default: 100 ms.
	Min time.Duration
	// Max is the longest wait. Default: 30 s.
	Max time.Duration
	// Attempts is how often in a row it is tried again after a failure, or after the connection was
	// lost, before KeepConnected gives up. Default: no bound.
	Attempts int
}

// complete sets defaults, or says what makes no sense.
func (b *Backoff) complete() error {
	return errors.Join(limit("Min", &b.Min, 100*time.Millisecond), limit("Max", &b.Max, 30*time.Second), limit("Attempts", &b.Attempts, 0))
}

// KeepConnected dials, and dials again whenever that fails or the connection is lost, until ctx
// ends or the kernel is shut down: both give nil, and ctx takes the connection with it. It blocks;
// run it in a goroutine. Subscriptions of the options are made again each time. A connection that
// is ended by Channel.Close is not made again, which gives nil too. Monitors of "*", of the address
// and of the names that the peer had when it was last connected are told of each new attempt by
// Reconnect, and so is the log, with level Info.
//
// It gives up with an error, the last there was, after Backoff.Attempts; and at once for what can
// never succeed: a Backoff below zero, options that are no specifiers (*specifier.Error), an
// unknown network (net.UnknownNetworkError).
//
// The original leaves this to the monitors of unregister.
func (k *Kernel) KeepConnected(ctx context.Context, network, address string, b Backoff, options ...DialOption) error {
	if err := b.complete(); err != nil {
		return fmt.Errorf("ikc: backoff: %w", err)
	}
	if _, err := newDialOptions(options); err != nil {
		return err
	}
	var was wire.Peer
	var aliases []string
	for failures := 0; ; {
		again := ctx
		if failures > 0 {
			again = context.WithValue(ctx, retryKey{}, true)
		}
		c, err := k.Dial(again, network, address, options...)
		if err == nil {
			failures, was, aliases = 0, c.peer, c.aliases
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
		var unknown net.UnknownNetworkError
		switch {
		case errors.As(err, &unknown):
			return err
		case ctx.Err() != nil || errors.Is(err, ErrClosed):
			return nil
		case b.Attempts > 0 && failures > b.Attempts:
			return err
		}
		pause := min(b.Min<<min(failures-1, 30), b.Max)
		k.log.Info("trying to connect again", "address", address, "attempt", failures, "delay", pause, "error", err)
		k.mu.Lock()
		about := event{attempt: failures, delay: pause, message: wheelError(err), was: was.ID}
		if was.ID == "" {
			k.inform(address, EventReconnect, about)
		} else {
			names := aliases
			if !slices.Contains(names, address) {
				names = append(slices.Clone(names), address)
			}
			k.informOf(was.ID, names, EventReconnect, about)
		}
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
