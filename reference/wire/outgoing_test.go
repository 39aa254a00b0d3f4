package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// longPiece is from how many octets on strings are lent here.
const longPiece = 128 << 10

// longParams are params, some of which may be lent.
func longParams(t *testing.T) map[string]*perl.Value {
	t.Helper()
	long := func(more int) *perl.Value { return perl.NewBytes(strings.Repeat("long", (longPiece+more)/4+1)) }
	twice := long(0)
	deep := perl.NewUndef()
	for range 700 { // so deep that it is written anew, in another goroutine
		deep = perl.ArrayRef(deep)
	}
	all := map[string]*perl.Value{
		"none":      perl.NewBytes("short"),
		"too short": perl.NewBytes(strings.Repeat("x", longPiece-1)),
		"shortest":  perl.NewBytes(strings.Repeat("x", longPiece)),
		"several":   perl.ArrayRef(long(10), perl.NewBytes("short"), long(20), long(1<<20), perl.NewInt(1)),
		"twice":     perl.ArrayRef(twice, twice),
		"text":      perl.NewText(strings.Repeat("\u00e9", longPiece)),
		"hash":      perl.HashRef(perl.P("a", long(1)), perl.P("b", perl.NewUndef())),
		"deep":      perl.ArrayRef(long(0), deep, long(8)),
	}
	var s FrameScanner
	image, err := storable.Serializer{}.Freeze((&Message{Event: AtString("poe://K/s/x"), Params: all["several"]}).ToValue())
	if err != nil {
		t.Fatal(err)
	}
	frozen := new(Message)
	if err := s.Thaw(storable.Serializer{}, image, frozen); err != nil || frozen.Params.Frozen() == nil {
		t.Fatalf("expected params that are frozen, got %v", err)
	}
	all["frozen"] = frozen.Params
	return all
}

// TestLend: a frame of which strings are lent has the octets of one without, however much of it is
// written at a time, and the same limits.
func TestLend(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	may := map[string]bool{"shortest": true, "text": true, "frozen": true, "deep": true}
	for name, params := range longParams(t) {
		for _, by := range []Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}} {
			t.Run(name+", "+by.Name(), func(t *testing.T) {
				m := &Message{Event: AtString("poe://K/s/x"), Params: params, RSVP: AtString("poe://L/s/" + strings.Repeat("y", 2*longPiece))}
				if name == "deep" {
					m.Params, m.Other = params.Target().Elem(0), []perl.Pair{perl.P("deep", params.Target().Elem(1))}
				}
				var whole, lent Outgoing
				for range 3 {
					lent.Lend, lent.LendFrom = m.Params, longPiece
					if err := whole.Freeze(by, m); err != nil {
						t.Fatal(err)
					}
					want := bytes.Clone(whole.Octets())
					if err := lent.Freeze(by, m); err != nil {
						t.Fatal(err)
					}
					if lent.Size() != whole.Size() || lent.Left() != len(want) {
						t.Fatalf("%d octets, an image of %d; expected %d and %d", lent.Left(), lent.Size(), len(want), whole.Size())
					}
					if lends := canLend && by.Name() == "Storable" && may[name]; (lent.Own() < lent.Size()) != lends {
						t.Errorf("%d of %d octets are its own", lent.Own(), lent.Size())
					}
					var got []byte
					for lent.Left() > 0 {
						next := lent.Octets()
						next = next[:min(len(next), 1+r.IntN(300_000))]
						got = append(got, next...)
						lent.Wrote(len(next))
					}
					if !bytes.Equal(got, want) {
						t.Fatalf("%d octets, not those that it is without lending", len(got))
					}
				}
				for _, limit := range []int{whole.Size(), whole.Size() - 1, whole.Size() / 2, 100} {
					whole.Max, lent.Max = limit, limit
					if got, want := fmt.Sprint(lent.Freeze(by, m)), fmt.Sprint(whole.Freeze(by, m)); got != want {
						t.Errorf("at most %d octets: got %s, want %s", limit, got, want)
					}
				}
			})
		}
	}
}
