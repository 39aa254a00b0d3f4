package conformance

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// DriverLog is what one kernel was asked to do and what its driver said that it did, beside what the capture shows of its
// connections meanwhile. It is how checks see what is not on the wire: monitors, arguments of states, results of methods.
type DriverLog struct {
	Side  wire.Role // of the kernel
	Conn  *dialogue.Connection
	Lines []*dialogue.ControlLine
	Met   []*meeting
	// Other is the log of the kernel on the other side, nil if the capture has none.
	Other *DriverLog
}

// meeting is a connection of the capture, as far as accounts are held against it.
type meeting struct {
	index     int
	opened    time.Time
	ended     [2]time.Time // when each side closed it, by wire.Role; zero if the capture does not show it
	how       [2]capture.CloseHow
	complete  bool // the negotiation was
	refused   bool // the server said NOT to a serializer
	unreached bool
	names     [2][]string
	pids      [2]string
	frames    [2]int
	talk      []*dialogue.Exchange // with the sessions of the harness, and of ClientLites
	reports   []*dialogue.Message  // error reports of both sides
}

// over is when the connection was over: one side had closed it. Zero if the capture does not show it.
func (m *meeting) over() time.Time {
	at := m.ended[0]
	if at.IsZero() || !m.ended[1].IsZero() && m.ended[1].Before(at) {
		at = m.ended[1]
	}
	return at
}

// closed is when a side closed the connection, zero if it did not. known is false if the capture shows the end of the other side
// alone: it may lack this one's.
func (m *meeting) closed(side wire.Role) (at time.Time, known bool) {
	at = m.ended[side]
	return at, !at.IsZero() || m.ended[side.Other()].IsZero()
}

// What is kept of the connections of a capture for accounts.
const (
	maxMeetings = 4096
	maxTalk     = 4096    // requests and error reports of a connection
	maxKept     = 4 << 20 // octets of images in all, which take tenfold the memory
)

// sinking is how long it may take until a driver has told what its kernel did.
const sinking = 30 * time.Millisecond

// cutByRelay begins the comment on the reset of a connection that a relay cut because neither side closed it.
const cutByRelay = "cut by the relay"

// harnessSession tells whether a session is one of those that harnesses make.
func harnessSession(session string) bool { return strings.HasPrefix(session, SessionAlias) }

// add notes what is in a part of a connection. budget is what is left of maxKept.
func (m *meeting) add(p *dialogue.Part, budget func(octets int) bool) {
	for _, item := range p.Items {
		f, ok := item.(*dialogue.Frame)
		if !ok {
			continue
		}
		m.frames[f.From]++
		if f.Message != nil && f.Message.Kind == dialogue.ErrorReport && len(m.reports) < maxTalk && budget(len(f.Image)) {
			m.reports = append(m.reports, f.Message)
		}
	}
	for _, x := range p.Exchanges {
		if r := x.Request; (harnessSession(r.To.Session) || harnessSession(r.RSVP.Session) || r.WithLite()) && len(m.talk) < maxTalk && budget(len(r.Frame.Image)) {
			m.talk = append(m.talk, &dialogue.Exchange{Request: r, Answers: slices.Clone(x.Answers), Errors: slices.Clone(x.Errors)})
		}
	}
	if !p.Last {
		return
	}
	// As they came: p.Exchanges are in the order in which they were settled.
	slices.SortStableFunc(m.talk, func(x, y *dialogue.Exchange) int {
		return cmp.Or(cmp.Compare(x.Request.Frame.At.Packet, y.Request.Frame.At.Packet), cmp.Compare(x.Request.Frame.Number, y.Request.Frame.Number))
	})
	n := p.Negotiation
	m.index, m.opened, m.unreached = p.Conn.Index, p.Opened.Time, p.Unreached
	m.complete, m.refused = n.Complete, refusedSerializer(n)
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		m.names[side], m.pids[side] = n.Names(side), n.Peers[side].PID
		if end := p.Ends[side]; end != nil && !strings.HasPrefix(end.Comment, cutByRelay) {
			m.ended[side], m.how[side] = end.At.Time, end.How
		}
	}
}

