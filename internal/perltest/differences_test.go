package perltest

import (
	"os"
	"strings"
	"testing"
)

// TestGuide: the guide on upgrades has the table of what each Perl does otherwise.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guides/upgrade.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), "\n"+Table()) {
		t.Errorf("expected docs/guides/upgrade.md to have\n%s", Table())
	}
}

func TestIn(t *testing.T) {
	for _, row := range []struct {
		from, version string
		want          bool
	}{{"", "0.5001", true}, {"3.32", "3.26", false}, {"3.32", "3.32", true}, {"3.32", "3.37_01", true}, {"2.189", "2.174_01", false}, {"2.189", "", false}} {
		if got := (&Difference{From: row.from}).In(row.version); got != row.want {
			t.Errorf("from %q, version %q: expected %v, got %v", row.from, row.version, row.want, got)
		}
	}
}
