package replay

import (
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
)

// findings are what a replay has found so far. They are safe for concurrent use.
type findings struct {
	mu      sync.Mutex
	report  *Report
	byPlace map[string]*Deviation
	lost    int
	learnt  map[*Deviation]string // of those that may be noise: the type that came
}

func newFindings() findings {
	return findings{byPlace: map[string]*Deviation{}, learnt: map[*Deviation]string{}, report: newReport()}
}

// maxDeviations bounds those that are told apart.
const maxDeviations = 1000

// found counts a deviation. It tells whether it is the first at its place: then the caller may add
// to it.
func (f *findings) found(s *step, d *Deviation) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.note(s, d, "")
}

func (f *findings) note(s *step, d *Deviation, is string) bool {
	d.State = s.state()
	f.report.Different++
	key := d.State + "\x00" + d.Kind + "\x00" + d.Part + "\x00" + compare.AnyElement(d.Path) + "\x00" + is
	if old := f.byPlace[key]; old != nil {
		old.Times++
		return false
	}
	if len(f.byPlace) >= maxDeviations {
		f.report.More = true
		return false
	}
	d.Times, d.Frame = 1, s.request
	f.byPlace[key] = d
	f.report.Deviations = append(f.report.Deviations, d)
	return true
}

// differs counts a place that differs in an answer, whose type is now is. What the recording has
// itself is only known once all of it has been read.
func (f *findings) differs(s *step, d *Deviation, is string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.note(s, d, is) {
		return false
	}
	f.learnt[d] = is
	return true
}

// counted counts something that was compared.
func (f *findings) counted(unsure bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.report.Compared++
	if unsure {
		f.report.Unsure++
	}
}

// ignored counts a difference that may be.
func (f *findings) ignored(n *int) {
	f.mu.Lock()
	*n++
	f.mu.Unlock()
}

// maxLost bounds the errors that are kept.
const maxLost = 20

// lose notes why a connection was not replayed to the end.
func (f *findings) lose(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost++; len(f.report.Lost) < maxLost {
		f.report.Lost = append(f.report.Lost, err.Error())
	}
}

// mayDiffer tells whether something may differ, and counts it if so.
func (p *player) mayDiffer(s *step, d compare.Difference) bool {
	steps, err := compare.Steps(d.Path)
	switch {
	case err == nil && p.opts.Noise.Allows(s.to.Session, s.to.State, s.part(), steps):
		p.ignored(&p.report.Ignored.Named)
	case compare.IsTime(d.A, s.at) && compare.IsTime(d.B, time.Now()):
		p.ignored(&p.report.Ignored.Times)
	default:
		return false
	}
	return true
}
