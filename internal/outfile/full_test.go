//go:build linux

package outfile_test

import (
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// What cannot be written as a whole leaves no file, so that it can be tried again.
func TestPutWithoutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new")
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	t.Cleanup(func() { signal.Reset(syscall.SIGXFSZ) })
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	err := outfile.Put(path, nil, []byte("new"))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Error("expected an error, there is no room")
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("expected no file, got %v", err)
	}
	if err := outfile.Put(path, nil, []byte("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new", 0o600)
}
