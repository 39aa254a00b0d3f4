package conformance

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Judge applies checks to connections, one after the other. It keeps verdicts, not connections.
type Judge struct {
	sides       []wire.Role
	verdicts    [2][]*Verdict // by side
	plans       [2]*plan
	full        [2][]fullness                   // of the verdicts
	tallies     map[*dialogue.Connection]*tally // of connections that go on
	connections int                             // that were IKC
	incomplete  int                             // of them, without a complete negotiation
	cut         bool
	shaken      bool // a connection might have done harm, and no good one has come since
	notes       []string
	controls    []*dialogue.Connection // that are conversations with drivers
	meetings    []*meeting             // for accounts, if a check wants one
	byDriver    bool                   // one does
	torn        bool                   // octets of a connection are missing, so that accounts cannot be held against it
	kept        atomic.Int64           // octets that meetings hold
}

// NewJudge prepares to judge the sides given, by the checks given.
func NewJudge(checks []*Check, sides ...wire.Role) *Judge {
	j := &Judge{sides: sides, tallies: map[*dialogue.Connection]*tally{}}
	for _, side := range sides {
		for _, c := range checks {
			j.byDriver = j.byDriver || c.ByDriver()
			if c.Party.binds(side) {
				j.verdicts[side] = append(j.verdicts[side], &Verdict{Check: c, Side: side})
			}
		}
		j.plans[side] = newPlan(j.verdicts[side])
		j.full[side] = make([]fullness, len(j.verdicts[side]))
	}
	return j
}

// maxNotes bounds the notes that are kept of odd connections.
const maxNotes = 100

// Part judges a part of a connection; connections may take turns.
func (j *Judge) Part(p *dialogue.Part) {
	t := j.tallies[p.Connection]
	if t == nil {
		t = j.newTally()
	}
	t.part(j, p)
	if !p.Last {
		j.tallies[p.Connection] = t
		return
	}
	delete(j.tallies, p.Connection)
	j.merge(p.Connection, t)
}

// merge adds what was found in a connection that has ended.
func (j *Judge) merge(c *dialogue.Connection, t *tally) {
	for _, n := range c.Notes {
		if len(j.notes) < maxNotes {
			j.notes = append(j.notes, fmt.Sprintf("connection %d (%v to %v): %s", c.Conn.Index, c.Conn.Client, c.Conn.Server, n.Text))
		}
	}
	if c.Control != nil {
		j.controls = append(j.controls, c)
	}
	if !c.IsIKC {
		return
	}
	j.torn = j.torn || c.Gaps || c.Joined || c.Cut
	if t.meeting != nil && len(j.meetings) < maxMeetings {
		j.meetings = append(j.meetings, t.meeting)
	}
	if !c.Unreached {
		j.connections++
		if !c.Negotiation.Complete && !c.Joined {
			j.incomplete++
		}
	}
	j.cut = j.cut || c.Cut
	harm := harms(c, t.badImage)
	shaken := j.shaken && !c.Negotiation.Complete
	j.shaken = shaken || harm != noHarm
	for _, side := range j.sides {
		found := &t.sides[side].found
		if shaken || c.Unreached { // it may never have reached a server that was alive
			for i := range j.full[side] {
				j.full[side][i].example.CompareAndSwap(int64(c.Conn.Index)+1, 0)
			}
		} else {
			for i, v := range j.verdicts[side] {
				v.merge(found, i, c.Gaps && !v.Check.Local)
				j.full[side][i].note(v)
			}
		}
		for _, r := range j.plans[side].rules[atAftermath] {
			v := j.verdicts[side][r.check]
			r.connection(&Trial{Conn: c, Side: side, check: r.check, found: found, facts: new(facts), harm: harm, after: &v.harm})
			v.merge(found, r.check, c.Gaps && !v.Check.Local)
		}
	}
}

// tally is what the checks found in one connection so far.
type tally struct {
	sides [2]struct {
		found
		memories []func(*Trial, *dialogue.Exchange)
	}
	badImage bool // the client sent an image that is no message
	meeting  *meeting
}

func (j *Judge) newTally() *tally {
	t := new(tally)
	if j.byDriver {
		t.meeting = new(meeting)
	}
	for _, side := range j.sides {
		s := &t.sides[side]
		s.evidence = make([]uint32, len(j.verdicts[side]))
		s.full = j.full[side]
		s.wanted = make([]bool, len(s.evidence))
		for i := range s.full {
			s.wanted[i] = true
		}
		s.memories = j.plans[side].begin()
	}
	return t
}

