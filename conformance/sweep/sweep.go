// Package sweep holds what repeating a run with each segmentation showed: the verdicts that depend
// on how TCP cuts the stream. This is plain data; package harness makes it, package report shows
// it.
package sweep

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
)

// Result is what repeating the run of a target with each segmentation showed.
type Result struct {
	// Tried are the segmentations that it was repeated with.
	Tried []cell.Segmentation
	// Sensitive depend on the segmentation, in the order of Tried, and of the cells.
	Sensitive []Sensitivity
	// Stale are known of the target, were looked for, and did not show.
	Stale []known.Sensitivity
}

// Sensitivity is a verdict that depends on the segmentation, or a cell that cannot be played with
// one.
type Sensitivity struct {
	Cell         cell.Cell
	Segmentation cell.Segmentation
	// Check is nil if the cell could not be played to the end; then Err says why, and there are no
	// outcomes.
	Check *judge.Check
	Err   error
	// Plain is the outcome as sent, Outcome that with the segmentation.
	Plain, Outcome judge.Outcome
	// Finding is a violation among those of the two, if there is one; Capture is where it is, if that
	// was kept.
	Finding *judge.Finding
	Capture string
	// Known is why it is known, nil if it is not.
	Known *known.Sensitivity
}

// FindStale fills in Stale: what of the list is known of the target, could have shown in the run as
// sent, plain, and did not show.
func (r *Result) FindStale(plain *cell.TargetResult, list []known.Sensitivity) {
	for i := range list {
		k := &list[i]
		played := slices.ContainsFunc(plain.Cells, func(c *cell.Result) bool {
			return c.Skipped == "" && c.Err == nil && slices.Contains(k.Roles, c.Cell.Role)
		})
		if played && !slices.ContainsFunc(r.Sensitive, func(s Sensitivity) bool { return s.Known == k }) {
			r.Stale = append(r.Stale, *k)
		}
	}
}

// Compare compares the verdicts of a cell of a run with those of another with a segmentation. A
// verdict that became inconclusive is no sensitivity: the evidence is missing. Nor is one that is
// known to fail: it may as well pass, where that takes luck. A cell that could only be played as
// sent is an error. What is known of segmentations is left out.
func Compare(plain, other *cell.TargetResult, index int, deviations known.Deviations) (out []Sensitivity, err error) {
	if plain.Identity == nil {
		deviations = nil
	} else {
		deviations = deviations.Of(plain.Identity.Implementation, plain.Identity.Release, plain.Identity.Versions)
	}
	c, o := plain.Cells[index], other.Cells[index]
	if c.Err != nil || c.Skipped != "" {
		return nil, nil
	}
	for n, w := range o.Verdicts {
		v := c.Verdicts[n]
		if (v.Outcome == judge.Fail) == (w.Outcome == judge.Fail) || v.Outcome == judge.Inconclusive && w.Outcome != judge.Fail ||
			w.Outcome == judge.Inconclusive || deviations.Find(v.Check.ID) != nil {
			continue
		}
		found := Sensitivity{Cell: c.Cell, Check: v.Check, Plain: v.Outcome, Outcome: w.Outcome}
		if len(v.Findings) > 0 {
			found.Finding, found.Capture = &v.Findings[0], c.Capture
		}
		if len(w.Findings) > 0 {
			found.Finding, found.Capture = &w.Findings[0], o.Capture
		}
		out = append(out, found)
	}
	return out, o.Err
}
