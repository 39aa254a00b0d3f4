package judge

import (
	"fmt"
	"slices"
	"strings"
)

// Outcome is what a check came to.
type Outcome uint8

// The outcomes, from worst to best.
const (
	Fail         Outcome = iota // the requirement is violated
	Known                       // the requirement is violated, as is known of this target
	Inconclusive                // the evidence is missing
	Skipped                     // not tried, for the reason given
	Seen                        // there was evidence, and all of it agrees; but the capture is incomplete
	Pass                        // there was evidence, and all of it agrees
)

var outcomeNames = [...]string{"fail", "known deviation", "inconclusive", "skip", "pass as far as seen", "pass"}

// String names the outcome.
func (o Outcome) String() string { return outcomeNames[o] }

// MarshalText implements encoding.TextMarshaler: the form of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what String writes.
func (o *Outcome) UnmarshalText(text []byte) error {
	i := slices.Index(outcomeNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("expected one of the outcomes %s; got %q", strings.Join(outcomeNames[:], ", "), text)
	}
	*o = Outcome(i)
	return nil
}
