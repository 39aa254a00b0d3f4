package capture

import "bytes"

// Octets that are sent again are the same again, unless somebody forged one of the two, or a
// machine between them is broken. Which of them the receiver got, the capture does not say. So the
// octets given out last are kept for a while, to compare.

const (
	// recentOctets is how many octets of a direction are kept at most, and leastRecent how many there
	// is room for at first.
	recentOctets = 16 << 10
	leastRecent  = 512

	// keepAlive is how many octets a keep-alive sends again; they may be any.
	keepAlive = 1

	// maxConflicts is how many conflicts of a connection are told; the rest is counted.
	maxConflicts = 16

	// shownOctets is how much a Conflict shows of what was sent.
	shownOctets = 24
)

// recent holds the last octets of a direction, as a ring.
type recent struct {
	ring     []byte // a power of two long, or nil
	from, to int64  // the positions of what it holds
}

// remember keeps octets that were given out.
func (a *assembler) remember(r *recent, at int64, octets []byte) {
	if at != r.to {
		r.from, r.to = at, at // octets are missing before
	}
	if need := int(r.to-r.from) + len(octets); need > len(r.ring) && len(r.ring) < recentOctets {
		a.enlarge(r, need)
	}
	r.to += int64(len(octets))
	size := len(r.ring)
	if size == 0 {
		r.from = r.to
		return
	}
	last := octets[max(0, len(octets)-size):]
	in := int(r.to-int64(len(last))) & (size - 1)
	copy(r.ring, last[copy(r.ring[in:], last):])
	r.from = max(r.from, r.to-int64(size))
}

// enlarge makes room for as many octets, if there is memory left for it.
func (a *assembler) enlarge(r *recent, need int) {
	size := max(leastRecent, len(r.ring))
	for size < need && size < recentOctets {
		size *= 2
	}
	if a.recent += size - len(r.ring); a.recent > a.limits.RecentOctets {
		a.recent -= size - len(r.ring)
		return
	}
	ring := make([]byte, size)
	for at := r.from; at < r.to; {
		piece := r.piece(at, int(r.to-at))
		copy(ring[int(at)&(size-1):], piece)
		at += int64(len(piece))
	}
	r.ring = ring
}

// piece gives up to n of the octets from a position on that are in one piece.
func (r *recent) piece(at int64, n int) []byte {
	in := int(at) & (len(r.ring) - 1)
	return r.ring[in:min(in+n, len(r.ring))]
}

// forget lets go of what is kept of a connection.
func (a *assembler) forget(c *conn) {
	for i := range c.half {
		r := &c.half[i].recent
		a.recent -= len(r.ring)
		r.ring, r.from = nil, r.to
	}
}

// compare holds octets that were sent again against those that were given out.
func (a *assembler) compare(c *conn, from Direction, at int64, octets []byte) {
	h := &c.half[from]
	if len(octets) == keepAlive && at == h.position-keepAlive {
		return
	}
	r := &h.recent
	skip := max(0, r.from-at)
	if skip >= int64(len(octets)) || r.ring == nil {
		return
	}
	octets, at = octets[skip:], at+skip
	for at < r.to && len(octets) > 0 {
		first := r.piece(at, min(len(octets), int(r.to-at)))
		a.conflict(c, from, at, first, octets[:len(first)])
		at, octets = at+int64(len(first)), octets[len(first):]
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
	begin, n := -1, 0
	for i := range first {
		if first[i] != again[i] {
			if begin < 0 {
				begin = i
			}
			n++
		}
	}
	show := func(b []byte) []byte { return bytes.Clone(b[begin:min(begin+shownOctets, len(b))]) }
	a.give(&Conflict{At: a.at, Conn: c.Conn, From: from, Offset: at + int64(begin), Octets: n,
		First: show(first), Again: show(again), Last: c.conflicts == maxConflicts})
}
