package main

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
)

var readme = filepath.Join(repository, "README.md")

// TestReadme types every command of the README that is shown with what it prints, and compares.
// With -update it writes down what came.
func TestReadme(t *testing.T) {
	t.Parallel()
	need(t, "bash", "bash")
	page, err := readGuide(readme)
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string][]string{}
	for _, s := range page.steps {
		command := strings.TrimPrefix(s.command, "go run ./cmd/")
		if strings.HasPrefix(command, "go ") {
			continue // go test ./..., which this is a part of
		}
		if strings.HasPrefix(command, "ikc-conform run ") {
			runs[strings.Fields(command)[2]] = s.shown
		}
		if strings.HasPrefix(command, "ikc-conform check ") {
			continue // TestFirstScreen
		}
		t.Run(strings.NewReplacer(" ", "_", "/", "_").Replace(command), func(t *testing.T) { oneOfReadme(t, s.command) })
	}
	if len(runs) < 3 {
		t.Errorf("expected runs of the reference, of the original and of a server in the README, got %d", len(runs))
	}
}

// oneOfReadme follows one command, with what it needs around it.
func oneOfReadme(t *testing.T, command string) {
	g, err := readGuide(readme) // again: it may have been written to
	if err != nil {
		t.Fatal(err)
	}
	g.steps = slices.DeleteFunc(g.steps, func(s step) bool { return s.command != command })
	s := &g.steps[0]
	s.command = strings.TrimPrefix(s.command, "go run ./cmd/")
	switch words := strings.Fields(s.command); words[1] {
	case "run":
		if words[2] == "perl" {
			if _, err := driver.FindPerl(t.Context()); err != nil {
				t.Skipf("this needs the real module: %v", err)
			}
		}
		if port, ok := strings.CutPrefix(words[2], "tcp:127.0.0.1:"); ok {
			g.fixed = []string{port, wrongServer(t, words[slices.Index(words, "--checks")+1])}
		}
	case "matrix":
		if !*update {
			t.Skip("it takes a minute, and is made with -update only; TestReadmeMatrix compares it with the runs above it")
		}
		for _, target := range words {
			if release, ok := strings.CutPrefix(target, "perl@"); ok {
				if _, err := driver.FindPerlIn(t.Context(), filepath.Join(driver.ReleasesDir(), release)); err != nil {
					t.Skipf("this needs release %s: %v", release, err)
				}
			}
		}
	case "ping", "call":
		address := portIn.FindString(s.command)
		serve := step{command: "ikc-conform serve --name Reference --listen " + address + " 2>/dev/null &", shown: []string{"Reference listens on " + address}}
		g.steps = []step{serve, *s}
	}
	g.follow(t, readme)
}

// wrongServer starts a server with the defect that is made for a check, and returns its port.
func wrongServer(t *testing.T, check string) string {
	all := server.Behaviours()
	i := slices.IndexFunc(all, func(b *server.Behaviour) bool { return b.Kills[0] == check })
	if i < 0 {
		t.Fatalf("expected a defect that %s kills, there is none", check)
	}
	srv, err := server.Start(server.Options{Behaviour: all[i]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	_, port, err := net.SplitHostPort(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestReadmeMatrix: the matrix in the README has the numbers of the runs above it, so one cannot be
// newer than the other.
func TestReadmeMatrix(t *testing.T) {
	g, err := readGuide(readme)
	if err != nil {
		t.Fatal(err)
	}
	passed := map[string]string{} // by target, with Storable: "191 184 185 ..."
	cells := map[string]string{}
	for _, s := range g.steps {
		words := strings.Fields(s.command)
		for i, l := range s.shown {
			f := strings.Fields(l)
			switch {
			case slices.Contains(words, "run") && len(f) > 3 && f[3] == "passed":
				passed[words[len(words)-1]] += f[2] + " "
			case slices.Contains(words, "matrix") && len(f) > 2 && f[1] == "Storable" && i > 0:
				target, _, _ := strings.Cut(f[0], "@")
				cells[target] = strings.Join(f[2:], " ") + " " // of several releases, the last
			}
		}
	}
	for _, target := range []string{"reference", "perl"} {
		if passed[target] == "" || passed[target] != cells[target] {
			t.Errorf("%s: the matrix says %q, the run %q; go test ./cmd/ikc-conform -run TestReadme -update", target, cells[target], passed[target])
		}
	}
}
