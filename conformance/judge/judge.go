package judge

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// judge applies checks to the connections of a capture. Several connections are judged at the same
// time, by tallies; what was found is merged in the order in which they ended. It keeps verdicts,
// not connections.
type judge struct {
	sides           []wire.Role
	verdicts        [2][]*Verdict // by side
	plans           [2]*plan
	full            [2][]quota // of the verdicts
	onlyIKC         bool       // nothing is said of connections that are not IKC
	looked          int        // connections that were looked at
	connections     int        // of them, that were IKC
	incomplete      int        // of them, without a complete negotiation
	cut             bool
	serverMayBeDown bool // a connection might have done harm, and no good one has come since
	notes           []string
	lacks           []string // what the capture lacks, and of how many more connections
	lackMore        int
	foreign         map[string]int         // connections that are not IKC, by what they look like
	controls        []*dialogue.Connection // that are conversations with drivers
	records         []*ConnRecord          // of connections, if a check wants driver logs
	byDriver        bool                   // one does
	octetsMissing   bool                   // octets of a connection are missing, so that driver logs cannot be held against it
	keptOctets      atomic.Int64           // octets of images that records hold
	broken          []string               // where the judge itself is at fault
	twins           dialogue.Twins         // among connections, see spare
	doubtful        bool                   // connections were given up for that
	noticed         diagnosis.Collector
	peers           release.Peers
}

// newJudge prepares to judge the sides given, by the checks given.
func newJudge(checks []*Check, sides ...wire.Role) *judge {
	j := &judge{sides: sides}
	for _, side := range sides {
		for _, c := range checks {
			j.byDriver = j.byDriver || c.alsoByDriver()
			if c.Party.Binds(side) {
				j.verdicts[side] = append(j.verdicts[side], &Verdict{Check: c, Side: side})
			}
		}
		j.plans[side] = newPlan(j.verdicts[side])
		j.full[side] = make([]quota, len(j.verdicts[side]))
	}
	return j
}

// maxForeign is of how many connections that are not IKC, but look alike, there is a note for each.
// All are counted.
const maxForeign = 3

// maxNotes bounds the notes that are kept of odd connections.
const maxNotes = 100

// merge adds what was found in a connection that has ended.
func (j *judge) merge(c *dialogue.Connection, t *tally) {
	j.looked++
	if j.onlyIKC && !c.IsIKC {
		if c.MayBeIKC() { // it may explain what is missing on others
			j.note(c)
			j.addTwin(c, t)
		}
		return
	}
	j.noticed.Add(c, t.watch)
	if c.Foreign != "" {
		if j.foreign == nil {
			j.foreign = map[string]int{}
		}
		if j.foreign[c.Foreign]++; j.foreign[c.Foreign] > maxForeign {
			return
		}
	}
	for _, n := range c.Notes {
		if len(j.notes) < maxNotes {
			j.notes = append(j.notes, fmt.Sprintf("connection %d (%s to %s): %s", c.Conn.Index, c.Conn.End(capture.FromClient), c.Conn.End(capture.FromServer), n.Text))
		}
	}
	j.note(c)
	if c.Control != nil {
		j.controls = append(j.controls, c)
	}
	j.addTwin(c, t)
	if !c.IsIKC {
		return
	}
	j.octetsMissing = j.octetsMissing || c.Gaps || c.Joined || c.Cut
	j.peers.Add(c, &t.print)
	if t.record != nil && len(j.records) < maxRecords {
		j.records = append(j.records, t.record)
	}
	if !c.Unreached {
		j.connections++
		if !c.Negotiation.Complete && !c.Negotiation.Partial && !c.Joined {
			j.incomplete++
		}
	}
	j.cut = j.cut || c.Cut
	harm := harms(c, t.badImage)
	shaken := j.serverMayBeDown && !c.Negotiation.Complete
	j.serverMayBeDown = shaken || harm != noHarm
	for _, side := range j.sides {
		found := &t.sides[side].found
		for i, v := range j.verdicts[side] {
			switch {
			case found.nothing(i):
			case shaken || c.Unreached: // it may never have reached a server that was alive
				v.mergeUnheard(found, i)
				j.full[side][i].noExample(c.Conn.Index)
			default:
				v.merge(found, i, c)
				j.full[side][i].update(v)
			}
		}
		for _, r := range j.plans[side].rules[atAftermath] {
			v := j.verdicts[side][r.check]
			(&Trial{Conn: c, Side: side, found: found, memo: new(memo), harm: harm, after: &v.harm}).look(r.check, r.connection)
			v.merge(found, r.check, c)
		}
	}
}

