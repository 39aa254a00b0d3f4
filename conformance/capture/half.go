package capture

// maxWindow is the largest window that TCP can have (RFC 7323), so that a sequence number further
// away than that tells nothing about how many octets are missing.
const maxWindow = 1 << 30

// half is one direction of a connection. Positions count octets from the start of the stream, or
// from the first that was seen.
type half struct {
	known   bool   // base and what follows it are set
	firm    bool   // base comes from a SYN: it is the beginning of the stream
	synSeen bool   // syn is set
	syn     uint32 // sequence number of the SYN
	base    uint32 // sequence number of position 0

	position int64  // of the next octet to give out
	seq      uint32 // its sequence number
	reach    int64  // the sender has sent that much, or so the two sides say

	early       []earlyData // what arrived before its turn, sorted and disjoint
	earlyOctets int
	waited      int // packets with data since the gap before early[0] was noticed
	acked       int64
	ackWaited   int // packets of the connection since it was noticed that the gap was acknowledged

	finSeen    bool
	fin        int64 // position of the FIN
	finComment string

	ended   bool // by FIN or RST: a Closed event was given out
	how     CloseHow
	aborted bool // by an RST from the other side

	recent recent // what was given out last

	before int64 // the packet with what was given out last, 0 if nothing was

	absent bool // octets that were acknowledged did not come: nothing waits for this direction
}

func (h *half) waiting() bool { return len(h.early) > 0 }

// over tells that no more data is to be expected.
func (h *half) over() bool { return h.ended || h.aborted }

// where gives the position of a sequence number: the one nearest to the current position, or far
// ahead if it is not within a window of it.
func (h *half) where(seq uint32) int64 {
	ahead := int32(seq - h.seq)
	if ahead < -maxWindow {
		return h.position + int64(uint32(ahead))
	}
	return h.position + int64(ahead)
}

func (h *half) begin(base uint32) {
	h.known, h.base, h.seq = true, base, base
}

// untouched tells that nothing was given out or held back, so that the start can still be moved.
func (h *half) untouched() bool {
	return !h.firm && h.position == 0 && !h.waiting() && !h.ended
}

// locate finds out from a segment where the stream begins.
func (h *half) locate(s *segment) {
	switch {
	case s.syn:
		if h.synSeen && h.syn == s.seq {
			return
		}
		h.synSeen, h.firm, h.syn = true, true, s.seq
		h.begin(s.seq + 1)
	case s.rst:
		// The sequence number of a reset is not always one of the stream.
	case !h.known:
		h.begin(s.seq)
	case h.untouched():
		n := len(s.payload) + s.missing
		back := int32(h.seq - s.seq)
		switch {
		case n == 0 && back == -1:
			h.begin(s.seq) // the first packet was a keep-alive
		case n > 0 && back > 0 && back < maxWindow && !(n == 1 && back == 1): // that would be a keep-alive
			h.begin(s.seq)
		}
	}
}

// acknowledged notes what the other side says to have received, and tells whether that is more than
// before.
func (h *half) acknowledged(ack uint32) (moved bool) {
	if !h.known || h.untouched() && ack-h.seq == 1 { // the first packet was a keep-alive
		h.begin(ack)
		return true
	}
	if at := h.where(ack); at > h.acked && at-h.position < maxWindow {
		h.acked = at
		moved = true
	}
	h.reached(ack)
	return moved
}

// reached notes that the sender has sent what comes before seq.
func (h *half) reached(seq uint32) {
	at := h.where(seq)
	if h.finSeen {
		at = min(at, h.fin) // a FIN counts as one
	}
	if at-h.position < maxWindow {
		h.reach = max(h.reach, at)
	}
}

// hole gives the end of the missing octets at the current position.
func (h *half) hole() (int64, bool) {
	if h.waiting() {
		return h.early[0].at, true
	}
	// One octet that nobody saw can be a FIN that was not captured.
	if h.reach > h.position && (h.reach > h.position+1 || h.finSeen) {
		return h.reach, true
	}
	return 0, false
}

