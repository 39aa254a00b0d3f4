package dialogue

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Twins find two processes that were connected to a kernel by one name at the same time. What is
// addressed to that name, answers to calls too, goes to the one that came first: an answer on its
// connection may be for a call of the other, and none comes there. Source: Responder register,
// channel_list.
type Twins struct {
	all  []peers
	full bool
}

// peers are the two kernels of a connection, and from when until when they were connected.
type peers struct {
	conn         int
	server       netip.AddrPort
	of           [2]wire.Peer
	openedAt     capture.Stamp
	opened, over time.Time // over is zero if the capture does not show it
	closed       time.Time // by both sides, likewise
	joined       bool      // it was open before the capture begins
	said         [2]Said   // by wire.Role
}

// Said is what a side said on a connection, as far as it tells kernels of one id apart.
type Said struct {
	// Lite: there are messages of a ClientLite.
	Lite bool
	// ID is where the side said its id, nil if it is not known; of a long line only the start.
	ID *Line
	// Heard is when the other side said something last that this side said something after: it was
	// there then. What is said for the last time, or that a connection ends, may come late.
	Heard time.Time
	// GaveUp: a call was open when the side closed the connection, before the other side did.
	GaveUp bool
	// Callers are the kernels that rsvps name, if the capture joined the connection in the middle.
	Callers []string

	other time.Time // when the other side said something last
}

// Part notes what a side says in a part of a connection.
func (s *Said) Part(p *Part, side wire.Role) {
	for _, item := range p.Items {
		switch item := item.(type) {
		case *Line:
			if item.From == side && s.ID == nil && (wire.IsSetup(item.Text) || strings.HasPrefix(item.Text, "IAM ")) {
				text := item.Text[:min(len(item.Text), MaxStepTitle)]
				s.ID = &Line{From: side, At: item.At, Offset: item.Offset, Text: strings.Clone(text), End: item.End}
			}
		case *Frame:
			s.Lite = s.Lite || item.From == side && item.Message != nil && item.Message.From.Session == wire.SessionIKCLite
		default:
			continue
		}
		if item.Sender() == side {
			s.Heard = s.other
		} else {
			s.other = item.Stamp().Time
		}
	}
	if end, theirs := p.Ends[side], p.Ends[side.Other()]; p.Last && end != nil && (theirs == nil || end.At.Packet < theirs.At.Packet) {
		s.GaveUp = slices.ContainsFunc(p.Exchanges, func(x *Exchange) bool {
			return x.Request.Frame.From == side && x.Request.IsCall() && len(x.Answers)+len(x.Errors) == 0
		})
	}
}

// MaxPeers bounds the connections whose peers are kept.
const MaxPeers = 4096

// Add notes who talked on a connection, and what they said, by wire.Role.
func (t *Twins) Add(c *Connection, said [2]Said) {
	if !c.Negotiation.Complete && !c.Negotiation.Partial && !c.Joined {
		return
	}
	if len(t.all) == MaxPeers {
		t.full = true
		return
	}
	p := peers{conn: c.Conn.Index, server: c.Conn.Server, of: c.Negotiation.Peers, openedAt: c.Opened, opened: c.Opened.Time,
		joined: c.Joined, said: said}
	for side := range p.of {
		if c.Joined {
			p.of[side] = wire.Peer{Aliases: said[side].Callers}
		}
	}
	if a, b := c.Ends[wire.Client], c.Ends[wire.Server]; a != nil && b != nil {
		p.closed = a.At.Time
		if b.At.Time.After(p.closed) {
			p.closed = b.At.Time
		}
	}
	for _, end := range c.Ends {
		if end != nil && (p.over.IsZero() || end.At.Time.Before(p.over)) {
			p.over = end.At.Time
		}
	}
	t.all = append(t.all, p)
}

// Twin are two connections of two processes with one name.
type Twin struct {
	Name string
	// First is the connection that was opened first.
	First, Second TwinOf
	// Known: both announced who they are. Otherwise it is only what rsvps of connections say that the
	// capture joined in the middle.
	Known bool
}

// TwinOf is one of a Twin.
type TwinOf struct {
	Connection int
	Opened     time.Time
	PID        string
}

// Of gives the twins among the kernels of a side. Each of two is given once.
func (t *Twins) Of(side wire.Role) iter.Seq[Twin] {
	return func(yield func(Twin) bool) {
		byName := map[string]*namesakes{}
		for i := range t.all {
			a := &t.all[i]
			for _, name := range shareable(a.of[side]) {
				those := byName[name]
				if those == nil {
					those = &namesakes{pid: a.of[side].PID}
					byName[name] = those
				}
				if those.add(a, side) {
					continue
				}
				for _, b := range those.all {
					if a.twins(b, side) && sameName(a.of[side], b.of[side]) == name && !yield(twin(name, a, b, side)) {
						return
					}
				}
			}
		}
	}
}

