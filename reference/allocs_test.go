//go:build !race && !ikc_nounsafe

package ikc_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A call takes few allocations on both sides together. With the race detector pools keep nothing,
// and without package unsafe strings are copied, so there is no such test then.
func TestCallAllocates(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	ctx := soon(t)
	n := testing.AllocsPerRun(2000, func() {
		if _, err := p.client.Call(ctx, "poe://Server/me/echo", "x"); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v allocations", n)
	if n > 10 {
		t.Errorf("%v allocations for a call, expected at most 10", n)
	}
}

// TestRequestsAllocate: a post, and a call that is answered with its argument, take two allocations
// each: what its state is told, and its argument. Whoever sends them here takes none.
func TestRequestsAllocate(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "me", map[string]ikc.State{"echo": echo, "sink": func(context.Context, *ikc.Request) (any, error) { return nil, nil }})
	conn, err := net.Dial("tcp", serve(t, server))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	frames, err := wire.Negotiate(conn, wire.NewNegotiator(wire.NegotiatorConfig{KernelID: "Client", PID: "1", Serializers: []string{"Storable"}}), 0, nil)
	must(t, err)
	frame := func(state, rsvp string, params *perl.Value) []byte {
		m := wire.Message{Event: wire.AtString("poe://Server/me/" + state), Params: params}
		if rsvp != "" {
			m.RSVP = wire.AtString(rsvp)
		}
		image, err := storable.Freeze(m.ToValue())
		must(t, err)
		return wire.AppendFrame(nil, image)
	}
	const together = 50
	call := frame("echo", "poe://Client/me/answer", perl.NewBytes(strings.Repeat("x", 100)))
	posts := bytes.Repeat(frame("sink", "", perl.NewBytes(strings.Repeat("x", 100))), together)
	in := make([]byte, 64<<10)
	for name, burst := range map[string][]byte{"posts": posts, "calls": bytes.Repeat(call, together-1)} {
		burst = append(burst, call...)
		answers := bytes.Count(burst, call)
		n := testing.AllocsPerRun(500, func() {
			if _, err := conn.Write(burst); err != nil {
				t.Fatal(err)
			}
			for got := 0; got < answers; {
				if _, ok, err := frames.Next(); err != nil {
					t.Fatal(err)
				} else if ok {
					got++
					continue
				}
				n, err := conn.Read(in)
				must(t, err)
				frames.Write(in[:n])
			}
		})
		each := n / float64(bytes.Count(burst, []byte("poe://Server/")))
		if t.Logf("%s: %.2f allocations", name, each); each > 2.2 { // a few are for the whole
			t.Errorf("%s: %.2f allocations each, expected 2", name, each)
		}
	}
}
