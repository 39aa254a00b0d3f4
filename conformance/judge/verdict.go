package judge

import (
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Verdict is what a check says of one side of a capture.
type Verdict struct {
	Check *Check
	// Side is the side judged.
	Side    wire.Role
	Outcome Outcome
	// Evidence counts the pieces that were looked at, Findings are the violations among them.
	Evidence int
	Findings []Finding
	// More counts violations beyond MaxFindings.
	More int
	// Example is the first piece of evidence that agrees, nil if there is none with a place. Its
	// Actual is empty.
	Example *Finding
	// Reason says what is missing, or why it was skipped.
	Reason string

	// harm is the last connection that might have done harm to those after it.
	harm *harmful
	// broken says where the check panicked and how, "" if it did not.
	broken string
}

// MaxFindings is how many violations a verdict keeps; the rest is only counted.
const MaxFindings = 100

// merge adds what was found in one more connection. If doubtful, violations do not count: what is
// missing may be what is missed.
func (v *Verdict) merge(f *found, check int, doubtful bool) {
	v.mergeBroken(f, check)
	evidence := int(f.evidence[check])
	f.evidence[check] = 0
	if f.examples != nil {
		if e := f.examples[check]; e != nil && (v.Example == nil || e.Connection < v.Example.Connection) {
			v.Example = e
		}
	}
	if f.findings == nil || len(f.findings[check])+f.more[check] == 0 {
		v.Evidence += evidence
		return
	}
	findings, more := f.findings[check], f.more[check]
	f.findings[check], f.more[check] = nil, 0
	if doubtful {
		return
	}
	v.Evidence += evidence
	room := min(MaxFindings-len(v.Findings), len(findings))
	v.Findings = append(v.Findings, findings[:room]...)
	v.More += more + len(findings) - room
}

// mergeBroken notes that the check panicked at one more connection.
func (v *Verdict) mergeBroken(f *found, check int) {
	if f.broken != nil && v.broken == "" {
		v.broken = f.broken[check]
	}
}
