package storable

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

type golden struct{ name, note, image string }

// readGolden reads a file of lines "name hex note" made by testdata/golden.pl.
func readGolden(t testing.TB, path string) (list []golden) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		image, err := hex.DecodeString(f[1])
		if err != nil {
			t.Fatalf("%s: %s: %v", path, f[0], err)
		}
		g := golden{name: f[0], image: string(image)}
		if len(f) == 3 {
			g.note = f[2]
		}
		list = append(list, g)
	}
	return list
}

// sameKind returns an Encoder for images like this one.
func sameKind(t testing.TB, image string) *Encoder {
	h, err := ReadHeader([]byte(image))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := FreezeOptions{Layout: h.Layout, File: h.File, Minor: h.Minor}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

// TestGolden thaws what Perl froze and freezes it to the very same octets.
func TestGolden(t *testing.T) {
	for _, g := range readGolden(t, "testdata/golden.txt") {
		t.Run(g.name, func(t *testing.T) {
			v, err := Thaw([]byte(g.image))
			if err != nil {
				t.Fatalf("%x: %v", g.image, err)
			}
			again, err := sameKind(t, g.image).Freeze(v)
			if err != nil {
				t.Fatal(err)
			}
			if string(again) != g.image {
				t.Errorf("thawed and frozen again:\n got %x\nwant %x", again, g.image)
			}
		})
	}
}

// readHandmade reads testdata/handmade.txt, whose octets are in hex or quoted.
func readHandmade(t testing.TB) (list []golden) {
	text, err := os.ReadFile("testdata/handmade.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, rest, ok1 := strings.Cut(line, ": ")
		octets, want, ok2 := strings.Cut(rest, " = ")
		if !ok1 || !ok2 {
			t.Fatalf("testdata/handmade.txt: %s", line)
		}
		var image strings.Builder
		for i, part := range strings.Split(octets, `"`) {
			if i%2 == 1 {
				image.WriteString(part)
				continue
			}
			b, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
			if err != nil {
				t.Fatalf("testdata/handmade.txt: %s: %v", name, err)
			}
			image.Write(b)
		}
		list = append(list, golden{name, want, image.String()})
	}
	return list
}

// TestHandmade thaws what no Perl at hand writes.
func TestHandmade(t *testing.T) {
	for _, g := range readHandmade(t) {
		v, err := Thaw([]byte(g.image))
		if err != nil {
			t.Errorf("%s: %x: %v", g.name, g.image, err)
			continue
		}
		if got := perl.Format(v, perl.FormatOptions{}); got != g.note {
			t.Errorf("%s:\n got %s\nwant %s", g.name, got, g.note)
		}
		for n := range g.image {
			if v, err := Thaw([]byte(g.image[:n])); err == nil {
				t.Errorf("%s cut to %d octets: got %s, want an error", g.name, n, perl.Format(v, perl.FormatOptions{}))
			}
		}
		if v, err := Thaw([]byte(g.image + "\x00")); err == nil {
			t.Errorf("%s with one more octet: got %s, want an error", g.name, perl.Format(v, perl.FormatOptions{}))
		}
	}
}
