package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// quiet is for kernels whose warnings are expected.
var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon bounds what is to happen in no time.
func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func text(v *perl.Value) string { return perl.Format(v, perl.FormatOptions{}) }

func texts(vs []*perl.Value) string {
	var s []string
	for _, v := range vs {
		s = append(s, text(v))
	}
	return strings.Join(s, " ")
}

// kernel makes a kernel that is shut down, in order, when the test ends.
func kernel(t testing.TB, cfg ikc.Config) *ikc.Kernel {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = quiet
	}
	k, err := ikc.New(cfg)
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := k.Shutdown(ctx); err != nil {
			t.Errorf("shutdown of %s: %v", k.Name(), err)
		}
	})
	return k
}

// serve has a kernel listen and returns its address.
func serve(t testing.TB, k *ikc.Kernel) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() {
		if err := k.Serve(context.Background(), l); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	return l.Addr().String()
}

func dial(t testing.TB, k *ikc.Kernel, address string) *ikc.Channel {
	t.Helper()
	c, err := k.Dial(soon(t), "tcp", address)
	must(t, err)
	return c
}

// session makes a session with all its states published.
func session(t testing.TB, k *ikc.Kernel, alias string, states map[string]ikc.State) *ikc.Session {
	t.Helper()
	s, err := k.NewSession(alias, states)
	must(t, err)
	for state := range states {
		s.Publish(state)
	}
	return s
}

func echo(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil }

// heard is a state that hands on what it gets.
func heard() (ikc.State, chan []*perl.Value) {
	c := make(chan []*perl.Value, 1000)
	return func(_ context.Context, r *ikc.Request) (any, error) { c <- r.Args; return nil, nil }, c
}

func expect(t testing.TB, c <-chan []*perl.Value, want string) {
	t.Helper()
	select {
	case args := <-c:
		if got := texts(args); got != want {
			t.Errorf("arguments:\n got %s\nwant %s", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("expected an event with %s, none came", want)
	}
}

// settled waits until something is true.
func settled(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("expected: %s", what)
		}
	}
}

// pair is a server and a client that is connected to it.
type pair struct {
	server, client *ikc.Kernel
	address        string
	channel        *ikc.Channel
}

func connected(t testing.TB, server, client ikc.Config) *pair {
	t.Helper()
	if server.Name == "" {
		server.Name = "Server"
	}
	if client.Name == "" {
		client.Name = "Client"
	}
	p := &pair{server: kernel(t, server), client: kernel(t, client)}
	p.address = serve(t, p.server)
	p.channel = dial(t, p.client, p.address)
	// The client knows before the server does that they have come to terms.
	settled(t, "the server knows the client", func() bool { return p.server.Channel(p.client.ID()) != nil })
	return p
}

func TestDialects(t *testing.T) {
	for _, tt := range []struct{ server, client, agreed wire.Dialect }{
		{wire.IKC0, wire.IKC0, wire.IKC0}, {wire.IKC0, wire.IKC, wire.IKC}, {wire.IKC, wire.IKC0, wire.IKC}, {wire.IKC, wire.IKC, wire.IKC},
	} {
		t.Run(fmt.Sprintf("%v server %v client", tt.server, tt.client), func(t *testing.T) {
			p := connected(t, ikc.Config{Dialect: tt.server, Aliases: []string{"Also"}}, ikc.Config{Dialect: tt.client})
			if p.channel.Dialect() != tt.agreed {
				t.Errorf("dialect: got %v, want %v", p.channel.Dialect(), tt.agreed)
			}
			if p.channel.Peer().ID != p.server.ID() {
				t.Errorf("id of the peer: got %q, want %q", p.channel.Peer().ID, p.server.ID())
			}
			session(t, p.server, "me", map[string]ikc.State{"echo": echo})
			for _, name := range []string{"Server", "Also", p.server.ID(), p.address, ""} {
				to := "poe://" + name + "/me/echo"
				if name == "" {
					to = "poe:/me/echo"
				}
				v, err := p.client.Call(soon(t), to, "x")
				if err != nil || text(v) != text(perl.NewBytes("x")) {
					t.Errorf("call %s: got %s, %v", to, text(v), err)
				}
			}
			must(t, p.server.Ping(soon(t), "Client"))
		})
	}
}

