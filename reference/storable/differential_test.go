package storable

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var (
	structures = flag.Int("structures", 20_000, "structures of the differential test")
	firstSeed  = flag.Uint64("seed", 1, "first seed of the differential test")
)

// answer is what Perl says of a structure and of an image.
type answer struct{ frozen, again, thawed, thawedImage string }

// startPeer runs testdata/peer.pl.
func startPeer(t testing.TB) *perltest.Process { return perltest.Start(t, "testdata/peer.pl") }

func ask(p *perltest.Process, network bool, description string, image []byte) (a answer, err error) {
	net := 0
	if network {
		net = 1
	}
	request := fmt.Sprintf("%d %d %d\n%s%s", net, len(description), len(image), description, image)
	err = p.Ask(request, &a.frozen, &a.again, &a.thawed, &a.thawedImage)
	return a, err
}

// differ checks one structure in both directions and says what is wrong, or "".
func differ(t testing.TB, p *perltest.Process, v *perl.Value, network bool) string {
	layout := AMD64
	if network {
		layout = Network
	}
	enc, err := FreezeOptions{Canonical: true, Layout: layout}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	image, err := enc.Freeze(v)
	if err != nil {
		return fmt.Sprintf("Freeze: %v", err)
	}
	a, err := ask(p, network, describe(v), image)
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
	own, err := Thaw(image)
	if err != nil {
		return fmt.Sprintf("Thaw of Go's %x: %v", image, err)
	}
	if got := describe(own); got != a.thawedImage {
		return fmt.Sprintf("Thaw of Go's %x:\nGo   %s\nPerl %s", image, got, a.thawedImage)
	}
	again, err := enc.Freeze(read)
	if err != nil {
		return fmt.Sprintf("Freeze of Perl's %x: %v", a.frozen, err)
	}
	if a.again == a.frozen && string(again) != a.frozen {
		return fmt.Sprintf("frozen again:\nGo   %x\nPerl %x", again, a.frozen)
	}
	if string(image) != a.frozen {
		return fmt.Sprintf("frozen:\nGo   %x\nPerl %x", image, a.frozen)
	}
	return ""
}

// TestDifferential compares Go and the machine's Perl on random structures: Perl freezes, Go reads
// and describes, Go writes, Perl reads and describes; and the images are equal octet by octet.
func TestDifferential(t *testing.T) {
	perltest.Need(t, "Storable 3.26", "5.036")
	n := *structures
	if testing.Short() {
		n = min(n, 2000)
	}
	p := startPeer(t)
	defer func() { p.Stop() }()
	start, failed := time.Now(), 0
	for i := range n {
		if p.Served >= 50_000 {
			p.Stop()
			p = startPeer(t)
		}
		seed := *firstSeed + uint64(i)
		v := generate(seed)
		if why := differ(t, p, v, seed%2 == 0); why != "" {
			small := shrink(v, func(v *perl.Value) bool { return differ(t, p, v, seed%2 == 0) != "" })
			t.Errorf("seed %d: %s\nsmallest: %s\n%s", seed, why, describe(small), differ(t, p, small, seed%2 == 0))
			if failed++; failed >= 5 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d structures from seed %d in %v", n, *firstSeed, time.Since(start).Round(time.Millisecond))
}

// TestPerlReadsOlder has Perl read what Go writes at older minor versions, which take other forms
// for holes and refuse what they do not have.
func TestPerlReadsOlder(t *testing.T) {
	perltest.Need(t, "Storable 3.26", "5.036")
	p := startPeer(t)
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
			a, err := ask(p, true, "", image)
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
