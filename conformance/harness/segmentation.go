package harness

import (
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// Segmentation is how the relay cuts what the two sides of a cell say into pieces, and how it ends connections. TCP is
// a stream: verdicts must not depend on it.
type Segmentation string

// The segmentations.
const (
	// AsSent passes everything on as it came.
	AsSent Segmentation = ""
	// SingleOctets passes octets on one by one.
	SingleOctets Segmentation = "single octets"
	// Coalesced waits for more and passes it on in one piece.
	Coalesced Segmentation = "coalesced"
	// Pieces passes pieces on that end in the middle of lines and frames, the rest of each some time later.
	Pieces Segmentation = "delayed pieces"
	// ResetEnds ends connections that the client closes with a reset (RST) instead of a FIN.
	ResetEnds Segmentation = "RST for FIN"
)

// Segmentations are all but AsSent.
func Segmentations() []Segmentation {
	return []Segmentation{SingleOctets, Coalesced, Pieces, ResetEnds}
}

// fault is what the relay does.
func (s Segmentation) fault(_ int, from capture.Direction) relay.Fault {
	switch s {
	case SingleOctets:
		return relay.Fault{Split: 1, Pause: time.Microsecond}
	case Coalesced:
		return relay.Fault{Coalesce: 3 * time.Millisecond}
	case Pieces:
		return relay.Fault{Split: 97, Pause: time.Millisecond}
	case ResetEnds:
		return relay.Fault{ResetAtEnd: from == capture.FromClient}
	}
	return relay.Fault{}
}

// Sensitivity is a verdict that depends on the segmentation.
type Sensitivity struct {
	Segmentation Segmentation
	Cell         Cell
	Check        *conformance.Check
	// Plain is the outcome as sent, Outcome that with the segmentation.
	Plain, Outcome conformance.Outcome
	// Finding is a violation among those of the two, if there is one.
	Finding *conformance.Finding
}

// String says which verdict depends on what.
func (s Sensitivity) String() string {
	text := fmt.Sprintf("%s, %s: %s as sent, %s with %s", s.Check.ID, s.Cell, s.Plain, s.Outcome, s.Segmentation)
	if s.Finding != nil {
		text += fmt.Sprintf(": expected %s, got %s", s.Finding.Expected, s.Finding.Actual)
	}
	return text
}

// Sensitivities compares the verdicts of a run with those of another with a segmentation. A verdict that became
// inconclusive is no sensitivity: the evidence is missing. Nor is one that is known to fail: it may as well pass, where
// that takes luck. A cell that could only be played as sent is an error.
func Sensitivities(plain, other *Result, s Segmentation, known conformance.Deviations) (out []Sensitivity, err error) {
	if plain.Identity == nil {
		known = nil
	} else {
		known = known.Of(plain.Identity.Implementation, plain.Identity.Release)
	}
	for i, c := range plain.Cells {
		o := other.Cells[i]
		if c.Err != nil || c.Skipped != "" {
			continue
		}
		if o.Err != nil {
			return out, fmt.Errorf("%s with %s: %w", c.Cell, s, o.Err)
		}
		for n, v := range c.Verdicts {
			w := o.Verdicts[n]
			if (v.Outcome == conformance.Fail) == (w.Outcome == conformance.Fail) || v.Outcome == conformance.Inconclusive && w.Outcome != conformance.Fail ||
				w.Outcome == conformance.Inconclusive || known.Find(v.Check.ID) != nil {
				continue
			}
			found := Sensitivity{Segmentation: s, Cell: c.Cell, Check: v.Check, Plain: v.Outcome, Outcome: w.Outcome}
			for _, list := range [][]conformance.Finding{v.Findings, w.Findings} {
				if len(list) > 0 {
					found.Finding = &list[0]
				}
			}
			out = append(out, found)
		}
	}
	return out, nil
}
