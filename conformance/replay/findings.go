package replay

import (
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
)

// findings are what a replay has found so far. They are safe for concurrent use.
type findings struct {
	compare.Tally
	mu     sync.Mutex
	report Report
	lost   int
}

// found counts a deviation about a step.
func (c *client) found(s *step, d compare.Deviation) { c.p.Add(c.about(s), d) }

// about is what a step is of.
func (c *client) about(s *step) compare.Said {
	return compare.Said{To: s.to, Part: s.part(), Connection: c.index, Frame: s.request}
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
