package clientlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Connect connects, unless there is a connection that answers a ping.
func (c *Client) Connect(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.end()
	if c.conn != nil && c.ping(ctx) == nil {
		return nil
	}
	return c.note(c.connect(ctx))
}

// Disconnect ends the connection, once the method that runs has ended. The next event that is sent
// makes a new one.
func (c *Client) Disconnect() {
	c.turn <- struct{}{}
	defer c.end()
	c.drop()
}

func (c *Client) drop() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	if c.frames != nil {
		c.frames.Release() // for the next connection
	}
	c.conn, c.frames, c.deadline = nil, nil, time.Time{}
}

func (c *Client) connect(ctx context.Context) error {
	open := wire.NegotiatorConfig{Dialect: c.cfg.Dialect, HelloAfter: max(c.cfg.HelloAfter, 0)}
	if c.silent {
		open.Dialect = wire.IKC
	}
	err := c.connectBy(ctx, open)
	if errors.Is(err, wire.ErrLateSetup) {
		open.HelloAfter = 0
		err = c.connectBy(ctx, open)
	}
	if err != nil {
		c.silent = false // it may come back as a release that answers
	}
	return err
}

// connectBy connects, and negotiates as open says.
func (c *Client) connectBy(ctx context.Context, open wire.NegotiatorConfig) error {
	c.drop()
	if !wire.ValidName(c.cfg.Name) {
		return fmt.Errorf("clientlite: name %q: expected one or more letters, digits, or any of - : . and _", c.cfg.Name)
	}
	dialing, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	conn, err := c.cfg.DialContext(dialing, c.cfg.Network, c.cfg.Address)
	if err != nil {
		return fmt.Errorf("clientlite: connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = c.negotiate(ctx, conn, open)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		var stranger *wire.StrangerError
		strange := errors.As(err, &stranger)
		switch {
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case errors.Is(err, os.ErrDeadlineExceeded):
			err = fmt.Errorf("%w (%v)", ErrTimeout, c.cfg.ConnectTimeout)
		}
		if strange {
			err = &wire.StrangerError{Began: stranger.Began, Err: err}
		}
		return fmt.Errorf("clientlite: negotiation with %s: %w", c.cfg.Address, err)
	}
	c.conn, c.used, c.deadline = conn, time.Now(), time.Time{}
	return conn.SetDeadline(time.Time{})
}

// negotiate runs the state machine of package wire. Every answer has ConnectTimeout, all of them
// four times that: there are four phases.
func (c *Client) negotiate(ctx context.Context, conn net.Conn, open wire.NegotiatorConfig) error {
	n := wire.NewNegotiator(wire.NegotiatorConfig{
		Role: wire.Client, Dialect: open.Dialect, HelloAfter: open.HelloAfter, KernelID: c.cfg.Name, PID: strconv.Itoa(os.Getpid()),
		Serializers: []string{c.cfg.Serializer.Name()}, NoDefault: true,
	})
	limit := time.Now().Add(4 * min(c.cfg.ConnectTimeout, math.MaxInt64/4))
	frames, err := wire.Negotiate(conn, n, c.cfg.MaxFrame, func() error {
		deadline := time.Now().Add(c.cfg.ConnectTimeout)
		if limit.Before(deadline) {
			deadline = limit
		}
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
		if ctx.Err() != nil { // while another goroutine may be reading
			_ = conn.SetDeadline(time.Unix(1, 0))
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return err
	}
	switch {
	case n.Serializer() != c.cfg.Serializer.Name():
		return fmt.Errorf("%w: the server wants serializer %s, expected %s", wire.ErrRefused, visible.Text(n.Serializer()), c.cfg.Serializer.Name())
	case n.Peer().ID == "":
		return fmt.Errorf("%w: the server gave no name", wire.ErrRefused)
	}
	c.mu.Lock()
	c.peer, c.dialect, c.remote = n.Peer(), n.Dialect(), n.Peer().ID
	c.mu.Unlock()
	if n.Silent() {
		c.silent = true
		if c.cfg.Logger != nil {
			c.cfg.Logger.Warn("the server says nothing to SETUP, as POE::Component::IKC 0.1801 to 0.2200: went on with HELLO", "address", c.cfg.Address)
		}
	}
	c.to = "" // which may have been at the kernel before
	if s, err := specifier.Parse("poe://" + c.cfg.Address + "/x"); c.dialect == wire.IKC && err == nil && s.Kernel == c.cfg.Address {
		c.remote = c.cfg.Address // the original goes by that until SETUP tells it the id
	}
	c.frames = frames
	return nil
}
