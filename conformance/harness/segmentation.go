package harness

import (
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// segmentationFault is what the relay does with what one side says.
func segmentationFault(s cell.Segmentation, from capture.Direction) relay.Fault {
	switch s {
	case cell.SingleOctets:
		return relay.Fault{Split: 1, Pause: time.Microsecond}
	case cell.LineEndsCut:
		return relay.Fault{SplitLineEnds: true, Pause: 5 * time.Millisecond}
	case cell.Coalesced:
		return relay.Fault{Coalesce: 3 * time.Millisecond}
	case cell.Pieces:
		return relay.Fault{Split: 97, Pause: time.Millisecond}
	case cell.ResetEnds:
		return relay.Fault{ResetAtEnd: from == capture.FromClient}
	}
	return relay.Fault{}
}

// Sensitivity is a verdict that depends on the segmentation.
type Sensitivity struct {
	Check *judge.Check
	// Plain is the outcome as sent, Outcome that with the segmentation.
	Plain, Outcome judge.Outcome
	// Finding is a violation among those of the two, if there is one.
	Finding *judge.Finding
}

// Why says what was found, to be put behind what it is about; "" if nothing was.
func (s Sensitivity) Why() string {
	if s.Finding == nil {
		return ""
	}
	return fmt.Sprintf(": expected %s, got %s", s.Finding.Expected, s.Finding.Actual)
}

// Sensitivities compares the verdicts of a cell of a run with those of another with a segmentation. A verdict that became
// inconclusive is no sensitivity: the evidence is missing. Nor is one that is known to fail: it may as well pass, where
// that takes luck. A cell that could only be played as sent is an error.
func Sensitivities(plain, other *cell.TargetResult, cell int, known known.Deviations) (out []Sensitivity, err error) {
	if plain.Identity == nil {
		known = nil
	} else {
		known = known.Of(plain.Identity.Implementation, plain.Identity.Release)
	}
	c, o := plain.Cells[cell], other.Cells[cell]
	if c.Err != nil || c.Skipped != "" {
		return nil, nil
	}
	for n, w := range o.Verdicts {
		v := c.Verdicts[n]
		if (v.Outcome == judge.Fail) == (w.Outcome == judge.Fail) || v.Outcome == judge.Inconclusive && w.Outcome != judge.Fail ||
			w.Outcome == judge.Inconclusive || known.Find(v.Check.ID) != nil {
			continue
		}
		found := Sensitivity{Check: v.Check, Plain: v.Outcome, Outcome: w.Outcome}
		for _, list := range [][]judge.Finding{v.Findings, w.Findings} {
			if len(list) > 0 {
				found.Finding = &list[0]
			}
		}
		out = append(out, found)
	}
	return out, o.Err
}
