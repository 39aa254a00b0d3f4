package harness

import (
	"os"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

// Options of a run. The zero value tries everything that is safe.
type Options struct {
	// Checks to apply. Nil: the catalogue; if there are none, what was recorded is not looked at.
	Checks []*judge.Check
	// Cells to try. Nil: all that the target can be tried in.
	Cells []cell.Cell
	// Dir is where captures are left. Empty: a temporary directory that is removed.
	Dir string
	// Session says that a target without a driver has published the conformance session. So it is a
	// kernel: that it says nothing at all is judged then.
	Session bool
	// Hostile allows scenarios that end a real Perl server.
	Hostile bool
	// Segmentation is how the relay cuts what goes through it. Default AsSent.
	Segmentation cell.Segmentation
	// Patience bounds every wait for the target. 0: probe.DefaultTimeout for one that we started,
	// LivePatience for others.
	Patience time.Duration
	// Timeout bounds a cell. 0: DefaultTimeout; negative: none, for a target that is being
	// debugged.
	Timeout time.Duration
	// Finishing is called when the run is interrupted but goes on, and told why: a server that is
	// running, and that a negotiation which breaks off could end, is talked to until that is over.
	// Only Timeout bounds it then. done is called when it is over. Nil for nobody.
	Finishing func(why string) (done func())
	// Known are the deviations of releases that make failures of a target without a driver known ones:
	// which release it is shows in what it says. As is a release to take it for, unless what it says
	// contradicts that. See known.Deviations.Settle. Of targets with a driver the report knows it.
	Known known.Deviations
	As    string
	// Progress is told of each cell as it ends, by one goroutine at a time. Nil for nobody.
	Progress func(*cell.Result)
	// Enough is asked of each cell as it ends, by one goroutine at a time, in a result of the target
	// that has this cell alone. If it says so of one, no cell is begun any more: those are skipped.
	// What is being tried is tried to its end. Nil: all are tried.
	Enough func(*cell.TargetResult) bool
}

// MaxCapture bounds what is recorded of a cell, in octets. Usually that is some MiB. What a target
// says beyond it makes the cell one that broke.
const MaxCapture = 64 << 20

// DefaultTimeout bounds a cell.
const DefaultTimeout = time.Minute

// LivePatience bounds every wait for a server that somebody may need. It is long, since a server
// that is merely slow must not be left in the middle of a negotiation.
const LivePatience = 30 * time.Second

// prepare fills in what was left out, and makes the directory for captures. The function that it
// returns is to be called with the results in the end: it removes the directory if it is a
// temporary one, and takes the names of captures out of the results then.
func (o *Options) prepare() (func(...*cell.TargetResult), error) {
	if o.Checks == nil {
		o.Checks = checks.Catalogue()
	}
	if o.Cells == nil {
		o.Cells = cell.Cells()
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Dir != "" {
		return func(...*cell.TargetResult) {}, os.MkdirAll(o.Dir, 0o755)
	}
	dir, remove, err := tempdir.New("ikc-conform-run-")
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	return func(results ...*cell.TargetResult) {
		_ = remove()
		for _, r := range results {
			for _, c := range r.Cells {
				c.Capture = ""
			}
		}
	}, nil
}
