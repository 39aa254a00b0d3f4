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
	if n > 10 {
		t.Errorf("%v allocations for a call, expected at most 10", n)
	}
}