// addTwin notes the names of a connection, which others may have too.
func (j *judge) addTwin(c *dialogue.Connection, t *tally) {
	if c.IsIKC || c.Joined && c.MayBeIKC() {
		j.twins.Add(c, t.said)
	}
}

// noteOthers notes what else the capture holds: connections that are not IKC, by what they look
// like; and remarks on it.
func (j *judge) noteOthers(remarks []string) {
	if text := dialogue.ForeignSummary(j.foreign, maxForeign); text != "" {
		j.notes = append(j.notes, text)
	}
	j.notes = append(j.notes, remarks...)
}

// conclude returns what the checks have come to so far, in the order of the catalogue, side by
// side.
func (j *judge) conclude() []Verdict {
	var out []Verdict
	accounts := j.driverLogs()
	for _, side := range j.sides {
		var told *found
		if a := accounts[side]; a != nil {
			told = j.judgeLog(a)
		}
		met := j.judgeMeetings(side)
		for i, v := range j.verdicts[side] {
			w := *v
			w.Findings = slices.Clip(w.Findings)
			if told != nil {
				w.merge(told, i, nil)
			}
			w.merge(met, i, nil)
			slices.SortStableFunc(w.Findings, func(x, y Finding) int { // workers end when they end
				return cmp.Or(cmp.Compare(x.Connection, y.Connection), cmp.Compare(x.Packet, y.Packet))
			})
			switch spared := j.spare(&w); {
			case w.broken != "":
				j.broken = append(j.broken, brokenCheck(&w))
				w.Outcome, w.Reason = Inconclusive, "the check is at fault, which says nothing of the capture: "+w.broken
				w.Findings, w.More = nil, 0
			case len(w.Findings) > 0:
				w.Outcome = Fail
			case spared:
				w.Outcome, w.Reason = Inconclusive, "a name was connected twice at the same time, by two processes or by one that came back at once, which may explain it: answers go to the first connection"
			case w.doubtful > 0:
				w.Outcome, w.Reason = Inconclusive, w.unexplained()
			case w.Evidence > 0 && len(j.lacks) > 0:
				w.Outcome, w.Reason = Seen, fmt.Sprintf("the capture is incomplete; %d pieces of evidence in what there is of it agree", w.Evidence)
			case w.Evidence > 0 && w.Check.ofMeetings() && j.twins.Full():
				w.Outcome, w.Reason = Seen, fmt.Sprintf("of the connections %d were compared, and agree", dialogue.MaxPeers)
			case w.Evidence > 0:
				w.Outcome = Pass
			case w.unheard > 0:
				w.Outcome, w.Reason = Inconclusive, fmt.Sprintf("%d pieces of evidence are on connections that may not have reached the server", w.unheard)
			default:
				w.Outcome, w.Reason = Inconclusive, j.missing(w.Check, told != nil)
			}
			out = append(out, w)
		}
	}
	return out
}

func (j *judge) missing(c *Check, told bool) string {
	switch {
	case c.ByDriver() && !told:
		if j.octetsMissing && len(j.controls) > 0 {
			return "the capture lacks octets, so that what drivers told cannot be held against it"
		}
		return "the capture does not hold what a driver told of this kernel"
	case j.connections == 0:
		return "the capture holds no connection of IKC"
	case j.incomplete == j.connections && c.Party != TheServer && c.Party != TheClient:
		return "no negotiation was completed"
	case len(j.lacks) > 0:
		return "the capture is incomplete and does not show for certain " + c.Needs
	case j.cut:
		return "the capture is cut short and does not show " + c.Needs
	}
	return "the capture does not show " + c.Needs
}
