package ikc_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestLongAnswers: long arguments that are the answer, which are written from where they are, come
// whole and in order to a peer that reads a little at a time, among others; and count for the peer
// until then. So they do if requests are used again.
func TestLongAnswers(t *testing.T) {
	for name, options := range map[string][]ikc.SessionOption{"once": nil, "again": {ikc.WithReuse()}} {
		t.Run(name, func(t *testing.T) { testLongAnswers(t, options...) })
	}
}

func testLongAnswers(t *testing.T, options ...ikc.SessionOption) {
	const answers = 24
	server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 64 << 20})
	params := func(i int) *perl.Value {
		long := strings.Repeat(fmt.Sprintf("%02d,", i), (i%4)*200_000) // one in four is none
		if i%3 == 0 {
			return perl.ArrayRef(perl.NewBytes(long), perl.NewBytes(long))
		}
		return perl.NewBytes(long)
	}
	s, err := server.NewSession("me", map[string]ikc.State{"echo": echo, "pair": func(_ context.Context, r *ikc.Request) (any, error) {
		return []any{r.Arg(0), "behind"}, nil
	}}, options...)
	must(t, err)
	s.Publish("echo", "pair")
	reader := rawPeer(t, serve(t, server), "Reader")
	for i := range answers {
		reader.send(callMessage("poe://Server/me/"+[]string{"echo", "pair"}[i%2], "Reader", fmt.Sprint("r", i), params(i)))
	}
	settled(t, "answers wait for the peer", func() bool { return server.Stats().Held > 4<<20 })
	for i := range answers {
		m, err := reader.receive()
		must(t, err)
		want := params(i)
		if i%2 == 1 {
			want = perl.ArrayRef(want, perl.NewBytes("behind"))
		}
		if m.Event.State != fmt.Sprint("r", i) || !perl.Equal(m.Params, want) {
			t.Fatalf("answer %d is not what was sent: it is for %s, of %d octets", i, m.Event.String(), len(perl.Format(m.Params, perl.FormatOptions{})))
		}
	}
	settled(t, "nothing is held", func() bool { return server.Stats().Held == 0 })
}

// TestLongAnswerOfLongerRequest: an answer that waits does not keep a request in memory that is
// much longer, which nobody would count.
func TestLongAnswerOfLongerRequest(t *testing.T) {
	const requests, junk = 40, 4 << 20
	server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 64 << 20, Headroom: -1})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	reader := rawPeer(t, serve(t, server), "Reader")
	call := callMessage("poe://Server/me/echo", "Reader", "r", perl.NewBytes(strings.Repeat("x", 200_000)))
	call.Other = []perl.Pair{perl.P("junk", perl.NewBytes(strings.Repeat("y", junk)))}
	for range requests {
		reader.send(call)
	}
	settled(t, "answers wait for the peer", func() bool { return server.Stats().Answers == requests })
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if most := uint64(requests * junk / 4); m.HeapAlloc > most {
		t.Errorf("%d octets of the heap are in use, expected at most %d", m.HeapAlloc, most)
	}
}
