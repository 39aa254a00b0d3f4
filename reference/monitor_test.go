package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// story is what a monitor was told.
type story struct {
	mu    sync.Mutex
	lines []string
}

func (s *story) note(_ context.Context, e *ikc.MonitorEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf("%s %s real=%v data=%v", e.What, e.About, e.Real, e.Data))
}

func (s *story) has(part string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.lines, "\n")+"\n", part)
}

func TestMonitor(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	client := kernel(t, ikc.Config{Name: "Client", ID: "client-00000001-00000001-00000001", Aliases: []string{"Guest"}})
	address := serve(t, server)
	var everything, guest, spec story
	server.Monitor("*", ikc.Monitor{Any: everything.note, Data: "d"})
	stop := server.Monitor("Guest", ikc.Monitor{Register: guest.note, Unregister: guest.note})
	server.Monitor("poe://Client/x", ikc.Monitor{Register: spec.note})
	c := dial(t, client, address)
	settled(t, "channel ready told for the last alias", func() bool { return everything.has("channel Guest real=false data=d\n") })
	settled(t, "monitor of an alias", func() bool { return guest.has("register Guest real=false data=<nil>\n") })
	settled(t, "monitor by a specifier", func() bool { return spec.has("register Client real=false") })
	if !everything.has("register client-00000001-00000001-00000001 real=true data=d\n") {
		t.Errorf("monitor of every kernel: got %v", everything.lines)
	}
	stop()
	must(t, c.Close())
	settled(t, "unregister told", func() bool { return everything.has("unregister Guest real=false data=d\n") })
	if guest.has("unregister") {
		t.Error("a monitor that was stopped was told")
	}
	must(t, server.Shutdown(soon(t)))
	if !everything.has("shutdown * real=false data=d\n") {
		t.Errorf("no shutdown in %v", everything.lines)
	}
}

// A monitor may call out, and may take its time, without keeping states from running.
func TestMonitorCalls(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	client := kernel(t, ikc.Config{Name: "Client"})
	session(t, client, "me", map[string]ikc.State{"echo": echo})
	done := make(chan error, 1)
	server.Monitor("Client", ikc.Monitor{Register: func(ctx context.Context, e *ikc.MonitorEvent) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := server.Call(ctx, "poe://Client/me/echo", e.About)
		done <- err
	}})
	dial(t, client, serve(t, server))
	must(t, <-done)
	_, err := client.Call(soon(t), "poe://Server/me/echo", 1)
	must(t, err)
}

func TestSubscribe(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	got, events := heard()
	session(t, p.server, "remote", map[string]ikc.State{"event": got})
	proxies, err := p.client.Subscribe(soon(t), "poe://Server/absent", "poe://Server/remote", "poe://Nobody/x", "poe://Server/remote/event")
	var refused *ikc.SubscribeError
	if !errors.As(err, &refused) || len(refused.Refused) != 2 || !errors.Is(refused.Refused[0].Reason, ikc.ErrSubscribeRefused) ||
		!errors.Is(refused.Refused[1].Reason, ikc.ErrUnknownKernel) || len(proxies) != 2 {
		t.Fatalf("got %d proxies, %v", len(proxies), err)
	}
	must(t, proxies[0].Post(soon(t), "event", 1, "two"))
	expect(t, events, texts([]*perl.Value{perl.NewInt(1), perl.NewBytes("two")}))
	for _, alias := range []string{"poe://Server/remote", "remote"} {
		must(t, p.client.PostSession(soon(t), alias, "event", alias))
		expect(t, events, text(perl.NewBytes(alias)))
	}
	// Local sessions are posted to in the same way, published or not.
	own, locals := heard()
	_, err = p.client.NewSession("own", map[string]ikc.State{"event": own})
	must(t, err)
	must(t, p.client.PostSession(soon(t), "own", "event", 1, 2))
	expect(t, locals, texts([]*perl.Value{perl.NewInt(1), perl.NewInt(2)}))
	// The short alias goes to whoever has it first.
	if _, err := p.client.NewSession("remote", nil); err == nil {
		t.Error("a session took the alias of a proxy")
	}
	p.client.Unsubscribe("remote")
	if err := p.client.PostSession(soon(t), "poe://Server/remote", "event"); !errors.Is(err, ikc.ErrUnknownSession) {
		t.Errorf("after unsubscribing: got %v", err)
	}
	// Of every kernel, the first that accepts.
	proxies, err = p.client.Subscribe(soon(t), "poe://*/remote")
	if err != nil || len(proxies) != 1 || proxies[0].KernelID() != p.server.ID() || proxies[0].Name() != "poe://*/remote" {
		t.Fatalf("every kernel: got %v, %v", proxies, err)
	}
	must(t, proxies[0].Post(soon(t), "event", "star"))
	expect(t, events, text(perl.NewBytes("star")))
	must(t, p.channel.Close())
	if p.client.Proxy("remote") != nil {
		t.Error("a proxy outlived its connection")
	}
}

