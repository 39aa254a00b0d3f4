package ikc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestLongAnswers: long strings, which are written from where they are, come whole and in order to
// a peer that reads a little at a time, among short answers; and count for the peer until then.
func TestLongAnswers(t *testing.T) {
	const answers = 24
	server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 64 << 20})
	long := func(i int) string { return strings.Repeat(fmt.Sprintf("%02d,", i), (i%4)*200_000) } // one in four is none
	session(t, server, "me", map[string]ikc.State{"text": func(_ context.Context, r *ikc.Request) (any, error) {
		i := int(r.Arg(0).Int())
		return []any{i, long(i), "between", long(i + 1)}, nil
	}})
	reader := rawPeer(t, serve(t, server), "Reader")
	for i := range answers {
		reader.send(callMessage("poe://Server/me/text", "Reader", fmt.Sprint("r", i), perl.NewInt(int64(i))))
	}
	settled(t, "answers wait for the peer", func() bool { return server.Stats().Held > 4<<20 })
	for i := range answers {
		m, err := reader.receive()
		must(t, err)
		list := m.Params.Target().Elems()
		if m.Event.State != fmt.Sprint("r", i) || len(list) != 4 || list[0].Int() != int64(i) || list[1].Str() != long(i) ||
			list[2].Str() != "between" || list[3].Str() != long(i+1) {
			t.Fatalf("answer %d: got %s with %d values, expected those that were sent", i, m.Event.String(), len(list))
		}
	}
	settled(t, "nothing is held", func() bool { return server.Stats().Held == 0 })
}
