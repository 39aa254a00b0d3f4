package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFileThatIsAnother: a file that is followed and is not what it was is told of, and not waited
// for.
func TestFileThatIsAnother(t *testing.T) {
	write := func(path, text string) { must(t, os.WriteFile(path, []byte(text), 0o600)) }
	for _, test := range []struct {
		name   string
		change func(path string)
		want   string
	}{
		{"shorter", func(path string) { must(t, os.Truncate(path, 5)) }, "12 octets were read, and now it has 5"},
		{"replaced", func(path string) {
			write(path+".new", "twelve octets and more")
			must(t, os.Rename(path+".new", path))
		}, "12 octets were read, and now another file of 22 is in its place"},
		{"written anew", func(path string) { write(path, "twelve 0ctets and more") }, "it was written anew; octet 7 was 0x6f, and now it is 0x30"},
		{"grown", func(path string) { write(path, "twelve octets and more") }, ""},
		{"moved", func(path string) { // by whom another will be put there
			must(t, os.Rename(path, path+".old"))
			write(path+".old", "twelve octets and more")
		}, ""},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		path := filepath.Join(t.TempDir(), "capture")
		write(path, "twelve octet")
		f, err := os.Open(path)
		must(t, err)
		defer f.Close()
		// The change comes when the end has been met, and before it is looked again.
		g := &growing{f: f, done: ctx.Done(), atEnd: func() { test.change(path) }}
		b := make([]byte, 100)
		if n, err := g.Read(b); n != 12 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		switch n, err := g.Read(b); {
		case test.want == "" && (err != nil || n != 10):
			t.Errorf("%s: expected 10 octets more, got %d, %v", test.name, n, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: expected to be told %q, got %v", test.name, test.want, err)
		}
	}
}
