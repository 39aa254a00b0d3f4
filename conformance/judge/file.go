package judge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Judgement is what was found in one capture file.
type Judgement struct {
	File        string
	Verdicts    []Verdict
	Connections int
	Notes       []string
	// Peers are the kernels of the capture, with what is known of their releases.
	Peers *release.Peers
	// Err says that the capture is cut short or damaged. The verdicts hold for what comes before.
	Err error
	// Broken says what went wrong in the judge itself: a check that panicked, whose verdict is
	// inconclusive then, or the reading of a connection that did; then what others passed is taken
	// back. Each says where in the capture.
	Broken []string
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
	j.peers.Conclude()
	f := &Judgement{Verdicts: j.conclude(), Connections: j.connections, Notes: j.notes, Peers: &j.peers, Err: err, Broken: j.broken}
	switch {
	case err != nil:
		f.doubt("the capture is incomplete")
	case j.doubtful:
		f.doubt("not all of the capture could be judged")
	}
	return f
}

// Failed is why the judgement is not of the whole capture, or not sound: Err and Broken, nil if
// there is neither.
func (f *Judgement) Failed() error {
	if f.Broken == nil {
		return f.Err
	}
	return errors.Join(f.Err, errors.New(strings.Join(f.Broken, "; ")))
}

// doubt takes back what passed: what was not looked at might say otherwise.
func (f *Judgement) doubt(why string) {
	for i := range f.Verdicts {
		if v := &f.Verdicts[i]; v.Outcome == Pass {
			v.Outcome = Inconclusive
			v.Reason = fmt.Sprintf("%s; %d pieces of evidence in what there is of it agree", why, v.Evidence)
		}
	}
}
