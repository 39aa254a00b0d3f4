package harness

import (
	"context"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// TestEnough: no cell is begun after Enough has said so of one, and those are skipped, each with
// the reason.
func TestEnough(t *testing.T) {
	t.Parallel()
	target, err := targets.Parse("reference")
	if err != nil {
		t.Fatal(err)
	}
	selected, err := checks.Select("PING-001")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	results, err := Matrix(context.Background(), []*targets.Target{target}, MatrixOptions{Jobs: 1, Options: Options{Checks: selected,
		Enough: func(r *cell.TargetResult) bool {
			asked++
			if r.Identity == nil || len(r.Cells) != 1 || len(r.Cells[0].Verdicts) == 0 {
				t.Errorf("expected one cell with verdicts, and who it is, got %+v", r)
			}
			return asked == 2
		}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range results[0].Cells {
		if i < 2 == (c.Skipped == NotBegun) {
			t.Errorf("cell %d: skipped %q", i, c.Skipped)
		}
	}
	if asked != 2 || len(results[0].Cells) != len(cell.Cells()) {
		t.Errorf("asked of %d cells, %d in the result; expected 2 and all", asked, len(results[0].Cells))
	}
}
