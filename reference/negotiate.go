package ikc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// negotiate runs the state machine of package wire over the connection.
func (c *Channel) negotiate(ctx context.Context, role wire.Role) error {
	cfg := wire.NegotiatorConfig{
		Role: role, Dialect: c.k.cfg.Dialect, KernelID: c.k.id, PID: strconv.Itoa(os.Getpid()),
		Names: append(c.k.ownNames(), localName(c.conn.LocalAddr())),
	}
	for _, s := range c.k.cfg.Serializers {
		cfg.Serializers = append(cfg.Serializers, s.Name())
	}
	deadline := time.Now().Add(c.k.cfg.HandshakeTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err := c.talk(wire.NewNegotiator(cfg))
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	if !stop() {
		return context.Cause(ctx)
	}
	return c.conn.SetDeadline(time.Time{})
}

func (c *Channel) talk(n *wire.Negotiator) error {
	if err := c.sendLines(n.Start()); err != nil {
		return err
	}
	var lines wire.LineScanner
	buf := make([]byte, 2048)
	for !n.Done() {
		line, ok, err := lines.Next()
		if err != nil {
			return err
		}
		if !ok {
			got, err := c.conn.Read(buf)
			if lines.Write(buf[:got]); err != nil && got == 0 {
				if errors.Is(err, io.EOF) {
					err = fmt.Errorf("expected a line, the peer closed the connection: %w", io.ErrUnexpectedEOF)
				}
				return err
			}
			continue
		}
		reply, err := n.Receive(line)
		if err != nil {
			return err
		}
		if err := c.sendLines(reply); err != nil {
			return err
		}
	}
	c.peer, c.dialect = n.Peer(), n.Dialect()
	for _, s := range c.k.cfg.Serializers {
		if s.Name() == n.Serializer() {
			c.serializer = s
		}
	}
	if c.serializer == nil {
		return fmt.Errorf("%w: no serializer %q here", wire.ErrRefused, n.Serializer())
	}
	if c.peer.ID == "" {
		return fmt.Errorf("%w: the peer gave no name", wire.ErrRefused)
	}
	c.frames = lines.Frames(c.k.cfg.MaxFrame)
	return nil
}

func (c *Channel) sendLines(lines []string) error {
	var b []byte
	for _, line := range lines {
		b = wire.AppendLine(b, line)
	}
	if len(b) == 0 {
		return nil
	}
	_, err := c.conn.Write(b)
	return err
}

// localName is how a kernel names one of its sockets: host:port, or unix: and the path with what a
// name cannot hold replaced. Source: Channel channel_start.
func localName(a net.Addr) string {
	name := a.String()
	if a.Network() == "unix" {
		if name == "" || name == "@" {
			name = strconv.Itoa(os.Getpid())
		}
		name = "unix:" + name
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && wire.ValidName(string(r)) {
			return r
		}
		return '_'
	}, name)
}
