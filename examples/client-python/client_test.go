// Package clientpython holds a client in Python that was written from docs/specification.md alone,
// and tests that it is one.
package clientpython

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestClient has the client talk to kernels of Go and, where they are, of Perl, and has what it
// says judged: no check of a client fails.
func TestClient(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	t.Setenv("DOCKER_HOST", "unix:///nonexistent.sock") // what is unpacked here is enough
	for _, server := range []struct{ target, protocol string }{{"reference", "IKC0"}, {"reference", "IKC"}, {"perl@0.2402", "IKC0"}, {"perl@0.2402", "IKC"}} {
		t.Run(server.target+" "+server.protocol, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			target, err := targets.Parse(server.target)
			if err != nil {
				t.Fatal(err)
			}
			d, _, err := target.Start(ctx, driver.Options{})
			if err != nil && server.target != "reference" {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			published := contract.PublishedStates()
			if err := d.Session(ctx, driver.Session{Session: contract.SessionAlias,
				States: contract.SessionStates(), Publish: &published}); err != nil {
				t.Fatal(err)
			}
			at, err := d.Listen(ctx, driver.Listen{Name: "Server", Protocol: server.protocol})
			if err != nil {
				t.Fatal(err)
			}
			judgeServer(t, python, at.Address)
		})
	}
}

// judge has the client talk to a server and judges it.
func judgeServer(t *testing.T, python, address string) {
	path := filepath.Join(t.TempDir(), "python.pcapng")
	w, err := capture.Create(path, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := relay.Start(relay.Options{TargetAddress: address, Writer: w})
	if err != nil {
		t.Fatal(err)
	}
	say := func(want string, status int, arguments ...string) {
		t.Helper()
		var out, errors bytes.Buffer
		cmd := exec.CommandContext(t.Context(), python, append([]string{"ikc.py", r.Addr().String()}, arguments...)...)
		cmd.Stdout, cmd.Stderr = &out, &errors
		_ = cmd.Run()
		if got := strings.TrimSpace(out.String() + errors.String()); cmd.ProcessState.ExitCode() != status || !strings.Contains(got, want) {
			t.Errorf("%q: expected %q and status %d, got %q and %d", arguments, want, status, got, cmd.ProcessState.ExitCode())
		}
	}
	say(`"PONG"`, 0, "ping")
	value := `{"a": [1, -5, 70000, null, "x", "Grüße", {"ü": "ö"}, {"ж": [[]]}, {}]}`
	say(value, 0, "call", "ikc-conform/echo", value)
	long := `"` + strings.Repeat("long ", 100) + `"`
	say(long, 0, "call", "ikc-conform/echo", long)
	say("1", 0, "call", "ikc-conform/count")
	say("", 0, "post", "ikc-conform/count")
	say("is not available for remote kernels", 1, "call", "ikc-conform-absent/state")
	say("has not published state", 1, "call", "ikc-conform/"+contract.HiddenState)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := judge.File(path, checks.Catalogue(), dialogue.Options{}, wire.Client)
	if err != nil || f.Err != nil {
		t.Fatal(err, f.Err)
	}
	passed := 0
	for _, v := range f.Verdicts {
		switch v.Outcome {
		case judge.Pass:
			passed++
		case judge.Fail:
			t.Errorf("%s %s: %s: expected %s, got %s", v.Check.ID, v.Check.Level, v.Check.Requirement, v.Findings[0].Expected, v.Findings[0].Actual)
		}
	}
	if passed < 15 {
		t.Errorf("%d checks of the client passed, expected 15 or more", passed)
	}
	t.Logf("%d checks passed", passed)
}
