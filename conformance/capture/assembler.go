package capture

import (
	"slices"
	"time"
)

// ackPatience is after how many more packets of a connection the reader gives up waiting for octets
// that the receiver has acknowledged: they arrived, so nobody will send them again. It leaves room
// for captures in which packets are slightly out of order.
const ackPatience = 64

// revival is how long after a reset data on the same addresses belongs to a new connection, whose
// handshake was not captured, and is no straggler.
const revival = time.Second

// assembler turns packets into events. See RFC 9293 for what the packets mean.
type assembler struct {
	limits  Limits
	emit    func(Event) bool
	stopped bool // the consumer wants no more

	conns   map[flowKey]*conn
	open    connList
	closed  connList
	held    heldList
	pending int // octets held back in all, with overhead
	recent  int // octets of memory for what was given out last
	file    interface{ again(at int64, n int) []byte }
	stats   Stats
	latest  time.Time // of the packets so far, since the file last went back

	at      Stamp  // the packet at hand
	source  Stamp  // the packet whose segment is handled: that one, or one that was held back
	comment string // and the comments on it
	last    *conn  // of the packet before; always one of conns
	given   Data   // the last one that was given
}

func newAssembler(limits Limits, emit func(Event) bool) *assembler {
	return &assembler{limits: limits, emit: emit, conns: map[flowKey]*conn{}, file: new(source)}
}

// conn is one connection and its place in the list of those that are open, or closed.
type conn struct {
	*Conn
	key       flowKey
	clientIsA bool
	half      [2]half
	lastSeen  time.Time
	packets   int64 // seen so far

	held       []*heldSegment // in the order of the capture
	heldOctets int            // with overhead

	conflicts int     // see Conflict
	watched   watched // see Transport

	isClosed bool // it is in the list of closed connections
	prev     *conn
	next     *conn
}

func (a *assembler) give(ev Event) {
	if !a.stopped && !a.emit(ev) {
		a.stopped = true
	}
}

// packet handles one packet of the capture.
func (a *assembler) packet(p *Packet, d *decoder) {
	a.stats.Packets++
	a.at = Stamp{Packet: p.Number, Time: p.Time}
	a.comment = p.Comment
	a.watchTime()
	var s segment
	switch d.decode(p.LinkType, p.Data, p.Length, &s) {
	case isTCP:
		// The payload is a part of the packet: what both have room for ends at the same octet.
		if s.file = p.dataAt + int64(cap(p.Data)-cap(s.payload)); s.pieced {
			s.file = nowhere
		}
		a.segment(&s, p)
	case notTCP:
		a.stats.NotTCP++
	case undecodable:
		a.stats.Undecodable++
	case isFragment:
	}
}

func (a *assembler) segment(s *segment, p *Packet) {
	a.source = a.at
	if a.held.front != nil {
		a.expire()
	}
	c := a.last
	if c == nil || c.key != s.key {
		c = a.conns[s.key]
	}
	if c != nil && a.isNew(c, s) {
		a.finish(c)
		a.remove(c)
		c = nil
	}
	if c == nil {
		c = a.begin(s, p)
	}
	a.last = c
	c.lastSeen = a.at.Time
	c.packets++
	a.touch(c)

	from := c.direction(s)
	h, peer := &c.half[from], &c.half[from.Reverse()]
	h.locate(s)
	a.watch(c, from, s)
	if s.hasAck && peer.acknowledged(s.ack) {
		c.watched.sides[from.Reverse()].Repeats = 0
	}
	if a.limits.HeldPackets > 0 && (s.rst || peer.behind(s.ack)) && c.tooEarly(from, s) {
		a.holdBack(c, from, s)
	} else {
		a.handle(c, from, s)
	}
	if c.held != nil {
		a.deliverHeld(c)
	}
	a.loseHope(c, FromClient)
	a.loseHope(c, FromServer)
	if c.held != nil {
		a.deliverHeld(c)
		for c.held != nil && c.packets-c.held[0].packet >= int64(a.limits.HeldPackets) {
			a.force(c)
		}
	}
	a.retire(c)
}

// handle handles a segment whose turn it is.
func (a *assembler) handle(c *conn, from Direction, s *segment) {
	if s.rst {
		a.reset(c, from, s)
	} else {
		a.data(c, from, s)
	}
}

// retire puts a connection that is over among the closed ones.
func (a *assembler) retire(c *conn) {
	if c.half[FromClient].over() && c.half[FromServer].over() && !c.isClosed {
		a.open.remove(c)
		a.forget(c)
		c.isClosed = true
		a.closed.push(c)
	}
}

func (c *conn) direction(s *segment) Direction {
	if s.srcIsA == c.clientIsA {
		return FromClient
	}
	return FromServer
}

