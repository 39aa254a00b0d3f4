package refdriver_test

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var ratios = flag.Bool("ratios", false, "compare the speed of the kernel with Perl's, and with a raw echo")

// TestRatios measures Go and what it is compared with in turn, and prints how many times as fast Go
// is.
func TestRatios(t *testing.T) {
	if !*ratios {
		t.Skip("only with -ratios: it takes minutes and wants the machine for itself")
	}
	type pair struct {
		name, with  string
		aim         float64
		ours, other func(*testing.B)
	}
	var pairs []pair
	for _, p := range payloads {
		ours := func(b *testing.B) { benchmarkLite(b, goServer(b), p.v()) }
		pairs = append(pairs, pair{"call " + p.name, "Perl's server", map[string]float64{"100B": 8, "10KiB": 6, "1MiB": 2.5, "nested10KiB": 5, "nested1MiB": 4}[p.name],
			ours, func(b *testing.B) { benchmarkLite(b, perlServer(b), p.v()) }})
		if aim := map[string]float64{"100B": 0.7, "10KiB": 0.65, "1MiB": 0.5}[p.name]; aim > 0 {
			pairs = append(pairs, pair{"call " + p.name, "raw echo", aim, ours, func(b *testing.B) { benchmarkRaw(b, rawServer(b), p.v()) }})
		}
	}
	pairs = append(pairs,
		pair{"64 calls under way", "Perl's server", 30, func(b *testing.B) { benchmarkPipelined(b, goServer(b)) }, func(b *testing.B) { benchmarkPipelined(b, perlServer(b)) }},
		pair{"posts", "Perl's server", 50, func(b *testing.B) { benchmarkPost(b, goServer(b)) }, func(b *testing.B) { benchmarkPost(b, perlServer(b)) }},
		pair{"connect, call, close", "Perl's server", 6, func(b *testing.B) { benchmarkConnect(b, goServer(b)) }, func(b *testing.B) { benchmarkConnect(b, perlServer(b)) }},
		pair{"connect, call, close", "raw echo", 0, func(b *testing.B) { benchmarkConnect(b, goServer(b)) }, func(b *testing.B) { benchmarkRawConnect(b, rawServer(b)) }},
		pair{"blocking client", "ClientLite", 2, func(b *testing.B) { benchmarkLite(b, goServer(b), payloads[0].v()) },
			func(b *testing.B) { benchmarkPerlLite(b, goServer(b)) }},
	)
	// The same with the server in a process of its own, as Perl's is: the system takes its time to
	// wake one, so all are slower.
	own := func(name string, of func(*testing.B, string)) pair {
		return pair{name + ", alone", "Perl's server", 0, func(b *testing.B) { of(b, goProcess(b)) }, func(b *testing.B) { of(b, perlServer(b)) }}
	}
	lite := func(v *perl.Value) func(*testing.B, string) {
		return func(b *testing.B, address string) { benchmarkLite(b, address, v) }
	}
	for _, p := range payloads {
		pairs = append(pairs, own("call "+p.name, lite(p.v())))
	}
	pairs = append(pairs,
		pair{"call 100B, alone", "raw echo", 0, func(b *testing.B) { benchmarkLite(b, goProcess(b), payloads[0].v()) },
			func(b *testing.B) { benchmarkRaw(b, ownProcess(b, "raw"), payloads[0].v()) }},
		own("64 calls under way", benchmarkPipelined), own("posts", benchmarkPost), own("connect, call, close", benchmarkConnect),
		pair{"connect, call, close, alone", "raw echo", 0, func(b *testing.B) { benchmarkConnect(b, goProcess(b)) }, func(b *testing.B) { benchmarkRawConnect(b, ownProcess(b, "raw")) }},
	)
	t.Logf("%-27s %-15s %12s %12s %7s %6s", "", "with", "it, ns", "Go, ns", "times", "aim")
	for _, p := range pairs {
		ours, other := medians(p.ours, p.other)
		if other == 0 {
			t.Logf("%-27s %-15s not here, or it failed", p.name, p.with)
			continue
		}
		aim := "none"
		if p.aim > 0 {
			aim = fmt.Sprintf("%.2f", p.aim)
		}
		t.Logf("%-27s %-15s %12.0f %12.0f %7.2f %6s", p.name, p.with, other, ours, other/ours, aim)
	}
	r := testing.Benchmark(BenchmarkIdle)
	t.Logf("5,000 idle connections: %.0f octets each (at most 14,336), a call beside them %d ns", r.Extra["B/conn"], r.NsPerOp())
}

// medians runs two benchmarks in turn, three times, and returns nanoseconds for one operation, 0
// for what did not run.
func medians(ours, other func(*testing.B)) (float64, float64) {
	var a, b []float64
	for range 3 {
		a, b = append(a, perOp(ours)), append(b, perOp(other))
	}
	middle := func(list []float64) float64 {
		slices.SortFunc(list, cmp.Compare[float64])
		return list[1]
	}
	return middle(a), middle(b)
}

func perOp(f func(*testing.B)) float64 {
	r := testing.Benchmark(f)
	if own, ok := r.Extra["ns/op"]; ok {
		return own
	}
	if r.N == 0 {
		return 0
	}
	return float64(r.T.Nanoseconds()) / float64(r.N)
}
