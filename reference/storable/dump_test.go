package storable

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected dumps")

// TestDump dumps all golden images and compares with the dumps that were looked at.
func TestDump(t *testing.T) {
	var b bytes.Buffer
	for _, g := range append(readGolden(t, "testdata/golden.txt"), readHandmade(t)...) {
		b.WriteString("=== " + g.name + "\n")
		if err := Dump(&b, []byte(g.image)); err != nil {
			b.WriteString(err.Error() + "\n")
		}
		if len(g.image) < 1000 { // every truncation is an error, and no panic
			for n := range g.image {
				if err := Dump(new(bytes.Buffer), []byte(g.image[:n])); err == nil && !strings.HasPrefix(g.name, "old") {
					t.Errorf("%s cut to %d octets: got no error", g.name, n)
				}
			}
		}
	}
	const path = "testdata/dumps.txt"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range g {
			if i >= len(w) || g[i] != w[i] {
				t.Fatalf("line %d:\n got %q\nwant %q", i+1, g[i], w[min(i, len(w)-1)])
			}
		}
		t.Fatal("dumps are shorter than expected")
	}
}

type failingWriter struct{}

var errFull = errors.New("full")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

func TestDumpErrors(t *testing.T) {
	if err := Dump(failingWriter{}, []byte("\x05\x0b\x05")); err != errFull {
		t.Errorf("failing writer: got %v", err)
	}
	if err := Dump(new(bytes.Buffer), []byte("\x05\x0b\x05\x05")); !errors.Is(err, ErrTrailing) {
		t.Errorf("trailing octet: got %v", err)
	}
	if err := Dump(new(bytes.Buffer), []byte("\x05\x0b"+strings.Repeat("\x04", 20_000)+"\x05")); !errors.Is(err, ErrLimit) {
		t.Errorf("depth: got %v", err)
	}
}

// TestTags says which tags have a golden image from a real Perl, and which only one made by hand.
func TestTags(t *testing.T) {
	count := func(list []golden) (n [tagLast]int) {
		for _, g := range list {
			var b bytes.Buffer
			_ = Dump(&b, []byte(g.image))
			for i := range n {
				n[i] += strings.Count(b.String(), tag(i).String()+" ") + strings.Count(b.String(), tag(i).String()+"\n")
			}
		}
		return n
	}
	perls, handmade := count(readGolden(t, "testdata/golden.txt")), count(readHandmade(t))
	only := ""
	for i := range perls {
		if perls[i] == 0 && handmade[i] == 0 {
			t.Errorf("%v: no golden image at all", tag(i))
		} else if perls[i] == 0 {
			only += " " + tag(i).String()
		}
	}
	if only != " SX_LOBJECT SX_BOOLEAN_TRUE SX_BOOLEAN_FALSE" {
		t.Errorf("without a golden image of a real Perl:%s", only)
	}
	t.Logf("without a golden image of a real Perl, for want of Perl 5.38 and of memory:%s", only)
}
