package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFileThatShrinks: a file that is followed and begins anew is told of, and not waited for.
func TestFileThatShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "capture")
	must(t, os.WriteFile(path, []byte("twelve octet"), 0o600))
	f, err := os.Open(path)
	must(t, err)
	g := &growing{f: f, done: t.Context().Done()}
	defer g.Close()
	b := make([]byte, 100)
	if n, err := g.Read(b); n != 12 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	must(t, os.Truncate(path, 5))
	if _, err := g.Read(b); err == nil || !strings.Contains(err.Error(), "12 octets were read, and now it has 5") {
		t.Errorf("expected to be told that the file became shorter, got %v", err)
	}
}
