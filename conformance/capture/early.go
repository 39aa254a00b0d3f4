package capture

// earlyData is a run of octets that cannot be given out yet.
type earlyData struct {
	at      int64
	octets  []byte
	file    int64 // where in the file they are, or nowhere
	missing int   // octets behind these that the packet had and the capture has not
	source  Stamp
	comment string
}

func (e *earlyData) end() int64 { return e.at + int64(len(e.octets)+e.missing) }

// earlyOverhead is what a piece of early data costs besides its octets.
const earlyOverhead = 128

// before gives the part of a run before a position, after the part behind it.
func (e earlyData) before(at int64) earlyData {
	n := max(0, at-e.at)
	if n <= int64(len(e.octets)) {
		e.octets, e.missing = e.octets[:n], 0
	} else {
		e.missing = min(e.missing, int(n)-len(e.octets))
	}
	return e
}

func (e earlyData) after(at int64) earlyData {
	n := max(0, at-e.at)
	e.at += n
	if n <= int64(len(e.octets)) {
		e.octets = e.octets[n:]
		if e.file != nowhere {
			e.file += n
		}
	} else {
		e.missing = max(0, e.missing-int(min(n-int64(len(e.octets)), int64(e.missing))))
		e.octets = nil
	}
	return e
}

// hold keeps a run for later, except for what is held already: what came first counts.
func (a *assembler) hold(c *conn, from Direction, run earlyData) {
	h := &c.half[from]
	i := len(h.early)
	for i > 0 && h.early[i-1].at > run.at {
		i--
	}
	if i > 0 && h.early[i-1].end() > run.at {
		a.compareEarly(c, from, &h.early[i-1], &run)
		run = run.after(h.early[i-1].end())
	}
	for run.end() > run.at {
		piece := run
		if i < len(h.early) {
			piece = run.before(h.early[i].at)
		}
		if piece.end() > piece.at {
			piece.octets = append([]byte(nil), piece.octets...)
			h.early = append(h.early, earlyData{})
			copy(h.early[i+1:], h.early[i:])
			h.early[i] = piece
			h.earlyOctets += len(piece.octets)
			a.pending += len(piece.octets) + earlyOverhead
			i++
		}
		if i == len(h.early) {
			return
		}
		a.compareEarly(c, from, &h.early[i], &run)
		run = run.after(h.early[i].end())
		i++
	}
}

// compareEarly holds a run against one that is held.
func (a *assembler) compareEarly(c *conn, from Direction, held, run *earlyData) {
	at := max(held.at, run.at)
	end := min(held.at+int64(len(held.octets)), run.at+int64(len(run.octets)))
	if at < end {
		a.conflict(c, from, at, held.octets[at-held.at:end-held.at], run.octets[at-run.at:end-run.at])
	}
}

// drain gives out what was held back and is in order now.
func (a *assembler) drain(c *conn, from Direction) {
	h := &c.half[from]
	n := 0
	for n < len(h.early) && h.early[n].at <= h.position {
		run := h.early[n]
		h.earlyOctets -= len(run.octets)
		a.pending -= len(run.octets) + earlyOverhead
		h.early[n] = earlyData{}
		n++
		a.deliver(c, from, &run)
	}
	if n == 0 {
		return
	}
	h.waited, h.ackWaited = 0, 0
	if h.early = h.early[n:]; len(h.early) == 0 {
		h.early = nil
	}
}

// giveUp stops waiting for the missing octets before what is held back; if all, for any that are
// missing in what is known of the direction.
func (a *assembler) giveUp(c *conn, from Direction, reason GapReason, all bool) {
	h := &c.half[from]
	for h.known && !h.ended {
		end, ok := h.hole()
		if ok && c.held != nil {
			if end = c.missingUntil(from, end); end <= h.position {
				a.letGo(c, from) // that fills the hole
				if all {
					continue
				}
				return
			}
		}
		if ok {
			a.gap(c, from, end, reason)
			a.drain(c, from)
		}
		a.fin(c, from)
		if !ok || !all {
			return
		}
	}
}

// loseHope gives up waiting for octets that were acknowledged some time ago.
func (a *assembler) loseHope(c *conn, from Direction) {
	h := &c.half[from]
	if h.ended || h.acked <= h.position {
		return
	}
	end, ok := h.hole()
	if !ok || h.acked < end {
		return
	}
	if h.ackWaited++; h.ackWaited > ackPatience {
		h.ackWaited = 0
		a.giveUp(c, from, NotCaptured, false)
	}
}

// relieve makes connections give up waiting until a quarter of the memory for all is free,
// beginning with those that have been silent for longest.
func (a *assembler) relieve() {
	for _, l := range []*connList{&a.closed, &a.open} {
		for c := l.front; c != nil && a.pending > a.limits.TotalOctets/4*3; c = c.next {
			for c.held != nil && a.pending > a.limits.TotalOctets/4*3 {
				a.force(c)
			}
			for _, from := range []Direction{FromClient, FromServer} {
				for h := &c.half[from]; h.waiting() && !h.ended; {
					a.giveUp(c, from, OverLimit, false)
				}
			}
		}
	}
}
