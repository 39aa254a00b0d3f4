//go:build !race && !ikc_nounsafe

package ikc_test

import (
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
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
	if n > 4 {
		t.Errorf("%v allocations for a call, expected at most 4", n)
	}
}

// TestRequestsAllocate: a post, and a call that is answered with its argument, take no allocation
// of their own when several have come at once, and hardly any if requests are used again. Whoever
// sends them here takes none.
func TestRequestsAllocate(t *testing.T) {
	for kind, params := range arguments() {
		for most, options := range map[float64][]ikc.SessionOption{0.5: nil, 0.2: {ikc.WithReuse()}} { // a few are for the whole
			for name, l := range loads(t, params, options...) {
				each := testing.AllocsPerRun(500, func() { l.send(t) }) / float64(l.requests)
				if t.Logf("%s with a %s: %.2f allocations", name, kind, each); each > most {
					t.Errorf("%s with a %s: %.2f allocations each, expected at most %v", name, kind, each, most)
				}
			}
		}
	}
}