// Shared are the connections that a kernel may have taken for each other: those on which a side has
// the same name as on another one that was not closed by both, be it two processes or one that came
// back at once. One whose names are not known may have any.
func (t *Twins) Shared(side wire.Role) map[int]bool {
	out := map[int]bool{}
	byName := map[string][]*peers{}
	var unknown []*peers
	for i := range t.all {
		a := &t.all[i]
		for _, b := range unknown {
			a.shares(b, side, out)
		}
		names := shareable(a.of[side])
		for _, name := range names {
			for _, b := range byName[name] {
				a.shares(b, side, out)
			}
			byName[name] = append(byName[name], a)
		}
		if len(names) == 0 {
			for j := range t.all[:i] {
				a.shares(&t.all[j], side, out)
			}
			unknown = append(unknown, a)
		}
	}
	return out
}

// shares notes two connections if they were open at the same time, and to the same kernel. A side
// has the same name on both, or may have. Of one of which nothing is known, the server is a guess.
func (p *peers) shares(q *peers, side wire.Role, out map[int]bool) {
	guessed := p.guessed() || q.guessed()
	if p != q && (guessed || p.toSame(q, side.Other())) && p.overlaps(q) {
		out[p.conn], out[q.conn] = true, true
	}
}

// guessed tells whether nobody said who is the server.
func (p *peers) guessed() bool {
	return p.joined && len(shareable(p.of[wire.Client]))+len(shareable(p.of[wire.Server])) == 0
}

// overlaps is meets until both sides have closed: before that, one may not know that the other has.
func (p *peers) overlaps(q *peers) bool {
	before := func(p, q *peers) bool { return p.joined || q.closed.IsZero() || p.opened.Before(q.closed) }
	return before(p, q) && before(q, p)
}

// namesakes are the connections of kernels that have a name.
type namesakes struct {
	all     []*peers
	pid     string // of the first
	several bool   // processes, or it may be
}

// add adds a connection. one tells that all of them are of one process.
func (n *namesakes) add(p *peers, side wire.Role) (one bool) {
	n.all = append(n.all, p)
	n.several = n.several || p.of[side].ID == "" || p.of[side].PID != n.pid
	return !n.several
}

// twins tells whether a side of two connections is two processes, but for their names.
func (p *peers) twins(q *peers, side wire.Role) bool {
	return p != q && twoProcesses(p.of[side], q.of[side]) && p.toSame(q, side.Other()) && p.meets(q)
}

// twin makes a Twin of two connections.
func twin(name string, a, b *peers, side wire.Role) Twin {
	if b.opened.Before(a.opened) || b.opened.Equal(a.opened) && b.conn < a.conn {
		a, b = b, a
	}
	x, y := a.of[side], b.of[side]
	return Twin{Name: name, Known: x.ID != "" && y.ID != "", First: TwinOf{a.conn, a.opened, x.PID}, Second: TwinOf{b.conn, b.opened, y.PID}}
}

// twoProcesses tells whether two kernels are in two processes by what they announced, or may be
// since the capture joined their connections in the middle.
func twoProcesses(a, b wire.Peer) bool { return a.PID != b.PID || a.ID == "" && b.ID == "" }

// toSame tells whether a side is the same kernel on two connections.
func (p *peers) toSame(q *peers, side wire.Role) bool {
	a, b := p.of[side], q.of[side]
	sameID := a.ID == b.ID || a.ID == "" || b.ID == ""
	samePID := a.PID == b.PID || a.PID == "" || b.PID == "" // children of a server have its id
	return p.server == q.server && sameID && samePID
}

// meets tells whether two connections were open at the same time.
func (p *peers) meets(q *peers) bool {
	return (p.over.IsZero() || q.opened.Before(p.over)) && (q.over.IsZero() || p.opened.Before(q.over))
}

// shareable are the names of a kernel that another may have too. Those with a colon are addresses.
func shareable(p wire.Peer) []string {
	return slices.DeleteFunc(append([]string{p.ID}, p.Aliases...), func(name string) bool { return name == "" || strings.Contains(name, ":") })
}

// sameName is the first name that two kernels have in common, "" if there is none.
func sameName(a, b wire.Peer) string {
	names := shareable(b)
	for _, name := range shareable(a) {
		if slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

// TwinText says of a connection that another process of the same name is connected by another one.
func TwinText(name, pid, otherPID string, other int, first bool) string {
	if first {
		return fmt.Sprintf("pid %s is connected as kernel %s, and so is pid %s on connection %d, which came later: what is addressed to the kernel goes here",
			pid, name, otherPID, other)
	}
	return fmt.Sprintf("pid %s is connected as kernel %s, and so is pid %s on connection %d, which came first: what is addressed to the kernel goes there",
		pid, name, otherPID, other)
}
