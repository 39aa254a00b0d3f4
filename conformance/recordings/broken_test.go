package recordings_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/client"
)

// TestBroken judges the captures of kernels with a defect: what fails is that the defect, and of
// the side that has it only.
func TestBroken(t *testing.T) {
	const dir = "broken"
	for name, side := range map[string]string{"answers-to-nobody": "client", "answers-twice": "server", "booleans": "client", "characters-counted": "client"} {
		found := false
		for _, s := range loadFrom(t, dir) {
			if s.Capture != name+".pcapng" {
				continue
			}
			found = true
			f, err := judge.File(filepath.Join(dir, s.Capture), checks.Catalogue(), dialogue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, diff := range s.Differences(f) {
				t.Errorf("%s: %s", name, diff)
			}
			d := client.Find(s.Defect)
			if d == nil {
				t.Fatalf("%s: no defect is called %q", name, s.Defect)
			}
			for _, id := range d.Kills {
				if got := s.Expected[side][id]; got != "fail" {
					t.Errorf("%s: expected %s of the %s to fail, got %q", name, id, side, got)
				}
			}
			other := map[string]string{"client": "server", "server": "client"}[side]
			if slices.Contains(slices.Collect(maps.Values(s.Expected[other])), "fail") {
				t.Errorf("%s: expected nothing of the %s to fail, which is the real module", name, other)
			}
		}
		if !found {
			t.Errorf("no capture %s in captures/%s", name, dir)
		}
	}
}
