package capture

import "time"

// Transport tells what TCP shows of a connection besides its octets, if that is out of the
// ordinary: it never came about, what was sent was not acknowledged, or a side did not take what
// was sent. It comes before the Closed event that ends the connection, or at the end of the
// capture. Of a connection of which only one direction was captured there is none, unless it is
// SYNs.
type Transport struct {
	At   Stamp
	Conn *Conn

	// Established is false if no SYN was answered and nothing else was sent. Then SYNs is how many
	// were sent, the last of them at LastSYN.
	Established bool
	SYNs        int
	LastSYN     Stamp

	// Sides are what is known of the two directions, by Direction of the sender.
	Sides [2]TransportSide
}

// TransportSide is what a Transport says of one direction.
type TransportSide struct {
	// Unacknowledged is how many octets were sent and not acknowledged when the connection ended, or
	// the capture: the last that was new was sent at Sent, and pieces of it were sent again Repeats
	// times since the last acknowledgement, the last time at Again.
	Unacknowledged int64
	Sent, Again    Stamp
	Repeats        int

	// Full is how many times the receiver said that it takes no more, in a row of packets as in one;
	// from FullAt on it still did when the connection ended, if FullAt is not zero.
	Full   int
	FullAt Stamp

	// Withheld is what a relay did, as it says, with what this side said from octet WithheldFrom on,
	// at WithheldAt, if that did not get to the other side: RelaySwallows or RelayHolds, else "".
	Withheld     string
	WithheldFrom int64
	WithheldAt   Stamp
}

// Stamp returns At.
func (e *Transport) Stamp() Stamp { return e.At }

// sentAgain is how long TCP waits at least before it sends again what was not acknowledged. What
// comes sooner is the same packet, captured twice.
const sentAgain = 20 * time.Millisecond

// last is when something was sent.
func last(s *TransportSide) time.Time {
	if s.Repeats > 0 {
		return s.Again.Time
	}
	return s.Sent.Time
}

// watched is what is noted of a connection for its Transport.
type watched struct {
	answered bool // a SYN was answered, or there was anything else
	told     bool
	syns     int
	lastSYN  Stamp
	sides    [2]TransportSide
	seen     [2]bool // a packet of the direction was captured
}

// watch notes what a segment says of the connection. It comes before the segment is handled.
func (a *assembler) watch(c *conn, from Direction, s *segment) {
	w := &c.watched
	w.seen[from] = true
	if a.comment != "" {
		w.sides[from].remark(a.comment, a.at)
	}
	switch {
	case s.syn && !s.hasAck:
		if w.syns == 0 || a.at.Time.Sub(w.lastSYN.Time) >= sentAgain {
			w.syns++
			w.lastSYN = a.at
		}
		return
	case s.rst:
		return
	}
	w.answered = true
	h, side := &c.half[from], &w.sides[from]
	if n := len(s.payload) + s.missing; n > 0 && h.known {
		if end := h.where(s.seq) + int64(n); end > h.reach {
			side.Sent = a.at
		} else if end > h.acked && a.at.Time.Sub(last(side)) >= sentAgain {
			side.Repeats++
			side.Again = a.at
		}
	}
	full := &w.sides[from.Reverse()]
	switch {
	case s.window > 0:
		full.FullAt = Stamp{}
	case full.FullAt.Packet == 0 && !s.fin:
		full.Full++
		full.FullAt = a.at
	}
}

// remark notes what a relay says of what it does with what the side says.
func (t *TransportSide) remark(comment string, at Stamp) {
	for _, said := range Relayed(comment) {
		if how, from, ok := ReadWithholding(said); ok {
			t.Withheld, t.WithheldFrom, t.WithheldAt = how, from, at
		} else if said == RelayGoesOn {
			t.Withheld, t.WithheldFrom, t.WithheldAt = "", 0, Stamp{}
		}
	}
}

// transport gives out the Transport of a connection that ends, if there is one.
func (a *assembler) transport(c *conn) {
	w := &c.watched
	if w.told {
		return
	}
	w.told = true
	ev := &Transport{At: a.at, Conn: c.Conn, Established: w.answered, SYNs: w.syns, LastSYN: w.lastSYN}
	if w.answered {
		if !w.seen[FromClient] || !w.seen[FromServer] {
			return
		}
		ev.Sides = w.sides
		strange := false
		for d := range ev.Sides {
			h, side := &c.half[d], &ev.Sides[d]
			if h.known && h.acked < h.reach && side.Repeats > 0 {
				side.Unacknowledged = h.reach - h.acked
			} else {
				side.Sent, side.Again, side.Repeats = Stamp{}, Stamp{}, 0
			}
			if h.reach <= side.WithheldFrom {
				side.Withheld, side.WithheldFrom, side.WithheldAt = "", 0, Stamp{} // nothing was said there
			}
			strange = strange || side.Unacknowledged > 0 || side.Full > 0 || side.Withheld != ""
		}
		if !strange {
			return
		}
	} else if w.syns == 0 {
		return
	}
	a.give(ev)
}
