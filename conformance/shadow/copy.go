package shadow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	// maxOut bounds the octets that wait for the other server to read them, of a connection.
	maxOut = 1 << 20
	// reachTimeout bounds connecting and negotiating with it.
	reachTimeout = 10 * time.Second
	// leaveTimeout is how long a negotiation may still take when the shadow is closed.
	leaveTimeout = time.Second
	// readSize is how many octets of it are read at once.
	readSize = 16 << 10
)

// copied is the connection to the other server for one of a client.
type copied struct {
	w    *worker
	pair *pair
	cfg  wire.NegotiatorConfig

	mu     sync.Mutex
	more   sync.Cond
	out    []byte
	ending bool     // no more is to be written
	ended  bool     // nothing is to be heard any more
	conn   net.Conn // nil until it has negotiated
	rec    *capture.Recorder
}

// news is what happened on such a connection.
type news struct {
	pair   *pair
	from   capture.Direction
	at     time.Time
	octets []byte
	peer   *wire.Peer // it has negotiated
	err    error      // it is over
}

// reach begins such a connection, which speaks as the client did.
func (w *worker) reach(p *pair, n *dialogue.Negotiation) *copied {
	me := n.Peers[wire.Client]
	c := &copied{w: w, pair: p, cfg: wire.NegotiatorConfig{
		Dialect: n.Dialect, KernelID: me.ID, Names: me.Aliases, PID: me.PID, Serializers: []string{n.Serializer},
	}}
	if n.Fallback {
		c.cfg.Dialect = wire.IKC0
	}
	if n.Dialect == wire.IKC { // names come the other way round there
		c.cfg.Names = nil
		for i := range me.Aliases {
			c.cfg.Names = append(c.cfg.Names, me.Aliases[len(me.Aliases)-1-i])
		}
	}
	c.more.L = &c.mu
	w.running.Go(func() { c.tell(news{err: c.run()}) })
	return c
}

// tell hands over news, unless nobody listens any more.
func (c *copied) tell(n news) {
	n.pair, n.at = c.pair, time.Now()
	select {
	case c.w.news <- n:
	case <-c.w.ctx.Done():
	}
}

// run is the connection from the start to its end, with why it ended. It comes to the end of the
// negotiation, since leaving in the middle is what ends a real Perl server; but for one that takes
// longer than leaveTimeout when the shadow is closed.
func (c *copied) run() error {
	opts := &c.w.opts
	conn, err := net.DialTimeout(opts.AlsoNetwork, opts.AlsoAddress, reachTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(reachTimeout))
	stop := context.AfterFunc(c.w.ctx, func() { _ = conn.SetDeadline(time.Now().Add(leaveTimeout)) })
	defer stop()
	comments := []string{fmt.Sprintf("also: copy of connection %d, to %s %s", c.pair.number, opts.AlsoNetwork, opts.AlsoAddress)}
	if opts.AlsoNetwork == "unix" {
		for _, side := range []capture.Direction{capture.FromClient, capture.FromServer} {
			comments = append(comments, capture.SocketComment(side, opts.AlsoAddress))
		}
	}
	from, to := c.address(conn.LocalAddr()), c.address(conn.RemoteAddr())
	if c.rec, err = opts.Relay.Writer.Open(c.w.iface, from, to, time.Now(), comments...); err != nil {
		c.rec = nil // the relay says that nothing can be recorded
	}
	n := wire.NewNegotiator(c.cfg)
	if _, err := wire.Negotiate(told{conn, c}, n, maxFrame, nil); err != nil {
		return err
	}
	if stop() {
		_ = conn.SetDeadline(time.Time{})
	}
	c.mu.Lock()
	c.conn = conn
	ended := c.ended
	c.mu.Unlock()
	if ended {
		return net.ErrClosed
	}
	peer := n.Peer()
	c.tell(news{peer: &peer})
	c.w.running.Go(c.write)
	buf := make([]byte, readSize)
	for {
		if _, err := (told{conn, c}).Read(buf); err != nil {
			return err
		}
	}
}

// told is a connection that tells what it reads and writes.
type told struct {
	net.Conn
	c *copied
}

func (t told) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if n > 0 {
		t.c.record(capture.FromServer, b[:n])
		t.c.tell(news{from: capture.FromServer, octets: append([]byte(nil), b[:n]...)})
	}
	if err != nil && t.c.rec != nil {
		switch {
		case errors.Is(err, io.EOF):
			_ = t.c.rec.CloseWrite(capture.FromServer, time.Now())
		case errors.Is(err, net.ErrClosed): // the copy was ended here, as its client has ended or the shadow
			_ = t.c.rec.CloseWrite(capture.FromClient, time.Now())
		default:
			_ = t.c.rec.Reset(capture.FromServer, time.Now(), "the copy ended: "+err.Error())
		}
	}
	return n, err
}

func (t told) Write(b []byte) (int, error) {
	t.c.record(capture.FromClient, b)
	t.c.tell(news{from: capture.FromClient, octets: append([]byte(nil), b...)})
	return t.Conn.Write(b)
}

func (c *copied) record(from capture.Direction, octets []byte) {
	if c.rec != nil {
		_ = c.rec.Data(from, octets, time.Now()) // that the capture cannot be written is told by the relay
	}
}

// unixServer is the address under which a server on a Unix socket is recorded.
var unixServer = netip.MustParseAddrPort("127.0.0.1:603")

func (c *copied) address(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		at := tcp.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	if a.String() == c.w.opts.AlsoAddress {
		return unixServer
	}
	return netip.AddrPortFrom(unixServer.Addr(), uint16(20000+c.pair.number%20000))
}

// send has octets written some time. It returns false if too much waits.
func (c *copied) send(octets []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) > 0 && len(c.out)+len(octets) > maxOut {
		return false
	}
	c.out = append(c.out, octets...)
	c.more.Signal()
	return true
}

// write writes what is to be sent.
func (c *copied) write() {
	for {
		c.mu.Lock()
		for len(c.out) == 0 && !c.ending {
			c.more.Wait()
		}
		out, ending := c.out, c.ending
		c.out = nil
		c.mu.Unlock()
		if len(out) > 0 {
			c.record(capture.FromClient, out)
			if _, err := c.conn.Write(out); err != nil {
				return // reading tells
			}
			continue
		}
		if ending {
			_ = c.conn.Close()
			return
		}
	}
}

// close ends the connection, at once or when what waits was written.
func (c *copied) close(atOnce bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending, c.ended = true, true
	c.more.Signal()
	if atOnce && c.conn != nil {
		_ = c.conn.Close()
	}
}
