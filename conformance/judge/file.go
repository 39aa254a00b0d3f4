package judge

import (
	"errors"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Judgement is what was found in one capture file.
type Judgement struct {
	File        string
	Verdicts    []Verdict
	Connections int // of IKC
	Looked      int // connections that were looked at
	Notes       []string
	// Lacks says what the capture does not hold of its connections, empty if it is whole: what passed
	// did so as far as seen.
	Lacks []string
	// Peers are the kernels of the capture, with what is known of their releases.
	Peers *release.Peers
	// Told is what the driver of each side's kernel said of it, by wire.Role, nil if the capture has
	// no driver log of the side.
	Told [2]*driver.Hello
	// Noticed is what is worth knowing without being a violation.
	Noticed []*diagnosis.Finding
	// Stopped says that the reading was ended before the end of the capture, as the one who reads was
	// told to. The verdicts hold for what comes before; what passed did so as far as seen.
	Stopped bool
	// Err says that the capture is cut short or damaged. The verdicts hold for what comes before. If
	// it is dialogue.ErrAbandoned, there are none.
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
	j.onlyIKC = opts.OnlyIKC
	err := j.read(r, opts, w)
	if errors.Is(err, dialogue.ErrAbandoned) {
		return &Judgement{Err: err}
	}
	j.peers.Conclude()
	stopped := errors.Is(err, capture.ErrStopped)
	switch {
	case stopped:
		j.lack("what had not been read when the reading was interrupted")
		err = nil
	case err != nil:
		j.lack("the capture file: " + err.Error())
	}
	if j.doubtful {
		j.lack("connections that could not be read to the end")
	}
	verdicts := j.conclude()
	return &Judgement{
		Verdicts: verdicts, Connections: j.connections, Looked: j.looked, Notes: j.notes, Lacks: j.lackList(), Peers: &j.peers, Told: j.told(),
		Stopped: stopped, Err: err, Broken: j.broken, Noticed: j.noticed.Findings(),
	}
}

// Failed is why the judgement is not of the whole capture, or not sound: Err and Broken, nil if
// there is neither.
func (f *Judgement) Failed() error {
	if f.Broken == nil {
		return f.Err
	}
	return errors.Join(f.Err, errors.New(strings.Join(f.Broken, "; ")))
}
