package ikc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// raw is a peer that does what a test wants: a connection that has been negotiated.
type raw struct {
	net.Conn
	t      testing.TB
	frames *wire.FrameScanner
}

func rawPeer(t testing.TB, address, name string, aliases ...string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	n := wire.NewNegotiator(wire.NegotiatorConfig{Role: wire.Client, KernelID: name, Names: aliases, Serializers: []string{"Storable"}})
	frames, err := wire.Negotiate(conn, n, 0, nil)
	must(t, err)
	return &raw{Conn: conn, t: t, frames: frames}
}

func (r *raw) send(m *wire.Message) {
	r.t.Helper()
	image, err := storable.Freeze(m.ToValue())
	must(r.t, err)
	_, err = r.Write(wire.AppendFrame(nil, image))
	must(r.t, err)
}

func (r *raw) receive() (*wire.Message, error) {
	for buf := make([]byte, 4096); ; {
		image, ok, err := r.frames.Next()
		if err != nil {
			return nil, err
		}
		if ok {
			v, err := storable.Thaw(image)
			if err != nil {
				return nil, err
			}
			return wire.ParseMessage(v)
		}
		n, err := r.Read(buf)
		r.frames.Write(buf[:n])
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

func callMessage(to, name, state string, params *perl.Value) *wire.Message {
	return &wire.Message{Event: wire.AtString(to), Params: params,
		RSVP: wire.At(specifier.Specifier{Kernel: name, Session: "IKCLite", State: state})}
}

// What a peer does wrong costs its own connection and nothing else.
func TestBadPeers(t *testing.T) {
	p := connected(t, ikc.Config{HandshakeTimeout: 300 * time.Millisecond, MaxFrame: 1 << 16}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	frame := func(image string) string { return fmt.Sprintf("%d\x00%s", len(image), image) }
	for _, tt := range []struct {
		name       string
		negotiated bool
		octets     string
		closes     bool // by the server; else we close
	}{
		{"connect and close", false, "", false},
		{"half a line", false, "SETUP KERN", false},
		{"half a negotiation", false, "HELLO\r\n", false},
		{"silence", false, "", true},
		{"an endless line", false, strings.Repeat("x", 1<<17), true},
		{"lines without end", false, strings.Repeat("NO\n", 2000), true},
		{"garbage for a frame", true, "this is no frame", true},
		{"a frame without length", true, "\x00\x00", true},
		{"a frame that is too large", true, "9999999\x00", true},
		{"a length with too many digits", true, strings.Repeat("1", 40), true},
		{"a bad image", true, frame("this is no image"), true},
		{"an empty image", true, frame(""), true},
		{"an image that is no hash", true, frame("\x05\x0b\x02\x00\x00\x00\x00"), true},
		{"half a frame", true, "100\x00abc", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var conn net.Conn
			if tt.negotiated {
				conn = rawPeer(t, p.address, "Bad")
			} else {
				c, err := net.Dial("tcp", p.address)
				must(t, err)
				conn = c
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, tt.octets)
			if tt.closes {
				must(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
				if _, err := io.Copy(io.Discard, conn); err != nil && errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the server does not close: %v", err)
				}
			}
			conn.Close()
			v, err := p.client.Call(soon(t), "poe://Server/me/echo", "still there")
			if err != nil || v.Str() != "still there" {
				t.Errorf("another peer's call: got %s, %v", text(v), err)
			}
			settled(t, "only the good peer is left", func() bool { return p.server.Stats().Connections == 1 })
		})
	}
}

// Everything that a peer sent before closing its side is handled, and answered.
func TestHalfClose(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	var got int
	session(t, server, "me", map[string]ikc.State{"count": func(context.Context, *ikc.Request) (any, error) {
		time.Sleep(100 * time.Microsecond)
		got++
		return got, nil
	}})
	const n = 200
	r := rawPeer(t, serve(t, server), "Half")
	for i := range n {
		r.send(callMessage("poe://Server/me/count", "Half", fmt.Sprint("r", i), nil))
	}
	must(t, r.Conn.(*net.TCPConn).CloseWrite())
	for i := range n {
		m, err := r.receive()
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if m.Params.Int() != int64(i+1) {
			t.Fatalf("answer %d: got %s", i, text(m.Params))
		}
	}
	if _, err := r.receive(); !errors.Is(err, io.EOF) {
		t.Errorf("after the answers: got %v", err)
	}
}

// The same if the peer does not even wait for answers: none of its requests is lost.
func TestFullCloseWithCallsPending(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	var mu sync.Mutex
	got := 0
	session(t, server, "me", map[string]ikc.State{"count": func(context.Context, *ikc.Request) (any, error) {
		time.Sleep(100 * time.Microsecond)
		mu.Lock()
		defer mu.Unlock()
		got++
		return strings.Repeat("x", 1000), nil
	}})
	const n = 200
	r := rawPeer(t, serve(t, server), "Gone")
	var all []byte
	for i := range n {
		image, err := storable.Freeze(callMessage("poe://Server/me/count", "Gone", fmt.Sprint("r", i), nil).ToValue())
		must(t, err)
		all = wire.AppendFrame(all, image)
	}
	_, err := r.Write(all) // in one: what a peer has not sent yet, a reset takes away on its side
	must(t, err)
	must(t, r.Close())
	settled(t, "all requests handled", func() bool { mu.Lock(); defer mu.Unlock(); return got == n })
}

// A peer that never reads loses its connection when its queue is full; others do not notice.
func TestNeverReadingPeer(t *testing.T) {
	p := connected(t, ikc.Config{MaxQueue: 1 << 20}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{
		"big":  func(context.Context, *ikc.Request) (any, error) { return strings.Repeat("x", 100_000), nil },
		"echo": echo,
	})
	r := rawPeer(t, p.address, "Deaf")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 2000 {
			image, _ := storable.Freeze(callMessage("poe://Server/me/big", "Deaf", fmt.Sprint("r", i), nil).ToValue())
			if _, err := r.Write(wire.AppendFrame(nil, image)); err != nil {
				return
			}
		}
	}()
	for range 100 {
		_, err := p.client.Call(soon(t), "poe://Server/me/echo", "x")
		must(t, err)
	}
	settled(t, "the deaf peer is gone", func() bool { return p.server.Stats().Connections == 1 })
	r.Close()
	<-ended
}

// A peer that reads is not taken for one that does not, however small the queue.
func TestSmallQueue(t *testing.T) {
	plain := func(conn net.Conn) net.Conn { return conn }
	wrapped := func(conn net.Conn) net.Conn { return struct{ net.Conn }{conn} } // as TLS is: no socket to write to without blocking
	for _, perSession := range []bool{false, true} {
		for name, wrap := range map[string]func(net.Conn) net.Conn{"socket": plain, "other connection": wrapped} {
			for _, size := range []int{10, 1000, 5000} {
				t.Run(fmt.Sprintf("%s, answers of %d octets, queue per session: %v", name, size, perSession), func(t *testing.T) {
					server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 20_000, QueuePerSession: perSession, Wrap: wrap})
					session(t, server, "me", map[string]ikc.State{"echo": func(context.Context, *ikc.Request) (any, error) {
						return strings.Repeat("x", size), nil
					}})
					peer := rawPeer(t, serve(t, server), "Reader")
					image, err := storable.Freeze(callMessage("poe://Server/me/echo", "Reader", "r", nil).ToValue())
					must(t, err)
					const calls = 300
					go func() { _, _ = peer.Write(bytes.Repeat(wire.AppendFrame(nil, image), calls)) }()
					for i := range calls {
						if _, err := peer.receive(); err != nil {
							t.Fatalf("after %d of %d answers: %v", i, calls, err)
						}
					}
				})
			}
		}
	}
}

