package judge

import (
	"fmt"

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
	// forged counts the pieces of evidence in connections of which octets were captured twice with
	// different contents, and forgedFails the violations among them. They are no evidence.
	forged, forgedFails int
}

// doubt is why what was found in a connection is less than it seems.
type doubt uint8

const (
	noDoubt    doubt = iota
	incomplete       // violations do not count: what is missing may be what is missed
	forged           // octets were captured twice with different contents: nothing counts
)

// MaxFindings is how many violations a verdict keeps; the rest is only counted.
const MaxFindings = 100

// merge adds what was found in one more connection.
func (v *Verdict) merge(f *found, check int, d doubt) {
	v.mergeBroken(f, check)
	evidence := int(f.evidence[check])
	f.evidence[check] = 0
	var findings []Finding
	more := 0
	if f.findings != nil {
		findings, more = f.findings[check], f.more[check]
		f.findings[check], f.more[check] = nil, 0
	}
	if d == forged {
		v.forged += evidence
		v.forgedFails += len(findings) + more
		return
	}
	if f.examples != nil {
		if e := f.examples[check]; e != nil && (v.Example == nil || e.Connection < v.Example.Connection) {
			v.Example = e
		}
	}
	if len(findings)+more == 0 {
		v.Evidence += evidence
		return
	}
	if d == incomplete {
		return
	}
	v.Evidence += evidence
	room := min(MaxFindings-len(v.Findings), len(findings))
	v.Findings = append(v.Findings, findings[:room]...)
	v.More += more + len(findings) - room
}

// onForged is the reason of a verdict that doubtful octets keep from being reached.
func (v *Verdict) onForged() string {
	const where = "on connections of which octets were captured twice with different contents, so that nobody knows what was received"
	if v.forgedFails > 0 {
		return fmt.Sprintf("%d violations are %s", v.forgedFails, where)
	}
	return fmt.Sprintf("%d pieces of evidence, which agree, are %s", v.forged, where)
}

// mergeBroken notes that the check panicked at one more connection.
func (v *Verdict) mergeBroken(f *found, check int) {
	if f.broken != nil && v.broken == "" {
		v.broken = f.broken[check]
	}
}