func TestUnixSocket(t *testing.T) {
	server, client := kernel(t, ikc.Config{Name: "Server"}), kernel(t, ikc.Config{Name: "Client"})
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	must(t, err)
	go func() { _ = server.Serve(context.Background(), l) }()
	_, err = client.Dial(soon(t), "unix", path)
	must(t, err)
	must(t, client.Ping(soon(t), "Server"))
	must(t, server.Ping(soon(t), "Client"))
}

func TestCalls(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	s := session(t, p.server, "me", map[string]ikc.State{
		"echo": echo,
		"args": func(_ context.Context, r *ikc.Request) (any, error) { return perl.ArrayRef(r.Args...), nil },
		"list": func(context.Context, *ikc.Request) (any, error) { return ikc.List{1, "two", 3}, nil },
		"want": func(_ context.Context, r *ikc.Request) (any, error) { return fmt.Sprint(r.WantArray, r.IsCall), nil },
		"none": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
		"fail": func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("no luck") },
	})
	s.Handle("hidden", echo)
	for _, tt := range []struct{ to, params, want string }{
		{"poe://Server/me/echo", "x", `'x'`},
		{"Server/me/echo", "x", `'x'`},
		{"poe://Server/me/args?more", "x", `['x', 'more']`},
		{"poe://Server/me/list", "x", `3`},
		{"poe://Server/me/want", "x", `'false true'`},
	} {
		v, err := p.client.Call(soon(t), tt.to, tt.params)
		if err != nil || text(v) != tt.want {
			t.Errorf("call %s: got %s, %v; want %s", tt.to, text(v), err, tt.want)
		}
	}
	vs, err := p.client.CallList(soon(t), "poe://Server/me/list", "x")
	if err != nil || len(vs) != 3 || vs[1].Str() != "two" {
		t.Errorf("list: got %s, %v", texts(vs), err)
	}
	for _, tt := range []struct{ to, op, message string }{
		{"poe://Server/me/hidden", ikc.OpCheck, "Session 'me' has not published state 'hidden'.  Request poe://Server/me/hidden"},
		{"poe://Server/absent/x", ikc.OpCheck, "Session 'absent' is not available for remote kernels.  Request poe://Server/absent/x"},
		{"poe://Server/me/fail", ikc.OpInvocation, "no luck.  Request poe://Server/me/fail"},
	} {
		_, err := p.client.Call(soon(t), tt.to, "x")
		var remote *ikc.RemoteError
		if !errors.As(err, &remote) || remote.Operation != tt.op || remote.Message != tt.message || remote.Kernel != "Server" {
			t.Errorf("call %s: got %+v, want %s: %s", tt.to, err, tt.op, tt.message)
		}
	}
	if _, err := p.client.Call(soon(t), "poe://Nobody/me/echo", "x"); !errors.Is(err, ikc.ErrUnknownKernel) {
		t.Errorf("unknown kernel: got %v", err)
	}
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.client.Call(short, "poe://Server/me/none", "x"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "returns nothing") {
		t.Errorf("state that returns nothing: got %v", err)
	}
}

func TestRSVPOnce(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	got, answers := heard()
	s, err := p.client.NewSession("caller", map[string]ikc.State{"answer": got})
	must(t, err)
	n, err := s.CallTo(soon(t), "poe://Server/me/echo", "x", "poe:/caller/answer")
	if n != 1 || err != nil {
		t.Fatalf("CallTo: got %d, %v", n, err)
	}
	expect(t, answers, text(perl.NewBytes("x")))
	// The permission has been used up: the server may not post there again.
	if _, err := p.server.Call(soon(t), "poe://Client/caller/answer", "y"); err == nil {
		t.Error("a second post to an rsvp was allowed")
	}
	if n, err := p.client.Post(soon(t), "poe://Nobody/me/echo", "x"); n != 0 || !errors.Is(err, ikc.ErrUnknownKernel) {
		t.Errorf("post to an unknown kernel: got %d, %v", n, err)
	}
	if n, err := p.client.Post(soon(t), "poe://*/me/echo", "x"); n != 2 || err != nil {
		t.Errorf("post to every kernel: got %d, %v; want 2: the server and ourselves", n, err)
	}
}