func (t *tally) part(j *Judge, p *dialogue.Part) {
	for _, item := range p.Items {
		if f, ok := item.(*dialogue.Frame); ok && f.Err != nil && f.From == wire.Client {
			t.badImage = true
		}
	}
	if !p.IsIKC {
		return
	}
	if t.meeting != nil {
		t.meeting.add(p, func(octets int) bool { return j.kept.Add(int64(octets)) <= maxKept })
	}
	if len(p.Items) < manyItems || len(j.sides) == 1 {
		facts := new(facts)
		for _, side := range j.sides {
			t.side(j, p, side, facts)
		}
		return
	}
	var group sync.WaitGroup
	for _, side := range j.sides {
		group.Go(func() { t.side(j, p, side, new(facts)) })
	}
	group.Wait()
}

// manyItems is how many items a part has of which the sides are judged at the same time: of a capture with one long
// connection nothing else can be.
const manyItems = 128

// side judges one side in a part.
func (t *tally) side(j *Judge, p *dialogue.Part, side wire.Role, facts *facts) {
	s := &t.sides[side]
	j.plans[side].part(&Trial{Conn: p.Connection, Side: side, found: &s.found, facts: facts}, p, s.memories)
}

// found is what the checks of one side found, by their index among the verdicts.
type found struct {
	evidence []uint32
	// findings and more are made when there is a first.
	findings [][]Finding
	more     []int
	// wanted tells of which checks an example is; examples are made when there is a first.
	wanted   []bool
	examples []*Finding
	full     []fullness
}

// fullness is what a verdict needs no more of. Connections that are judged at the same time may look at it.
type fullness struct {
	findings atomic.Int32 // how many there are
	example  atomic.Int64 // the number from 1 of the first connection that has one, or 0
}

func (f *fullness) note(v *Verdict) {
	if n := int32(len(v.Findings)); n > f.findings.Load() {
		f.findings.Store(n)
	}
}

// wants tells whether a connection has to give an example, since none before it does.
func (f *fullness) wants(connection int) bool {
	for number := int64(connection) + 1; ; {
		first := f.example.Load()
		if first != 0 && first <= number {
			return false
		}
		if f.example.CompareAndSwap(first, number) {
			return true
		}
	}
}

// room tells whether one more violation of a check is to be described; if not, it is counted.
func (f *found) room(check int) bool {
	if f.findings == nil {
		f.findings, f.more = make([][]Finding, len(f.evidence)), make([]int, len(f.evidence))
	}
	if len(f.findings[check])+int(f.full[check].findings.Load()) < MaxFindings {
		return true
	}
	f.more[check]++
	return false
}

func (f *found) add(check int, v Finding) { f.findings[check] = append(f.findings[check], v) }

// merge adds what was found in one more connection. If doubtful, violations do not count: what is missing may be
// what is missed.
func (v *Verdict) merge(f *found, check int, doubtful bool) {
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

// Notes say what was odd about connections: not IKC, octets missing.
func (j *Judge) Notes() []string { return j.notes }

// Connections is how many connections of IKC were judged.
func (j *Judge) Connections() int { return j.connections }

// Verdicts returns what the checks have come to so far, in the order of the catalogue, side by side.
func (j *Judge) Verdicts() []Verdict {
	var out []Verdict
	accounts := j.accounts()
	for _, side := range j.sides {
		var told *found
		if a := accounts[side]; a != nil {
			told = j.told(a)
		}
		for i, v := range j.verdicts[side] {
			w := *v
			w.Findings = slices.Clip(w.Findings)
			if told != nil {
				w.merge(told, i, false)
			}
			switch {
			case len(w.Findings) > 0:
				w.Outcome = Fail
			case w.Evidence > 0:
				w.Outcome = Pass
			default:
				w.Outcome, w.Reason = Inconclusive, j.missing(w.Check, told != nil)
			}
			out = append(out, w)
		}
	}
	return out
}

func (j *Judge) missing(c *Check, told bool) string {
	switch {
	case c.ByDriver() && !told:
		if j.torn && len(j.controls) > 0 {
			return "the capture lacks octets, so that what drivers told cannot be held against it"
		}
		return "the capture does not hold what a driver told of this kernel"
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
	err := j.read(r, opts, dialogue.Window{})
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
