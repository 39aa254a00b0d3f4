package storable

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var (
	structures = flag.Int("structures", 20_000, "structures of the differential test")
	firstSeed  = flag.Uint64("seed", 1, "first seed of the differential test")
)

// peer is a Perl process that runs testdata/peer.pl.
type peer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	served int
}

// needPerl skips a test where the machine's Perl is not good enough for it.
func needPerl(t testing.TB, modules ...string) {
	args := []string{"-e", "1"}
	for _, m := range modules {
		args = append([]string{"-M" + m}, args...)
	}
	if text, err := exec.Command("perl", args...).CombinedOutput(); err != nil {
		t.Skipf("no perl with %v: %v: %.200s", modules, err, text)
	}
}

func startPeer(t testing.TB) *peer {
	p := &peer{cmd: exec.Command("perl", "testdata/peer.pl")}
	p.cmd.Stderr = os.Stderr
	in, err1 := p.cmd.StdinPipe()
	out, err2 := p.cmd.StdoutPipe()
	if err := p.cmd.Start(); err1 != nil || err2 != nil || err != nil {
		t.Fatal(err1, err2, err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 1<<16)
	return p
}

func (p *peer) stop() {
	p.in.Close()
	p.cmd.Wait()
}

// answer is what Perl says of a structure and of an image.
type answer struct{ frozen, again, thawed, thawedImage string }

func (p *peer) ask(network bool, description string, image []byte) (a answer, err error) {
	p.served++
	net := 0
	if network {
		net = 1
	}
	if _, err = fmt.Fprintf(p.in, "%d %d %d\n%s%s", net, len(description), len(image), description, image); err != nil {
		return a, err
	}
	var n [4]int
	line, err := p.out.ReadString('\n')
	if err != nil {
		return a, err
	}
	if _, err = fmt.Sscan(line, &n[0], &n[1], &n[2], &n[3]); err != nil {
		return a, fmt.Errorf("%q: %w", line, err)
	}
	for i, s := range []*string{&a.frozen, &a.again, &a.thawed, &a.thawedImage} {
		b := make([]byte, n[i])
		if _, err = io.ReadFull(p.out, b); err != nil {
			return a, err
		}
		*s = string(b)
	}
	return a, nil
}

// differ checks one structure in both directions and says what is wrong, or "".
func differ(t testing.TB, p *peer, v *perl.Value, network bool) string {
	layout := AMD64
	if network {
		layout = Network
	}
	enc, err := FreezeOptions{Canonical: true, Layout: layout}.Validate()
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

// TestDifferential compares Go and the machine's Perl on random structures: Perl freezes, Go reads and
// describes, Go writes, Perl reads and describes; and the images are equal octet by octet.
func TestDifferential(t *testing.T) {
	needPerl(t, "Storable 3.26", "5.036")
	n := *structures
	if testing.Short() {
		n = min(n, 2000)
	}
	p := startPeer(t)
	defer func() { p.stop() }()
	start, failed := time.Now(), 0
	for i := range n {
		if p.served >= 50_000 {
			p.stop()
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

// TestPerlReadsOlder has Perl read what Go writes at older minor versions, which take other forms for holes and refuse
// what they do not have.
func TestPerlReadsOlder(t *testing.T) {
	needPerl(t, "Storable 3.26", "5.036")
	p := startPeer(t)
	defer func() { p.stop() }()
	for minor := oldestMinorWritten; minor <= minorWritten; minor++ {
		enc, err := FreezeOptions{Minor: minor}.Validate()
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