// A slow reader gets everything, if the sender waits for room.
func TestSlowReader(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{MaxQueue: 64 << 10})
	var n int
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	session(t, p.server, "me", map[string]ikc.State{
		"stuck": func(context.Context, *ikc.Request) (any, error) { <-end; return nil, nil },
		"slow": func(_ context.Context, r *ikc.Request) (any, error) {
			if n%64 == 0 {
				time.Sleep(time.Millisecond)
			}
			n++
			return nil, nil
		},
		"total": func(context.Context, *ikc.Request) (any, error) { return n, nil },
	})
	params := strings.Repeat("x", 2000)
	const posts = 3000
	for range posts {
		_, err := p.client.Post(soon(t), "poe://Server/me/slow", params)
		must(t, err)
	}
	v, err := p.client.Call(soon(t), "poe://Server/me/total", nil)
	if err != nil || v.Int() != posts {
		t.Errorf("got %s of %d posts, %v", text(v), posts, err)
	}
	// Without a deadline nobody waits.
	full := error(nil)
	for range 100_000 {
		if _, full = p.client.Post(context.Background(), "poe://Server/me/stuck", strings.Repeat("x", 60_000)); full != nil {
			break
		}
	}
	if !errors.Is(full, ikc.ErrQueueFull) {
		t.Errorf("a full queue: got %v", full)
	}
}