func TestSender(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	senders := make(chan *ikc.Sender, 10)
	session(t, p.server, "me", map[string]ikc.State{
		"back": func(ctx context.Context, r *ikc.Request) (any, error) {
			senders <- r.Sender
			return nil, r.Sender.Post(ctx, "reply", r.Arg(0), 2, "three")
		},
	})
	got, replies := heard()
	s := session(t, p.client, "asker", map[string]ikc.State{"reply": got})
	_, err := s.Post(soon(t), "poe://Server/me/back", "one")
	must(t, err)
	expect(t, replies, texts([]*perl.Value{perl.NewBytes("one"), perl.NewInt(2), perl.NewBytes("three")}))
	kept := <-senders
	must(t, kept.Post(soon(t), "reply", "later"))
	expect(t, replies, text(perl.NewBytes("later")))
	// Who has published nothing has no address.
	anonymous, err := p.client.NewSession("quiet", nil)
	must(t, err)
	_, err = anonymous.Post(soon(t), "poe://Server/me/back", "x")
	must(t, err)
	must(t, p.client.Ping(soon(t), "Server"))
	if err := (<-senders).Post(soon(t), "reply"); !errors.Is(err, ikc.ErrNoSender) {
		t.Errorf("no sender: got %v", err)
	}
}

func TestLocalKernel(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Alone"})
	var got []string
	session(t, k, "me", map[string]ikc.State{
		"echo": echo,
		"note": func(_ context.Context, r *ikc.Request) (any, error) {
			got = append(got, text(r.Arg(0)))
			return nil, nil
		},
		"call": func(ctx context.Context, r *ikc.Request) (any, error) {
			return r.Session.Kernel().Call(ctx, "poe://Alone/me/echo", r.Arg(0))
		},
	})
	for _, name := range []string{"Alone", k.ID()} {
		v, err := k.Call(soon(t), "poe://"+name+"/me/call", "x")
		if err != nil || v.Str() != "x" {
			t.Errorf("call of ourselves as %s: got %s, %v", name, text(v), err)
		}
	}
	var want []string
	for i := range 100 {
		_, err := k.Post(soon(t), "poe://Alone/me/note", i)
		must(t, err)
		want = append(want, text(perl.NewInt(int64(i))))
	}
	must(t, k.Ping(soon(t), "Alone"))
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("posts to ourselves: got %v", got)
	}
	var remote *ikc.RemoteError
	if _, err := k.Call(soon(t), "poe://Alone/absent/x", "x"); !errors.As(err, &remote) {
		t.Errorf("call of an absent session here: got %v", err)
	}
	must(t, k.SetDefault("Alone"))
	if v, err := k.Call(soon(t), "poe:/me/echo", "d"); err != nil || v.Str() != "d" {
		t.Errorf("default kernel: got %s, %v", text(v), err)
	}
	if err := k.SetDefault("Nobody"); !errors.Is(err, ikc.ErrUnknownKernel) {
		t.Errorf("default to an unknown kernel: got %v", err)
	}
}

// A state that waits must not keep its kernel, whatever it waits for.
func TestStatesCallEachOther(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.client, "me", map[string]ikc.State{"echo": echo})
	session(t, p.server, "me", map[string]ikc.State{
		"echo": echo,
		// calls the caller back, by the connection that the call came by
		"back": func(ctx context.Context, r *ikc.Request) (any, error) {
			return p.server.Call(ctx, "poe://Client/me/echo", r.Arg(0))
		},
		// calls itself through another kernel of this process, which it uses with its own context
		"round": func(ctx context.Context, r *ikc.Request) (any, error) {
			return p.client.Call(ctx, "poe://Server/me/echo", r.Arg(0))
		},
		// waits for a goroutine that calls without the state's context
		"other": func(ctx context.Context, r *ikc.Request) (any, error) {
			done := make(chan error, 1)
			go func() {
				_, err := p.server.Call(context.WithoutCancel(soon(t)), "poe://Client/me/echo", "x")
				done <- err
			}()
			return r.Arg(0), <-done
		},
		// leaves a goroutine behind that uses the state's context after its end
		"leave": func(ctx context.Context, r *ikc.Request) (any, error) {
			for range 3 {
				go func() { _, _ = p.server.Call(ctx, "poe://Client/me/echo", "x") }()
			}
			return r.Arg(0), nil
		},
	})
	for _, state := range []string{"back", "round", "other", "leave", "leave", "echo"} {
		v, err := p.client.Call(soon(t), "poe://Server/me/"+state, state)
		if err != nil || v.Str() != state {
			t.Errorf("%s: got %s, %v", state, text(v), err)
		}
	}
}

