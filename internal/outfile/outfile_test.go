package outfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Errorf("%s: expected %q, got %q", path, text, got)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != mode {
		t.Errorf("%s: expected mode %v, got %v", path, mode, info.Mode())
	}
}

func says(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	mine := func(head []byte) bool { return bytes.HasPrefix(head, []byte("mine")) }
	create := func(path string, may outfile.May) error {
		f, err := outfile.Create(path, may)
		if err != nil {
			return err
		}
		return errors.Join(says("new")(f), f.Close())
	}
	path := filepath.Join(dir, "new")
	if err := create(path, nil); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new", 0o600)
	for name, may := range map[string]outfile.May{"never": nil, "only ours": mine} {
		put(t, path, "somebody's", 0o644)
		if err := create(path, may); !errors.Is(err, outfile.ErrExists) {
			t.Errorf("%s: expected ErrExists, got %v", name, err)
		}
		holds(t, path, "somebody's", 0o644)
	}
	for text, may := range map[string]outfile.May{"mine, and longer than what comes": mine, "somebody's": outfile.Any} {
		put(t, path, text, 0o644)
		if err := create(path, may); err != nil {
			t.Error(err)
		}
		holds(t, path, "new", 0o600)
	}
	put(t, path, "mine", 0o644)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if err := create(link, outfile.Any); !errors.Is(err, outfile.ErrLink) {
		t.Errorf("a link: expected ErrLink, got %v", err)
	}
	holds(t, path, "mine", 0o644)
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink(filepath.Join(dir, "absent"), dangling); err != nil {
		t.Fatal(err)
	}
	if err := create(dangling, outfile.Any); !errors.Is(err, outfile.ErrLink) {
		t.Errorf("a dangling link: expected ErrLink, got %v", err)
	}
	if err := create(os.DevNull, nil); err != nil {
		t.Errorf("a device: %v", err)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	broke := errors.New("it broke")
	half := func(w io.Writer) error { return errors.Join(says("half")(w), broke) }
	if err := outfile.Write(path, 0o600, half); !errors.Is(err, broke) {
		t.Errorf("expected the error of write, got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("expected nothing to be left of what broke, got %v, %v", left, err)
	}
	if err := outfile.Write(path, 0o600, says("first")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "first", 0o600)
	put(t, path, "first", 0o640)
	if err := outfile.Write(path, 0o600, half); !errors.Is(err, broke) {
		t.Errorf("expected the error of write, got %v", err)
	}
	holds(t, path, "first", 0o640)
	if err := outfile.Write(path, 0o600, says("second")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "second", 0o640)
	for _, size := range []int{250, 255} {
		long := filepath.Join(dir, strings.Repeat("n", size))
		if err := os.WriteFile(long, nil, 0o600); err != nil {
			t.Logf("the file system takes no name of %d octets: %v", size, err)
			continue
		}
		if err := os.Remove(long); err != nil {
			t.Fatal(err)
		}
		if err := outfile.Write(long, 0o600, says("long")); err != nil {
			t.Errorf("a name of %d octets: %v", size, err)
			continue
		}
		holds(t, long, "long", 0o600)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if err := outfile.Write(link, 0o600, says("third")); !errors.Is(err, outfile.ErrLink) {
		t.Errorf("a link: expected ErrLink, got %v", err)
	}
	holds(t, path, "second", 0o640)
	if err := outfile.Write(os.DevNull, 0o600, says("gone")); err != nil {
		t.Errorf("a device: %v", err)
	}
}
