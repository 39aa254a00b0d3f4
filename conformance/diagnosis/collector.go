package diagnosis

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Collector puts together what was noticed of connections. Its methods are for one goroutine, but
// for Watch. The zero value is ready for use.
type Collector struct {
	room     atomic.Int64
	begun    atomic.Bool
	watches  map[*capture.Conn]*Watch // of Part
	findings []*Finding
	twins    dialogue.Twins
	harms    map[netip.AddrPort]harm
	names    map[string]bool // of kernels
	foreign  []placed        // what is addressed to others
	counted  Counts
	told     bool
}

// Counts are how many connections there were.
type Counts struct {
	Connections int `json:"connections"`
	IKC         int `json:"ikc"`
}

// Finding is what was noticed of one kind about one thing, wherever it was.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	// About is the thing, such as a session and a state; it may be empty.
	About string `json:"about,omitempty"`
	// Count is how many times, such as of how many calls; Connections on how many connections.
	Count       int `json:"count"`
	Connections int `json:"connections"`
	// First are the first of them.
	First []Place `json:"first"`
	// Then says what followed from it, "" if nothing is known to have.
	Then string `json:"then,omitempty"`
	// Because is the id of the finding that it follows from, "" if it is none.
	Because string `json:"because,omitempty"`

	kind *Kind
	last int // the connection counted last
	// then counts connections that were refused afterwards.
	then int
}

// Place is one of what a Finding counts.
type Place struct {
	Connection int       `json:"connection"`
	Time       time.Time `json:"time,omitzero"`
	// Seconds is the time since the connection opened.
	Seconds float64 `json:"seconds"`
	Packet  int64   `json:"packet,omitempty"`
	Side    string  `json:"side"`
	Frame   int     `json:"frame,omitempty"`
	Text    string  `json:"text"`
}

// Bounds of what is kept of a capture.
const (
	maxFindings = 512
	maxPlaces   = 3
	maxServers  = 4096
	maxNames    = 1 << 14
	maxStray    = 256
)

// placed is something addressed to a kernel that is neither side of a connection.
type placed struct {
	connection int
	foreign
}

// harm is what may have ended a server.
type harm struct {
	at         time.Time
	connection int
	finding    *Finding
}

// Kind is the kind of a finding.
func (f *Finding) Kind() *Kind { return f.kind }

// Watch makes a Watch for a connection. It may be called by several goroutines.
func (c *Collector) Watch() *Watch {
	if c.begun.CompareAndSwap(false, true) {
		c.room.Add(maxOctets)
	}
	return &Watch{room: &c.room}
}

// Part looks at a part of a connection.
func (c *Collector) Part(p *dialogue.Part) { c.Remarks(p) }

// Remarks is Part, and says of a connection that has ended what was noticed of it.
func (c *Collector) Remarks(p *dialogue.Part) (out []dialogue.Remark) {
	w := c.watches[p.Conn]
	if w == nil {
		w = c.Watch()
		if c.watches == nil {
			c.watches = map[*capture.Conn]*Watch{}
		}
		c.watches[p.Conn] = w
	}
	w.Part(p)
	if !p.Last {
		return nil
	}
	c.Add(p.Connection, w)
	delete(c.watches, p.Conn)
	for _, n := range w.notices {
		if n.Kind.ID == gaps.ID {
			continue // they are shown in their place
		}
		out = append(out, dialogue.Remark{ID: n.Kind.ID, Severity: n.Kind.Severity.String(),
			Problem: dialogue.Problem{From: n.From, At: n.At, Text: n.line()}})
	}
	more := 0
	for _, n := range w.left {
		more += n
	}
	if more > 0 {
		out = append(out, dialogue.Remark{Problem: dialogue.Problem{Text: fmt.Sprintf("%d more of this kind", more)}})
	}
	return out
}

// Add adds what was noticed of a connection that has ended. Connections are to be added in the
// order in which they ended.
func (c *Collector) Add(conn *dialogue.Connection, w *Watch) {
	c.counted.Connections++
	if conn.IsIKC {
		c.counted.IKC++
	}
	c.twins.Add(conn, [2]dialogue.Said{})
	c.know(conn)
	for _, f := range w.foreign {
		if len(c.foreign) < maxStray {
			c.foreign = append(c.foreign, placed{conn.Conn.Index, f})
		}
	}
	var worst *Finding
	for _, n := range w.notices {
		if n.Kind.ID == twins.ID {
			continue // see finish
		}
		f := c.add(conn.Conn.Index, n)
		if f != nil && ends(n.Kind, n.From) && worst == nil {
			worst = f
		}
		if f != nil && n.Kind.ID == refused.ID {
			c.afterHarm(conn, f)
		}
	}
	for k, n := range w.left {
		if f := c.find(k, "others"); f != nil {
			f.count(conn.Conn.Index, n)
		}
	}
	w.release()
	c.note(conn, worst)
}

