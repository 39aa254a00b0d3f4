package recordings_test

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
)

// generous bounds the time to judge all captures; the aim is a second.
const generous = 5 * time.Second

// TestMain goes to where the captures are. Thousands of small ones are read, and nothing of them
// stays: to collect garbage as often as Go would is a third of that, since it looks through all
// variables of the program each time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	if err := os.Chdir("../../captures"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func load(t testing.TB) []*recordings.Sidecar { return loadFrom(t, ".") }

func loadFrom(t testing.TB, dir string) []*recordings.Sidecar {
	t.Helper()
	all, err := recordings.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestVerdictsAreAsExpected(t *testing.T) {
	checks := checks.Catalogue()
	began := time.Now()
	all := load(t)
	for _, s := range all {
		f, err := judge.File(s.Capture, checks, dialogue.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Err != nil || f.Connections == 0 {
			t.Errorf("%s: expected a whole capture with IKC, got error %v, %d connections", s.Capture, f.Err, f.Connections)
		}
		if len(f.Notes) > 0 {
			t.Errorf("%s: expected nothing odd, got %q", s.Capture, f.Notes)
		}
		for _, diff := range s.Differences(f) {
			t.Errorf("%s: %s", s.Capture, diff)
		}
	}
	took := time.Since(began)
	t.Logf("%d captures judged in %v", len(all), took)
	if took > generous {
		t.Errorf("expected all captures to be judged within %v, it took %v", generous, took)
	}
}

// TestMatrix checks that the captures are those that were promised: each pairing in each dialect,
// with the real module on at least one side.
func TestMatrix(t *testing.T) {
	have := map[string]bool{}
	for _, s := range load(t) {
		have[s.Server.Implementation+" with "+s.Client.Implementation+" as "+s.Client.Role+", "+s.Dialect] = true
	}
	const module, reference = "POE::Component::IKC", "ikc-conform/reference"
	n := 0
	for _, pair := range [][3]string{{module, module, "client"}, {module, reference, "client"}, {reference, module, "client"}, {module, module, "clientlite"}} {
		for _, d := range []string{"IKC0", "IKC", "fallback"} {
			n++
			if want := pair[0] + " with " + pair[1] + " as " + pair[2] + ", " + d; !have[want] {
				t.Errorf("expected a capture of %s, have %v", want, have)
			}
		}
	}
	if n < 12 || len(have) < n {
		t.Errorf("expected at least 12 captures, got %d", len(have))
	}
}

func TestSidecarsAreComplete(t *testing.T) {
	files, err := filepath.Glob("*.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range load(t) {
		known[s.Capture] = true
		if _, err := os.Stat(s.Capture); err != nil {
			t.Errorf("a sidecar without its capture: %v", err)
		}
		if _, err := time.Parse(time.DateOnly, s.Recorded); err != nil {
			t.Errorf("%s: recorded: %v", s.Capture, err)
		}
		if s.Dialect == "" || s.Serializer == "" || s.Server.Role != "server" || s.Client.Role == "" {
			t.Errorf("%s: expected roles, a dialect and a serializer, got %+v", s.Capture, s)
		}
		perl := false
		for _, side := range []recordings.Side{s.Server, s.Client} {
			if side.Implementation == "" || side.Release == "" {
				t.Errorf("%s: expected an implementation and its release, got %+v", s.Capture, side)
			}
			if side.Implementation != "POE::Component::IKC" {
				continue
			}
			perl = true
			for _, name := range []string{"perl", "POE", "Storable"} {
				if side.Versions[name] == "" {
					t.Errorf("%s: expected the version of %s, got %v", s.Capture, name, side.Versions)
				}
			}
			if side.Release != "0.2402" {
				t.Errorf("%s: expected release 0.2402, got %q", s.Capture, side.Release)
			}
		}
		if !perl {
			t.Errorf("%s: expected the real module on one side at least", s.Capture)
		}
		for side, outcomes := range s.Expected {
			for id, outcome := range outcomes {
				if outcome == judge.Fail.String() {
					t.Errorf("%s: %s fails for the %s: no real kernel is expected to fail", s.Capture, id, side)
				}
			}
		}
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("%s has no sidecar", f)
		}
	}
}

// TestCapturesHoldWhatWasPromised: calls, posts, an error and a refusal in each.
func TestCapturesHoldWhatWasPromised(t *testing.T) {
	for _, s := range load(t) {
		calls, posts, reports, refusals := 0, 0, 0, 0
		for _, c := range connections(t, open(t, s.Capture)) {
			if got := dialectOf(c.Negotiation); got != s.Dialect {
				t.Errorf("%s: expected the dialect %s, got %s", s.Capture, s.Dialect, got)
			}
			for _, x := range c.Exchanges {
				if x.Request.IsCall() {
					calls++
				} else {
					posts++
				}
				reports += len(x.Errors)
				for _, a := range x.Answers {
					if text, _ := a.Params().AsString(); strings.HasPrefix(text, "Refused subscription ") {
						refusals++
					}
				}
			}
		}
		if calls < 10 || posts < 3 || reports < 1 || refusals < 1 {
			t.Errorf("%s: expected calls, posts, an error and a refusal, got %d, %d, %d, %d", s.Capture, calls, posts, reports, refusals)
		}
	}
}

func dialectOf(n *dialogue.Negotiation) string {
	if n.Fallback {
		return "fallback"
	}
	return n.Dialect.String()
}
