package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// maxErrors is how many errors a relay keeps for Close. All are logged.
const maxErrors = 16

// Relay accepts connections and forwards them to its target. Its methods may be called from several
// goroutines.
type Relay struct {
	opts     Options
	iface    int
	listener net.Listener
	log      *slog.Logger

	// dialing is cancelled when the relay cuts its connections.
	dialing context.Context
	cut     context.CancelFunc

	running      sync.WaitGroup // the accepting goroutine and all connections
	once         sync.Once
	captureError sync.Once
	closing      chan struct{} // closed when Close begins
	done         chan struct{} // closed when nothing runs any more
	slots        chan struct{} // holds an item for each connection, and for the one that is awaited

	holding sync.Mutex                    // locked by whoever holds
	held    atomic.Pointer[chan struct{}] // closed when octets go on; nil if they do
	setting atomic.Pointer[setting]       // never nil
	late    atomic.Int64                  // octets that are to be passed on later, of all connections

	mu      sync.Mutex
	live    map[*link]struct{}
	isCut   bool // Close has cut the connections
	nCut    int
	errs    []error
	dropped int // errors beyond maxErrors
}

// Start listens and begins to relay. The errors are those of Options, of the listener, and of the
// Writer. The caller must Close the Relay.
func Start(opts Options) (*Relay, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen(opts.ListenNetwork, opts.ListenAddress)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	if opts.Description == "" {
		opts.Description = fmt.Sprintf("relay from %v %v to %v %v",
			opts.ListenNetwork, listener.Addr(), opts.TargetNetwork, opts.TargetAddress)
	}
	iface, err := opts.Writer.Interface(opts.Interface, opts.Description)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("relay: %w", err), listener.Close())
	}
	r := &Relay{
		opts: opts, iface: iface, listener: listener, log: visible.Logger(opts.Logger),
		live: map[*link]struct{}{}, closing: make(chan struct{}), done: make(chan struct{}),
		slots: make(chan struct{}, opts.MaxConnections),
	}
	r.setting.Store(&setting{faults: opts.Fault, replaced: make(chan struct{})})
	r.dialing, r.cut = context.WithCancel(context.Background())
	r.running.Go(r.accept)
	return r, nil
}

// Addr is where clients connect.
func (r *Relay) Addr() net.Addr { return r.listener.Addr() }

// Close stops accepting, waits for the connections to end by themselves until ctx is done, and then
// cuts those that are left, which both sides and the capture see as resets. When it returns, no
// goroutine of the relay runs any more and all that went through is in the capture and flushed.
//
// The error joins what went wrong since Start: targets that could not be reached, the writing of
// the capture, and how many connections were cut. That a peer reset its connection is not an error.
func (r *Relay) Close(ctx context.Context) error {
	r.once.Do(func() {
		close(r.closing)
		if err := r.listener.Close(); err != nil {
			r.report(fmt.Errorf("relay: %w", err))
		}
		go func() {
			r.running.Wait()
			r.cut()
			close(r.done)
		}()
	})
	select {
	case <-r.done:
	case <-ctx.Done():
		select {
		case <-r.done:
		default:
			r.cutAll()
			<-r.done
		}
	}
	flushed := r.opts.Writer.Flush()
	if errors.Is(flushed, capture.ErrClosed) {
		flushed = nil // whoever closed the capture has flushed it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := errors.Join(append(r.errs[:len(r.errs):len(r.errs)], flushed)...)
	if r.dropped > 0 {
		err = errors.Join(err, fmt.Errorf("relay: and %d more errors", r.dropped))
	}
	if r.nCut > 0 {
		err = errors.Join(err, fmt.Errorf("relay: connections still open, and cut: %d", r.nCut))
	}
	return err
}

func (r *Relay) cutAll() {
	r.mu.Lock()
	links := slices.Collect(maps.Keys(r.live))
	if !r.isCut {
		r.isCut, r.nCut = true, len(links)
	}
	r.mu.Unlock()
	for _, l := range links {
		l.cut()
	}
	r.cut() // last, so that whose dialing fails knows why
}

func (r *Relay) accept() {
	delay := time.Duration(0)
	for n := 0; r.takeSlot(); {
		conn, err := r.listener.Accept()
		switch {
		case err == nil:
			delay = 0
			if l := r.admit(conn, n); l != nil {
				r.running.Go(func() {
					defer r.giveSlot()
					l.run()
				})
			} else {
				r.giveSlot()
			}
			n++
			continue
		case errors.Is(err, net.ErrClosed):
			return
		default: // such as too many open files: go on when it gets better
			r.report(fmt.Errorf("relay: accept: %w", err))
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(delay):
			case <-r.dialing.Done():
				return
			}
		}
		r.giveSlot()
	}
}

