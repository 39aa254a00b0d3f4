package cell

import (
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// Result is what came of a cell.
type Result struct {
	Cell Cell
	// Capture is the recording, empty if there is none or it was not kept.
	Capture string
	// Verdicts are about the target's side.
	Verdicts []judge.Verdict
	Notes    []string
	// Skipped says why the cell was not tried, "" if it was.
	Skipped string
	// Problems are what kept scenarios from being played to the end.
	Problems []string
	// Err is set if the target could not be had.
	Err  error
	Took time.Duration
}

// TargetResult is what came of a run.
type TargetResult struct {
	Target string
	// Identity is what the target's driver said of itself, nil without a driver.
	Identity *driver.Hello
	Cells    []*Result
	// Untried is how many cells are not among them since an interrupt ended the run.
	Untried int
	Started time.Time
	Took    time.Duration
}
