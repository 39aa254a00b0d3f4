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

// burst is what a peer sends at once that is no kernel, and does not allocate.
type burst struct {
	conn     net.Conn
	frames   *wire.FrameScanner
	in       []byte
	octets   []byte
	requests int
	answers  int
}

// send sends it and waits for the answers.
func (b *burst) send(t testing.TB) {
	if _, err := b.conn.Write(b.octets); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < b.answers; {
		if _, ok, err := b.frames.Next(); err != nil {
			t.Fatal(err)
		} else if ok {
			got++
			continue
		}
		n, err := b.conn.Read(b.in)
		must(t, err)
		b.frames.Write(b.in[:n])
	}
}

func (b *burst) bench(t *testing.B) {
	t.ReportAllocs()
	must(t, b.conn.SetDeadline(time.Now().Add(time.Minute)))
	for range (t.N + b.requests - 1) / b.requests {
		b.send(t)
	}
}

// loads are bursts to a kernel: 50 posts, of which the last is a call, and 50 calls that are
// answered with their argument.
func loads(t testing.TB, params *perl.Value, options ...ikc.SessionOption) map[string]*burst {
	t.Helper()
	server := kernel(t, ikc.Config{Name: "Server"})
	sink := func(context.Context, *ikc.Request) (any, error) { return nil, nil }
	s, err := server.NewSession("me", map[string]ikc.State{"echo": echo, "sink": sink}, options...)
	must(t, err)
	s.Publish("echo", "sink")
	address := serve(t, server)
	frame := func(state, rsvp string) []byte {
		m := wire.Message{Event: wire.AtString("poe://Server/me/" + state), Params: params}
		if rsvp != "" {
			m.RSVP = wire.AtString(rsvp)
		}
		image, err := storable.Freeze(m.ToValue())
		must(t, err)
		return wire.AppendFrame(nil, image)
	}
	all := map[string]*burst{}
	for _, name := range []string{"posts", "calls"} {
		conn, err := net.Dial("tcp", address)
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		frames, err := wire.Negotiate(conn, wire.NewNegotiator(wire.NegotiatorConfig{KernelID: name, PID: "1", Serializers: []string{"Storable"}}), 0, nil)
		must(t, err)
		call := frame("echo", "poe://"+name+"/me/answer")
		most := call
		if name == "posts" {
			most = frame("sink", "")
		}
		b := &burst{conn: conn, frames: frames, in: make([]byte, 64<<10), requests: 50}
		b.octets = append(bytes.Repeat(most, b.requests-1), call...)
		b.answers = bytes.Count(b.octets, call)
		all[name] = b
	}
	return all
}

// arguments are what a request of the load may have.
func arguments() map[string]*perl.Value {
	return map[string]*perl.Value{
		"string": perl.NewBytes(strings.Repeat("x", 100)),
		"hash":   perl.HashRef(perl.P("id", perl.NewInt(7)), perl.P("name", perl.NewBytes("a name")), perl.P("tags", perl.ArrayRef(perl.NewBytes("a"), perl.NewBytes("b")))),
	}
}

// BenchmarkRequests is what a request takes that comes with others: run it with -cpu 1.
func BenchmarkRequests(b *testing.B) {
	for kind, params := range arguments() {
		for name, l := range loads(b, params) {
			b.Run(name+" with a "+kind, func(b *testing.B) { l.bench(b) })
		}
		for name, l := range loads(b, params, ikc.WithReuse()) {
			b.Run(name+" with a "+kind+", used again", func(b *testing.B) { l.bench(b) })
		}
	}
}
