package dialogue

import (
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Filter says which items of conversations are of interest. All conditions must hold; the zero
// value of each is none. A nil Filter keeps everything.
type Filter struct {
	// Kernel is a name or id of either side of the connection, or of the kernel that a message is from
	// or for.
	Kernel string
	// Session and State are those of a request; its answer and error reports go with it.
	Session, State string
	// Errors keeps error reports, the requests that they are about, and what cannot be read.
	Errors bool
	// Unanswered keeps calls without an answer. Of calls with one rsvp, of which some got none and
	// nothing tells which, it keeps the first few.
	Unanswered bool
	// Slower keeps the last line of negotiations that took at least so long, calls that are sure to
	// have taken at least so long until their answer, and that answer; and calls that waited so
	// long for one that did not come.
	Slower time.Duration
	// From and To bound the time of an item, To excluded. FromStart and ToStart do so since the
	// connection opened.
	From, To           time.Time
	FromStart, ToStart time.Duration
	// Connections keeps those of these indices.
	Connections []int
	// IKC keeps connections that are IKC.
	IKC bool
}

// connection tells whether anything of a connection may be shown.
func (f *Filter) connection(c *Connection) bool {
	return f == nil || (len(f.Connections) == 0 || slices.Contains(f.Connections, c.Conn.Index)) && (!f.IKC || c.IsIKC)
}

// ofMessages tells whether only messages can pass.
func (f *Filter) ofMessages() bool {
	return f.Session != "" || f.State != "" || f.Errors || f.Unanswered || f.Slower > 0
}

// Keep tells whether an item is of interest.
func (f *Filter) Keep(c *Connection, item Item) bool {
	if f == nil {
		return true
	}
	at := item.Stamp().Time
	since := at.Sub(c.Opened.Time)
	switch {
	case !f.connection(c),
		!f.From.IsZero() && at.Before(f.From), !f.To.IsZero() && !at.Before(f.To),
		since < f.FromStart, f.ToStart > 0 && since >= f.ToStart:
		return false
	}
	var m *Message
	frame, isFrame := item.(*Frame)
	if isFrame {
		m = frame.Message
	}
	if f.Kernel != "" && !f.names(c, m) {
		return false
	}
	if line, ok := item.(*Line); ok && f.Slower > 0 && f.Session == "" && f.State == "" && !f.Errors && !f.Unanswered {
		took, ok := c.NegotiationTook()
		return ok && took >= f.Slower && line == c.Negotiation.Lines[len(c.Negotiation.Lines)-1]
	}
	if m == nil {
		return !f.ofMessages() || isFrame && f.Errors && f.Session == "" && f.State == ""
	}
	request := m
	if m.Exchange != nil {
		request = m.Exchange.Request
	}
	if f.Session != "" && request.To.Session != f.Session || f.State != "" && request.To.State != f.State {
		return false
	}
	return f.outcome(c, m)
}

// outcome holds a message against the conditions on what came back.
func (f *Filter) outcome(c *Connection, m *Message) bool {
	x := m.Exchange
	if f.Errors && m.Kind != ErrorReport && (x == nil || len(x.Errors) == 0) {
		return false
	}
	if f.Unanswered && (x == nil || x.Request != m || !x.Asks() || !x.mayBeSilent(c)) {
		return false
	}
	return f.Slower == 0 || f.slow(c, m)
}

// mayBeSilent tells whether a call got no answer, or is one of the first of a Run.
func (x *Exchange) mayBeSilent(c *Connection) bool {
	if x.Misled(c) {
		return true // the caller got none
	}
	switch x.Outcome() {
	case Silent:
		return true
	case Replied:
		return false
	}
	run := x.Run()
	return run != nil && slices.Contains(run.numbers, x.Request.Frame.Number)
}

// slow tells whether a call took long for sure, or an answer did.
func (f *Filter) slow(c *Connection, m *Message) bool {
	x := m.Exchange
	if m.Relation != nil {
		took, _ := m.Relation.Took(m)
		return took >= f.Slower
	}
	if m.Kind == Answer {
		took, _, ok := m.Took()
		return ok && took >= f.Slower
	}
	if x == nil || !x.Asks() && x.Response == nil {
		return false
	}
	if took, ok := x.Took(); ok {
		return took >= f.Slower
	}
	if len(x.Answers) > 0 {
		took, _, ok := x.Answers[0].Took()
		return ok && took >= f.Slower
	}
	if x.Response != nil {
		took, _ := x.Response.Relation.Took(x.Response)
		return took >= f.Slower
	}
	waited, ok := x.Waited(c)
	return ok && waited >= f.Slower
}

func (f *Filter) names(c *Connection, m *Message) bool {
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		if slices.Contains(c.Negotiation.Names(side), f.Kernel) {
			return true
		}
	}
	return m != nil && (m.To.Kernel == f.Kernel || m.From.Kernel == f.Kernel)
}