func TestSubscribeNeverAnswered(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	rawPeer(t, p.address, "Mute")
	settled(t, "the mute one is there", func() bool { return p.server.Channel("Mute") != nil })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := p.server.Subscribe(ctx, "poe://Mute/x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	go func() { time.Sleep(10 * time.Millisecond); _ = p.server.Channel("Mute").Close() }()
	if _, err := p.server.Subscribe(soon(t), "poe://Mute/x"); !errors.Is(err, ikc.ErrDisconnected) {
		t.Errorf("got %v", err)
	}
}

// Of every kernel that was asked, those that answer when the subscription has ended are not told
// off: each may answer once.
func TestSubscribeAnsweredLate(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	late := rawPeer(t, serve(t, server), "Late")
	settled(t, "it is there", func() bool { return server.Channel("Late") != nil })
	proxies, err := server.Subscribe(soon(t), "poe://*/me")
	if err != nil || len(proxies) != 1 || proxies[0].KernelID() != server.ID() {
		t.Fatalf("got %v, %v; want a proxy of the kernel itself", proxies, err)
	}
	asked, err := late.receive()
	must(t, err)
	answer := &wire.Message{Event: asked.RSVP, Params: perl.NewBytes("Refused subscription poe://*/me")}
	for times, want := range []string{"PONG", "error"} {
		late.send(answer)
		late.send(callMessage("poe://Server/IKC/ping", "Late", "pong", perl.NewBytes("PING")))
		got, err := late.receive()
		must(t, err)
		if got.IsError != (want == "error") {
			t.Fatalf("after answer %d: got %s, want %s", times+1, text(got.Params), want)
		}
	}
}

func TestDialWithSubscribe(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "there", map[string]ikc.State{"echo": echo})
	address := serve(t, server)
	client := kernel(t, ikc.Config{Name: "Client"})
	var refused *ikc.SubscribeError
	if _, err := client.Dial(soon(t), "tcp", address, ikc.WithSubscribe("poe://Server/there", "poe://Server/absent")); !errors.As(err, &refused) {
		t.Fatalf("a subscription that is refused: got %v", err)
	}
	settled(t, "the connection is gone", func() bool { return server.Stats().Connections == 0 && client.Stats().Connections == 0 })
	_, err := client.Dial(soon(t), "tcp", address, ikc.WithSubscribe("poe://Server/there"))
	must(t, err)
	if client.Proxy("there") == nil {
		t.Error("no proxy")
	}
}

func TestKeepConnected(t *testing.T) {
	client := kernel(t, ikc.Config{Name: "Client"})
	tries := make(chan string, 100)
	client.Monitor("*", ikc.Monitor{
		Register:  func(_ context.Context, e *ikc.MonitorEvent) { tries <- "register" },
		Reconnect: func(_ context.Context, e *ikc.MonitorEvent) { tries <- "reconnect" },
	})
	first := kernel(t, ikc.Config{Name: "Server"})
	session(t, first, "me", map[string]ikc.State{"echo": echo})
	address := serve(t, first)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- client.KeepConnected(ctx, "tcp", address, ikc.Backoff{Min: 5 * time.Millisecond, Max: 20 * time.Millisecond}, ikc.WithSubscribe("poe://Server/me"))
	}()
	wait := func(what string) {
		t.Helper()
		for {
			select {
			case got := <-tries:
				if got == what {
					return
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("no %s", what)
			}
		}
	}
	wait("register")
	settled(t, "subscribed", func() bool { return client.Proxy("me") != nil })
	must(t, first.Shutdown(soon(t)))
	wait("reconnect")
	wait("reconnect")
	second := kernel(t, ikc.Config{Name: "Server"})
	got, events := heard()
	session(t, second, "me", map[string]ikc.State{"event": got})
	listenAt(t, second, address)
	wait("register")
	settled(t, "subscribed again", func() bool { return client.PostSession(soon(t), "me", "event", "x") == nil })
	expect(t, events, text(perl.NewBytes("x")))
	cancel()
	must(t, <-ended)
}

