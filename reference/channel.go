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
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Channel is a connection to a remote kernel.
type Channel struct {
	k          *Kernel
	conn       net.Conn
	peer       wire.Peer
	dialect    wire.Dialect
	serializer wire.Serializer
	out        *outbox
	in         inbox
	ctx        context.Context
	cancel     context.CancelCauseFunc
	once       sync.Once
	registered bool // under peer.ID
}

// Peer returns what the remote kernel said of itself.
func (c *Channel) Peer() wire.Peer { return c.peer }

// Dialect returns how the connection was negotiated.
func (c *Channel) Dialect() wire.Dialect { return c.dialect }

// Serializer returns the package agreed on.
func (c *Channel) Serializer() string { return c.serializer.Name() }

// Done is closed when the connection has ended; Err then tells why.
func (c *Channel) Done() <-chan struct{} { return c.ctx.Done() }

// Err returns why the connection ended: io.EOF if the peer closed it in order, nil while it lives.
func (c *Channel) Err() error {
	if c.ctx.Err() == nil {
		return nil
	}
	return context.Cause(c.ctx)
}

// Close ends the connection once what is queued has been written, or the handshake timeout passed.
func (c *Channel) Close() error {
	c.out.drain(c.k.cfg.HandshakeTimeout)
	c.end(net.ErrClosed)
	return nil
}

// Serve takes connections from l until ctx ends or the kernel is shut down; both give nil. It closes l.
func (k *Kernel) Serve(ctx context.Context, l net.Listener) error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		_ = l.Close()
		return ErrClosed
	}
	k.listeners[l] = struct{}{}
	k.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer func() {
		stop()
		_ = l.Close()
		k.mu.Lock()
		delete(k.listeners, l)
		k.mu.Unlock()
	}()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
				continue
			}
			return fmt.Errorf("ikc: accept on %v: %w", l.Addr(), err)
		}
		go func() {
			if _, err := k.attach(context.WithoutCancel(ctx), conn, wire.Server, ""); err != nil && !errors.Is(err, ErrClosed) {
				k.log.Warn("connection refused", "peer", conn.RemoteAddr().String(), "error", err)
			}
		}()
	}
}

// Dial connects to a remote kernel, network and address as in net.Dial, and negotiates.
func (k *Kernel) Dial(ctx context.Context, network, address string) (*Channel, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.HandshakeTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("ikc: connect: %w", err)
	}
	return k.attach(ctx, conn, wire.Client, address)
}

// DialConn negotiates as a client over a connection that exists already, such as one with TLS. The
// remote kernel also gets the alias name, unless that is empty.
func (k *Kernel) DialConn(ctx context.Context, conn net.Conn, name string) (*Channel, error) {
	return k.attach(ctx, conn, wire.Client, name)
}

// attach makes a channel of a connection: it negotiates, registers the peer, and starts reading.
// The connection is closed when that fails.
func (k *Kernel) attach(ctx context.Context, conn net.Conn, role wire.Role, name string) (*Channel, error) {
	c := &Channel{k: k, conn: conn}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.out = newOutbox(conn, k.cfg.MaxQueue, c.end)
	c.in.init(k.cfg.MaxQueue)
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		_ = conn.Close()
		return nil, ErrClosed
	}
	k.open[c] = struct{}{}
	k.running.Add(1)
	k.mu.Unlock()

	frames, err := c.negotiate(ctx, role)
	if err != nil {
		k.running.Done()
		c.end(err)
		return nil, fmt.Errorf("ikc: negotiation with %v: %w", conn.RemoteAddr(), err)
	}
	if name == "" {
		name = conn.RemoteAddr().String()
	}
	if err := k.register(c, name); err != nil {
		k.running.Done()
		c.end(err)
		return nil, err
	}
	go func() {
		defer k.running.Done()
		c.end(c.read(frames))
	}()
	return c, nil
}

// negotiate runs the state machine of package wire over the connection.
func (c *Channel) negotiate(ctx context.Context, role wire.Role) (*wire.FrameScanner, error) {
	cfg := wire.NegotiatorConfig{
		Role: role, Dialect: c.k.cfg.Dialect, KernelID: c.k.id, PID: strconv.Itoa(os.Getpid()),
		Names: append(append([]string{c.k.cfg.Name}, c.k.cfg.Aliases...), localName(c.conn.LocalAddr())),
	}
	for _, s := range c.k.cfg.Serializers {
		cfg.Serializers = append(cfg.Serializers, s.Name())
	}
	deadline := time.Now().Add(c.k.cfg.HandshakeTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	n := wire.NewNegotiator(cfg)
	if err := c.sendLines(n.Start()); err != nil {
		return nil, err
	}
	var lines wire.LineScanner
	buf := make([]byte, 2048)
	for !n.Done() {
		line, ok, err := lines.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			got, err := c.conn.Read(buf)
			if lines.Write(buf[:got]); err != nil && got == 0 {
				if errors.Is(err, io.EOF) {
					err = fmt.Errorf("expected a line, the peer closed the connection: %w", io.ErrUnexpectedEOF)
				}
				return nil, err
			}
			continue
		}
		reply, err := n.Receive(line)
		if err != nil {
			return nil, err
		}
		if err := c.sendLines(reply); err != nil {
			return nil, err
		}
	}
	c.peer, c.dialect = n.Peer(), n.Dialect()
	for _, s := range c.k.cfg.Serializers {
		if s.Name() == n.Serializer() {
			c.serializer = s
		}
	}
	if c.serializer == nil {
		return nil, fmt.Errorf("%w: no serializer %q here", wire.ErrRefused, n.Serializer())
	}
	if c.peer.ID == "" {
		return nil, fmt.Errorf("%w: the peer gave no name", wire.ErrRefused)
	}
	return lines.Frames(c.k.cfg.MaxFrame), c.conn.SetDeadline(time.Time{})
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

// end closes the connection and takes the peer off the books, once.
func (c *Channel) end(cause error) {
	c.once.Do(func() {
		c.cancel(cause)
		_ = c.conn.Close()
		c.out.close(cause)
		c.in.close()
		c.k.unregister(c, cause)
	})
}
