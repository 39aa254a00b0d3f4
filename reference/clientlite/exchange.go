package clientlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// rsvp makes an address of this client that has not been used before.
func (c *Client) rsvp() specifier.Specifier {
	state := wire.StateResponse + strconv.FormatUint(c.serial, 10)
	c.serial++
	return specifier.Specifier{Kernel: c.cfg.Name, Session: wire.SessionIKCLite, State: state}
}

// exchange sends an event and waits for a post to rsvp.
func (c *Client) exchange(ctx context.Context, to string, m *wire.Message, rsvp specifier.Specifier) (*perl.Value, error) {
	if err := c.trySend(ctx, to, m); err != nil {
		return nil, c.note(err)
	}
	v, err := c.await(ctx, rsvp, m.Event.String())
	return v, c.note(err)
}

// trySend sends an event, connecting if need be. If that fails it connects again and sends once
// more. Source: ClientLite _try_send.
func (c *Client) trySend(ctx context.Context, to string, m *wire.Message) error {
	if c.conn != nil && time.Since(c.used) > time.Millisecond && hungUp(c.conn) {
		c.drop()
	}
	fresh := c.conn == nil
	if fresh {
		if err := c.connect(ctx); err != nil {
			return err
		}
	}
	err := c.send(ctx, to, m)
	if err == nil {
		return nil
	}
	if lost := c.conn == nil; fresh || !lost || errors.Is(err, ErrTimeout) || ctx.Err() != nil {
		return err
	}
	if err := c.connect(ctx); err != nil {
		return err
	}
	return c.send(ctx, to, m)
}

// keepBuffer is the size of the largest buffer that is kept for the next event, in octets.
const keepBuffer = 4 << 20

// send sends an event to a specifier, which goes out as a string, as the original's does.
func (c *Client) send(ctx context.Context, to string, m *wire.Message) error {
	if to == "" || to != c.to {
		full := to
		if !strings.HasPrefix(to, "poe:") {
			full = "poe://" + c.remote + "/" + to
		}
		event := wire.AtString(full)
		if event.Err != nil {
			return fmt.Errorf("clientlite: %w", event.Err)
		}
		if event.Session == "" || event.State == "" {
			return fmt.Errorf("clientlite: specifier %q: expected a session and a state", full)
		}
		c.to, c.event = to, event
	}
	m.Event = c.event
	if err := c.out.Freeze(c.cfg.Serializer, m); err != nil {
		return fmt.Errorf("clientlite: %w", err)
	}
	_, err := c.within(ctx, func() (*perl.Value, error) {
		_, err := c.conn.Write(c.out.Octets())
		if c.out.Cap() > keepBuffer {
			c.out = wire.Outgoing{}
		}
		return nil, err
	})
	if err != nil {
		c.drop()
		return fmt.Errorf("clientlite: send: %w", err)
	}
	return nil
}

// ping asks the kernel for a PONG. Source: ClientLite ping.
func (c *Client) ping(ctx context.Context) error {
	if c.conn == nil {
		return ErrNotConnected
	}
	rsvp := specifier.Specifier{Kernel: c.cfg.Name, Session: wire.SessionIKC, State: wire.StatePong}
	m := &wire.Message{Params: perl.NewBytes(wire.Ping), RSVP: wire.At(rsvp)}
	if err := c.send(ctx, specifier.Specifier{Kernel: c.peer.ID, Session: wire.SessionIKC, State: wire.StatePing}.String(), m); err != nil {
		return err
	}
	v, err := c.await(ctx, rsvp, m.Event.String())
	if err != nil {
		return err
	}
	if s, _ := v.AsString(); s != wire.Pong {
		return fmt.Errorf("clientlite: ping: expected %s, got %s", wire.Pong, perl.Format(v, perl.FormatOptions{MaxWidth: 1000}))
	}
	return nil
}

// within does something with the connection before Timeout has passed, or ctx ends. The connection
// does not outlive a failure: what comes late is not to be taken for something else.
func (c *Client) within(ctx context.Context, do func() (*perl.Value, error)) (*perl.Value, error) {
	deadline := time.Now().Add(c.cfg.Timeout)
	theirs := false // it is the context's
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline, theirs = d, true
	}
	// Setting a deadline costs; one that is a little late is kept for what comes next.
	slack := c.cfg.Timeout / 64
	if late := c.deadline.Sub(deadline); late < 0 || late > slack {
		c.deadline = deadline.Add(slack)
		if err := c.conn.SetDeadline(c.deadline); err != nil {
			c.drop()
			return nil, err
		}
	}
	if ctx.Done() != nil {
		conn := c.conn
		done := make(chan struct{})
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)); close(done) })
		defer func() {
			if !stop() {
				<-done
				c.deadline = time.Time{}
			}
		}()
	}
	v, err := do()
	if err == nil {
		c.used = time.Now()
		return v, nil
	}
	var remote *wire.RemoteError
	switch {
	case errors.As(err, &remote):
		c.used = time.Now()
		return nil, err
	case theirs && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded)):
		err = fmt.Errorf("%w: %w", ErrTimeout, context.DeadlineExceeded) // whichever was first, the connection or the context
	case ctx.Err() != nil:
		err = fmt.Errorf("clientlite: %w", context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("%w (%v)", ErrTimeout, c.cfg.Timeout)
	}
	c.drop()
	return nil, err
}

// await is response within the time there is. Its errors say what was waited for.
func (c *Client) await(ctx context.Context, rsvp specifier.Specifier, about string) (*perl.Value, error) {
	v, err := c.within(ctx, func() (*perl.Value, error) { return c.response(rsvp, about) })
	if err == nil {
		return v, nil
	}
	var remote *wire.RemoteError
	switch {
	case errors.As(err, &remote):
		return nil, err
	case about != "":
		return nil, fmt.Errorf("%w, waiting for the answer of %s", err, about)
	}
	return nil, fmt.Errorf("%w, waiting for an event to %s", err, rsvp.String())
}

// response waits for a post to a state of this client. An error report fails it, unless it is about
// a request other than about, a specifier. Source: ClientLite _response.
func (c *Client) response(rsvp specifier.Specifier, about string) (*perl.Value, error) {
	for {
		image, ok, err := c.frames.Next()
		if err != nil {
			return nil, fmt.Errorf("clientlite: from %s: %w", visible.Text(c.remote), err)
		}
		if !ok {
			n, err := c.conn.Read(c.frames.Room(c.cfg.BlockSize))
			c.frames.Advance(n)
			if err != nil && n == 0 {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					return nil, err
				}
				return nil, fmt.Errorf("%w: %w", ErrDisconnected, err)
			}
			continue
		}
		var m wire.Message
		if err := c.frames.Thaw(c.cfg.Serializer, image, &m); err != nil {
			return nil, fmt.Errorf("clientlite: from %s: %w", visible.Text(c.remote), err)
		}
		if m.IsError {
			e := wire.ParseRemoteError(m.Params)
			if about == "" || e.About(about) || !e.About("") {
				return nil, e
			}
			_ = c.note(e) // about an event that was posted before
			continue
		}
		if m.Event.Session == rsvp.Session && m.Event.State == rsvp.State {
			if m.Params == nil {
				return perl.NewUndef(), nil
			}
			return m.Params, nil
		}
		if c.cfg.Logger != nil {
			visible.Logger(c.cfg.Logger).Warn("message dropped", "to", m.Event.String(), "expected", rsvp.String())
		}
	}
}
