package freezethaw_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

var structures = flag.Int("structures", 20_000, "structures of the differential test")

type peer struct {
	in  io.Writer
	out *bufio.Reader
}

// startPeer runs testdata/texts.pl of package storable, or skips the test if the machine's Perl cannot.
func startPeer(t testing.TB) *peer {
	if text, err := exec.Command("perl", "-MFreezeThaw", "-MStorable", "-MData::Dumper", "-e1").CombinedOutput(); err != nil {
		t.Skipf("no perl with FreezeThaw, Storable and Data::Dumper: %v: %.200s", err, text)
	}
	cmd := exec.Command("perl", "../storable/testdata/texts.pl")
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := cmd.Start(); err1 != nil || err2 != nil || err != nil {
		t.Fatal(err1, err2, err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &peer{in, bufio.NewReader(out)}
}

// ask returns exact, image, text, again and other as of texts.pl.
func (p *peer) ask(t testing.TB, seed, size int, text []byte) (a [5]string) {
	if _, err := fmt.Fprintf(p.in, "%s %d %d %d\n%s", "FreezeThaw", seed, size, len(text), text); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var n [5]int
	if _, err := fmt.Sscan(line, &n[0], &n[1], &n[2], &n[3], &n[4]); err != nil {
		t.Fatal(err)
	}
	for i := range a {
		b := make([]byte, n[i])
		if _, err := io.ReadFull(p.out, b); err != nil {
			t.Fatal(err)
		}
		a[i] = string(b)
	}
	return a
}

// differ checks one structure in both directions.
func differ(t testing.TB, p *peer, seed, size int) string {
	a := p.ask(t, seed, size, nil)
	tree, err := storable.Thaw([]byte(a[1]))
	if err != nil {
		return fmt.Sprintf("storable: %v", err)
	}
	text, err := freezethaw.Freeze(tree)
	if err != nil {
		return fmt.Sprintf("Freeze: %v\n%s", err, perl.Format(tree, perl.FormatOptions{}))
	}
	if a[0] == "1" && string(text) != a[2] {
		return fmt.Sprintf("text:\nGo   %q\nPerl %q", text, a[2])
	}
	if !strings.HasPrefix(a[3], "error: ") {
		if why := same(a[2], a[3]); why != "" {
			return "Perl's text: " + why
		}
	} else if _, err := freezethaw.Thaw([]byte(a[2])); err == nil && a[0] == "1" {
		return fmt.Sprintf("Go reads, but Perl does not: %s\n%q", a[3], a[2])
	}
	b := p.ask(t, 0, 0, text)
	if why := same(string(text), b[4]); why != "" {
		return "Go's text: " + why
	}
	return ""
}

// same compares what a text thaws to in Go with the Storable image of what it thaws to in Perl.
func same(text, image string) string {
	v, err := freezethaw.Thaw([]byte(text))
	if err != nil {
		return fmt.Sprintf("%v\n%q", err, text)
	}
	w, err := storable.Thaw([]byte(image))
	if err != nil {
		return fmt.Sprintf("Perl: %.200s\n%q", image, text)
	}
	if d := perl.Diff(v, w); d != "" {
		return fmt.Sprintf("%s\n%q", d, text)
	}
	return ""
}

// TestDifferential compares Go and the machine's FreezeThaw on random structures.
func TestDifferential(t *testing.T) {
	p := startPeer(t)
	start, failed := time.Now(), 0
	for seed := 1; seed <= *structures; seed++ {
		size := 1 + seed%25
		why := differ(t, p, seed, size)
		if why == "" {
			continue
		}
		for s := 1; s < size; s++ { // the same seed with less room
			if w := differ(t, p, seed, s); w != "" {
				size, why = s, w
				break
			}
		}
		t.Errorf("seed %d, size %d: %s", seed, size, why)
		if failed++; failed >= 5 {
			t.FailNow()
		}
	}
	t.Logf("%d structures in %v", *structures, time.Since(start).Round(time.Millisecond))
}
