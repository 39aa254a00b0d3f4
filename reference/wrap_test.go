package ikc_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// tee counts what passes. It hides that the connection is a socket, as TLS does.
type tee struct {
	net.Conn
	octets *atomic.Int64
}

func (t tee) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.octets.Add(int64(n))
	return n, err
}

func (t tee) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	t.octets.Add(int64(n))
	return n, err
}

// Any net.Conn will do, and nothing of it escapes who wraps it.
func TestWrap(t *testing.T) {
	var octets atomic.Int64
	var told atomic.Pointer[ikc.Channel]
	wrap := func(c net.Conn) net.Conn { return tee{c, &octets} }
	p := connected(t, ikc.Config{Wrap: wrap, OnConnect: func(c *ikc.Channel) { told.Store(c) }}, ikc.Config{Wrap: wrap})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	for _, size := range []int{1, 1000, 20_000, 300_000} {
		before := octets.Load()
		v, err := p.client.Call(soon(t), "poe://Server/me/echo", strings.Repeat("x", size))
		if err != nil || len(v.Str()) != size {
			t.Fatalf("got %d of %d octets, %v", len(v.Str()), size, err)
		}
		settled(t, "both tees see both ways", func() bool { return octets.Load()-before >= int64(4*size) })
	}
	if c := told.Load(); c == nil || c.Peer().ID != p.client.ID() || c.Err() != nil {
		t.Errorf("OnConnect was told of %+v", c)
	}
}

func TestDialConnPipe(t *testing.T) {
	server, client := kernel(t, ikc.Config{Name: "Server"}), kernel(t, ikc.Config{Name: "Client"})
	got, events := heard()
	session(t, server, "me", map[string]ikc.State{"event": got})
	a, b := net.Pipe()
	l := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conn <- a
	go func() { _ = server.Serve(context.Background(), l) }()
	_, err := client.DialConn(soon(t), b, "pipe")
	must(t, err)
	for i := range 100 {
		_, err := client.Post(soon(t), "poe://pipe/me/event", i)
		must(t, err)
	}
	for i := range 100 {
		expect(t, events, text(perl.NewInt(int64(i))))
	}
}

// oneConn is a listener that accepts the connections it is given.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
	once   atomic.Bool
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error {
	if l.once.CompareAndSwap(false, true) {
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