func TestOrderAndTurns(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		t.Run(fmt.Sprintf("QueuePerSession %v", perSession), func(t *testing.T) {
			p := connected(t, ikc.Config{QueuePerSession: perSession}, ikc.Config{})
			var mu sync.Mutex
			running, most := 0, 0
			enter := func() {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				running--
				mu.Unlock()
			}
			orders := map[string][]int64{}
			for _, alias := range []string{"a", "b"} {
				session(t, p.server, alias, map[string]ikc.State{"note": func(_ context.Context, r *ikc.Request) (any, error) {
					enter()
					mu.Lock()
					defer mu.Unlock()
					orders[alias] = append(orders[alias], r.Arg(0).Int())
					return len(orders[alias]), nil
				}})
			}
			const n = 40
			for i := range n {
				for _, alias := range []string{"a", "b"} {
					_, err := p.client.Post(soon(t), "poe://Server/"+alias+"/note", i)
					must(t, err)
				}
			}
			for _, alias := range []string{"a", "b"} {
				_, err := p.client.Call(soon(t), "poe://Server/"+alias+"/note", n)
				must(t, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for alias, order := range orders {
				for i, got := range order {
					if got != int64(i) {
						t.Fatalf("session %s: event %d came as number %d", alias, got, i)
					}
				}
			}
			if perSession != (most > 1) {
				t.Errorf("%d states ran at once", most)
			}
		})
	}
}

func TestDisconnectFailsCalls(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	entered := make(chan *ikc.Channel, 2)
	session(t, p.server, "me", map[string]ikc.State{"wait": func(ctx context.Context, r *ikc.Request) (any, error) {
		entered <- r.Channel
		<-ctx.Done()
		return nil, nil
	}})
	failed := make(chan error, 1)
	go func() {
		_, err := p.client.Call(soon(t), "poe://Server/me/wait", "x")
		failed <- err
	}()
	c := <-entered
	began := time.Now()
	must(t, c.Close())
	if err := <-failed; !errors.Is(err, ikc.ErrDisconnected) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the call failed after %v", took)
	}
	// The state that a vanished peer waits for is told as well, even when it calls that peer back.
	settled(t, "the server knows nobody", func() bool { return len(p.server.Kernels()) == 0 })
}

// A state that calls a peer back which is gone must not wait for ever.
func TestCallBackToVanishedPeer(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	entered, ended := make(chan struct{}), make(chan error, 1)
	session(t, server, "me", map[string]ikc.State{"back": func(ctx context.Context, r *ikc.Request) (any, error) {
		close(entered)
		_, err := server.Call(context.Background(), "poe://Client/silent/x", nil)
		ended <- err
		return nil, nil
	}})
	client := kernel(t, ikc.Config{Name: "Client"})
	silent, _ := heard()
	session(t, client, "silent", map[string]ikc.State{"x": silent})
	c := dial(t, client, serve(t, server))
	_, err := client.Post(soon(t), "poe://Server/me/back", nil)
	must(t, err)
	<-entered
	must(t, c.Close())
	select {
	case err := <-ended:
		if !errors.Is(err, ikc.ErrDisconnected) {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the call to a peer that is gone did not end")
	}
}

func TestShutdown(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	got, events := heard()
	session(t, p.client, "sink", map[string]ikc.State{"event": got})
	for i := range 500 {
		_, err := p.server.Post(soon(t), "poe://Client/sink/event", i)
		must(t, err)
	}
	must(t, p.server.Shutdown(soon(t)))
	settled(t, "everything queued was flushed", func() bool { return len(events) == 500 })
	if _, err := p.server.Post(soon(t), "poe://Client/sink/event", 0); !errors.Is(err, ikc.ErrClosed) {
		t.Errorf("post after shutdown: got %v", err)
	}
	if _, err := p.server.Call(soon(t), "poe://Client/sink/event", 0); !errors.Is(err, ikc.ErrClosed) {
		t.Errorf("call after shutdown: got %v", err)
	}
	if _, err := p.server.Dial(soon(t), "tcp", p.address); err == nil {
		t.Error("dial after shutdown: expected an error")
	}
	must(t, p.server.Shutdown(soon(t)))
}

func TestShutdownFromState(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	done := make(chan error, 1)
	session(t, p.server, "me", map[string]ikc.State{"down": func(ctx context.Context, r *ikc.Request) (any, error) {
		done <- p.server.Shutdown(ctx)
		return nil, nil
	}})
	_, err := p.client.Post(soon(t), "poe://Server/me/down", nil)
	must(t, err)
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("shutdown from a state does not return")
	}
}