// refusedSerializer tells whether the last word of a negotiation in IKC was that the server refused a serializer.
func refusedSerializer(n *dialogue.Negotiation) bool {
	last := len(n.Lines) - 1
	return last > 0 && n.Lines[last].From == wire.Server && n.Lines[last].Text == "NOT" && strings.HasPrefix(n.Lines[last-1].Text, "FREEZER ")
}

// accounts pairs the conversations with drivers with the connections of the capture, by side.
func (j *Judge) accounts() (of [2]*DriverLog) {
	if len(j.meetings) == maxMeetings || j.kept.Load() > maxKept || j.torn {
		return of // what is missing may be what is missed
	}
	slices.SortFunc(j.meetings, func(x, y *meeting) int { return cmp.Compare(x.index, y.index) })
	for _, c := range j.controls {
		side, ok := c.Control.Role()
		whole := c.Control.Partial == "" && c.Ends[wire.Client] != nil && c.Ends[wire.Server] != nil
		if !ok || !whole || of[side] != nil {
			continue
		}
		of[side] = &DriverLog{Side: side, Conn: c, Lines: c.Control.Lines, Met: j.meetings}
	}
	for side, a := range of {
		if a != nil {
			a.Other = of[wire.Role(side).Other()]
		}
	}
	return of
}

// told judges an account by the rules that are about one.
func (j *Judge) told(a *DriverLog) *found {
	n := len(j.verdicts[a.Side])
	f := &found{evidence: make([]uint32, n), full: make([]fullness, n), wanted: slices.Repeat([]bool{true}, n)}
	for _, r := range j.plans[a.Side].rules[atAccount] {
		r.account(&Trial{Conn: a.Conn, Side: a.Side, check: r.check, found: f, facts: new(facts)}, a)
	}
	return f
}

// onAccount judges what the driver of a kernel told.
func onDriver(judge func(*Trial, *DriverLog)) Predicate {
	return Predicate{{at: atAccount, account: judge}}
}

// ByDriver tells whether the check is about what is not on the wire, so that it takes a driver to decide it.
func (c *Check) ByDriver() bool {
	return slices.ContainsFunc(c.Judge, func(r rule) bool { return r.at == atAccount })
}

// commands are the lines of commands of a name that were answered.
func (a *account) commands(names ...string) (out []*dialogue.ControlLine) {
	for _, l := range a.Lines {
		if l.Command != nil && l.Command.Answer != nil && slices.Contains(names, l.Command.Name) {
			out = append(out, l)
		}
	}
	return out
}

// states are the events of runs of a state.
func (a *account) states(session, state string) (out []*dialogue.ControlLine) {
	for _, l := range a.Lines {
		if e := l.Event; e != nil && e.Kind == "state" && e.Session == session && e.State == state {
			out = append(out, l)
		}
	}
	return out
}

// wentOn tells whether the harness had waited for what follows from something at a time, and then gone on: a later
// command was answered.
func (a *account) wentOn(at time.Time) bool {
	for _, l := range slices.Backward(a.Lines) {
		if l.Answer != nil && l.Answer.To != nil {
			return l.Answer.To.At.Time.After(at)
		}
	}
	return false
}

// ownNames are what the kernel calls itself.
func (a *account) ownNames() (names []string) {
	for _, m := range a.Met {
		for _, name := range m.names[a.Side] {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, l := range a.commands("listen", "connect") {
		var c driver.Connect
		if l.Command.Decode(&c) == nil && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// meetings are the connections that the kernel took part in.
func (a *account) meetings() (out []*meeting) {
	for _, m := range a.Met {
		if m.complete && !m.unreached && m.frames[a.Side] > 0 {
			out = append(out, m)
		}
	}
	return out
}

// sameArgs tells whether two lists of arguments are equal.
func sameArgs(a, b []*perl.Value) bool {
	return slices.EqualFunc(a, b, func(x, y *perl.Value) bool { return sameValue(x, y) })
}

// sameValue tells whether two values are equal, where one that is missing is undef.
func sameValue(x, y *perl.Value) bool {
	if x == nil || y == nil {
		return x.Kind() == perl.Undef && y.Kind() == perl.Undef
	}
	return perl.Equal(x, y)
}

// showArgs writes a list of arguments for a finding.
func showArgs(args []*perl.Value) string {
	out := make([]string, len(args))
	for i, v := range args {
		out[i] = showValue(v)
	}
	return "(" + strings.Join(out, ", ") + ")"
}
