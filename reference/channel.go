package ikc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Channel is a connection to a remote kernel that has been negotiated. It comes of Dial,
// Config.OnConnect or [Kernel.Channel], and is safe for concurrent use.
type Channel struct {
	k          *Kernel
	as         *Identity // this kernel's, at this connection
	number     uint64
	conn       net.Conn
	peer       wire.Peer
	aliases    []string // of the peer, and the address it was reached at
	dialect    wire.Dialect
	silent     bool // it said nothing to SETUP
	heldBack   bool // requests may wait in the inbox for monitors, see holdBack; the reader has it
	serializer wire.Serializer
	frames     *wire.FrameScanner
	socket     *socket      // conn, nil if it is no socket itself
	frozen     atomic.Int64 // octets that the image which was sent last took in its buffer
	out        *outbox
	in         inbox
	holds      *account
	jobs       sync.WaitGroup // requests in the queues of sessions
	reports    reports
	joined     atomic.Bool // its reader has a place in the crowd
	watched    atomic.Bool // it is on the list of the watchdog
	ctx        context.Context
	cancel     context.CancelCauseFunc
	once       sync.Once

	underWay callList // blocking calls that went by it

	// Guarded by the kernel's mu.
	entered bool            // under peer.ID
	ready   bool            // monitors have been told
	lost    bool            // no answer can come any more
	failed  bool            // monitors have been told of an error
	named   int             // octets that its names take in the account
	permits map[address]int // rsvp permissions for posts of this peer; nil if there are none
}

// ID returns the number of the channel, unique in its kernel, by which monitors know it.
func (c *Channel) ID() uint64 { return c.number }

// Peer returns what the remote kernel said of itself: its id, its aliases, its process. Its slice
// must not be changed.
func (c *Channel) Peer() wire.Peer { return c.peer }

// Dialect returns how the connection was negotiated.
func (c *Channel) Dialect() wire.Dialect { return c.dialect }

// Silent tells whether the server said nothing to SETUP, so that the negotiation went on with
// HELLO: see Config.HelloAfter.
func (c *Channel) Silent() bool { return c.silent }

// Serializer returns the Perl package agreed on, such as "Storable".
func (c *Channel) Serializer() string { return c.serializer.Name() }

// LocalAddr is the address of this side.
func (c *Channel) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr is the address of the peer.
func (c *Channel) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// Done is closed when the connection has ended; Err then tells why.
func (c *Channel) Done() <-chan struct{} { return c.ctx.Done() }

// Err returns why the connection ended; nil while it lives. It matches io.EOF if the peer closed it
// in order, net.ErrClosed if Close did, ErrClosed if Shutdown did, ErrIdle, ErrQueueFull,
// ErrMemory, or ErrDisconnected if it could not be written to. What the peer did wrong is a
// *wire.FrameError, a *wire.MessageError or an error of the serializer; the rest are errors of the
// network.
func (c *Channel) Err() error {
	if c.ctx.Err() == nil {
		return nil
	}
	return context.Cause(c.ctx)
}

// Close ends the connection once what is queued has been written, or Config.HandshakeTimeout
// passed; it waits for that, but not for states. Requests that have not been begun are dropped, and
// calls that wait for the peer fail. The error is always nil.
func (c *Channel) Close() error {
	c.out.drain(c.k.cfg.HandshakeTimeout)
	c.end(net.ErrClosed)
	return nil
}

// end closes the connection and takes the peer off the books, once.
func (c *Channel) end(cause error) {
	c.once.Do(func() {
		c.k.lose(c, cause)
		c.cancel(cause)
		c.out.close(cause)
		_ = c.conn.Close()
		c.in.close()
		c.k.unregister(c, cause)
		c.k.bequeath(c.holds)
	})
}

// lingering is how long a connection that cannot be written to is still read, for what the peer has
// sent before.
const lingering = time.Second