// The connection by which a shutdown is asked for may be the first to end. Others get what is
// queued for them all the same.
func TestShutdownFromStateWritesAll(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"down": func(ctx context.Context, r *ikc.Request) (any, error) {
		return nil, p.server.Shutdown(ctx)
	}})
	slow := rawPeer(t, p.address, "Slow")
	settled(t, "registered", func() bool { return p.server.Channel("Slow") != nil })
	const posts = 100
	for range posts { // more than sockets hold
		_, err := p.server.Post(soon(t), "poe://Slow/me/event", strings.Repeat("x", 200_000))
		must(t, err)
	}
	_, err := p.client.Post(soon(t), "poe://Server/me/down", nil)
	must(t, err)
	<-p.channel.Done()
	for i := range posts {
		if _, err := slow.receive(); err != nil {
			t.Fatalf("after %d of %d events: %v", i, posts, err)
		}
	}
}

// The context of a state ends with a shutdown, even if it is this kernel itself that sent the
// event.
func TestShutdownEndsLocalStates(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Alone"})
	begun := make(chan struct{})
	session(t, k, "me", map[string]ikc.State{"wait": func(ctx context.Context, _ *ikc.Request) (any, error) {
		close(begun)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}})
	must(t, k.PostSession(soon(t), "me", "wait"))
	<-begun
	must(t, k.Shutdown(soon(t)))
}

// listenAt has a kernel listen at an address that was in use before.
func listenAt(t testing.TB, k *ikc.Kernel, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	must(t, err)
	go func() { _ = k.Serve(context.Background(), l) }()
}

// Events of the kernel to its own sessions have the queues of the sessions, too.
func TestLocalQueuePerSession(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Alone", QueuePerSession: true})
	release := make(chan struct{})
	session(t, k, "slow", map[string]ikc.State{"wait": func(context.Context, *ikc.Request) (any, error) {
		<-release
		return nil, nil
	}})
	got, events := heard()
	session(t, k, "fast", map[string]ikc.State{"event": got})
	defer close(release)
	for i := range 3 {
		must(t, k.PostSession(soon(t), "slow", "wait"))
		_, err := k.Post(soon(t), "poe://Alone/slow/wait", nil)
		must(t, err)
		must(t, k.PostSession(soon(t), "fast", "event", i))
		_, err = k.Post(soon(t), "poe://Alone/fast/event", -i)
		must(t, err)
	}
	for i := range 3 {
		expect(t, events, text(perl.NewInt(int64(i))))
		expect(t, events, text(perl.NewInt(int64(-i))))
	}
	must(t, k.Ping(soon(t), "Alone"))
}

// An error of a state is told even if nobody else sent the event.
func TestLocalErrorsAreTold(t *testing.T) {
	var log journal
	k := kernel(t, ikc.Config{Name: "Alone", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	session(t, k, "me", map[string]ikc.State{"fail": func(context.Context, *ikc.Request) (any, error) {
		return nil, errors.New("out of luck")
	}})
	must(t, k.PostSession(soon(t), "me", "fail"))
	settled(t, "a warning", func() bool { return strings.Contains(log.String(), "out of luck") })
}
