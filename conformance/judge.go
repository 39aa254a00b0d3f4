package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Judge applies checks to connections, one after the other. It keeps verdicts, not connections.
type Judge struct {
	sides       []wire.Role
	verdicts    [2][]*Verdict // by side
	connections int           // that were IKC
	incomplete  int           // of them, without a complete negotiation
	cut         bool
	shaken      bool // a connection might have done harm, and no good one has come since
	notes       []string
}

// NewJudge prepares to judge the sides given, by the checks given.
func NewJudge(checks []*Check, sides ...wire.Role) *Judge {
	j := &Judge{sides: sides}
	for _, side := range sides {
		for _, c := range checks {
			if c.Party.binds(side) {
				j.verdicts[side] = append(j.verdicts[side], &Verdict{Check: c, Side: side})
			}
		}
	}
	return j
}

// maxNotes bounds the notes that are kept of odd connections.
const maxNotes = 100

// Connection judges one connection.
func (j *Judge) Connection(c *dialogue.Connection) {
	for _, n := range c.Notes {
		if len(j.notes) < maxNotes {
			j.notes = append(j.notes, fmt.Sprintf("connection %d (%v to %v): %s", c.Conn.Index, c.Conn.Client, c.Conn.Server, n.Text))
		}
	}
	if !c.IsIKC {
		return
	}
	if !c.Unreached {
		j.connections++
		if !c.Negotiation.Complete && !c.Joined {
			j.incomplete++
		}
	}
	j.cut = j.cut || c.Cut
	shaken := j.shaken && !c.Negotiation.Complete
	j.shaken = shaken || harms(c) != noHarm
	for _, side := range j.sides {
		for _, v := range j.verdicts[side] {
			if (shaken || c.Unreached) && !v.Check.Aftermath {
				continue // it may never have reached a server that was alive
			}
			found := &Verdict{Check: v.Check, Side: side, harm: v.harm, Example: v.Example}
			v.Check.Judge(&Trial{Conn: c, Side: side, v: found})
			v.harm = found.harm
			if c.Gaps && len(found.Findings) > 0 && !v.Check.Local {
				continue // what is missing may be what is missed
			}
			v.merge(found)
		}
	}
}

// merge adds what was found in one more connection.
func (v *Verdict) merge(w *Verdict) {
	v.Evidence += w.Evidence
	v.Example = w.Example
	room := min(MaxFindings-len(v.Findings), len(w.Findings))
	v.Findings = append(v.Findings, w.Findings[:room]...)
	v.More += w.More + len(w.Findings) - room
}

// Notes say what was odd about connections: not IKC, octets missing.
func (j *Judge) Notes() []string { return j.notes }

// Connections is how many connections of IKC were judged.
func (j *Judge) Connections() int { return j.connections }

// Verdicts returns what the checks have come to so far, in the order of the catalogue, side by side.
func (j *Judge) Verdicts() []Verdict {
	var out []Verdict
	for _, side := range j.sides {
		for _, v := range j.verdicts[side] {
			w := *v
			switch {
			case len(w.Findings) > 0:
				w.Outcome = Fail
			case w.Evidence > 0:
				w.Outcome = Pass
			default:
				w.Outcome, w.Reason = Inconclusive, j.missing(w.Check)
			}
			out = append(out, w)
		}
	}
	return out
}

func (j *Judge) missing(c *Check) string {
	switch {
	case j.connections == 0:
		return "the capture holds no connection of IKC"
	case j.incomplete == j.connections && c.Party != TheServer && c.Party != TheClient:
		return "no negotiation was completed"
	case j.cut:
		return "the capture is cut short and does not show " + c.Needs
	}
	return "the capture does not show " + c.Needs
}

// FileVerdict is what was found in one capture file.
type FileVerdict struct {
	File        string
	Verdicts    []Verdict
	Connections int
	Notes       []string
	// Err says that the capture is cut short or damaged. The verdicts hold for what comes before.
	Err error
}

// JudgeFile judges both sides of a capture file. It fails only if the file cannot be opened.
func JudgeFile(path string, checks []*Check, opts dialogue.Options, sides ...wire.Role) (*FileVerdict, error) {
	r, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f := JudgeCapture(r, checks, opts, sides...)
	f.File = path
	return f, nil
}

// JudgeCapture judges both sides of a capture that is being read, or those given.
func JudgeCapture(r *capture.Reader, checks []*Check, opts dialogue.Options, sides ...wire.Role) *FileVerdict {
	if len(sides) == 0 {
		sides = []wire.Role{wire.Server, wire.Client}
	}
	j := NewJudge(checks, sides...)
	err := dialogue.Read(r.Events(capture.Limits{}), opts, j.Connection)
	f := &FileVerdict{Verdicts: j.Verdicts(), Connections: j.Connections(), Notes: j.Notes(), Err: err}
	if err != nil {
		f.doubt()
	}
	return f
}

// doubt takes back what passed: the part of the capture that is missing might say otherwise.
func (f *FileVerdict) doubt() {
	for i := range f.Verdicts {
		if v := &f.Verdicts[i]; v.Outcome == Pass {
			v.Outcome = Inconclusive
			v.Reason = fmt.Sprintf("the capture is incomplete; %d pieces of evidence in what there is of it agree", v.Evidence)
		}
	}
}
