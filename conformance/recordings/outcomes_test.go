package recordings_test

import (
	"os"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/recordings"
)

// TestOutcomes: each check says of each capture what the table in the tree says: what a check was
// decided by is still enough to decide it, and what was not shown is not judged.
func TestOutcomes(t *testing.T) {
	recorded, err := os.ReadFile(recordings.OutcomesFile)
	if err != nil {
		t.Fatal(err)
	}
	table, err := recordings.Outcomes(".")
	if err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(string(recorded), "\n"), strings.Split(table, "\n")
	for i := range max(len(want), len(got)) {
		w, g := "nothing", "nothing"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			t.Errorf("captures/%s, line %d: expected\n%s\ngot\n%s\n(make rejudge)", recordings.OutcomesFile, i+1, w, g)
			return
		}
	}
}
