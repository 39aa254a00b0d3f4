package harness

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// judge has the finished capture judged, if there are checks to apply. What cannot be decided
// because of how the cell was played is skipped. Once done is closed, nobody asks for the result.
func (r *runner) judge(path string, done <-chan struct{}) {
	if len(r.opts.Checks) == 0 {
		r.cell.Capture = path
		return
	}
	role := r.cell.Cell.Role
	file, err := judge.File(path, applicable(r.opts.Checks, role), dialogue.Options{AssumeIKC: true, Done: done}, role.Side())
	if err != nil {
		r.cell.Err = err
		return
	}
	if !r.target.Driven() {
		r.opts.Known.Settle(file, r.opts.As)
	}
	r.cell.Capture, r.cell.Err = path, file.Failed()
	r.cell.Notes = append(r.cell.Notes, file.Notes...)
	r.cell.Verdicts = file.Verdicts
	for i := range file.Verdicts {
		v := &file.Verdicts[i]
		switch {
		case v.Outcome != judge.Inconclusive:
		case v.Check.Aftermath && !r.opts.Hostile:
			v.Outcome, v.Reason = judge.Skipped, "it takes --hostile to find out"
		case v.Check.ByDriver() && !r.target.Driven():
			v.Outcome, v.Reason = judge.Skipped, "it takes a driver to find out"
		}
	}
}

// applicable leaves out what a target in a role has no occasion to do: nobody calls a ClientLite,
// and it has no sessions.
func applicable(all []*judge.Check, role cell.Role) []*judge.Check {
	if role != cell.AsClientLite {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(c *judge.Check) bool {
		return c.Party == judge.TheResponder || c.Party == judge.TheKernel
	})
}
