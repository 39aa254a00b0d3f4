package ikc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// pid is that of this process, in decimal.
var pid = strconv.Itoa(os.Getpid())

// negotiate runs the state machine of package wire over the connection.
func (c *Channel) negotiate(ctx context.Context, role wire.Role, o opening) error {
	cfg := wire.NegotiatorConfig{
		Role: role, Dialect: o.dialect, HelloAfter: o.helloAfter, KernelID: c.k.id, PID: pid,
		Names: append(c.as.names(), c.localName(role)), Serializers: make([]string, 0, len(c.as.Serializers)),
	}
	for _, s := range c.as.Serializers {
		cfg.Serializers = append(cfg.Serializers, s.Name())
	}
	// The context's own deadline is left to the context, so that the error says whose time was over.
	if err := c.conn.SetDeadline(time.Now().Add(c.k.cfg.HandshakeTimeout)); err != nil {
		return err
	}
	stop := func() bool { return true }
	if ctx.Done() != nil { // that of a server never ends
		stop = context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	if err := c.talk(wire.NewNegotiator(cfg)); err != nil {
		if ctx.Err() == nil {
			return err
		}
		var stranger *wire.StrangerError
		if errors.As(err, &stranger) {
			return &wire.StrangerError{Began: stranger.Began, Err: context.Cause(ctx)}
		}
		return context.Cause(ctx)
	}
	if !stop() {
		return context.Cause(ctx)
	}
	return c.conn.SetDeadline(time.Time{})
}

// counted is a connection that is being negotiated: what comes counts for what it holds.
type counted struct {
	net.Conn
	holds *account
	came  int // octets
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.came += n; !c.holds.add(n) && err == nil {
		err = ErrMemory
	}
	return n, err
}

func (c *Channel) talk(n *wire.Negotiator) error {
	conn := &counted{Conn: c.conn, holds: c.holds}
	defer func() { c.holds.add(-conn.came) }()
	frames, err := wire.Negotiate(conn, n, c.k.cfg.MaxFrame, nil)
	if err != nil {
		return err
	}
	c.peer, c.dialect, c.silent = n.Peer(), n.Dialect(), n.Silent()
	for _, s := range c.as.Serializers {
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
	c.frames = frames
	return nil
}

// localName is how a kernel names its end of a connection: host:port, or unix: and the path of the
// server's socket, to which a client, whose own has none, adds ":PID-NUMBER". Source: Channel
// channel_start.
func (c *Channel) localName(role wire.Role) string {
	own := c.conn.LocalAddr()
	if own.Network() != "unix" {
		return nameOf(own.String())
	}
	path, more := own.String(), ""
	if role == wire.Client {
		path, more = c.conn.RemoteAddr().String(), fmt.Sprintf(":%s-%d", pid, c.number)
	}
	if path == "" || path == "@" { // a pair of sockets
		path = pid
	}
	return nameOf("unix:" + path + more)
}

// nameOf has one _ in place of each run of octets that a name cannot hold.
func nameOf(s string) string {
	var b strings.Builder
	bad := false
	for i := range len(s) {
		good := wire.ValidName(s[i : i+1])
		switch {
		case good:
			b.WriteByte(s[i])
		case !bad:
			b.WriteByte('_')
		}
		bad = !good
	}
	return b.String()
}
