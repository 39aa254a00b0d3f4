package storable

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var firstSeed = flag.Uint64("seed", 1, "first seed of the differential test")

// peer is testdata/peer.pl, run by a Perl.
type peer struct {
	*perltest.Process
	layout   Layout // of its native images
	booleans bool   // it writes booleans with tags of their own
}

func startPeer(t testing.TB, with driver.Perl) *peer {
	t.Helper()
	p := &peer{Process: perltest.Start(t, with, "testdata/peer.pl")}
	a, err := p.ask(false, describe(perl.ArrayRef(perl.NewBool(true))), nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHeader([]byte(a.frozen))
	if err != nil {
		t.Fatal(err)
	}
	p.layout, p.booleans = h.Layout, HasBooleanTags([]byte(a.frozen))
	return p
}

// answer is what Perl says of a structure and of an image.
type answer struct{ frozen, again, thawed, thawedImage string }

func (p *peer) ask(network bool, description string, image []byte) (a answer, err error) {
	net := 0
	if network {
		net = 1
	}
	request := fmt.Sprintf("%d %d %d\n%s%s", net, len(description), len(image), description, image)
	err = p.Ask(request, &a.frozen, &a.again, &a.thawed, &a.thawedImage)
	return a, err
}

// reads checks that Go and Perl thaw the same from an image of Go and says what is wrong, or "".
func (p *peer) reads(image []byte, thawed string) string {
	own, err := Thaw(image)
	if err != nil {
		return fmt.Sprintf("Thaw of Go's %x: %v", image, err)
	}
	if got := describe(own); got != thawed {
		return fmt.Sprintf("Thaw of Go's %x:\nGo   %s\nPerl %s", image, got, thawed)
	}
	return ""
}

// differ checks one structure in both directions and says what is wrong, or "".
func (p *peer) differ(t testing.TB, v *perl.Value, network bool, seen perltest.Seen) string {
	layout := p.layout
	if network {
		layout = Network
	}
	enc, err := FreezeOptions{Canonical: true, Layout: layout, Booleans: p.booleans}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	image, err := enc.Freeze(v)
	if err != nil {
		return fmt.Sprintf("Freeze: %v", err)
	}
	a, err := p.ask(network, describe(v), image)
	if err != nil {
		t.Fatalf("perl died of %s: %v", describe(v), err)
	}
	for _, s := range []string{a.frozen, a.again, a.thawed, a.thawedImage} {
		if strings.HasPrefix(s, "error: ") {
			return "perl: " + s
		}
	}
	read, err := Thaw([]byte(a.frozen))
	if err != nil {
		return fmt.Sprintf("Thaw of Perl's %x: %v", a.frozen, err)
	}
	if got := describe(read); got != a.thawed {
		return fmt.Sprintf("Thaw of Perl's %x:\nGo   %s\nPerl %s", a.frozen, got, a.thawed)
	}
	if why := p.reads(image, a.thawedImage); why != "" {
		return why
	}
	again, err := enc.Freeze(read)
	if err != nil {
		return fmt.Sprintf("Freeze of Perl's %x: %v", a.frozen, err)
	}
	if a.again == a.frozen && string(again) != a.frozen {
		return fmt.Sprintf("frozen again:\nGo   %x\nPerl %x", again, a.frozen)
	}
	if c := clone(v); p.booleans && lockedBooleans(c) {
		if image, err = enc.Freeze(c); err != nil {
			return fmt.Sprintf("Freeze: %v", err)
		}
		seen[perltest.LockedBooleans]++
	}
	if HasBooleanTags([]byte(a.frozen)) {
		seen[perltest.BooleanTags]++
	}
	if string(image) != a.frozen {
		return fmt.Sprintf("frozen:\nGo   %x\nPerl %x", image, a.frozen)
	}
	if !p.booleans {
		return ""
	}
	// What Go writes if it is not told that the peer knows tags of booleans.
	if image, err = Freeze(v); err != nil {
		return fmt.Sprintf("Freeze: %v", err)
	}
	if a, err = p.ask(network, "", image); err != nil {
		t.Fatalf("perl died of %x: %v", image, err)
	}
	return p.reads(image, a.thawedImage)
}

// lockedBooleans makes strings of the booleans of a structure that are read-only, those in locked
// hashes, as Perl does that writes others with tags of their own. It tells whether there are any.
func lockedBooleans(root *perl.Value) (found bool) {
	seen := map[*perl.Value]bool{}
	var walk func(v *perl.Value)
	walk = func(v *perl.Value) {
		if v == nil || seen[v] {
			return
		}
		seen[v] = true
		walk(v.Target())
		for _, e := range v.Elems() {
			walk(e)
		}
		for _, r := range v.HookRefs() {
			walk(r)
		}
		for _, pair := range v.Pairs() {
			if pair.Flags&perl.KeyLocked != 0 && pair.Flags&perl.KeyPlaceholder == 0 && pair.Value.Kind() == perl.Bool {
				text := ""
				if pair.Value.Bool() {
					text = "1"
				}
				*pair.Value, found = *perl.NewBytes(text), true
			}
			walk(pair.Value)
		}
	}
	walk(root)
	return found
}

// TestDifferential compares Go and Perl on random structures: Perl freezes, Go reads and describes,
// Go writes, Perl reads and describes; and the images are equal octet by octet.
func TestDifferential(t *testing.T) {
	perltest.Each(t, func(t *testing.T, with driver.Perl) {
		perltest.Need(t, with, "Storable 3.21", "5.032")
		n := perltest.Structures()
		p := startPeer(t, with)
		defer func() { p.Stop() }()
		start, failed, seen := time.Now(), 0, perltest.Seen{}
		for i := range n {
			if p.Served >= 50_000 {
				p.Stop()
				p = startPeer(t, with)
			}
			seed := *firstSeed + uint64(i)
			v := generate(seed)
			if why := p.differ(t, v, seed%2 == 0, seen); why != "" {
				small := shrink(v, func(v *perl.Value) bool { return p.differ(t, v, seed%2 == 0, perltest.Seen{}) != "" })
				t.Errorf("seed %d: %s\nsmallest: %s\n%s", seed, why, describe(small), p.differ(t, small, seed%2 == 0, perltest.Seen{}))
				if failed++; failed >= 5 {
					t.FailNow()
				}
			}
		}
		seen.Hold(t, with, "Storable", n)
		t.Logf("%d structures from seed %d in %v", n, *firstSeed, time.Since(start).Round(time.Millisecond))
	})
}

// TestPerlReadsOlder has Perl read what Go writes at older minor versions, which take other forms
// for holes and refuse what they do not have.
func TestPerlReadsOlder(t *testing.T) {
	local := perltest.Local(t)
	perltest.Need(t, local, "Storable 3.21", "5.032")
	p := startPeer(t, local)
	defer func() { p.Stop() }()
	for minor := oldestMinorWritten; minor <= minorWritten; minor++ {
		enc, err := FreezeOptions{Minor: minor}.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		written, refused := 0, 0
		for seed := range uint64(400) {
			image, err := enc.Freeze(generate(seed))
			if errors.Is(err, ErrUnsupported) {
				refused++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			written++
			a, err := p.ask(true, "", image)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Thaw(image)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(v); got != a.thawedImage {
				t.Errorf("minor %d, seed %d: %x\nGo   %s\nPerl %s", minor, seed, image, got, a.thawedImage)
			}
		}
		if written < 200 || minor < minorWritten && refused == 0 || minor == minorWritten && refused > 0 {
			t.Errorf("minor %d: %d written, %d refused", minor, written, refused)
		}
	}
}
