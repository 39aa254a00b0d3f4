package dialogue

import (
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Programs have ways to ask for something and to answer it that are no calls. What belongs together
// then is found only if Options.Related is set: it takes a look at the params of each post, and no
// check relies on it.
//
// A post is a request of the kind that ClientLite's post_respond sends if its params are a list of
// two, data and a specifier with a session and a state, and if that specifier
//
//   - names the kernel that sent the post, by one of the names that it announced or that stands in
//     from; or it names no kernel, and the session in from;
//   - is not what the post itself is addressed to, nor in the session IKC;
//   - is a hash of nothing but kernel, session and state, or names the session in from. Any other
//     string may be data like any other: it makes a request only once a post to it follows.
//
// Its response is the first post to that specifier from the other side. Nothing tells the responses
// to several requests with one specifier apart, and they may come in any order.
//
// A post to its sender, as ClientLite's responded waits for, is addressed to what stands in from:
// to a state of the session IKCLite of a ClientLite, else to IKC:proxy. It is taken to be sent by
// the session that a post of that sender was addressed to: the only one that has brought nothing
// back yet, or one of several.
//
// An answer goes to the kernel that the rsvp names, whichever connection the call came by. So that
// of a call whose rsvp names another kernel, and that of a call of a kernel whose name another had
// before, is looked for on the other connections of the kernel that answers.

// Relation is how a post or an answer belongs to a request by more than a rsvp on its connection.
type Relation struct {
	Kind RelationKind
	// Request is the request that it belongs to, the earliest if it may be one of several.
	Request *Message
	// Conn is the index of the connection of Request, and Elsewhere tells that it is another.
	Conn      int
	Elsewhere bool
	// Candidates are the requests that it may belong to, three at most, and Count how many there are.
	Candidates []Candidate
	Count      int
	newest     Candidate
}

// RelationKind says what a Relation is.
type RelationKind uint8

// The kinds of Relation.
const (
	Response RelationKind = iota // to a post that named where it wants one
	ToSender                     // a post to the sender of a post
	Astray                       // an answer that went to another connection than the call came by
)

// Took is how long after the request it came, at least so long if it may belong to several.
func (r *Relation) Took(m *Message) (d time.Duration, atLeast bool) {
	return m.Frame.At.Time.Sub(r.newest.At), r.Count > 1
}

// What is kept of requests of these kinds: of one state, and of all.
const (
	maxRelated = 64
	maxWanted  = 4096
	maxAstray  = 1 << 14 // calls of all connections
)

// related finds, on one connection, what belongs together beyond calls and answers.
type related struct {
	s *stream
	// wanted are, by wire.Role of who asks, the requests that wait for a post to a state.
	wanted [2]map[rsvp]*responses
	count  [2]int
	// senders are, by wire.Role of who asks, the posts of a session that nothing was sent back for.
	senders [2]map[string][]*Exchange
	// announced: the names of both sides are known to the Builder.
	announced bool
	names     []string // by which abroad has it
}

// responses are the requests that name one state.
type responses struct {
	open    []*Exchange
	shared  []*Exchange // that have a response, which may be for one of open
	doubted int         // requests before this one were open when a response came that may be for several
	next    int
}

func newRelated(s *stream) *related {
	return &related{s: s, wanted: [2]map[rsvp]*responses{{}, {}}, senders: [2]map[string][]*Exchange{{}, {}}}
}

// add looks at a message that was paired as a call, a post, an answer or an error report.
func (r *related) add(m *Message) {
	from := m.Frame.From
	switch {
	case m.Kind == Call:
		r.s.b.abroad.call(r.s, m.Exchange, m.RSVP.Specifier)
		return
	case m.Kind == Answer && m.paired:
		r.share(m)
		return
	case m.Kind == Answer && m.Exchange == nil, m.Kind == ErrorReport:
		return
	}
	if r.response(m, from.Other()) || r.astray(m) || m.Kind == Answer {
		return
	}
	r.toSender(m, from.Other())
	if m.IsError || m.Exchange == nil {
		return
	}
	r.want(m)
}

// want notes a post that waits for another.
func (r *related) want(m *Message) {
	x, from := m.Exchange, m.Frame.From
	if !m.From.Present() && len(r.s.Negotiation.Names(from)) == 0 {
		return
	}
	if spec, sure, ok := r.respondTo(m); ok {
		key := rsvp{strings.Clone(spec.Session), strings.Clone(spec.State)}
		w := r.wanted[from][key]
		if w == nil && r.count[from] < maxWanted {
			w = new(responses)
			r.wanted[from][key] = w
			r.count[from]++
		}
		if w != nil && len(w.open) < maxRelated {
			*x.own() = ties{respondTo: &spec, asks: sure, nth: w.next, wanted: w}
			w.next++
			w.open = append(w.open, x)
		}
		if sure {
			r.s.b.abroad.call(r.s, x, spec)
			return
		}
	}
	if session := m.From.Session; session != "" {
		list := r.senders[from][session]
		if list == nil && len(r.senders[from]) == maxRelated {
			return
		}
		if list = append(list, x); len(list) > maxRelated {
			list = slices.Delete(list, 0, 1)
		}
		r.senders[from][strings.Clone(session)] = list
	}
}

// respondTo is where a post wants its response; sure tells that it is a request though none may
// come.
func (r *related) respondTo(m *Message) (spec specifier.Specifier, sure, ok bool) {
	args := m.Args()
	if len(args) == 0 {
		return spec, false, false
	}
	elems := args[0].Target().Elems()
	if args[0].Kind() != perl.Ref || args[0].Target().Kind() != perl.Array || len(elems) != 2 {
		return spec, false, false
	}
	isHash := elems[1].Kind() == perl.Ref && elems[1].Target().Kind() == perl.Hash
	if isHash {
		for _, p := range elems[1].Target().Pairs() {
			if p.Key != "kernel" && p.Key != "session" && p.Key != "state" {
				return spec, false, false
			}
		}
	} else if s, isText := elems[1].AsString(); !isText || !strings.HasPrefix(s, "poe:") {
		return spec, false, false
	}
	a := wire.ParseAddress("params", elems[1])
	spec = a.Specifier
	if a.Err != nil || spec.Session == "" || spec.State == "" || spec.Session == wire.SessionIKC ||
		spec.Session == m.To.Session && spec.State == m.To.State && slices.Contains(r.s.Negotiation.Names(m.Frame.From.Other()), spec.Kernel) {
		return spec, false, false
	}
	own := spec.Kernel != "" && (spec.Kernel == m.From.Kernel || slices.Contains(r.s.Negotiation.Names(m.Frame.From), spec.Kernel)) ||
		spec.Kernel == "" && spec.Session == m.From.Session
	return spec, isHash || spec.Session == m.From.Session, own
}

// response gives a post to the request that named its state.
func (r *related) response(m *Message, asker wire.Role) bool {
	w := r.wanted[asker][rsvp{m.Event.Session, m.Event.State}]
	if w == nil || len(w.open) == 0 || m.Kind == Answer {
		return false
	}
	x := w.open[0]
	m.Relation = relation(Response, slices.Concat(w.shared, w.open))
	if len(w.open) > 1 {
		w.doubted = w.next
	}
	x.own().unsureResponse = x.nth < w.doubted
	x.Response, x.asks, x.askedLate = m, true, !x.asks
	w.open = slices.Delete(w.open, 0, 1)
	if x.unsureResponse && len(w.shared) < maxRelated {
		w.shared = append(w.shared, x)
	}
	if len(w.open) == 0 {
		w.shared = nil
	}
	r.drop(x)
	return true
}

// drop takes a request out of those that a post to the sender may be for.
func (r *related) drop(x *Exchange) {
	m := x.Request
	list := r.senders[m.Frame.From][m.From.Session]
	if i := slices.Index(list, x); i >= 0 {
		r.senders[m.Frame.From][m.From.Session] = slices.Delete(list, i, i+1)
	}
}

func relation(kind RelationKind, list []*Exchange) *Relation {
	r := &Relation{Kind: kind, Request: list[0].Request, Count: len(list)}
	for _, x := range list {
		c := Candidate{x.Request.Frame.Number, x.Request.Frame.At.Time}
		if len(r.Candidates) < maxNumbers {
			r.Candidates = append(r.Candidates, c)
		}
		r.newest = c
	}
	return r
}

// toSender gives a post to the post of its receiver that it was sent for.
func (r *related) toSender(m *Message, asker wire.Role) {
	list := r.senders[asker][m.Event.Session]
	if len(list) == 0 || m.Event.State != specifier.ProxyState && m.Event.Session != wire.SessionIKCLite {
		return
	}
	var fits []*Exchange
	for _, x := range list {
		from := x.Request.From
		if from.Kernel == m.Event.Kernel && from.State == map[bool]string{true: specifier.ProxyState}[m.Event.State == specifier.ProxyState] &&
			(m.From.Session == "" || m.From.Session == x.Request.To.Session) {
			fits = append(fits, x)
		}
	}
	if len(fits) == 0 {
		return
	}
	m.Relation = relation(ToSender, fits)
	x := fits[0]
	x.own().Response, x.unsureResponse = m, len(fits) > 1
	if len(fits) == 1 {
		r.drop(x)
	}
}

// abroad are the calls of all connections whose answers may go elsewhere, and who is connected.
type abroad struct {
	calls   map[specifier.Specifier][]foreignCall
	order   []specifier.Specifier
	kernels map[string][]*stream
}

// foreignCall is a call and its connection.
type foreignCall struct {
	s *stream
	x *Exchange
}

// call notes a call, or a post that asks for a response, and where that is to go.
func (a *abroad) call(s *stream, x *Exchange, to specifier.Specifier) {
	if s.opts.Apart {
		return
	}
	key := specifier.Specifier{Kernel: strings.Clone(to.Kernel), Session: strings.Clone(to.Session), State: strings.Clone(to.State)}
	list := a.calls[key]
	if len(list) >= maxRelated {
		list = slices.Delete(list, 0, 1)
	} else {
		a.order = append(a.order, key)
	}
	a.calls[key] = append(list, foreignCall{s, x})
	for len(a.order) > maxAstray {
		oldest := a.order[0]
		a.order = a.order[1:]
		if rest := a.calls[oldest]; len(rest) > 1 {
			a.calls[oldest] = slices.Delete(rest, 0, 1)
		} else {
			delete(a.calls, oldest)
		}
	}
}

// astray gives an answer that no call of its connection waits for to a call of another connection
// of the kernel that answers.
func (r *related) astray(m *Message) bool {
	fits := r.elsewhere(m)
	if len(fits) == 0 {
		return false
	}
	byPost := !fits[0].x.Request.IsCall()
	if y := m.Exchange; y != nil && m.Kind == Answer { // it was taken for one too many
		y.Answers = slices.DeleteFunc(y.Answers, func(a *Message) bool { return a == m })
	}
	if y := m.Exchange; y != nil && y.Request == m && !byPost { // it was taken for a request
		r.s.match.leaveOpen(y)
		if n := len(r.s.Exchanges); r.s.Exchanges[n-1] == y {
			r.s.Exchanges = r.s.Exchanges[:n-1]
		}
	}
	if y := r.s.match.misled; y != nil {
		y.Misdirected = slices.DeleteFunc(y.Misdirected, func(a *Message) bool { return a == m })
	}
	var list []*Exchange
	for _, c := range fits {
		if c.s == fits[0].s {
			list = append(list, c.x)
		}
		c.x.own().mayBeAbroad = len(fits) > 1
	}
	m.Relation = relation(Astray, list)
	m.Relation.Conn, m.Relation.Elsewhere, m.Relation.Count = fits[0].s.Conn.Index, true, len(fits)
	if !byPost {
		m.Kind, m.Exchange = Answer, nil
	}
	x := fits[0].x
	x.own().Elsewhere, x.ElsewhereConn, x.unsureElsewhere = m, r.s.Conn.Index, len(fits) > 1
	return true
}

// elsewhere are the calls of other connections that an answer may be for.
func (r *related) elsewhere(m *Message) (out []foreignCall) {
	responder := m.Frame.From
	for _, c := range r.s.b.abroad.calls[specifier.Specifier{Kernel: m.Event.Kernel, Session: m.Event.Session, State: m.Event.State}] {
		x := c.x
		if c.s == r.s || x.replied() || x.Response != nil || !c.s.sameKernel(x.Request.Frame.From.Other(), r.s, responder) {
			continue
		}
		// All are of one kind: calls, or posts.
		if m.From.Session != "" && m.From.Session != x.Request.To.Session || len(out) > 0 && out[0].x.Request.IsCall() != x.Request.IsCall() {
			continue
		}
		out = append(out, c)
	}
	return out
}

// share notes that an answer to a call of this connection may be for one of another.
func (r *related) share(m *Message) {
	fits := r.elsewhere(m)
	if len(fits) == 0 {
		return
	}
	if m.pairing == nil {
		q := (*queue)(nil)
		if m.Exchange != nil {
			q = m.Exchange.queue
		}
		m.pairing = &pairing{q: q, first: []Candidate{m.to()}, last: m.to(), segment: new(segment), run: new(Run)}
		if m.Exchange != nil {
			m.Exchange.pairing = m.pairing
		}
	}
	m.pairing.abroad = true
	for _, c := range fits {
		c.x.own().mayBeAbroad = true
	}
}

// sameKernel tells whether a side of a connection is the same kernel as a side of another.
func (s *stream) sameKernel(side wire.Role, other *stream, otherSide wire.Role) bool {
	a, b := s.Negotiation.Peers[side].ID, other.Negotiation.Peers[otherSide].ID
	return a != "" && a == b
}

// announce tells those who are connected by one name from two processes of each other. See Twins.
func (r *related) announce() {
	s, a := r.s, &r.s.b.abroad
	if r.announced || !s.Negotiation.Complete || s.opts.Apart {
		return
	}
	r.announced = true
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		me, it := s.Negotiation.Peers[side], s.Negotiation.Peers[side.Other()]
		var told []*stream
		for _, name := range s.Negotiation.Names(side) {
			for _, other := range a.kernels[name] {
				if other == s || slices.Contains(told, other) || other.Negotiation.Peers[side.Other()].ID != it.ID {
					continue
				}
				you := other.Negotiation.Peers[side]
				if sameName(me, you) == "" || you.PID == me.PID || you.PID == "" || me.PID == "" {
					continue
				}
				told = append(told, other)
				s.addNote(Problem{From: side, At: s.Opened, Twin: true, Text: TwinText(sameName(me, you), me.PID, you.PID, other.Conn.Index, false)})
				other.addNote(Problem{From: side, At: s.Opened, Twin: true, Text: TwinText(sameName(me, you), you.PID, me.PID, s.Conn.Index, true)})
			}
		}
	}
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		for _, name := range s.Negotiation.Names(side) {
			if list := a.kernels[name]; len(list) < maxRelated && !strings.Contains(name, ":") {
				a.kernels[name] = append(list, s)
				r.names = append(r.names, name)
			}
		}
	}
}

// leave forgets a connection among those that are open.
func (a *abroad) leave(s *stream) {
	if s.related == nil {
		return
	}
	for _, name := range s.related.names {
		list := slices.DeleteFunc(a.kernels[name], func(other *stream) bool { return other == s })
		if a.kernels[name] = list; len(list) == 0 {
			delete(a.kernels, name)
		}
	}
}
