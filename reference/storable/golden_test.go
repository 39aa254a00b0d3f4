package storable

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"
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
	enc, err := FreezeOptions{Layout: h.Layout, File: h.File, Minor: h.Minor}.Validate()
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
