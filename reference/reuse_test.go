package ikc_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestReuse: requests that are used again are each other's in nothing: not in their answers, nor in
// what is detached, or waits, or goes on to another session of the kernel.
func TestReuse(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	var mu sync.Mutex
	seen := map[*ikc.Request]int{}
	heard := map[string]bool{}
	states := map[string]ikc.State{
		"echo": func(_ context.Context, r *ikc.Request) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			seen[r]++
			return r.Arg(0), nil
		},
		"detaches": func(ctx context.Context, r *ikc.Request) (any, error) {
			d := r.Detach(ctx)
			go func() { _ = d.Answer(r.Arg(0), nil) }()
			return nil, nil
		},
		"waits": func(ctx context.Context, r *ikc.Request) (any, error) {
			if err := p.server.Ping(ctx, "Client"); err != nil {
				return nil, err
			}
			return r.Arg(0), nil
		},
		"passes": func(ctx context.Context, r *ikc.Request) (any, error) {
			_, err := p.server.Post(ctx, "poe://Server/keeper/keep", r.Arg(0))
			return r.Arg(0), err
		},
		"asks": func(ctx context.Context, r *ikc.Request) (any, error) {
			return p.server.Call(ctx, "poe://Server/keeper/keep", r.Arg(0))
		},
	}
	s, err := p.server.NewSession("me", states, ikc.WithReuse())
	must(t, err)
	session(t, p.server, "keeper", map[string]ikc.State{"keep": func(_ context.Context, r *ikc.Request) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		heard[text(r.Arg(0))] = true
		return r.Arg(0), nil
	}})
	var names []string
	for name := range states {
		s.Publish(name)
		names = append(names, name)
	}
	ctx := soon(t)
	var all sync.WaitGroup
	var kept []string
	const callers, each = 32, 100
	for i := range callers {
		all.Go(func() {
			for n := range each {
				params := perl.NewBytes(fmt.Sprint(i, " ", n) + strings.Repeat(".", n))
				if n%2 == 0 {
					params = perl.ArrayRef(params, perl.NewInt(int64(i)))
				}
				name := names[(i+n)%len(names)]
				if n%10 < 6 {
					name = "echo"
				}
				got, err := p.client.Call(ctx, "poe://Server/me/"+name, params)
				if err != nil || text(got) != text(params) {
					t.Errorf("%s: got %s, %v, want %s", name, text(got), err, text(params))
				}
				if name == "passes" || name == "asks" {
					mu.Lock()
					kept = append(kept, text(params))
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	for _, want := range kept {
		if !heard[want] {
			t.Errorf("another session did not get %s", want)
		}
	}
	n, again := 0, 0
	for _, times := range seen {
		n += times
		if times > 1 {
			again += times
		}
	}
	if t.Logf("%d requests of %d that echo were ones used again", again, n); again == 0 {
		t.Error("none was used again")
	}
}

// TestReuseAnswersToItself: a peer may have what it asks for sent to a session of the kernel that
// it asks.
func TestReuseAnswersToItself(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	s, err := server.NewSession("me", map[string]ikc.State{"echo": echo}, ikc.WithReuse())
	must(t, err)
	s.Publish("echo")
	keep, kept := heard()
	session(t, server, "keeper", map[string]ikc.State{"keep": keep})
	conn, err := net.Dial("tcp", serve(t, server))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = wire.Negotiate(conn, wire.NewNegotiator(wire.NegotiatorConfig{KernelID: "Peer", PID: "1", Serializers: []string{"Storable"}}), 0, nil)
	must(t, err)
	var octets []byte
	const n = 50
	for i := range n {
		m := wire.Message{Event: wire.AtString("poe://Server/me/echo"), RSVP: wire.AtString("poe://Server/keeper/keep"), Params: perl.NewBytes(fmt.Sprint("number ", i))}
		image, err := storable.Freeze(m.ToValue())
		must(t, err)
		octets = wire.AppendFrame(octets, image)
	}
	_, err = conn.Write(octets)
	must(t, err)
	for i := range n {
		expect(t, kept, fmt.Sprintf("'number %d'", i))
	}
}
