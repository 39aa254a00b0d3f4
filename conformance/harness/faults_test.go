package harness_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// peers are who the scenarios of faults are played with: the reference, and the real module where
// it is.
func peers(t *testing.T, play func(t *testing.T, target *targets.Target)) {
	for _, spec := range []string{"reference", "perl@0.2402", "perl@0.2102", "perl@0.1904"} {
		t.Run(spec, func(t *testing.T) {
			t.Setenv("IKC_PERL_BUILD", "never")
			t.Setenv("DOCKER_HOST", "unix:///nonexistent.sock") // what is unpacked here is enough
			target, err := targets.Parse(spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := target.Prepare(context.Background()); err != nil && strings.HasPrefix(spec, "perl") {
				t.Skip(err)
			}
			play(t, target)
		})
	}
}

// drive starts a driver of the target with a session of an echo, a state that takes its time, and
// one for answers.
func drive(t *testing.T, ctx context.Context, target *targets.Target) (*driver.Driver, wire.Dialect) {
	t.Helper()
	d, hello, err := target.Start(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	published := []string{"echo", "slow"}
	err = d.Session(ctx, driver.Session{Session: "me", Publish: &published, States: map[string]driver.Action{
		"echo": driver.Echo(), "slow": driver.Echo().Slow(300 * time.Millisecond), "answer": driver.Echo(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if hello.HasProtocol("IKC0") {
		return d, wire.IKC0
	}
	return d, wire.IKC
}

// between starts a relay to a server.
func between(t *testing.T, address string, opts relay.Options) *relay.Relay {
	t.Helper()
	w, err := capture.Create(filepath.Join(t.TempDir(), "fault.pcapng"), capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	opts.TargetAddress, opts.Writer = address, w
	r, err := relay.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.Close(ctx)
		_ = w.Close()
	})
	return r
}

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// echoed calls me/echo of a kernel and waits for the answer.
func echoed(t *testing.T, ctx context.Context, d *driver.Driver, kernel, word string) {
	t.Helper()
	_, err := d.Call(ctx, driver.Call{To: "poe://" + kernel + "/me/echo", Params: typed.Value{V: perl.NewBytes(word)}, Session: "me", RSVP: "poe:/me/answer"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Wait(ctx, func(e *driver.Event) bool {
		return e.Kind == driver.EventState && e.State == "answer" && len(e.Args) > 0 && e.Args[0].Str() == word
	})
	if err != nil {
		t.Fatalf("no answer: %v (%v)", err, e)
	}
}

// A connection that is cut in order, or reset, while a call is under way: the monitors of both
// sides are told, nobody dies, and a client that connects again is served.
func TestLostPeer(t *testing.T) {
	peers(t, func(t *testing.T, target *targets.Target) {
		for _, how := range []relay.End{relay.Cut, relay.Reset} {
			t.Run(how.String(), func(t *testing.T) {
				ctx := limited(t)
				server, _ := drive(t, ctx, target)
				client, _ := drive(t, ctx, target)
				at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
				if err != nil {
					t.Fatal(err)
				}
				r := between(t, at.Address, relay.Options{})
				for _, side := range []struct {
					d    *driver.Driver
					peer string
				}{{server, "Client"}, {client, "Server"}} {
					if err := side.d.Monitor(ctx, side.peer, driver.MonitorRegister, driver.MonitorUnregister); err != nil {
						t.Fatal(err)
					}
				}
				told := func(d *driver.Driver, what, peer string) {
					t.Helper()
					if _, err := d.Wait(ctx, func(e *driver.Event) bool {
						return e.Kind == driver.EventMonitor &&
							e.What == what && e.Kernel == peer
					}); err != nil {
						t.Errorf("no monitor of %s was told that %s: %v", peer, what, err)
					}
				}
				if _, err := client.Connect(ctx, driver.Connect{Name: "Client", Address: r.Addr().String(), Timeout: 10}); err != nil {
					t.Fatal(err)
				}
				told(server, driver.MonitorRegister, "Client")
				told(client, driver.MonitorRegister, "Server")
				echoed(t, ctx, client, "Server", "before")
				_, err = client.Call(ctx, driver.Call{To: "poe://Server/me/slow", Params: typed.Value{V: perl.NewBytes("lost")}, Session: "me", RSVP: "poe:/me/answer"})
				if err != nil {
					t.Fatal(err)
				}
				if n := r.Interrupt(how); n != 1 {
					t.Fatalf("%d connections were there to interrupt", n)
				}
				told(server, driver.MonitorUnregister, "Client")
				told(client, driver.MonitorUnregister, "Server")
				again, _ := drive(t, ctx, target)
				if _, err := again.Connect(ctx, driver.Connect{Name: "Again", Address: r.Addr().String(), Timeout: 10}); err != nil {
					t.Fatal(err)
				}
				echoed(t, ctx, again, "Server", "after")
			})
		}
	})
}

// A blocking call of Go that is under way when the connection ends fails at once, and does not wait
// for its context.
func TestCallInFlight(t *testing.T) {
	peers(t, func(t *testing.T, target *targets.Target) {
		ctx := limited(t)
		server, dialect := drive(t, ctx, target)
		at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
		if err != nil {
			t.Fatal(err)
		}
		underWay := make(chan struct{}, 1)
		r := between(t, at.Address, relay.Options{Tap: func(c relay.Chunk) {
			if c.From == capture.FromClient && bytes.Contains(c.Bytes, []byte("slow")) {
				underWay <- struct{}{}
			}
		}})
		k, err := ikc.New(ikc.Config{Name: "Client", Dialect: dialect, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Shutdown(ctx)
		if _, err := k.Dial(ctx, "tcp", r.Addr().String()); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		release := r.Hold() // so that it gets no answer
		go func() {
			_, err := k.Call(ctx, "poe://Server/me/slow", "x")
			failed <- err
		}()
		select {
		case <-underWay:
		case <-ctx.Done():
			t.Fatal("the call was not sent")
		}
		r.Interrupt(relay.Reset)
		release()
		select {
		case err := <-failed:
			if !errors.Is(err, ikc.ErrDisconnected) {
				t.Errorf("expected %v, got %v", ikc.ErrDisconnected, err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the call still waits")
		}
		lite := clientlite.New(clientlite.Config{Name: "Lite", Address: r.Addr().String(), Dialect: dialect, Timeout: 10 * time.Second})
		defer lite.Disconnect()
		if v, err := lite.Call(ctx, "me/echo", "x"); err != nil || v.Str() != "x" {
			t.Errorf("another client afterwards: %v, %v", v, err)
		}
		r.Interrupt(relay.Cut)
		time.Sleep(5 * time.Millisecond) // it looks at its connection if that has been quiet for a millisecond
		if v, err := lite.Call(ctx, "me/echo", "y"); err != nil || v.Str() != "y" {
			t.Errorf("the blocking client does not connect again: %v, %v", v, err)
		}
	})
}

// A client kernel of Go that keeps connected comes back by itself, however the connection ends, and
// is subscribed again.
func TestReconnection(t *testing.T) {
	peers(t, func(t *testing.T, target *targets.Target) {
		ctx := limited(t)
		server, dialect := drive(t, ctx, target)
		at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
		if err != nil {
			t.Fatal(err)
		}
		var connection atomic.Int64
		// The first connection is reset in the middle of the answer to a call, the second half
		// closed, the third cut.
		r := between(t, at.Address, relay.Options{Fault: func(n int, from capture.Direction) relay.Fault {
			connection.Store(int64(n))
			if from == capture.FromServer && n < 3 {
				return relay.Fault{End: []relay.End{relay.Reset, relay.HalfClose, relay.Cut}[n], After: 2500}
			}
			return relay.Fault{}
		}})
		k, err := ikc.New(ikc.Config{Name: "Client", Dialect: dialect, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Shutdown(ctx)
		keeping, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() {
			ended <- k.KeepConnected(keeping, "tcp", r.Addr().String(),
				ikc.Backoff{Min: 5 * time.Millisecond, Max: 50 * time.Millisecond}, ikc.WithSubscribe("poe://Server/me"))
		}()
		for connection.Load() < 3 {
			limit, cancel := context.WithTimeout(ctx, 5*time.Second)
			_, err := k.Call(limit, "poe://Server/me/echo", strings.Repeat("x", 1000))
			cancel()
			if ctx.Err() != nil {
				t.Fatalf("after %d connections: %v", connection.Load()+1, err)
			}
			if err != nil {
				time.Sleep(5 * time.Millisecond)
			}
		}
		for {
			if v, err := k.Call(ctx, "poe://Server/me/echo", "end"); err == nil && v.Str() == "end" {
				break
			}
			if ctx.Err() != nil {
				t.Fatal("it did not come back")
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("KeepConnected ended with %v", err)
		}
	})
}
