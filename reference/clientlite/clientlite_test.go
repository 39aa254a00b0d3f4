package clientlite_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// server makes a kernel that listens at an address, any if it is "".
func server(t testing.TB, cfg ikc.Config, address string) (*ikc.Kernel, string) {
	t.Helper()
	cfg.Name, cfg.Logger = "Server", slog.New(slog.DiscardHandler)
	k, err := ikc.New(cfg)
	must(t, err)
	t.Cleanup(func() { must(t, k.Shutdown(soon(t))) })
	posted := 0
	s, err := k.NewSession("me", map[string]ikc.State{
		"echo":    func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"list":    func(context.Context, *ikc.Request) (any, error) { return ikc.List{1, "two"}, nil },
		"nothing": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
		"count":   func(context.Context, *ikc.Request) (any, error) { posted++; return posted, nil },
		"sender": func(ctx context.Context, r *ikc.Request) (any, error) {
			return nil, r.Sender.Post(ctx, "reply", r.Arg(0), "more")
		},
		"respond": func(ctx context.Context, r *ikc.Request) (any, error) {
			args := r.Arg(0).Target().Elems()
			return nil, r.Session.Respond(ctx, args[1], args[0])
		},
		"close": func(_ context.Context, r *ikc.Request) (any, error) { go r.Channel.Close(); return nil, nil },
	})
	must(t, err)
	s.Publish("echo", "list", "nothing", "count", "sender", "respond", "close")
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	must(t, err)
	go func() { _ = k.Serve(context.Background(), l) }()
	return k, l.Addr().String()
}

func spawn(t testing.TB, cfg clientlite.Config) *clientlite.Client {
	t.Helper()
	c, err := clientlite.Spawn(soon(t), cfg)
	must(t, err)
	t.Cleanup(c.Disconnect)
	return c
}