func TestNameTaken(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	first := rawPeer(t, p.address, "Same")
	settled(t, "the first is connected", func() bool { return p.server.Stats().Connections == 2 })
	settled(t, "the first is registered", func() bool { return p.server.Channel("Same") != nil })
	second := rawPeer(t, p.address, "Same")
	settled(t, "both are connected", func() bool { return p.server.Stats().Connections == 3 })
	for i, r := range []*raw{second, first, second} {
		state := fmt.Sprint("r", i)
		r.send(callMessage("poe://Server/me/echo", "Same", state, perl.NewInt(int64(i))))
		m, err := r.receive()
		if err != nil || m.Event.State != state || m.Params.Int() != int64(i) {
			t.Fatalf("answer %d: got %+v, %v", i, m, err)
		}
	}
	second.Close()
	settled(t, "the second is gone", func() bool { return p.server.Stats().Connections == 2 })
	if p.server.Channel("Same") == nil {
		t.Error("the end of the second took the name of the first")
	}
	// Who calls itself as we do is not us.
	impostor := rawPeer(t, p.address, "Server")
	impostor.send(callMessage("poe://Server/me/echo", "Server", "r", perl.NewInt(1)))
	if m, err := impostor.receive(); err != nil || m.Params.Int() != 1 {
		t.Errorf("answer to a peer with our name: got %+v, %v", m, err)
	}
	must(t, p.client.Ping(soon(t), "Server"))
}

// A peer cannot answer a call that was made of another.
func TestForgedAnswer(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	asked, release := make(chan string, 1), make(chan struct{})
	session(t, p.client, "me", map[string]ikc.State{"slow": func(_ context.Context, r *ikc.Request) (any, error) {
		asked <- "x"
		<-release
		return "honest", nil
	}})
	answer := make(chan string, 1)
	go func() {
		v, err := p.server.Call(soon(t), "poe://Client/me/slow", nil)
		answer <- fmt.Sprint(v.Str(), err)
	}()
	<-asked
	forger := rawPeer(t, p.address, "Forger")
	for i := range 10 {
		forger.send(&wire.Message{Event: wire.AtString(fmt.Sprint("poe://Server/IKCCall/response", i)), Params: perl.NewBytes("forged")})
	}
	forger.send(callMessage("poe://Server/IKC/ping", "Forger", "pong", nil))
	for {
		m, err := forger.receive()
		must(t, err)
		if m.Event.State == "pong" {
			break
		}
	}
	close(release)
	if got := <-answer; got != "honest<nil>" {
		t.Errorf("got %s", got)
	}
}

func TestLimitsOfAServer(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server", MaxConnections: 2, IdleTimeout: 200 * time.Millisecond})
	address := serve(t, server)
	a := rawPeer(t, address, "A")
	rawPeer(t, address, "B")
	connectedC := make(chan struct{})
	go func() {
		defer close(connectedC)
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "SETUP KERNEL=C;FREEZER=Storable\r\n")
		_, _ = conn.Read(make([]byte, 100))
	}()
	select {
	case <-connectedC:
		t.Error("a third connection was served beside two")
	case <-time.After(50 * time.Millisecond):
	}
	a.Close()
	<-connectedC
	settled(t, "idle connections are ended", func() bool { return server.Stats().Connections == 0 })
}

