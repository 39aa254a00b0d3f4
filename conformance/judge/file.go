package judge

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Judgement is what was found in one capture file.
type Judgement struct {
	File        string
	Verdicts    []Verdict
	Connections int
	Notes       []string
	// Err says that the capture is cut short or damaged. The verdicts hold for what comes before.
	Err error
}

// File judges both sides of a capture file. It fails only if the file cannot be opened.
func File(path string, checks []*Check, opts dialogue.Options, sides ...wire.Role) (*Judgement, error) {
	r, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f := Capture(r, checks, opts, sides...)
	f.File = path
	return f, nil
}

// Capture judges both sides of a capture that is being read, or those given.
func Capture(r *capture.Reader, checks []*Check, opts dialogue.Options, sides ...wire.Role) *Judgement {
	return captureInParts(r, checks, opts, dialogue.Window{}, sides...)
}

// captureInParts is Capture with a window that says how large the parts are in which connections
// are read.
func captureInParts(r *capture.Reader, checks []*Check, opts dialogue.Options, w dialogue.Window, sides ...wire.Role) *Judgement {
	if len(sides) == 0 {
		sides = []wire.Role{wire.Server, wire.Client}
	}
	j := newJudge(checks, sides...)
	err := j.read(r, opts, w)
	f := &Judgement{Verdicts: j.conclude(), Connections: j.connections, Notes: j.notes, Err: err}
	if err != nil {
		f.doubt()
	}
	return f
}

// doubt takes back what passed: the part of the capture that is missing might say otherwise.
func (f *Judgement) doubt() {
	for i := range f.Verdicts {
		if v := &f.Verdicts[i]; v.Outcome == Pass {
			v.Outcome = Inconclusive
			v.Reason = fmt.Sprintf("the capture is incomplete; %d pieces of evidence in what there is of it agree", v.Evidence)
		}
	}
}