func TestMethods(t *testing.T) {
	for _, tt := range []struct{ server, client, agreed wire.Dialect }{
		{wire.IKC0, wire.IKC0, wire.IKC0}, {wire.IKC, wire.IKC0, wire.IKC}, {wire.IKC0, wire.IKC, wire.IKC},
	} {
		t.Run(tt.server.String()+" "+tt.client.String(), func(t *testing.T) {
			k, address := server(t, ikc.Config{Dialect: tt.server}, "")
			c := spawn(t, clientlite.Config{Name: "Lite", Address: address, Dialect: tt.client, BlockSize: 100})
			if c.Dialect() != tt.agreed || c.Peer().ID != k.ID() || c.Name() != "Lite" {
				t.Errorf("got %v, %+v, %s", c.Dialect(), c.Peer(), c.Name())
			}
			for _, to := range []string{"me/echo", "poe://Server/me/echo", "poe://" + k.ID() + "/me/echo"} {
				v, err := c.Call(soon(t), to, strings.Repeat("x", 1000))
				if err != nil || len(v.Str()) != 1000 {
					t.Errorf("call %s: got %d octets, %v", to, len(v.Str()), err)
				}
			}
			v, err := c.Call(soon(t), "me/list", nil)
			if err != nil || v.Str() != "two" {
				t.Errorf("list in scalar context: got %v, %v", v, err)
			}
			vs, err := c.CallList(soon(t), "me/list", nil)
			if err != nil || len(vs) != 2 || vs[0].Int() != 1 {
				t.Errorf("list: got %v, %v", vs, err)
			}
			must(t, c.Post(soon(t), "me/count", nil))
			if v, err := c.Call(soon(t), "me/count", nil); err != nil || v.Int() != 2 {
				t.Errorf("count: got %v, %v", v, err)
			}
			if v, err := c.PostRespond(soon(t), "me/respond", "back"); err != nil || v.Str() != "back" {
				t.Errorf("post_respond: got %v, %v", v, err)
			}
			must(t, c.Post(soon(t), "me/sender", "x"))
			if vs, err := c.RespondedList(soon(t), "reply"); err != nil || len(vs) != 2 || vs[0].Str() != "x" || vs[1].Str() != "more" {
				t.Errorf("responded: got %v, %v", vs, err)
			}
			must(t, c.Ping(soon(t)))
			must(t, c.Connect(soon(t)))
			if err := c.Err(); err != nil {
				t.Errorf("error: got %v", err)
			}
			c.Disconnect()
			if err := c.Ping(soon(t)); !errors.Is(err, clientlite.ErrNotConnected) {
				t.Errorf("ping without a connection: got %v", err)
			}
			if v, err := c.Call(soon(t), "me/echo", "again"); err != nil || v.Str() != "again" {
				t.Errorf("after disconnect: got %v, %v", v, err)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	_, address := server(t, ikc.Config{}, "")
	c := spawn(t, clientlite.Config{Address: address, Timeout: 100 * time.Millisecond})
	var remote *ikc.RemoteError
	if _, err := c.Call(soon(t), "absent/x", nil); !errors.As(err, &remote) || remote.Operation != ikc.OpCheck {
		t.Errorf("absent session: got %v", err)
	}
	if !errors.As(c.Err(), &remote) {
		t.Errorf("last error: got %v", c.Err())
	}
	// An error report about a post does not fail the call after it, but can be asked for.
	must(t, c.Post(soon(t), "absent/posted", nil))
	if v, err := c.Call(soon(t), "me/echo", "x"); err != nil || v.Str() != "x" {
		t.Errorf("call after a post that failed: got %v, %v", v, err)
	}
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "absent/posted") {
		t.Errorf("last error: got %v", err)
	}
	if _, err := c.Call(context.Background(), "me/nothing", nil); !errors.Is(err, clientlite.ErrTimeout) {
		t.Errorf("no answer: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := c.Call(ctx, "me/nothing", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	for _, to := range []string{"me", "me/", "", "poe://Server/me", "a b c/?"} {
		if err := c.Post(soon(t), to, nil); err == nil {
			t.Errorf("post to %q: expected an error", to)
		}
	}
	if _, err := c.Call(soon(t), "me/close", nil); !errors.Is(err, clientlite.ErrDisconnected) {
		t.Errorf("closed while waiting: got %v", err)
	}
	if v, err := c.Call(soon(t), "me/echo", perl.NewInt(1)); err != nil || v.Int() != 1 {
		t.Errorf("after all that: got %v, %v", v, err)
	}
}

func TestReconnect(t *testing.T) {
	k, address := server(t, ikc.Config{}, "")
	c := spawn(t, clientlite.Config{Name: "Lite", Address: address})
	if _, err := c.Call(soon(t), "me/echo", 1); err != nil {
		t.Fatal(err)
	}
	must(t, k.Shutdown(soon(t)))
	time.Sleep(5 * time.Millisecond)
	if err := c.Post(soon(t), "me/count", nil); err == nil {
		t.Error("post to a server that is gone: expected an error")
	}
	server(t, ikc.Config{}, address)
	if v, err := c.Call(soon(t), "me/count", nil); err != nil || v.Int() != 1 {
		t.Errorf("call of the server that came back: got %v, %v", v, err)
	}
}

func TestPhases(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	began := time.Now()
	if _, err := clientlite.Spawn(soon(t), clientlite.Config{Address: l.Addr().String(), ConnectTimeout: 50 * time.Millisecond}); err == nil {
		t.Error("a server that says nothing: expected an error")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := clientlite.Spawn(soon(t), clientlite.Config{Address: l.Addr().String(), Name: "not a name"}); err == nil {
		t.Error("a bad name: expected an error")
	}
}

// Whoever waits for its turn waits no longer than its context; what the server said of itself can
// be had at any time.
func TestTurnOfClient(t *testing.T) {
	k, address := server(t, ikc.Config{}, "")
	c := spawn(t, clientlite.Config{Address: address})
	ctx, cancel := context.WithCancel(context.Background())
	called := make(chan error, 1)
	go func() {
		_, err := c.Call(ctx, "me/nothing", nil)
		called <- err
	}()
	for k.Stats().Requests == 0 {
		time.Sleep(time.Millisecond)
	}
	over, stop := context.WithCancel(context.Background())
	stop()
	_, called2 := c.Call(over, "me/echo", 1)
	_, responded := c.Responded(over, "x")
	_, posted2 := c.PostRespond(over, "me/respond", 1)
	for _, err := range []error{c.Ping(over), c.Post(over, "me/echo", 1), c.Connect(over), called2, responded, posted2} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, expected the context's error", err)
		}
	}
	if c.Peer().ID != k.ID() || c.Dialect() != wire.IKC0 {
		t.Errorf("got %v, %v", c.Peer(), c.Dialect())
	}
	select {
	case err := <-called:
		t.Fatalf("the call that waits: got %v", err)
	default:
	}
	cancel()
	<-called
}

// A deadline is told in the same way, whether the clock of the context or that of the connection is
// first.
func TestDeadline(t *testing.T) {
	_, address := server(t, ikc.Config{}, "")
	c := spawn(t, clientlite.Config{Address: address})
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		_, err := c.Call(ctx, "me/nothing", nil)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, expected DeadlineExceeded", err)
		}
		must(t, c.Connect(soon(t)))
	}
	_, err := c.Call(context.Background(), "me/echo", 1)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	silent := clientlite.New(clientlite.Config{Address: l.Addr().String(), ConnectTimeout: 10 * time.Millisecond})
	if err := silent.Connect(soon(t)); !errors.Is(err, clientlite.ErrTimeout) {
		t.Errorf("a server that says nothing: got %v, expected ErrTimeout", err)
	}
}

// A connection may end in other ways than in order.
func TestReset(t *testing.T) {
	_, address := server(t, ikc.Config{Wrap: func(conn net.Conn) net.Conn {
		must(t, conn.(*net.TCPConn).SetLinger(0)) // it is reset when it is closed
		return nil
	}}, "")
	c := spawn(t, clientlite.Config{Address: address})
	if _, err := c.Call(soon(t), "me/close", nil); !errors.Is(err, clientlite.ErrDisconnected) {
		t.Errorf("got %v, expected ErrDisconnected", err)
	}
}

// broken is a connection that fails to be written to in a way of its own.
type broken struct {
	net.Conn
	now *atomic.Bool
}

func (b *broken) Write(p []byte) (int, error) {
	if b.now.Load() {
		return 0, io.ErrClosedPipe
	}
	return b.Conn.Write(p)
}

func TestReconnectOverOtherConnections(t *testing.T) {
	_, address := server(t, ikc.Config{}, "")
	var now atomic.Bool
	c := spawn(t, clientlite.Config{Address: address, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		now.Store(false)
		return &broken{conn, &now}, err
	}})
	now.Store(true)
	if v, err := c.Call(soon(t), "me/echo", "x"); err != nil || v.Str() != "x" {
		t.Errorf("got %v, %v", v, err)
	}
}

// The default serializer is not taken in place of one that was refused: a server that refuses one
// may not have it.
func TestRefusedSerializer(t *testing.T) {
	_, address := server(t, ikc.Config{Serializers: []wire.Serializer{freezethaw.Serializer{}}}, "")
	for _, dialect := range []wire.Dialect{wire.IKC0, wire.IKC} {
		if _, err := clientlite.Spawn(soon(t), clientlite.Config{Address: address, Dialect: dialect}); !errors.Is(err, wire.ErrRefused) || !strings.Contains(err.Error(), address) {
			t.Errorf("%v: got %v, want ErrRefused with the address", dialect, err)
		}
	}
}

// Time is not over before it is, whatever came just before.
func TestNotTooEarly(t *testing.T) {
	const timeout = 320 * time.Millisecond
	_, address := server(t, ikc.Config{}, "")
	c := spawn(t, clientlite.Config{Address: address, Timeout: timeout})
	_, err := c.Call(soon(t), "me/echo", "x")
	must(t, err)
	began := time.Now()
	if _, err := c.Responded(context.Background(), "never"); !errors.Is(err, clientlite.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took < timeout {
		t.Errorf("it was over after %v", took)
	}
}
