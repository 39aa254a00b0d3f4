package judge

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
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
	// doubtful counts violations that what is missing may explain, unheard the pieces of evidence on
	// connections that may not have reached the server. They are no evidence.
	doubtful, unheard int
}

// MaxFindings is how many violations a verdict keeps; the rest is only counted.
const MaxFindings = 100

// merge adds what was found in one more connection; c is nil for what does not rest on one.
func (v *Verdict) merge(f *found, check int, c *dialogue.Connection) {
	v.mergeBroken(f, check)
	v.Evidence += f.pieces(check)
	f.forget(check)
	if f.examples != nil {
		if e := f.examples[check]; e != nil && (v.Example == nil || e.Connection < v.Example.Connection) {
			v.Example = e
		}
	}
	if f.findings == nil {
		return
	}
	findings, more := f.findings[check], f.more[check]
	f.findings[check], f.more[check] = nil, 0
	doubtful := 0
	for i := range findings {
		switch t := &findings[i]; {
		case c != nil && t.support.doubtful(c):
			doubtful++
		case len(v.Findings) < MaxFindings:
			v.Findings = append(v.Findings, t.Finding)
		default:
			v.More++
		}
	}
	if doubtful > 0 {
		doubtful, more = doubtful+more, 0 // on what those rest is not known
	}
	v.Evidence -= doubtful
	v.doubtful += doubtful
	v.More += more
}

// mergeUnheard is merge for a connection that may not have reached the server.
func (v *Verdict) mergeUnheard(f *found, check int) {
	v.mergeBroken(f, check)
	v.unheard += f.pieces(check)
}

// mergeBroken notes that the check panicked at one more connection.
func (v *Verdict) mergeBroken(f *found, check int) {
	if f.broken != nil && v.broken == "" {
		v.broken = f.broken[check]
	}
}
