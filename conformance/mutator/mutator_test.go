package mutator

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// mutator is one with real Perl.
func mutator(t *testing.T, opts Options) *Mutator {
	t.Helper()
	if testing.Short() {
		t.Skip("plays take seconds")
	}
	if _, err := driver.FindPerl(t.Context()); err != nil {
		t.Skip("there is no POE::Component::IKC here:", err)
	}
	opts.Checks, opts.Jobs = checks.Catalogue(), 4
	m, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// TestSample: of some mutations that matter to real Perl, most are noticed. 'make mutate' tries
// 5,000.
func TestSample(t *testing.T) {
	m := mutator(t, Options{Seed: 1, Count: 12})
	m.casts = []Cast{m.casts[0], m.casts[slices.IndexFunc(m.casts, func(c Cast) bool { return c.Role == cell.AsClient })]}
	s, err := m.Run(t.Context())
	var text strings.Builder
	if err := s.Write(&text, nil); err != nil {
		t.Fatal(err)
	}
	if err != nil || s.Share() < 75 {
		t.Errorf("expected most of 12 mutations to be noticed, got %v\n%s", err, &text)
	}
}

// TestNoFalseAlarms: without a mutation no check fails, whether what is said is frozen again or
// not.
func TestNoFalseAlarms(t *testing.T) {
	m := mutator(t, Options{Count: 8})
	s, err := m.Unmutated(t.Context())
	var text strings.Builder
	if err := s.WriteUnmutated(&text); err != nil {
		t.Fatal(err)
	}
	if err != nil || s.Outcomes[Harmless] != 8 {
		t.Errorf("expected 8 plays without a false alarm, got %v, %s", err, &text)
	}
}

// TestExplained: explanations can be read, and are looked up by their patterns.
func TestExplained(t *testing.T) {
	if _, err := Explained(); err != nil {
		t.Error(err)
	}
	list := []Explanation{{Op: "cut*", Place: "octets", Reason: "x"}, {Place: "a call", Reason: "y"}}
	for _, test := range []struct {
		op, place, want string
	}{{"cut in half", "octets", "x"}, {"cut in half", "characters", ""}, {"lost", "a call", "y"}, {"lost", "a call, of one state", ""}} {
		got := ""
		if e := explain(&Mutation{Op: test.op, Place: test.place}, list); e != nil {
			got = e.Reason
		}
		if got != test.want {
			t.Errorf("%s: %s: expected explanation %q, got %q", test.op, test.place, test.want, got)
		}
	}
}

// TestStream: octets are cut into the same units however they come.
func TestStream(t *testing.T) {
	said := "HELLO\r\nIAM x\r\n5\x00ab\ncd" + "0\x00" + "2\x00xy"
	want := []string{"HELLO\r\n", "IAM x\r\n", "5\x00ab\ncd", "0\x00", "2\x00xy"}
	for size := 1; size <= len(said); size++ {
		var s stream
		var got []string
		for rest := said; rest != ""; {
			n := min(size, len(rest))
			s.buf, rest = append(s.buf, rest[:n]...), rest[n:]
			for u, ok := s.next(); ok; u, ok = s.next() {
				got = append(got, string(u.octets))
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("by %d octets: expected %q, got %q", size, want, got)
		}
	}
	s := stream{buf: []byte("12345678901234567890123")}
	if _, ok := s.next(); ok || !s.lost {
		t.Error("expected a length of too many digits to be no frame")
	}
}

// usualOf is what is usual where messages with the values of the contract are said.
func usualOf(by wire.Serializer) *usual {
	u := newUsual()
	units := []*unit{{octets: []byte("SETUP KERNEL=a-00000001-00000002,Name;FREEZER=Storable;PID=1\r\n")}}
	for _, v := range contract.Carried(by) {
		h := perl.HashRef(
			perl.P("event", perl.HashRef(perl.P("kernel", perl.NewBytes("k")), perl.P("session", perl.NewBytes("s")), perl.P("state", perl.NewBytes("echo")))),
			perl.P("params", v), perl.P("rsvp", perl.NewBytes("poe:/s/answer")))
		image, err := by.Freeze(h)
		if err != nil {
			continue
		}
		s := stream{buf: wire.AppendFrame(nil, image)}
		unit, _ := s.next()
		units = append(units, unit)
	}
	u.said = [][]*unit{units, units}
	return u
}

// TestMutationsChange: each seed is one mutation, the same each time; what it makes differs from
// what was said, unless it is a matter of order; and images that it makes of values can be read.
func TestMutationsChange(t *testing.T) {
	ops := map[string]bool{}
	for seed := range uint64(150) {
		tried := func() (*Mutation, string) {
			var u *usual
			m, err := choose(seed, casts(), func(c Cast) (*usual, error) { u = usualOf(c.Serializer.Wire()); return u, nil })
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			if m.orders {
				return m, ""
			}
			changes := 0
			for conn, units := range u.said {
				for n, unit := range units {
					s := &mutant{listener: &listener{said: u.said}, conn: conn, pass: func(b []byte) { fmt.Fprintf(&said, "%q", b) }}
					if m.at(conn, n) {
						if changed, _ := m.change(s, n, unit); changed {
							changes++
						}
					}
				}
			}
			if changes == 0 {
				t.Errorf("seed %d: expected a change, got none: %s", seed, m)
			}
			return m, said.String()
		}
		m, said := tried()
		again, saidAgain := tried()
		if m.String() != again.String() || said != saidAgain {
			t.Errorf("seed %d: expected the same mutation each time, got %s and %s", seed, m, again)
		}
		ops[m.Op] = true
	}
	if len(ops) < 60 {
		t.Errorf("expected 60 sorts of mutations of 150 seeds, got %d", len(ops))
	}
}

// TestPlaces: a place is found again in a message that is like the one that it was found in.
func TestPlaces(t *testing.T) {
	u := usualOf(cell.Storable.Wire())
	for _, unit := range u.said[0] {
		a, b := unit.message(cell.Storable.Wire()), unit.message(cell.Storable.Wire())
		if a == nil {
			continue
		}
		for _, p := range places(a) {
			v := find(b, p.steps)
			x, err1 := typed.Encode(perl.NewRef(p.v))
			y, err2 := typed.Encode(perl.NewRef(v))
			if v == nil || err1 != nil || err2 != nil || string(x) != string(y) {
				t.Errorf("%s: expected the same value, got %s and %s", pathOf(p.steps), x, y)
			}
		}
	}
}

// TestUsual: what was seen is usual; another order is if there were several; all else differs.
func TestUsual(t *testing.T) {
	seen := func(channel string, list ...string) *played {
		o := newObservation(nil)
		o.channels[channel] = list
		return &played{seen: o}
	}
	u := newUsual()
	u.learn(seen("x", "a", "b", "c"))
	for _, list := range [][]string{{"a", "c", "b"}, {"a", "b"}, {"a", "b", "c", "d"}, nil} {
		if u.differs(seen("x", list...).seen, false) == "" {
			t.Errorf("expected %v to be unusual", list)
		}
	}
	if got := u.differs(seen("x", "a", "c", "b").seen, true); got != "" {
		t.Errorf("expected another order to be usual of what is late, got %s", got)
	}
	if u.differs(seen("x", "a", "c").seen, true) == "" {
		t.Error("expected something missing to be unusual of what is late")
	}
	u.learn(seen("x", "b", "a", "c"))
	if got := u.differs(seen("x", "c", "a", "b").seen, false); got != "" {
		t.Errorf("expected another order to be usual once there were two, got %s", got)
	}
	if u.differs(seen("y", "a").seen, false) == "" {
		t.Error("expected a channel that there never was to be unusual")
	}
}

// TestLater: what is held is said after so many more units, or at the end of its time, or of all.
func TestLater(t *testing.T) {
	var said []string
	pass := func(b []byte) { said = append(said, string(b)) }
	var l later
	l.hold(pass, []byte("held"), 2, time.Hour)
	for _, s := range []string{"1", "2", "3"} {
		l.say(pass, []byte(s))
	}
	l.hold(pass, []byte("last"), 2, time.Hour)
	l.end(pass)
	if want := []string{"1", "2", "held", "3", "last"}; !reflect.DeepEqual(said, want) {
		t.Errorf("expected %v, got %v", want, said)
	}
	timed := make(chan string, 1)
	var m later
	m.hold(func(b []byte) { timed <- string(b) }, []byte("x"), 5, time.Millisecond)
	if got := <-timed; got != "x" {
		t.Errorf("expected x at the end of its time, got %s", got)
	}
}

// TestOperations: an operation that says that it changed a value did.
func TestOperations(t *testing.T) {
	for _, v := range contract.EchoValues() {
		before, err := typed.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range operations(v.Kind()) {
			own, err := typed.Decode(before)
			if err != nil {
				t.Fatal(err)
			}
			changed := op.apply(rand.New(rand.NewPCG(1, 1)), own)
			after, err := typed.Encode(own)
			if err != nil {
				continue // a value that refers to itself without an end
			}
			same := string(before) == string(after)
			if changed == same && op.name != "own copy" { // the copy of what nothing else refers to is the same
				t.Errorf("%s of %s: changed %v, got %s", op.name, before, changed, after)
			}
		}
	}
}
