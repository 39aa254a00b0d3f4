package driver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestWithin follows links as if a root were that of this machine.
func TestWithin(t *testing.T) {
	root := t.TempDir()
	for link, to := range map[string]string{"lib": "usr/lib", "usr/lib/loader": "/lib/arch/loader-1", "usr/lib/up": "../../../../lib/loader", "loop": "loop"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(link)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{"/usr/bin/perl": "/usr/bin/perl", "/lib/x": "/usr/lib/x", "/lib/loader": "/usr/lib/arch/loader-1",
		"/usr/lib/up": "/usr/lib/arch/loader-1", "../../etc": "/etc"} {
		if got, err := within(root, path); err != nil || got != root+want {
			t.Errorf("%s: expected %s, got %s, %v", path, root+want, got, err)
		}
	}
	if got, err := within(root, "/loop"); err == nil {
		t.Errorf("a loop: expected an error, got %s", got)
	}
}

// TestPerlOfARoot makes a root of this machine's own perl, and runs that where it is.
func TestPerlOfARoot(t *testing.T) {
	const program = "/usr/bin/perl"
	bases, _ := filepath.Glob("/usr/lib/*/perl-base")
	_, loader, err := executable(program)
	if err != nil || len(bases) != 1 {
		t.Skipf("this machine's perl is not as Debian has it: %v, %q", err, bases)
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "mine")
	libraries := filepath.Dir(bases[0])
	for _, d := range []string{"usr/bin", "usr/share", libraries, filepath.Dir(loader)} {
		must(t, os.MkdirAll(filepath.Join(root, d), 0o700))
	}
	for _, file := range []string{program, loader} {
		octets, err := os.ReadFile(file)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(root, file), octets, 0o700))
	}
	entries, err := os.ReadDir(libraries)
	must(t, err)
	for _, e := range entries {
		if link := filepath.Join(root, libraries, e.Name()); filepath.Join(libraries, e.Name()) != loader {
			_ = os.Symlink(filepath.Join(libraries, e.Name()), link) // the loader may be there
		}
	}
	must(t, os.Symlink("/usr/share/perl", filepath.Join(root, "usr/share/perl")))
	t.Setenv("IKC_PERLS", dir)

	local, err := LocalPerl()
	must(t, err)
	inPath, err := local.Version(t.Context())
	must(t, err)
	want, err := Perl{Command: []string{program}}.Version(t.Context())
	must(t, err)
	p, err := FindInterpreter(t.Context(), "mine")
	must(t, err)
	got, err := p.Version(t.Context())
	if err != nil || got != want {
		t.Errorf("expected %s, got %s, %v", want, got, err)
	}
	for _, m := range p.Modules {
		if !strings.HasPrefix(m, root) {
			t.Errorf("expected modules in %s, got %s", root, m)
		}
	}
	// By its version, the one in PATH comes first.
	if p, err := FindInterpreter(t.Context(), series(inPath)); err != nil || p.Name != "" {
		t.Errorf("%s: expected the perl in PATH, got %+v, %v", series(inPath), p, err)
	}
	t.Setenv("PATH", "/nowhere")
	if p, err := FindInterpreter(t.Context(), series(want)); err != nil || p.Name != "mine" {
		t.Errorf("%s: expected the one of the root, got %+v, %v", series(want), p, err)
	}
}

func series(version string) string { return version[:strings.LastIndexByte(version, '.')] }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPerlsThatDoNotRun says of each why.
func TestPerlsThatDoNotRun(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o700))
	}
	write("text/usr/bin/perl", "#!/bin/sh\n")
	write("fails/bin/perl", "#!/bin/sh\necho no >&2; exit 3\n")
	write("none/x", "")
	write(".sid.part/bin/perl", "#!/bin/sh\n")
	if self, err := os.ReadFile("/usr/bin/perl"); err == nil && runtime.GOOS == "linux" {
		write("half/usr/bin/perl", string(self))
		must(t, os.MkdirAll(filepath.Join(dir, "half/usr/share/perl/5.40"), 0o700))
	}
	t.Setenv("IKC_PERLS", dir)
	for _, p := range Perls(dir) {
		if p.Name != "fails" && p.Err == nil || p.Name == "none" || p.Name == ".sid.part" {
			t.Errorf("got %+v", p)
		}
	}
	for name, want := range map[string]string{
		"text":  "usr/bin/perl: ",
		"half":  "one usr/lib/*/perl-base",
		"none":  "has neither usr/bin/perl nor bin/perl",
		"other": "has neither usr/bin/perl nor bin/perl",
		"5.99":  "neither in PATH nor among",
	} {
		if _, err := os.Stat(filepath.Join(dir, "half")); name == "half" && err != nil {
			continue
		}
		_, err := FindInterpreter(t.Context(), name)
		var missing *PerlError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected a PerlError with %q, got %v", name, want, err)
		}
	}
	p, err := FindInterpreter(t.Context(), "fails")
	must(t, err)
	if _, err := p.Find(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "(no)") {
		t.Errorf("expected what it said, got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FindInterpreter(ctx, "5.99"); !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, got %v", context.Canceled, err)
	}
}
