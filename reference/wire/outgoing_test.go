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
	"github.com/perl-ikc/ikc-conform/reference/specifier"
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

// TestFreezeLike: a frame is the same whatever was written before it with the same Outgoing.
func TestFreezeLike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shared := perl.HashRef(perl.P("a", perl.NewInt(1)))
	object := perl.HashRef(perl.P("b", perl.NewBytes("x")))
	object.Target().Bless("Some::Class")
	scalar := perl.NewBytes("blessed")
	scalar.Bless("Some::Class")
	deep := perl.NewUndef()
	for range 700 {
		deep = perl.ArrayRef(deep)
	}
	params := []*perl.Value{
		nil, perl.NewUndef(), perl.NewInt(7), perl.NewInt(1 << 40), perl.NewBytes(""), perl.NewBytes("short"),
		perl.NewBytes(strings.Repeat("x", 255)), perl.NewBytes(strings.Repeat("x", 256)), perl.NewText("\u263a"), perl.NewBytes(strings.Repeat("x", 5000)), deep,
		perl.ArrayRef(shared, shared, perl.NewRef(shared.Target())), perl.ArrayRef(object, object, object),
		perl.ArrayRef(perl.NewBytes("x")), scalar,
	}
	names := []string{"", "0", "1", "response9", "response10", "response11", strings.Repeat("n", 255), strings.Repeat("n", 256), strings.Repeat("n", 600)}
	address := func() Address {
		state := names[r.IntN(len(names))]
		switch r.IntN(20) {
		case 0, 1, 2, 3:
			return Address{}
		case 4, 5, 6, 7:
			return AtString("poe://K/s/" + state)
		case 8:
			return AtString(state)
		case 9:
			return ParseAddress("rsvp", perl.HashRef(perl.P("session", perl.NewBytes("s")), perl.P("odd", perl.NewBytes("x"))))
		}
		return At(specifier.Specifier{Kernel: string(rune(75 + r.IntN(2))), Session: "s", State: state, Arg: names[r.IntN(2)]})
	}
	serializers := []Serializer{storable.Serializer{}, storable.Serializer{}, storable.Serializer{}, freezethaw.Serializer{}}
	for i, o := range []storable.FreezeOptions{{Canonical: true}, {MaxImage: 700}, {MaxDepth: 30}} {
		enc, err := o.Encoder()
		if err != nil {
			t.Fatal(i, err)
		}
		serializers = append(serializers, storable.Serializer{Encoder: enc})
	}
	var again Outgoing
	like, by := 0, serializers[0]
	var last *Message
	for range 60_000 {
		m := &Message{Event: address(), RSVP: address(), From: address(), Params: params[r.IntN(len(params))]}
		m.WantArray, m.IsError = r.IntN(2) == 0, r.IntN(2) == 0
		if r.IntN(2) == 0 {
			m.Other = []perl.Pair{perl.P("other", perl.NewInt(1))}
		}
		if last != nil && r.IntN(10) > 0 { // it is the last but for params, and maybe for one thing more
			odd := m
			m = &Message{Event: last.Event, RSVP: last.RSVP, From: last.From, WantArray: last.WantArray, IsError: last.IsError, Params: odd.Params}
			switch r.IntN(16) {
			case 0:
				m.WantArray = odd.WantArray
			case 1:
				m.IsError = odd.IsError
			case 2:
				m.From = odd.From
			case 3:
				m.Event = odd.Event
			case 4:
				m.RSVP = odd.RSVP
			case 5:
				m.Other = odd.Other
			case 6, 7, 8:
				m.Event.State = names[r.IntN(len(names))]
			case 9, 10, 11:
				m.RSVP.State = names[r.IntN(len(names))]
			}
		}
		if r.IntN(5) == 0 {
			by = serializers[r.IntN(len(serializers))]
		}
		if again.Max = 0; r.IntN(50) == 0 {
			again.Max = 100 + r.IntN(700)
		}
		fresh := Outgoing{Max: again.Max}
		if again.by != nil && any(again.by) == any(by) && again.last.at.To > 0 && m.isPlain() && m.Params != nil && again.last.isOf(m) {
			like++
		}
		err, want := again.Freeze(by, m), fresh.Freeze(by, m)
		if fmt.Sprint(err) != fmt.Sprint(want) {
			t.Fatalf("%+v with %T: got error %v, want %v", m, by, err, want)
		}
		if err == nil && !bytes.Equal(again.Octets(), fresh.Octets()) {
			t.Fatalf("%+v, after %+v:\n got %q\nwant %q", m, last, again.Octets(), fresh.Octets())
		}
		last = m
	}
	if like < 2000 {
		t.Errorf("%d messages were like the last", like)
	}
}
