package harness_test

import (
	"path/filepath"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// TestOldServerThatIsRunning: what an old release is known to do wrong is known of one that is
// running, too, by what it says.
func TestOldServerThatIsRunning(t *testing.T) {
	t.Parallel()
	deviations, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range []string{"0.2102", "0.2305"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			if _, err := driver.FindPerlIn(t.Context(), filepath.Join(driver.ReleasesDir(), release)); err != nil {
				t.Skipf("release %s: %v", release, err)
			}
			at, end, err := harness.Stand(t.Context(), target(t, "perl@"+release), "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = end() })
			try := func(of known.Deviations) *report.Report {
				r, err := harness.Run(t.Context(), target(t, "tcp:"+at), harness.Options{Session: true, Known: of,
					Cells: []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC}}})
				if err != nil {
					t.Fatal(err)
				}
				return report.FromRun(r, judge.Should, of)
			}
			if rep := try(nil); len(rep.Failed()) == 0 {
				t.Error("expected it to fail checks if nothing is known")
			}
			rep := try(deviations)
			if rep.Exit != report.ExitConformant || rep.Summary.Known == 0 {
				t.Errorf("expected known deviations alone, got status %d: %v %v", rep.Exit, rep.Failed(), rep.Problems())
			}
		})
	}
}