// ends tells whether something may have ended the server.
func ends(k *Kind, from wire.Role) bool {
	return k.ID == brokeOff.ID || k.ID == bare.ID || k.ID == closedAtOnce.ID && from == wire.Client
}

// note notes of a connection whether it may have done harm to its server, or shows that it is well.
func (c *Collector) note(conn *dialogue.Connection, worst *Finding) {
	server := conn.Conn.Server
	if h, ok := c.harms[server]; ok && conn.Negotiation.Complete && conn.Opened.Time.After(h.at) {
		delete(c.harms, server)
	}
	if worst == nil || len(c.harms) == maxServers {
		return
	}
	if c.harms == nil {
		c.harms = map[netip.AddrPort]harm{}
	}
	at := conn.Opened.Time
	for _, e := range conn.Ends {
		if e != nil && e.At.Time.After(at) {
			at = e.At.Time
		}
	}
	c.harms[server] = harm{at, conn.Conn.Index, worst}
}

// afterHarm finds out whether a server that refused a connection may have ended of an earlier one.
func (c *Collector) afterHarm(conn *dialogue.Connection, f *Finding) {
	h, ok := c.harms[conn.Conn.Server]
	if !ok || conn.Opened.Time.Before(h.at) {
		return
	}
	f.Because = h.finding.ID
	h.finding.then++
	if h.finding.then == 1 {
		h.finding.Severity = Error
		h.finding.Then = fmt.Sprintf("then connection %d to %s was refused, %s after connection %d had ended", conn.Conn.Index,
			conn.Conn.End(capture.FromServer), lasting(conn.Opened.Time.Sub(h.at)), h.connection)
	}
}

// know notes the names of kernels.
func (c *Collector) know(conn *dialogue.Connection) {
	if c.names == nil {
		c.names = map[string]bool{}
	}
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		for _, name := range conn.Negotiation.Names(side) {
			if len(c.names) < maxNames && !c.names[name] {
				c.names[strings.Clone(name)] = true
			}
		}
	}
}

// find finds what notices of a kind about a thing are counted by, or makes it; nil if there are too
// many.
func (c *Collector) find(k *Kind, about string) *Finding {
	for _, f := range c.findings {
		if f.ID == k.ID && f.About == about {
			return f
		}
	}
	if len(c.findings) >= maxFindings {
		if about == "others" {
			return nil
		}
		return c.find(k, "others")
	}
	f := &Finding{ID: k.ID, Severity: k.Severity, Title: k.Title, About: about, kind: k, last: -1}
	c.findings = append(c.findings, f)
	return f
}

// add adds a notice of a connection.
func (c *Collector) add(connection int, n *Notice) *Finding {
	f := c.find(n.Kind, n.About)
	if f == nil {
		return nil
	}
	f.count(connection, n.Count)
	if len(f.First) < maxPlaces {
		f.First = append(f.First, Place{Connection: connection, Time: n.At.Time, Seconds: n.Since.Seconds(),
			Packet: n.At.Packet, Side: n.From.String(), Frame: n.Frame, Text: n.Text})
	}
	return f
}

func (f *Finding) count(connection, n int) {
	f.Count += n
	if f.last != connection {
		f.Connections++
		f.last = connection
	}
}

// finish notes what shows in several connections only.
func (c *Collector) finish() {
	if c.told {
		return
	}
	c.told = true
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		told := map[int]bool{}
		for t := range c.twins.Of(side) {
			if !t.Known || t.First.PID == "" || t.Second.PID == "" || told[t.Second.Connection] {
				continue
			}
			told[t.Second.Connection] = true
			n := Notice{Kind: twins, About: t.Name, From: side, Count: 1, At: capture.Stamp{Time: t.Second.Opened},
				Text: clip(dialogue.TwinText(t.Name, t.Second.PID, t.First.PID, t.First.Connection, false))}
			c.add(t.Second.Connection, &n)
		}
	}
	for _, f := range c.findings {
		if f.then > 1 {
			f.Then += fmt.Sprintf(", and %d more", f.then-1)
		}
	}
	for _, p := range c.foreign {
		if !c.names[p.kernel] && len(c.names) < maxNames {
			c.add(p.connection, &p.first)
		}
	}
}

// Findings are what was noticed, the worst and the likeliest cause first.
func (c *Collector) Findings() []*Finding {
	c.finish()
	out := slices.Clone(c.findings)
	slices.SortStableFunc(out, func(a, b *Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(min(1, b.then), min(1, a.then)),
			cmp.Compare(a.kind.rank(), b.kind.rank()), cmp.Compare(b.Count, a.Count))
	})
	return out
}

// Counts are how many connections were looked at.
func (c *Collector) Counts() Counts { return c.counted }
