package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRewritten: a file that was just written is known to be another by what is in it, also if size
// and time are the same; one that nobody touches stays as it is, be it read or not.
func TestRewritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	at := time.Now()
	write := func(text string) {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		must(t, os.Chtimes(path, at, at))
	}
	write("one")
	w, err := newWatcher([]string{dir}, nil)
	must(t, err)
	before, err := w.look()
	must(t, err)
	if what := w.during(before); what != "" {
		t.Errorf("nothing changed: got %s", what)
	}
	write("two")
	if what := w.during(before); what != path {
		t.Errorf("expected %s to have changed, got %q", path, what)
	}
	read := w.last
	w.looked = at.Add(time.Minute) // it is no longer new
	if what := w.during(read); what != "" || w.last[path].sum == read[path].sum {
		t.Errorf("it was read once and not the next time: got %q", what)
	}
}