// isNew tells whether a segment begins another connection between the same ends.
func (a *assembler) isNew(c *conn, s *segment) bool {
	from := c.direction(s)
	h, peer := &c.half[from], &c.half[from.Reverse()]
	idle := h.position == 0 && peer.position == 0 && !h.waiting() && !peer.waiting() && c.held == nil && !c.isClosed
	switch {
	case s.syn && h.synSeen:
		if h.syn == s.seq {
			return false // said again
		}
		// A SYN/ACK that differs answers a SYN that was said again, as long as nothing else was.
		return !(s.hasAck && idle)
	case s.syn && h.known && h.base == s.seq+1:
		return false // late
	case s.syn && !s.hasAck:
		// Both sides may open at the same time.
		return !(idle && peer.synSeen && !h.known)
	case s.syn:
		return c.isClosed || h.known && !idle
	}
	if len(s.payload) == 0 || s.rst || !h.over() || !peer.over() {
		return false
	}
	if (h.how == RST || h.aborted) && a.at.Time.Sub(c.lastSeen) < revival {
		return false
	}
	ahead := int32(s.seq - h.seq)
	return ahead >= 0 || ahead < -maxWindow
}

// begin makes a new connection of the first segment seen of it.
func (a *assembler) begin(s *segment, p *Packet) *conn {
	if len(a.conns) >= a.limits.Connections {
		a.makeRoom()
	}
	end1, end2 := s.addrs()
	end1, end2 = plainAddr(end1), plainAddr(end2)
	c := &conn{key: s.key, Conn: &Conn{Index: a.stats.Connections, SYNSeen: s.syn, Interface: p.Interface}}
	switch {
	case s.syn:
		c.clientIsA = s.srcIsA != s.hasAck
	case s.srcPort == s.dstPort:
		c.clientIsA = s.srcIsA
	default:
		c.clientIsA = s.key.aPort > s.key.bPort
	}
	c.Client, c.Server = end1, end2
	if !c.clientIsA {
		c.Client, c.Server = end2, end1
	}
	c.Sockets = sockets(a.comment)
	a.stats.Connections++
	a.conns[c.key] = c
	a.open.push(c)
	a.give(&Opened{At: a.at, Conn: c.Conn, Comment: a.comment})
	return c
}

// reset handles an RST.
func (a *assembler) reset(c *conn, from Direction, s *segment) {
	h, peer := &c.half[from], &c.half[from.Reverse()]
	if h.over() && peer.over() {
		return
	}
	a.letGo(c, from)
	a.letGo(c, from.Reverse())
	a.giveUp(c, from.Reverse(), NotCaptured, true)
	if h.known {
		h.reached(s.seq)
	}
	a.giveUp(c, from, NotCaptured, true)
	h.how, h.ended, peer.aborted = RST, true, true
	a.transport(c)
	a.give(&Closed{At: a.at, Conn: c.Conn, From: from, Offset: h.position, How: RST, Comment: a.comment})
}

// finish gives out what a connection has held back.
func (a *assembler) finish(c *conn) {
	for c.held != nil {
		a.force(c)
	}
	a.giveUp(c, FromClient, NotCaptured, true)
	a.giveUp(c, FromServer, NotCaptured, true)
	a.transport(c)
}

// end gives out what is left at the end of the capture.
func (a *assembler) end(err error) {
	left := make([]*conn, 0, len(a.conns))
	for _, c := range a.conns {
		left = append(left, c)
	}
	slices.SortFunc(left, func(x, y *conn) int { return x.Index - y.Index })
	for _, c := range left {
		a.finish(c)
	}
	a.give(&End{At: a.at, Stats: a.stats, Err: err})
}

// makeRoom forgets a connection: the closed one, or else the open one, that has been silent for
// longest.
func (a *assembler) makeRoom() {
	c := a.closed.front
	if c == nil {
		c = a.open.front
	}
	a.finish(c)
	for _, from := range []Direction{FromClient, FromServer} {
		if h := &c.half[from]; !c.isClosed && !h.ended {
			a.give(&Closed{At: a.at, Conn: c.Conn, From: from, Offset: h.position, How: Forgotten})
		}
	}
	a.remove(c)
}

func (a *assembler) list(c *conn) *connList {
	if c.isClosed {
		return &a.closed
	}
	return &a.open
}

func (a *assembler) touch(c *conn) {
	if l := a.list(c); l.back != c {
		l.remove(c)
		l.push(c)
	}
}

func (a *assembler) remove(c *conn) {
	a.list(c).remove(c)
	a.forget(c)
	delete(a.conns, c.key)
}

// connList is a list of connections, the one that has been silent for longest in front.
type connList struct{ front, back *conn }

func (l *connList) push(c *conn) {
	c.prev, c.next = l.back, nil
	if l.back == nil {
		l.front = c
	} else {
		l.back.next = c
	}
	l.back = c
}

func (l *connList) remove(c *conn) {
	if c.prev == nil {
		l.front = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		l.back = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}
