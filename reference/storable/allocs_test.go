//go:build !race && !ikc_nounsafe

package storable

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestAllocates holds how much reading and writing takes of the heap: since a program with little
// in memory has its garbage collected every 4 MiB, that is half of the time. It fails with chunks
// that are not sized by what is left of the image, or a second copy of a string. With the race
// detector pools keep nothing, and without package unsafe strings are copied, so there is no such
// test then.
func TestAllocates(t *testing.T) {
	if strconv.IntSize != 64 {
		t.Skip("sizes are those of 64 bits")
	}
	most := map[string]struct{ thaw, freeze usage }{
		"call message":             {usage{5, 1088}, usage{1, 224}},
		"10 KiB of nested records": {usage{4, 52_200}, usage{1, 10_880}},
		"1 MiB of small records":   {usage{140, 4_960_000}, usage{1, 1_140_000}},
		"1 MiB string":             {usage{3, 1<<20 + 12<<10}, usage{1, 1<<20 + 12<<10}},
	}
	for _, w := range workloads() {
		image, err := Freeze(w.make())
		if err != nil {
			t.Fatal(err)
		}
		v, err := Thaw(image)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range []struct {
			name string
			most usage
			run  func()
		}{
			{"thaw", most[w.name].thaw, func() { _, _ = Thaw(image) }},
			{"freeze", most[w.name].freeze, func() { _, _ = Freeze(v) }},
		} {
			got := usageOf(op.run)
			t.Logf("%s of the %s: %d allocations, %d octets", op.name, w.name, got.allocs, got.octets)
			if got.allocs > op.most.allocs || got.octets > op.most.octets {
				t.Errorf("%s of the %s: got %d allocations of %d octets, expected at most %d of %d", op.name, w.name, got.allocs, got.octets, op.most.allocs, op.most.octets)
			}
		}
	}
}

// TestPassAllocates holds what reading a message takes whose params are not looked into: its
// Values, and nothing for what is passed over. It fails if what the keys of a wide hash are held
// against is made anew each time.
func TestPassAllocates(t *testing.T) {
	wide := perl.NewHash()
	for i := range 5000 {
		wide.AppendPair(perl.P(strconv.Itoa(i), perl.NewInt(1)))
	}
	for name, params := range map[string]*perl.Value{"records": workloads()[2].make(), "a wide hash": perl.NewRef(wide)} {
		image, err := Freeze(perl.HashRef(perl.P("event", perl.NewBytes("e")), perl.P("params", params)))
		if err != nil {
			t.Fatal(err)
		}
		h := new(message.Hash)
		got := usageOf(func() { _, _ = Serializer{}.ThawMessage(image, h, "params", true) })
		if got.allocs > 4 || got.octets > 256 {
			t.Errorf("%s: got %d allocations of %d octets, expected at most 4 of 256", name, got.allocs, got.octets)
		}
	}
}

// TestFrozenAllocates holds what looking into params takes that were left as they came: room for
// all of their Values is made at once. It takes more if what pass has counted is not kept.
func TestFrozenAllocates(t *testing.T) {
	image, err := Freeze(perl.HashRef(perl.P("event", perl.NewBytes("e")), perl.P("params", workloads()[1].make())))
	if err != nil {
		t.Fatal(err)
	}
	h := new(message.Hash)
	read := func() *perl.Value {
		_, _ = Serializer{}.ThawMessage(image, h, "params", true)
		return h.Items[1].Value
	}
	without := usageOf(func() { read() })
	got := usageOf(func() { read().Target() })
	if got.allocs-without.allocs > 3 {
		t.Errorf("got %d allocations, expected at most one each for Values, elements and pairs", got.allocs-without.allocs)
	}
}

// usage is what one run takes of the heap.
type usage struct{ allocs, octets uint64 }

// usageOf is the least of some series of runs: a collection between two empties the pools.
func usageOf(run func()) usage {
	const series, runs = 5, 20
	least := usage{1 << 62, 1 << 62}
	for range series {
		var before, after runtime.MemStats
		run()
		runtime.ReadMemStats(&before)
		for range runs {
			run()
		}
		runtime.ReadMemStats(&after)
		least.allocs = min(least.allocs, (after.Mallocs-before.Mallocs)/runs)
		least.octets = min(least.octets, (after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return least
}
