package judge

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// tally is what the checks found in one connection so far.
type tally struct {
	sides [2]struct {
		found
		memories memories
	}
	badImage bool // the client sent an image that is no message
	print    release.Print
	record   *ConnRecord
	watch    *diagnosis.Watch
	said     [2]dialogue.Said // by wire.Role
}

func (j *judge) newTally() *tally {
	t := &tally{watch: j.noticed.Watch()}
	if j.byDriver {
		t.record = new(ConnRecord)
	}
	for _, side := range j.sides {
		t.sides[side].found = newFound(len(j.verdicts[side]), j.full[side])
	}
	return t
}

func (t *tally) part(j *judge, p *dialogue.Part) {
	for _, item := range p.Items {
		if f, ok := item.(*dialogue.Frame); ok && f.Err != nil && !f.TooLarge && f.From == wire.Client {
			t.badImage = true
		}
	}
	t.watch.Part(p)
	if !p.IsIKC {
		return
	}
	for side := range t.said {
		t.said[side].Part(p, wire.Role(side))
	}
	t.addCallers(p)
	t.print.Part(p)
	if p.Conn.Interface.Name == contract.UntoldInterface {
		t.record = nil
	}
	if t.record != nil {
		t.record.add(p, func(octets int) bool { return j.keptOctets.Add(int64(octets)) <= maxKeptOctets })
	}
	if len(p.Items) < manyItems || len(j.sides) == 1 {
		facts := new(memo)
		for _, side := range j.sides {
			t.side(j, p, side, facts)
		}
		return
	}
	var group sync.WaitGroup
	for _, side := range j.sides {
		group.Go(func() { t.side(j, p, side, new(memo)) })
	}
	group.Wait()
}

// manyItems is how many items a part has of which the sides are judged at the same time: of a
// capture with one long connection nothing else can be.
const manyItems = 128

// side judges one side in a part.
func (t *tally) side(j *judge, p *dialogue.Part, side wire.Role, facts *memo) {
	s := &t.sides[side]
	j.plans[side].part(&Trial{Conn: p.Connection, Side: side, found: &s.found, memo: facts}, p, &s.memories)
}

// found is what the checks of one side found, by their index among the verdicts.
type found struct {
	// evidence counts up to 255, and carried what is beyond, made when there is any: there are as many
	// counts as checks, for each connection that is open.
	evidence []uint8
	carried  []uint32
	// findings and more are made when there is a first.
	findings [][]told
	more     []int
	examples []*Finding // made when there is a first
	full     []quota
	broken   []string // why checks are at fault, "" if they are not; made when there is a first
}

// newFound is what that many checks of a side found: nothing.
func newFound(checks int, full []quota) found {
	return found{evidence: make([]uint8, checks), full: full}
}

// count counts a piece of evidence.
func (f *found) count(check int) {
	if f.evidence[check]++; f.evidence[check] > 0 {
		return
	}
	if f.carried == nil {
		f.carried = make([]uint32, len(f.evidence))
	}
	f.carried[check] += math.MaxUint8 + 1
}

// pieces is how many pieces of evidence there are.
func (f *found) pieces(check int) int {
	n := int(f.evidence[check])
	if f.carried != nil {
		n += int(f.carried[check])
	}
	return n
}

// forget forgets them.
func (f *found) forget(check int) {
	f.evidence[check] = 0
	if f.carried != nil {
		f.carried[check] = 0
	}
}

// nothing tells whether a check found nothing: most do in most connections.
func (f *found) nothing(check int) bool {
	return f.pieces(check) == 0 && f.findings == nil && f.broken == nil
}

// told is a violation and what it rests on.
type told struct {
	Finding
	support support
}

// quota is what a verdict needs no more of. Connections that are judged at the same time may look
// at it.
type quota struct {
	findings atomic.Int32 // how many there are
	example  atomic.Int64 // the number from 1 of the first connection that has one, or 0
}

func (f *quota) update(v *Verdict) {
	if n := int32(len(v.Findings)); n > f.findings.Load() {
		f.findings.Store(n)
	}
}

// wants tells whether a connection has to give an example, since none before it does.
func (f *quota) wants(connection int) bool {
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

// noExample takes back that a connection has an example.
func (f *quota) noExample(connection int) { f.example.CompareAndSwap(int64(connection)+1, 0) }

// room tells whether one more violation of a check is to be described; if not, it is counted.
func (f *found) room(check int) bool {
	if f.findings == nil {
		f.findings, f.more = make([][]told, len(f.evidence)), make([]int, len(f.evidence))
	}
	if len(f.findings[check])+int(f.full[check].findings.Load()) < MaxFindings {
		return true
	}
	f.more[check]++
	return false
}

func (f *found) add(check int, v told) { f.findings[check] = append(f.findings[check], v) }
