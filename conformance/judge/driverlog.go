package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// DriverLog is what one kernel was asked to do and what its driver said that it did, beside what
// the capture shows of its connections meanwhile. It is how checks see what is not on the wire:
// monitors, arguments of states, results of methods.
type DriverLog struct {
	Side  wire.Role // of the kernel
	Conn  *dialogue.Connection
	Lines []*dialogue.ControlLine
	Conns []*ConnRecord
	// Other is the log of the kernel on the other side, nil if the capture has none.
	Other *DriverLog
}

// ConnRecord is a connection of the capture, as far as driver logs are held against it.
type ConnRecord struct {
	Index     int
	Opened    time.Time
	Ended     [2]time.Time // when each side closed it, by wire.Role; zero if the capture does not show it
	How       [2]capture.CloseHow
	Complete  bool // the negotiation was
	Refused   bool // the server said NOT to a serializer
	Unreached bool
	Client    netip.AddrPort // its end of the connection
	Names     [2][]string
	PIDs      [2]string
	Setup     []string // the serializers of the client's first SETUP
	Freezers  []string // those that it offered by FREEZER
	Lines     [2]int   // of the negotiation
	Frames    [2]int
	Exchanges []*dialogue.Exchange // with the sessions of the harness, and of ClientLites
	Reports   []*dialogue.Message  // error reports of both sides
}

// Over is when the connection was over: one side had closed it. Zero if the capture does not show
// it.
func (m *ConnRecord) Over() time.Time {
	at := m.Ended[0]
	if at.IsZero() || !m.Ended[1].IsZero() && m.Ended[1].Before(at) {
		at = m.Ended[1]
	}
	return at
}

// Closed is when a side closed the connection, zero if it did not. known is false if the capture
// shows the end of the other side alone: it may lack this one's.
func (m *ConnRecord) Closed(side wire.Role) (at time.Time, known bool) {
	at = m.Ended[side]
	return at, !at.IsZero() || m.Ended[side.Other()].IsZero()
}

// What is kept of the connections of a capture for driver logs.
const (
	maxRecords    = 4096
	maxExchanges  = 4096    // requests and error reports of a connection
	maxKeptOctets = 4 << 20 // octets of images in all, which take tenfold the memory
)

// add notes what is in a part of a connection. budget is what is left of maxKept.
func (m *ConnRecord) add(p *dialogue.Part, budget func(octets int) bool) {
	for _, item := range p.Items {
		f, ok := item.(*dialogue.Frame)
		if !ok {
			continue
		}
		m.Frames[f.From]++
		if f.Message != nil && f.Message.Kind == dialogue.ErrorReport && len(m.Reports) < maxExchanges && budget(len(f.Image)) {
			m.Reports = append(m.Reports, f.Message)
		}
	}
	for _, x := range p.Exchanges {
		if r := x.Request; (contract.HarnessSession(r.To.Session) || contract.HarnessSession(r.RSVP.Session) ||
			r.WithLite()) && len(m.Exchanges) < maxExchanges && budget(len(r.Frame.Image)) {
			m.Exchanges = append(m.Exchanges, x.Copy())
		}
	}
	if !p.Last {
		return
	}
	// As they came: p.Exchanges are in the order in which they were settled.
	slices.SortStableFunc(m.Exchanges, func(x, y *dialogue.Exchange) int {
		return cmp.Or(cmp.Compare(x.Request.Frame.At.Packet, y.Request.Frame.At.Packet),
			cmp.Compare(x.Request.Frame.Number, y.Request.Frame.Number))
	})
	n := p.Negotiation
	m.Index, m.Opened, m.Unreached, m.Client = p.Conn.Index, p.Opened.Time, p.Unreached, p.Conn.Client
	m.Complete, m.Refused = n.Complete, refusedSerializer(n)
	if n.Dialect == wire.IKC {
		m.Freezers = n.Offered
	}
	for _, l := range n.Lines {
		m.Lines[l.From]++
		if s, err := l.Setup(); err == nil && l.From == wire.Client && m.Setup == nil {
			m.Setup = s.Serializers
		}
	}
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		m.Names[side], m.PIDs[side] = n.Names(side), n.Peers[side].PID
		if end := p.Ends[side]; end != nil && !end.CutByRelay() {
			m.Ended[side], m.How[side] = end.At.Time, end.How
		}
	}
}

// refusedSerializer tells whether the last word of a negotiation in IKC was that the server refused
// a serializer.
func refusedSerializer(n *dialogue.Negotiation) bool {
	last := len(n.Lines) - 1
	return last > 0 && n.Lines[last].From == wire.Server && n.Lines[last].Text == "NOT" && strings.HasPrefix(n.Lines[last-1].Text, "FREEZER ")
}

// driverLogs pairs the conversations with drivers with the connections of the capture, by side.
func (j *judge) driverLogs() (of [2]*DriverLog) {
	if len(j.records) == maxRecords || j.keptOctets.Load() > maxKeptOctets || j.octetsMissing {
		return of // what is missing may be what is missed
	}
	slices.SortFunc(j.records, func(x, y *ConnRecord) int { return cmp.Compare(x.Index, y.Index) })
	for _, c := range j.controls {
		side, ok := c.Control.Role()
		whole := c.Control.Partial == "" && c.Ends[wire.Client] != nil && c.Ends[wire.Server] != nil
		if !ok || !whole || of[side] != nil {
			continue
		}
		of[side] = &DriverLog{Side: side, Conn: c, Lines: c.Control.Lines, Conns: j.records}
	}
	for side, a := range of {
		if a != nil {
			a.Other = of[wire.Role(side).Other()]
		}
	}
	return of
}

// told is what the drivers of the kernels said of them, by side.
func (j *judge) told() (of [2]*driver.Hello) {
	for side, a := range j.driverLogs() {
		if a != nil {
			of[side] = a.Conn.Control.Hello()
		}
	}
	return of
}

// judgeLog judges a driver log by the rules that are about one.
func (j *judge) judgeLog(a *DriverLog) *found {
	n := len(j.verdicts[a.Side])
	f := newFound(n, make([]quota, n))
	for _, r := range j.plans[a.Side].rules[atDriverLog] {
		t := &Trial{Conn: a.Conn, Side: a.Side, found: &f, memo: new(memo)}
		t.look(r.check, func(t *Trial) { r.log(t, a) })
	}
	return &f
}

// OnDriverLog judges what the driver of a kernel told.
func OnDriverLog(look func(*Trial, *DriverLog)) Predicate {
	return Predicate{{at: atDriverLog, log: look}}
}

// ByDriver tells whether the check is about what is not on the wire, so that it takes a driver to
// decide it.
func (c *Check) ByDriver() bool {
	return !slices.ContainsFunc(c.Judge, func(r rule) bool { return r.at != atDriverLog })
}

// alsoByDriver tells whether a driver can decide the check, be it that the wire can, too.
func (c *Check) alsoByDriver() bool {
	return slices.ContainsFunc(c.Judge, func(r rule) bool { return r.at == atDriverLog })
}

// ClosedFirst is the side that ended the connection first; ok is false if the capture does not show
// the ends of both, unless it was a reset: what is missing may have been the first.
func (m *ConnRecord) ClosedFirst() (side wire.Role, ok bool) {
	c, s := m.Ended[wire.Client], m.Ended[wire.Server]
	switch {
	case s.IsZero():
		return wire.Client, !c.IsZero() && m.How[wire.Client] == capture.RST
	case c.IsZero():
		return wire.Server, m.How[wire.Server] == capture.RST
	case c.Before(s):
		return wire.Client, true
	}
	return wire.Server, true
}
