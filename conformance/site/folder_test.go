package site_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/site"
)

// listing are the files in a folder, with slashes.
func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestWrite: a folder that is not there, is empty, or has a site becomes the site, without what an
// older one had besides.
func TestWrite(t *testing.T) {
	s := whole(t)
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if err := s.Write(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		want := append(s.Files(), site.Manifest)
		slices.Sort(want)
		if got := listing(t, dir); !slices.Equal(got, want) {
			t.Fatalf("expected the files of the site, got %q", got)
		}
		for _, name := range s.Files() {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != string(s.File(name)) {
				t.Fatalf("%s: expected what the site has, %v", name, err)
			}
		}
		// Older sites had a page that is no more.
		put(t, filepath.Join(dir, "checks", "OLD-001.html"), "old")
		list, err := os.ReadFile(filepath.Join(dir, site.Manifest))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, site.Manifest), string(list)+"checks/OLD-001.html\n../beside.txt\n")
		put(t, filepath.Join(dir, "..", "beside.txt"), "not ours")
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "beside.txt")); err != nil {
		t.Errorf("expected what is beside the folder to stay, got %v", err)
	}
}

// TestForeign: a folder with anything else is refused before anything is written.
func TestForeign(t *testing.T) {
	s := whole(t)
	for what, prepare := range map[string]func(dir string) string{
		"a file":                func(dir string) string { put(t, filepath.Join(dir, "notes.txt"), "mine"); return "notes.txt" },
		"a page without a list": func(dir string) string { put(t, filepath.Join(dir, "index.html"), "mine"); return "index.html" },
		"a file deep in a site": func(dir string) string {
			if err := s.Write(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, "checks", "zz.html"), "mine")
			return filepath.Join("checks", "zz.html")
		},
		"a link that a list has": func(dir string) string {
			if runtime.GOOS == "windows" {
				t.Skip("links take privileges on Windows")
			}
			if err := errors.Join(s.Write(t.Context(), dir), os.Remove(filepath.Join(dir, "index.html"))); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/etc/passwd", filepath.Join(dir, "index.html")); err != nil {
				t.Fatal(err)
			}
			return "index.html"
		},
		"a list of somebody else": func(dir string) string {
			put(t, filepath.Join(dir, "notes.txt"), "mine")
			put(t, filepath.Join(dir, site.Manifest), "files.txt\nnotes.txt\n")
			return site.Manifest
		},
		"a list that is too long": func(dir string) string {
			put(t, filepath.Join(dir, site.Manifest), strings.Repeat("x\n", 1<<20))
			return site.Manifest
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			name := prepare(dir)
			before := listing(t, dir)
			err := s.Write(t.Context(), dir)
			if !errors.Is(err, site.ErrForeign) || !strings.Contains(err.Error(), filepath.Join(dir, name)) {
				t.Errorf("expected an error that names %s, got %v", name, err)
			}
			if after := listing(t, dir); !slices.Equal(before, after) {
				t.Errorf("expected nothing to be written, got %d files", len(after))
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "mine")
	if err := s.Write(t.Context(), file); !errors.Is(err, site.ErrForeign) {
		t.Errorf("expected an error about a file in place of a folder, got %v", err)
	}
}

// TestInterruptedWrite: what was ended in the middle can be written again.
func TestInterruptedWrite(t *testing.T) {
	s := whole(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	cancel(over)
	if err := s.Write(ctx, dir); !errors.Is(err, over) {
		t.Errorf("expected the end of the context, got %v", err)
	}
	put(t, filepath.Join(dir, "index.html"), "half")
	if err := s.Write(t.Context(), dir); err != nil {
		t.Errorf("expected to write it again, got %v", err)
	}
}
