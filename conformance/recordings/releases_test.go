package recordings_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
)

// From setup on, releases know SETUP, and so all dialects.
const setup, newest = "0.2302", "0.2402"

// TestReleases judges the captures of all releases: what differs from 0.2402 is a known deviation,
// nothing fails, and there is a capture of each role and dialect, of the newest release with each
// serializer.
func TestReleases(t *testing.T) {
	const dir = "releases"
	type kind struct{ release, role, dialect, serializer string }
	missing := map[kind]bool{}
	for _, release := range driver.Startable {
		for _, role := range []string{"client", "clientlite"} {
			for _, dialect := range []string{"IKC0", "IKC", "fallback"} {
				if dialect != "IKC" && release < setup {
					continue
				}
				missing[kind{release, role, dialect, "Storable"}] = true
				if release == newest {
					missing[kind{release, role, dialect, "FreezeThaw"}] = true
					missing[kind{release, role, dialect, "POE::Component::IKC::Freezer"}] = true
				}
			}
		}
	}
	octets := int64(0)
	for _, s := range loadFrom(t, dir) {
		if s.Server.Release != s.Client.Release || s.Server.Implementation != "POE::Component::IKC" || s.Client.Implementation != "POE::Component::IKC" {
			t.Errorf("%s: expected one release of the module on both sides, got %+v and %+v", s.Capture, s.Server, s.Client)
		}
		delete(missing, kind{s.Server.Release, s.Client.Role, s.Dialect, s.Serializer})
		if info, err := os.Stat(filepath.Join(dir, s.Capture)); err == nil {
			octets += info.Size()
		}
		conforms(t, dir, s)
	}
	for k := range missing {
		t.Errorf("no capture of %+v", k)
	}
	if octets > 5<<20 {
		t.Errorf("the captures have %d octets; 5 MiB is the limit", octets)
	}
}

// conforms judges a capture of the original: what its sidecar expects, and nothing that is no known
// deviation.
func conforms(t *testing.T, dir string, s *recordings.Sidecar) {
	t.Helper()
	f, err := judge.File(filepath.Join(dir, s.Capture), checks.Catalogue(), dialogue.Options{})
	if err != nil || f.Err != nil || len(f.Notes) > 0 {
		t.Errorf("%s: %v %v %q", s.Capture, err, f.Err, f.Notes)
		return
	}
	for _, d := range s.Differences(f) {
		t.Errorf("%s: %s", s.Capture, d)
	}
	for side, outcomes := range s.Expected {
		for id, outcome := range outcomes {
			if outcome == judge.Fail.String() {
				t.Errorf("%s: %s fails for the %s and is no known deviation", s.Capture, id, side)
			}
		}
	}
}

// TestRecordedMatrix: the table in the tree is of all releases, with each serializer, and nothing
// in it failed.
func TestRecordedMatrix(t *testing.T) {
	text, err := os.ReadFile("releases/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"reference"}
	for _, r := range driver.Startable {
		want = append(want, "perl@"+r)
	}
	var have []string
	serializers := map[string]int{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "In a cell:") {
			break
		}
		for i, w := range words[:min(2, len(words))] { // target and serializer, or serializer
			if w == "Storable" || w == "FreezeThaw" || w == "Freezer" {
				if serializers[w]++; w == "Storable" && i == 1 {
					have = append(have, words[0])
				}
				if cells := words[i+1:]; len(cells) < 9 || slices.ContainsFunc(cells, func(c string) bool { return c == "!" || strings.HasPrefix(c, "F") }) {
					t.Errorf("expected nine cells without failures, got %q", line)
				}
			}
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("expected %q, got %q", want, have)
	}
	for _, s := range []string{"Storable", "FreezeThaw", "Freezer"} {
		if serializers[s] != len(want) {
			t.Errorf("expected a line for each target with %s, got %d", s, serializers[s])
		}
	}
}
