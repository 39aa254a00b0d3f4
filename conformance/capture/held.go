package capture

import (
	"slices"
)

// Captures are not always in the order in which things happened: each queue of a network card hands
// over its packets in its own time, and files are merged by clocks that differ. Within a direction
// the sequence numbers put that right. Across directions the acknowledgements do: a segment that
// acknowledges octets was sent after they arrived, so it is held back until they have been given
// out.

// heldSegment is a segment that acknowledges octets which have not been given out yet.
type heldSegment struct {
	segment
	conn    *conn
	from    Direction
	source  Stamp
	comment string
	packet  int64 // how many packets of the connection came before it

	prev, next *heldSegment // in heldList
}

// heldOverhead is what a held segment costs besides its octets.
const heldOverhead = 320

func (h *heldSegment) cost() int { return len(h.payload) + len(h.comment) + heldOverhead }

// tooEarly tells whether a segment must wait for octets that have not been given out yet.
func (c *conn) tooEarly(from Direction, s *segment) bool {
	h, peer := &c.half[from], &c.half[from.Reverse()]
	if s.syn || h.over() || peer.over() {
		return false
	}
	if s.hasAck && peer.known && !peer.absent && peer.behind(s.ack) {
		return s.rst || s.fin || h.brings(s)
	}
	return s.rst && (c.holdsData(from) || h.known && !h.absent && h.behind(s.seq))
}

// brings tells whether a segment has octets that were not given out yet.
func (h *half) brings(s *segment) bool {
	n := len(s.payload) + s.missing
	return n > 0 && h.behind(s.seq+uint32(n))
}

// behind tells whether the stream has not come to a sequence number yet.
func (h *half) behind(seq uint32) bool {
	ahead := int32(seq - h.seq)
	return ahead > 0 && ahead < maxWindow
}

func (c *conn) holdsData(from Direction) bool {
	return slices.ContainsFunc(c.held, func(h *heldSegment) bool { return h.from == from && !h.rst })
}

// holdBack keeps a segment until its turn.
func (a *assembler) holdBack(c *conn, from Direction, s *segment) {
	h := &heldSegment{segment: *s, conn: c, from: from, source: a.at, comment: a.comment, packet: c.packets}
	h.payload = slices.Clone(s.payload)
	c.held = append(c.held, h)
	c.heldOctets += h.cost()
	a.pending += h.cost()
	a.held.push(h)
	for len(c.held) > 0 && c.heldOctets > a.limits.HeldOctets {
		a.force(c)
	}
	if a.pending > a.limits.TotalOctets {
		a.relieve()
	}
}

// take handles a segment that was held back.
func (a *assembler) take(c *conn, i int) {
	h := c.held[i]
	c.held = slices.Delete(c.held, i, i+1)
	if len(c.held) == 0 {
		c.held = nil
	}
	c.heldOctets -= h.cost()
	a.pending -= h.cost()
	a.held.remove(h)
	source, comment := a.source, a.comment
	a.source, a.comment = h.source, h.comment
	a.handle(c, h.from, &h.segment)
	a.source, a.comment = source, comment
}

// deliverHeld handles the held segments whose turn it is.
func (a *assembler) deliverHeld(c *conn) {
	for i := 0; i < len(c.held); {
		if h := c.held[i]; c.tooEarly(h.from, &h.segment) {
			i++
			continue
		}
		a.take(c, i)
		i = 0
	}
}

// force gives up waiting for what the oldest held segment of a connection waits for. From then on
// nothing waits for that direction until the capture shows more of it.
// Where more of that direction came than what is missing, the gap goes before both.
func (a *assembler) force(c *conn) {
	late := c.held[0].from.Reverse()
	if h := &c.half[late]; c.held[0].hasAck && h.known && !h.ended && h.behind(c.held[0].ack) && c.goesOn(late) {
		a.giveUp(c, late, NotCaptured, false)
		a.deliverHeld(c)
		return
	}
	c.half[c.held[0].from.Reverse()].absent = true
	a.take(c, 0)
	a.deliverHeld(c)
}

// goesOn tells whether more of a direction was captured than what was given out.
func (c *conn) goesOn(from Direction) bool {
	return c.half[from].waiting() || c.holdsData(from)
}

// behind is the packet that is held back with the octets at a position, or another if there is
// none.
func (c *conn) behind(from Direction, position int64, other Stamp) Stamp {
	for _, held := range c.held {
		if held.from == from && !held.rst && c.half[from].where(held.seq) == position {
			return held.source
		}
	}
	return other
}

// missingUntil gives where a hole of a direction that was thought to go on to end is over, in view
// of what is held back: not behind the current position if that fills it.
func (c *conn) missingUntil(from Direction, end int64) int64 {
	h := &c.half[from]
	for _, held := range c.held {
		if held.from != from || held.rst {
			continue
		}
		at := h.where(held.seq)
		if n := len(held.payload) + held.missing; n > 0 && at+int64(n) > h.position {
			end = min(end, at)
		}
	}
	return end
}

// letGo handles the data that is held back in one direction, whether or not it is its turn.
func (a *assembler) letGo(c *conn, from Direction) {
	for {
		i := slices.IndexFunc(c.held, func(h *heldSegment) bool { return h.from == from && !h.rst })
		if i < 0 {
			return
		}
		c.half[from.Reverse()].absent = true
		a.take(c, i)
	}
}

// expire forces what has been held back for too long, on any connection.
func (a *assembler) expire() {
	for h := a.held.front; h != nil; h = a.held.front {
		// Clocks go backwards, too.
		if age := a.at.Time.Sub(h.source.Time); age.Abs() <= a.limits.HeldTime {
			return
		}
		a.force(h.conn)
		a.retire(h.conn)
	}
}

// heldList is a list of held segments in the order of the capture.
type heldList struct{ front, back *heldSegment }

func (l *heldList) push(h *heldSegment) {
	h.prev = l.back
	if l.back == nil {
		l.front = h
	} else {
		l.back.next = h
	}
	l.back = h
}

func (l *heldList) remove(h *heldSegment) {
	if h.prev == nil {
		l.front = h.next
	} else {
		h.prev.next = h.next
	}
	if h.next == nil {
		l.back = h.prev
	} else {
		h.next.prev = h.prev
	}
	h.prev, h.next = nil, nil
}