// What can never succeed is not tried again and again.
func TestKeepConnectedInVain(t *testing.T) {
	client := kernel(t, ikc.Config{Name: "Client"})
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	bad := new(specifier.Error)
	err := client.KeepConnected(ctx, "tcp", "127.0.0.1:1", ikc.Backoff{}, ikc.WithSubscribe("poe://a b c/?"))
	if !errors.As(err, &bad) {
		t.Errorf("a subscription that is no specifier: got %v", err)
	}
	var network net.UnknownNetworkError
	if err := client.KeepConnected(ctx, "carrier pigeon", "x", ikc.Backoff{}); !errors.As(err, &network) {
		t.Errorf("an unknown network: got %v", err)
	}
	for _, b := range []ikc.Backoff{{Min: -1}, {Max: -1}, {Attempts: -1}} {
		if err := client.KeepConnected(ctx, "tcp", "127.0.0.1:1", b); err == nil {
			t.Errorf("%+v: expected an error", b)
		}
	}
	if got := client.Stats().Channels; got != 0 {
		t.Errorf("got %d connections, expected none", got)
	}
}

// Attempts counts what is tried again after a failure.
func TestKeepConnectedAttempts(t *testing.T) {
	client := kernel(t, ikc.Config{Name: "Client"})
	tries := 0
	stop := client.Monitor("*", ikc.Monitor{Reconnect: func(context.Context, *ikc.MonitorEvent) { tries++ }})
	defer stop()
	b := ikc.Backoff{Min: time.Millisecond, Attempts: 2}
	if err := client.KeepConnected(soon(t), "unix", t.TempDir()+"/none", b); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("got %v, expected the last failure", err)
	}
	must(t, client.Shutdown(soon(t))) // which waits for monitors
	if tries != 2 {
		t.Errorf("got %d attempts after the first, expected 2", tries)
	}
}

// Peers that give each other's names, or this kernel's, as aliases are told of once for each name.
func TestMonitorNamesInCircles(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server", ID: "server-id"})
	address := serve(t, server)
	var all story
	server.Monitor("*", ikc.Monitor{Any: all.note})
	for _, names := range [][]string{{"one", "two"}, {"two", "one"}, {"Server", "server-id"}, {"three", "three"}} {
		rawPeer(t, address, names[0], names[1:]...)
	}
	for _, name := range []string{"one", "two", "three"} {
		settled(t, "told of "+name, func() bool { return all.has("register " + name + " real=true") })
	}
	settled(t, "an error for this kernel's own name", func() bool { return all.has("error * real=false") })
}

// Errors that come faster than monitors take them are not kept without a bound; what is too much is
// logged. Other events all come.
func TestMonitorTooSlow(t *testing.T) {
	var log journal
	server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 10_000, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	address := serve(t, server)
	release, first := make(chan struct{}), make(chan struct{}, 1)
	errors, gone := 0, make(chan int, 1)
	server.Monitor("*", ikc.Monitor{
		Error: func(_ context.Context, e *ikc.MonitorEvent) {
			if e.Operation != "local-check" {
				return
			}
			if errors++; errors == 1 {
				first <- struct{}{}
				<-release
			}
		},
		Unregister: func(_ context.Context, e *ikc.MonitorEvent) {
			if e.About == "Bad" {
				gone <- errors
			}
		},
	})
	bad := rawPeer(t, address, "Bad")
	const sent = 200
	bad.send(&wire.Message{Event: wire.AtString("poe://Server/absent/x"), IsError: true})
	<-first
	for range sent {
		bad.send(&wire.Message{Event: wire.AtString("poe://Server/absent/x"), IsError: true})
	}
	settled(t, "all are handled", func() bool { return server.Stats().Requests == sent+1 })
	must(t, bad.Close())
	settled(t, "the peer is gone", func() bool { return server.Stats().Connections == 0 })
	close(release)
	told := <-gone
	if told < 10 || told > 10_000/100 {
		t.Errorf("got %d errors of %d, expected as many as 10,000 octets hold", told, sent)
	}
	if logged := strings.Count(log.String(), "request failed"); told+logged != sent+1 {
		t.Errorf("got %d errors told and %d logged, expected %d together", told, logged, sent+1)
	}
}