// data handles the octets and the FIN of a segment.
func (a *assembler) data(c *conn, from Direction, s *segment) {
	h := &c.half[from]
	seq := s.seq
	if s.syn {
		seq++
	}
	octets, missing := s.payload, s.missing
	at := h.where(seq)
	end := at + int64(len(octets)+missing)
	if end-at > 0 && !h.ended {
		h.reached(seq)
		a.octets(c, from, earlyData{at: at, octets: octets, file: s.file, missing: missing, source: a.source, comment: a.comment})
	} else if end > at {
		a.stats.Retransmits++ // or of a connection that uses the ports again: nothing to compare
	} else if !h.ended && !s.syn {
		h.reached(seq)
	}
	if s.fin && !h.finSeen && !h.ended && end >= h.position {
		h.finSeen, h.fin, h.finComment = true, end, a.comment
		h.reach = end
	}
	a.fin(c, from)
}

// octets takes a run of octets.
func (a *assembler) octets(c *conn, from Direction, run earlyData) {
	h := &c.half[from]
	if h.finSeen && run.end() > h.fin {
		run = run.before(h.fin) // nothing comes after a FIN
	}
	if run.at < h.position {
		a.stats.Retransmits++
		a.compare(c, from, run.at, run.octets)
		run = run.after(h.position)
	}
	if run.end() <= run.at {
		return
	}
	if run.at == h.position && !h.waiting() {
		a.deliver(c, from, &run)
		return
	}
	if run.at > h.position {
		a.stats.OutOfOrder++
	}
	h.waited++
	a.hold(c, from, run)
	a.drain(c, from)
	switch {
	case !h.waiting():
	case h.earlyOctets > a.limits.PendingOctets || h.waited > a.limits.PendingPackets:
		a.giveUp(c, from, NotCaptured, false)
	case a.pending > a.limits.TotalOctets:
		a.relieve()
	}
}

// deliver gives out a run at the current position.
func (a *assembler) deliver(c *conn, from Direction, run *earlyData) {
	h := &c.half[from]
	if len(run.octets) > 0 {
		at := h.position
		a.remember(h, run)
		h.before = run.source.Packet
		h.advance(int64(len(run.octets)))
		if h.absent && h.acked <= h.position {
			h.absent = false
		}
		a.given = Data{At: a.at, Conn: c.Conn, From: from, Offset: at, Bytes: run.octets, Source: run.source, Comment: run.comment}
		a.give(&a.given)
	}
	if run.missing > 0 {
		a.gap(c, from, h.position+int64(run.missing), CutBySnaplen)
	}
}

func (h *half) advance(n int64) {
	h.position += n
	h.seq += uint32(n)
	h.reach = max(h.reach, h.position)
	h.ackWaited = 0
}

// gap leaves out the octets before a position.
func (a *assembler) gap(c *conn, from Direction, end int64, reason GapReason) {
	h := &c.half[from]
	ev := &Gap{At: a.at, Conn: c.Conn, From: from, Since: h.before, Offset: h.position, Octets: end - h.position, Reason: reason}
	if ev.Until = a.at; h.waiting() {
		ev.Until = h.early[0].source
	} else if reason != CutBySnaplen {
		ev.Until = c.behind(from, end, a.at)
	} else {
		ev.Until = a.source
	}
	if ev.Octets >= maxWindow {
		ev.Octets = Unknown
	}
	h.advance(end - h.position)
	a.stats.Gaps++
	if reason != CutBySnaplen && !c.goesOn(from) {
		h.absent = true
	}
	a.give(ev)
}

// fin closes a direction if everything before its FIN has been given out.
func (a *assembler) fin(c *conn, from Direction) {
	h := &c.half[from]
	if !h.finSeen || h.ended || h.position < h.fin {
		return
	}
	h.ended, h.how = true, FIN
	if c.half[from.Reverse()].ended {
		a.transport(c)
	}
	a.give(&Closed{At: a.at, Conn: c.Conn, From: from, Offset: h.position, How: FIN, Comment: h.finComment})
	h.seq++                       // the FIN counts as one
	for _, run := range h.early { // a sender that goes on behind its FIN
		a.pending -= len(run.octets) + earlyOverhead
	}
	h.early, h.earlyOctets = nil, 0
}