func TestDialFails(t *testing.T) {
	var mu sync.Mutex
	var operations []string
	k := kernel(t, ikc.Config{HandshakeTimeout: 100 * time.Millisecond, OnError: func(op string, err error) {
		mu.Lock()
		defer mu.Unlock()
		operations = append(operations, op)
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	began := time.Now()
	if _, err := k.Dial(context.Background(), "tcp", l.Addr().String()); err == nil {
		t.Error("a server that says nothing: expected an error")
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	l.Close()
	if _, err := k.Dial(context.Background(), "tcp", l.Addr().String()); err == nil {
		t.Error("nobody there: expected an error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := k.Dial(ctx, "tcp", l.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(operations, " "); got != "negotiate connect connect" {
		t.Errorf("OnError was told of %s", got)
	}
}

// TestDialOfSilence: a context whose time is over while a server says nothing is told as such,
// each time, whichever timer fires first.
func TestDialOfSilence(t *testing.T) {
	k := kernel(t, ikc.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	var dialing sync.WaitGroup
	for range 100 {
		dialing.Go(func() {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			if _, err := k.DialConn(ctx, conn, ""); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, expected context.DeadlineExceeded", err)
			}
		})
	}
	dialing.Wait()
}

// mute is a connection that cannot be written to once it has been silenced.
type mute struct {
	net.Conn
	silent atomic.Bool
}

func (m *mute) Write(b []byte) (int, error) {
	if m.silent.Load() {
		return 0, syscall.EPIPE
	}
	return m.Conn.Write(b)
}

// A connection that cannot be written to ends, soon and for that reason, however long it may be
// idle.
func TestWriteFails(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Hour} {
		var conn *mute
		p := connected(t, ikc.Config{}, ikc.Config{IdleTimeout: idle, Wrap: func(c net.Conn) net.Conn {
			conn = &mute{Conn: c}
			return conn
		}})
		session(t, p.client, "me", map[string]ikc.State{"echo": echo})
		conn.silent.Store(true)
		// An event that comes while the failure becomes known has the idle time set again.
		_, err := p.server.Post(soon(t), "poe://Client/me/echo", "x")
		must(t, err)
		_, _ = p.client.Post(soon(t), "poe://Server/me/echo", "x")
		_, _ = p.server.Post(soon(t), "poe://Client/me/echo", "x")
		select {
		case <-p.channel.Done():
		case <-time.After(5 * time.Second):
			t.Fatalf("idle time %v: the connection stays", idle)
		}
		if err := p.channel.Err(); !errors.Is(err, ikc.ErrDisconnected) || !errors.Is(err, syscall.EPIPE) {
			t.Errorf("idle time %v: got %v, expected the error of the write", idle, err)
		}
	}
}

// Whatever a listener's Accept returns once it has been closed: a shutdown is not an error.
func TestServeEndsWithShutdown(t *testing.T) {
	k := kernel(t, ikc.Config{})
	served := make(chan error, 1)
	l := &oddListener{closed: make(chan struct{}), accepting: make(chan struct{})}
	go func() { served <- k.Serve(context.Background(), l) }()
	<-l.accepting
	must(t, k.Shutdown(soon(t)))
	must(t, <-served)
}

// oddListener has an error of its own for having been closed.
type oddListener struct {
	closed, accepting chan struct{}
	once              sync.Once
}

func (l *oddListener) Accept() (net.Conn, error) {
	close(l.accepting)
	<-l.closed
	return nil, errors.New("odd listener: closed")
}

func (l *oddListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oddListener) Addr() net.Addr { return &net.UnixAddr{Name: "odd", Net: "unix"} }

// A connection that is being negotiated when the kernel is shut down fails for that reason.
func TestDialWhileShutDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	k := kernel(t, ikc.Config{})
	dialed := make(chan error, 1)
	go func() {
		_, err := k.Dial(soon(t), "tcp", l.Addr().String())
		dialed <- err
	}()
	settled(t, "it negotiates", func() bool { return k.Stats().Connections == 1 })
	must(t, k.Shutdown(soon(t)))
	if err := <-dialed; !errors.Is(err, ikc.ErrClosed) {
		t.Errorf("got %v, expected ErrClosed", err)
	}
}

// A peer whose calls have their answers sent to this kernel itself fills no more than the queue of
// that.
func TestAnswersToOurselves(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 64 << 10, QueuePerSession: perSession})
		session(t, server, "me", map[string]ikc.State{"echo": echo})
		released, release := context.WithCancel(context.Background())
		session(t, server, "slow", map[string]ikc.State{"wait": func(ctx context.Context, _ *ikc.Request) (any, error) {
			wait, cancel := context.WithCancel(ctx)
			defer context.AfterFunc(released, cancel)()
			_, _ = server.Call(wait, "poe://Server/slow/silent", nil) // which lets others run
			return nil, nil
		}, "silent": func(context.Context, *ikc.Request) (any, error) { return nil, nil }})
		peer := rawPeer(t, serve(t, server), "Bad")
		m := callMessage("poe://Server/me/echo", "", "", perl.NewInt(1))
		m.RSVP = wire.AtString("poe://Server/slow/wait")
		image, err := storable.Freeze(m.ToValue())
		must(t, err)
		frames := bytes.Repeat(wire.AppendFrame(nil, image), 100)
		for i := range 200 { // until the connection is ended
			if _, err := peer.Write(frames); err != nil {
				break
			}
			if i == 199 {
				settled(t, "the peer loses its connection", func() bool { return server.Stats().Connections == 0 })
			}
		}
		release()
	}
}

// What a program posts to its own kernel is bounded, too, and a full queue blocks nobody.
func TestLocalQueueFull(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Alone", MaxQueue: 64 << 10})
	release := make(chan struct{})
	session(t, k, "me", map[string]ikc.State{"wait": func(context.Context, *ikc.Request) (any, error) { <-release; return nil, nil }})
	defer close(release)
	var err error
	n := 0
	for ; err == nil && n < 10_000; n++ {
		err = k.PostSession(soon(t), "me", "wait")
	}
	if !errors.Is(err, ikc.ErrQueueFull) || n < 100 {
		t.Errorf("after %d events: got %v, expected ErrQueueFull after more", n, err)
	}
	if _, err := k.Post(soon(t), "poe://Alone/me/wait", nil); !errors.Is(err, ikc.ErrQueueFull) {
		t.Errorf("post to ourselves: got %v, expected ErrQueueFull", err)
	}
}
