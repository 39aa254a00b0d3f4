package ikc_test

import (
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// BenchmarkCall is a call of a state that returns its argument, one at a time and many at once,
// both kernels in this process. docs/benchmarks.md has Perl's beside it.
func BenchmarkCall(b *testing.B) {
	p := connected(b, ikc.Config{}, ikc.Config{})
	session(b, p.server, "me", map[string]ikc.State{"echo": echo})
	call := func() {
		if _, err := p.client.Call(b.Context(), "poe://Server/me/echo", "x"); err != nil {
			b.Error(err)
		}
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			call()
		}
	})
	b.Run("many", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				call()
			}
		})
	})
}
