//go:build unix

package tempdir_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

// TestNotALock: what stands where a lock should be is neither waited for nor followed, and its
// directory stays.
func TestNotALock(t *testing.T) {
	old := time.Now().Add(-time.Hour)
	for _, made := range []struct {
		name string
		put  func(t *testing.T, lock string)
	}{
		{"FIFO", func(t *testing.T, lock string) {
			if err := syscall.Mkfifo(lock, 0o666); err != nil {
				t.Fatal(err)
			}
		}},
		{"symbolic link", func(t *testing.T, lock string) {
			to := filepath.Join(t.TempDir(), "old")
			if err := os.WriteFile(to, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(to, old, old); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, lock); err != nil {
				t.Fatal(err)
			}
		}},
		{"directory", func(t *testing.T, lock string) {
			if err := os.Mkdir(lock, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(lock, old, old); err != nil {
				t.Fatal(err)
			}
		}},
		{"somebody else's file", func(t *testing.T, lock string) {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a file to somebody else")
			}
			if err := os.WriteFile(lock, nil, 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(lock, 65534, 65534); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(lock, old, old); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(made.name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			theirs := filepath.Join(temp, "ikc-tempdir-test-x")
			if err := os.Mkdir(theirs, 0o777); err != nil {
				t.Fatal(err)
			}
			made.put(t, filepath.Join(theirs, ".lock"))
			done := make(chan error, 1)
			go func() {
				_, remove, err := tempdir.New("ikc-tempdir-test-")
				if err == nil {
					err = remove()
				}
				done <- err
			}()
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("expected a directory at once, New blocks")
			}
			if _, err := os.Stat(theirs); err != nil {
				t.Errorf("expected what is not ours to stay: %v", err)
			}
		})
	}
}

// TestLinkedDirectory: a directory that is only linked to is not swept, nor one that was kept.
func TestLinkedDirectory(t *testing.T) {
	temp, elsewhere := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	lock := filepath.Join(elsewhere, ".lock")
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(lock, old, old); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(temp, "ikc-tempdir-test-link")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	kept, _, err := tempdir.New("ikc-tempdir-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := tempdir.Keep(kept); err != nil {
		t.Fatal(err)
	}
	_, remove, err := tempdir.New("ikc-tempdir-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	for _, path := range []string{link, lock, kept} {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("expected it to stay: %v", err)
		}
	}
}
