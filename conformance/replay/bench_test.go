package replay_test

import (
	"context"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
)

// benchCalls is how many calls are made in a benchmark, one after the other on one connection.
const benchCalls = 100_000

// echo serves a state that gives back what it is given.
func echo(b *testing.B) string {
	return served(b, "Echo", "echo", map[string]ikc.State{
		"echo": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
	}, "echo")
}

// ask makes the calls of a state, as the Go client does.
func ask(b *testing.B, address, state string) {
	ctx := context.Background()
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: address, Name: "Asker"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Disconnect()
	type job struct {
		N    int    `perl:"n"`
		Text string `perl:"text"`
	}
	for i := range benchCalls {
		if _, err := c.Call(ctx, state, job{i, "some octets, as many as programs send mostly, so that there are about a hundred in all"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCalls tells, side by side, how long the Go client takes for calls and how long a replay
// of them does, with the reading of the capture: of a server in Go, in this process, and of one in
// Perl. go test -run - -bench Calls -benchtime 5x ./conformance/replay
func BenchmarkCalls(b *testing.B) {
	b.Run("Go", func(b *testing.B) { replayCalls(b, echo(b), "echo/echo") })
	b.Run("Perl", func(b *testing.B) { replayCalls(b, program(b, "stock.pl"), "stock/get") })
}

func replayCalls(b *testing.B, address, state string) {
	path := filepath.Join(b.TempDir(), "calls.pcapng")
	w, err := capture.Create(path, capture.Meta{})
	if err != nil {
		b.Fatal(err)
	}
	between, err := relay.Start(relay.Options{TargetAddress: address, Writer: w})
	if err != nil {
		b.Fatal(err)
	}
	ask(b, between.Addr().String(), state)
	if err := between.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // as the command does
	var alone, again time.Duration
	for b.Loop() {
		start := time.Now()
		ask(b, address, state)
		alone += time.Since(start)
		start = time.Now()
		r := replayedFile(b, path, address, replay.Options{})
		again += time.Since(start)
		if r.Compared != benchCalls || r.Different > 0 {
			b.Fatal(show(b, r))
		}
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) / benchCalls }
	b.ReportMetric(per(alone), "µs/call-of-the-client")
	b.ReportMetric(per(again), "µs/call-replayed")
	b.ReportMetric(alone.Seconds()/again.Seconds(), "of-the-client's-rate")
}