// takeSlot waits until there may be one more connection. It returns false if there is to be none.
func (r *Relay) takeSlot() bool {
	select {
	case r.slots <- struct{}{}:
		return true
	default:
	}
	r.log.Warn("relay: the next connection waits until another ends", "connections", cap(r.slots))
	select {
	case r.slots <- struct{}{}:
		return true
	case <-r.closing:
		return false
	}
}

func (r *Relay) giveSlot() { <-r.slots }

// admit begins to record a new connection. One that cannot be recorded goes on all the same: client
// and server need it. It returns nil if there is to be none.
func (r *Relay) admit(conn net.Conn, n int) *link {
	at := time.Now()
	from, comments := r.describe(conn, n)
	l := &link{relay: r, number: n, client: conn, recorder: unrecorded{}, log: r.log.With("conn", n)}
	set := r.setting.Load()
	if set.text != "" {
		comments = append(comments, set.text)
	}
	recorder, err := r.opts.Writer.Open(r.iface, from, r.opts.RecordTarget, at, comments...)
	if err == nil {
		l.recorder = recorder
	} else {
		r.captureFailed(err)
	}
	r.mu.Lock()
	isCut := r.isCut
	if !isCut {
		r.live[l] = struct{}{}
	}
	now := r.setting.Load()
	r.mu.Unlock()
	if now != set {
		l.remark(capture.FromServer, now.text)
	}
	if isCut {
		l.cut()
		return nil
	}
	l.log.Info("relay: connected", "client", from, "server", r.opts.RecordTarget, "recorded", err == nil)
	return l
}

// describe gives the address under which a client is recorded, and the comments on its first
// packet.
func (r *Relay) describe(conn net.Conn, n int) (netip.AddrPort, []string) {
	var comments []string
	if r.opts.TargetNetwork == "unix" {
		comments = append(comments, capture.SocketComment(capture.FromServer, r.opts.TargetAddress))
	}
	comment := fmt.Sprintf("%s: connection %d, target %s %s", r.opts.Interface, n, r.opts.TargetNetwork, r.opts.TargetAddress)
	client := netip.AddrPortFrom(unixTarget.Addr(), uint16(unixClientPort+n%unixClientPorts))
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		client = plain(addr)
	} else {
		comments = append(comments, capture.SocketComment(capture.FromClient, r.opts.ListenAddress))
	}
	comments = append(comments, comment)
	if r.opts.Comment != "" {
		comments = append(comments, r.opts.Comment)
	}
	return client, comments
}

// plain is an address without a mapping of IPv4 into IPv6, which a listener for both makes.
func plain(a *net.TCPAddr) netip.AddrPort {
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// report logs an error and keeps it for Close.
func (r *Relay) report(err error) {
	r.log.Error(err.Error())
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.errs) == maxErrors {
		r.dropped++
		return
	}
	r.errs = append(r.errs, err)
}

// Flush writes out what has been recorded, for who reads the capture meanwhile. That it cannot be
// written is logged, and told by Close.
func (r *Relay) Flush() {
	if err := r.opts.Writer.Flush(); err != nil && !errors.Is(err, capture.ErrClosed) {
		r.captureFailed(err)
	}
}

// captureFailed reports that the capture cannot be written. That is so for good: it is reported
// once, and traffic goes on.
func (r *Relay) captureFailed(err error) {
	r.captureError.Do(func() {
		since := time.Now().UTC().Format(time.RFC3339)
		r.report(fmt.Errorf("relay: from %s on nothing is recorded, traffic goes on: %w", since, err))
	})
}

func (r *Relay) forget(l *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, l)
}
