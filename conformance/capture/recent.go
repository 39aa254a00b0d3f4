package capture

import (
	"bytes"
	"io"
)

// Octets that are sent again are the same again, unless somebody forged one of the two, or a
// machine between them is broken. Which of them the receiver got, the capture does not say. So it
// is kept for a while where in the file the octets are that were given out, to look them up.

const (
	// recentSegments is of how many segments of a direction that is kept at most, and fewSegments for
	// how many there is room at first.
	recentSegments = 32
	fewSegments    = 4

	// sentSize is what one of them costs in memory.
	sentSize = 24

	// keepAlive is how many octets a keep-alive sends again; they may be any.
	keepAlive = 1

	// maxConflicts is how many conflicts of a connection are told; the rest is counted.
	maxConflicts = 16

	// shownOctets is how much a Conflict shows of what was sent.
	shownOctets = 24
)

// sent is a run of octets that was given out.
type sent struct {
	at, file int64 // positions in the stream, and in the file
	octets   int
}

// recent are the last runs of a direction, as a ring.
type recent struct {
	runs []sent
	next int // the one to be replaced, once there are as many as may be
}

// remember keeps where octets are that are given out.
func (a *assembler) remember(h *half, run *earlyData) {
	r := &h.recent
	s := sent{h.position, run.file, len(run.octets)}
	switch n := len(r.runs); {
	case run.file == nowhere:
	case n == recentSegments || n > 0 && n == cap(r.runs) && !a.mayKeep(n):
		if r.next >= n {
			r.next = 0
		}
		r.runs[r.next] = s
		r.next++
	case n < cap(r.runs):
		r.runs = append(r.runs, s)
	case n > 0 || a.mayKeep(fewSegments):
		size := max(fewSegments, 2*n)
		a.recent += (size - n) * sentSize
		r.runs = append(make([]sent, 0, size), r.runs...)
		r.runs = append(r.runs, s)
	}
}

// mayKeep tells whether there is room for more runs.
func (a *assembler) mayKeep(runs int) bool {
	return a.recent+runs*sentSize <= a.limits.RecentOctets
}

// forget lets go of what is kept of a connection.
func (a *assembler) forget(c *conn) {
	for i := range c.half {
		r := &c.half[i].recent
		a.recent -= cap(r.runs) * sentSize
		*r = recent{}
	}
}

// compare holds octets that were sent again against those that were given out.
func (a *assembler) compare(c *conn, from Direction, at int64, octets []byte) {
	h := &c.half[from]
	if len(octets) == keepAlive && at == h.position-keepAlive {
		return
	}
	runs := h.recent.runs
	for i := range runs {
		s := &runs[(h.recent.next+i)%len(runs)] // the oldest first
		begin, end := max(at, s.at), min(at+int64(len(octets)), s.at+int64(s.octets))
		if begin < end {
			first := a.file.again(s.file+begin-s.at, int(end-begin))
			a.conflict(c, from, begin, first, octets[begin-at:][:len(first)])
		}
	}
}

// conflict tells that octets at a position were sent first and then again, if they differ.
func (a *assembler) conflict(c *conn, from Direction, at int64, first, again []byte) {
	if bytes.Equal(first, again) {
		return
	}
	a.stats.Conflicts++
	if c.conflicts++; c.conflicts > maxConflicts {
		return
	}
	begin, end, n := -1, 0, 0
	for i := range first {
		if first[i] != again[i] {
			if begin < 0 {
				begin = i
			}
			end = i + 1
			n++
		}
	}
	show := func(b []byte) []byte { return bytes.Clone(b[begin:min(begin+shownOctets, len(b))]) }
	a.give(&Conflict{At: a.at, Conn: c.Conn, From: from, Offset: at + int64(begin), Octets: n, End: at + int64(end),
		First: show(first), Again: show(again), Last: c.conflicts == maxConflicts})
}

// nowhere is the position of octets that are not in one piece in the file.
const nowhere = -1

// readAgain is a file that can be read at any place.
type readAgain interface {
	io.ReaderAt
	io.Seeker
}

// rereadable notes whether the file can be read again, and where in it the capture begins.
func (s *source) rereadable() {
	if file, ok := s.r.(readAgain); ok {
		if at, err := file.Seek(0, io.SeekCurrent); err == nil {
			s.file, s.base = file, at
		}
	}
}

// again returns n octets that were read before, fewer or none if they cannot be had any more. They
// are valid until the next call of any method.
func (s *source) again(at int64, n int) []byte {
	if in := at - (s.offset - int64(s.lo)); in >= 0 && in+int64(n) <= int64(s.hi) {
		return s.buf[in:][:n]
	}
	if s.file == nil {
		return nil
	}
	if cap(s.reread) < n {
		s.reread = make([]byte, n)
	}
	got, _ := s.file.ReadAt(s.reread[:n], s.base+at)
	return s.reread[:got]
}