// writeFailed is told by the outbox that the peer cannot be written to. What it sent before is
// still handled.
func (c *Channel) writeFailed(err error) {
	c.k.mu.Lock()
	c.k.channelError(c, OpWrite, err)
	c.k.mu.Unlock()
	c.k.lose(c, err)
	c.linger()
}

// linger has reading end soon.
func (c *Channel) linger() { _ = c.conn.SetReadDeadline(time.Now().Add(lingering)) }

// attach makes a channel of a connection: it negotiates, registers the peer, and starts reading.
// The connection is closed when that fails.
func (k *Kernel) attach(ctx context.Context, conn net.Conn, role wire.Role, name string, as *Identity, o opening) (*Channel, error) {
	if k.cfg.Wrap != nil {
		if wrapped := k.cfg.Wrap(conn); wrapped != nil {
			conn = wrapped
		}
	}
	c := &Channel{k: k, as: as, conn: conn, socket: socketOf(conn), number: k.stats.channels.Add(1)}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.holds = k.ledger.open(conn.RemoteAddr().String(), c.end)
	c.out = newOutbox(conn, c.socket, k.cfg.MaxQueue, c.holds, &k.stats, c.writeFailed)
	c.in.init(k.cfg.MaxQueue, &k.ledger.share, 1)
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		_ = conn.Close()
		return nil, ErrClosed
	}
	k.open[c] = struct{}{}
	k.running.Add(1)
	k.mu.Unlock()

	err := c.negotiate(ctx, role, o)
	if err != nil && c.ctx.Err() != nil {
		err = context.Cause(c.ctx) // it was ended here
	}
	if err == nil {
		if name == "" {
			name = c.holds.who
		}
		c.frames.Hold, c.frames.MaxAlloc = c.holds.hold, k.thawing.all
		if role == wire.Server && !k.events.waitRoom(c.ctx, k.cfg.HandshakeTimeout) {
			err = fmt.Errorf("%w: monitors are too far behind to be told of one more peer", ErrMemory)
		} else {
			err = k.register(c, name)
		}
	}
	if err != nil {
		defer k.running.Done()
		c.end(err)
		if closedHere(err) {
			return nil, err
		}
		k.stats.handshakesFailed.Add(1)
		err = fmt.Errorf("ikc: negotiation with %v: %w", conn.RemoteAddr(), err)
		k.trouble(ctx, OpNegotiate, err)
		return nil, err
	}
	c.holdBack()
	if k.cfg.OnConnect != nil {
		k.cfg.OnConnect(c)
	}
	go c.read()
	return c, nil
}

// holdBack has requests of a peer wait until monitors have been told that it is there: in the
// inbox, also if sessions have queues of their own (Config.QueuePerSession). Its answers do not
// wait: a monitor may call the peer.
func (c *Channel) holdBack() {
	number := c.k.events.pending()
	if number == 0 {
		return
	}
	c.heldBack = c.k.cfg.QueuePerSession
	_ = c.in.put(c.part, job{run: func(*worker) { c.k.events.waitTold(number) }}) // closed: no request is carried out
}

// trouble tells of an error before there is a connection. What is routine goes to the log with
// level Debug: one more attempt that failed, and a peer that connects and closes without a word, as
// health checks do.
func (k *Kernel) trouble(ctx context.Context, operation string, err error) {
	if k.cfg.OnError != nil {
		k.cfg.OnError(operation, err)
		return
	}
	k.mu.Lock()
	told := k.inform("", EventError, event{operation: PrefixChannel + operation, message: wheelError(err)})
	k.mu.Unlock()
	if told == 0 || operation != OpConnect { // who connects has the error as well
		level := slog.LevelWarn
		var stranger *wire.StrangerError
		wordless := errors.As(err, &stranger) && len(stranger.Began) == 0 &&
			(errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET))
		if wordless || ctx.Value(retryKey{}) != nil {
			level = slog.LevelDebug
		}
		k.log.Log(ctx, level, "connection failed", "operation", operation, "error", err)
	}
}
