package shadow_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/shadow"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
)

// BenchmarkCost makes calls of 100 octets to a server, by turns through a relay and through a
// shadow with a second server, and tells what a call takes through each by the median, and how much
// more through the shadow. All is in one process.
func BenchmarkCost(b *testing.B) {
	first, other := echo(b, "Real"), echo(b, "Other")
	writer := func() *capture.Writer {
		w, err := capture.NewWriter(io.Discard, capture.Meta{})
		must(b, err)
		return w
	}
	plain, err := relay.Start(relay.Options{TargetAddress: first, Writer: writer()})
	must(b, err)
	b.Cleanup(func() { end(b, plain.Close) })
	s, err := shadow.Start(shadow.Options{Relay: relay.Options{TargetAddress: first, Writer: writer()}, AlsoAddress: other})
	must(b, err)
	ctx := context.Background()
	var clients [2]*clientlite.Client
	for i, address := range []string{plain.Addr().String(), s.Addr().String()} {
		clients[i], err = clientlite.Spawn(ctx, clientlite.Config{Address: address, Name: "Bench"})
		must(b, err)
	}
	text := strings.Repeat("x", 100)
	var took [2][]time.Duration // of calls
	const turn = 500
	for n := 0; b.Loop(); n++ {
		if n%turn != 0 {
			continue // a turn is so many of each
		}
		for i, c := range clients {
			for range turn {
				began := time.Now()
				_, err := c.Call(ctx, "svc/echo", text)
				took[i] = append(took[i], time.Since(began))
				must(b, err)
			}
		}
		for until := time.Now().Add(10 * time.Second); s.Report().Compared < n+turn && time.Now().Before(until); {
			time.Sleep(time.Millisecond) // what the shadow has yet to do is not to be at the cost of the relay
		}
	}
	for _, c := range clients {
		c.Disconnect()
	}
	limit, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := s.Close(limit)
	must(b, err)
	plainTook, shadowTook := median(took[0]), median(took[1])
	b.ReportMetric(float64(plainTook.Nanoseconds()), "plain-ns/call")
	b.ReportMetric(float64(shadowTook.Nanoseconds()), "shadow-ns/call")
	b.ReportMetric(100*(shadowTook.Seconds()/plainTook.Seconds()-1), "%more")
	b.Log(r.Counts())
	if r.Different > 0 {
		b.Error(show(b, r))
	}
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

// end closes a relay.
func end(b *testing.B, with func(context.Context) error) {
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	must(b, with(limit))
}
