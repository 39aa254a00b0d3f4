package ikc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// register enters a negotiated peer under its id and aliases, and under the address it was reached
// at. Names that are taken stay with whoever has them. Source: Responder register.
func (k *Kernel) register(c *Channel, address string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return ErrClosed
	}
	if k.channels[c.peer.ID] != nil || c.peer.ID == k.id {
		k.log.Warn("remote kernel exists already; this connection can send, but not be addressed", "id", c.peer.ID)
		return nil
	}
	k.channels[c.peer.ID] = c
	c.registered = true
	if k.fallback == "" {
		k.fallback = c.peer.ID
	}
	names := slices.Clone(c.peer.Aliases)
	if !slices.Contains(names, address) {
		names = append(names, address)
	}
	for _, name := range names {
		if k.names[name] == "" && k.channels[name] == nil {
			k.names[name] = c.peer.ID
		}
	}
	k.log.Debug("kernel registered", "id", c.peer.ID, "aliases", names, "dialect", c.dialect.String())
	return nil
}

// unregister takes a peer off the books and fails the calls that wait for it.
func (k *Kernel) unregister(c *Channel, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, c)
	if c.registered {
		delete(k.channels, c.peer.ID)
		for name, id := range k.names {
			if id == c.peer.ID {
				delete(k.names, name)
			}
		}
		if k.fallback == c.peer.ID {
			k.fallback = ""
		}
	}
	for _, w := range k.waiters {
		w.lost(c, fmt.Errorf("%w: %w", ErrDisconnected, cause))
	}
	k.log.Debug("kernel unregistered", "id", c.peer.ID, "cause", cause)
}

// route returns the channels to a kernel name, alias or id; for "*" all; for "" the default kernel.
// local tells that this kernel itself is meant, or among them. Source: Responder channel_list.
func (k *Kernel) route(name string) (channels []*Channel, local bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, false, ErrClosed
	}
	if name == specifier.Any {
		for _, c := range k.channels {
			channels = append(channels, c)
		}
		return channels, true, nil
	}
	if name == "" {
		if name = k.fallback; name == "" {
			return nil, false, fmt.Errorf("%w: none was named and there is no default", ErrUnknownKernel)
		}
	}
	if id := k.names[name]; id != "" {
		name = id
	}
	if name == k.id {
		return nil, true, nil
	}
	if c := k.channels[name]; c != nil {
		return []*Channel{c}, false, nil
	}
	return nil, false, fmt.Errorf("%w %q", ErrUnknownKernel, name)
}

func isRouting(err error) bool { return errors.Is(err, ErrUnknownKernel) }

// deliver sends a message that was made on behalf of a peer: an answer, or a post to a sender.
func (k *Kernel) deliver(to specifier.Specifier, m *wire.Message) error {
	_, err := k.dispatch(context.Background(), to.Kernel, m, nil)
	return err
}

// dispatch sends a message to every kernel that a name stands for and returns how many there were.
// each, if not nil, is told of each channel before the message goes there.
func (k *Kernel) dispatch(ctx context.Context, kernel string, m *wire.Message, each func(*Channel)) (int, error) {
	channels, local, err := k.route(kernel)
	if err != nil {
		return 0, err
	}
	n := 0
	var failed error
	for _, c := range channels {
		if each != nil {
			each(c)
		}
		if err := c.sendWait(ctx, m); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		n++
	}
	if local {
		if each != nil {
			each(nil)
		}
		k.running.Add(1)
		go func() {
			defer k.running.Done()
			if !k.answered(m) {
				k.request(nil, m)
			}
		}()
		n++
	}
	if n == 0 {
		return 0, failed
	}
	return n, nil
}

// sendWait is send for those who can wait: while the queue is full it tries again until ctx ends.
// A context without a deadline does not wait.
func (c *Channel) sendWait(ctx context.Context, m *wire.Message) error {
	err := c.send(m)
	if _, ok := ctx.Deadline(); !ok {
		return err
	}
	for pause := time.Millisecond; errors.Is(err, ErrQueueFull); pause = min(2*pause, 50*time.Millisecond) {
		select {
		case <-ctx.Done():
			return err
		case <-c.Done():
			return c.Err()
		case <-time.After(pause):
			err = c.send(m)
		}
	}
	return err
}
