package mock

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options say what of a capture is read.
type Options struct {
	// Side is who is to be played.
	Side wire.Role
	// MaxOctets bounds what is kept: images of messages, each counting 512 octets besides. What comes
	// later is left out, and counted. Default: DefaultMaxOctets.
	MaxOctets int
	// Keep tells which connections and messages are read, nil for all.
	Keep func(*dialogue.Connection, dialogue.Item) bool
}

// Read reads what one side of a capture said. The error is that of the capture; what was read by
// then is there all the same.
func Read(events dialogue.Source, opts Options) (*Recording, error) {
	r := &Recording{}
	if opts.MaxOctets == 0 {
		opts.MaxOctets = DefaultMaxOctets
	}
	open := map[*dialogue.Connection]*reading{}
	err := dialogue.ReadParts(events, dialogue.Options{Related: true}, dialogue.Window{}, func(part *dialogue.Part) {
		c := part.Connection
		if !c.IsIKC || c.Control != nil {
			return
		}
		if part.Last && !c.Replayable() {
			r.Left++
		}
		if part.First && c.Replayable() {
			open[c] = r.begin(c, opts.Side)
		}
		one := open[c]
		if one == nil {
			return
		}
		for _, item := range part.Items {
			if f, ok := item.(*dialogue.Frame); ok && f.Message != nil && (opts.Keep == nil || opts.Keep(c, item)) {
				if r.octets += len(f.Image) + perMessage; r.octets > opts.MaxOctets {
					r.LeftOut++
					continue
				}
				one.frame(f)
			}
		}
		if part.Last {
			one.end()
			delete(open, c)
		}
	})
	for _, one := range open {
		one.end()
	}
	return r, err
}

// reading is a connection that is being read.
type reading struct {
	side   wire.Role
	opened time.Time
	k      *Kernel
	c      *connection
	events []event
	takes  map[int]*take   // by frame, of those that something may come back for
	calls  map[int]*called // by frame, of the recorded side
	fast   time.Duration   // the shortest time from a request to its reply, 0 if there is none
}

// event is something that the recorded side heard, or said.
type event struct {
	at    time.Time
	take  *take   // a request came
	heard *called // the answer to a call came
	said  *said
}

// begin finds the kernel that a connection is of.
func (r *Recording) begin(c *dialogue.Connection, side wire.Role) *reading {
	n := c.Negotiation
	own, peer := n.Peers[side], n.Peers[side.Other()]
	name := dialogue.ChosenName(own, n.Dialect)
	i := slices.IndexFunc(r.Kernels, func(k *Kernel) bool { return k.Name == name })
	if i < 0 {
		k := &Kernel{Name: name, Lite: isLite(own), Dialect: wire.IKC, states: map[string]*state{}, published: map[string]map[string]bool{}}
		if names := dialogue.ChosenNames(own, n.Dialect); len(names) > 0 {
			k.Aliases = names[1:]
		}
		r.Kernels, i = append(r.Kernels, k), len(r.Kernels)
	}
	k := r.Kernels[i]
	if n.Dialect == wire.IKC0 || side == wire.Server && !n.Fallback { // such a server takes both
		k.Dialect = wire.IKC0
	}
	z := dialogue.SerializerOf(n.Serializer)
	if !k.agreed(z) {
		k.Serializers = append(k.Serializers, z)
	}
	own.Aliases, peer.Aliases = slices.Clone(own.Aliases), slices.Clone(peer.Aliases)
	con := &connection{own: own, peer: peer, name: dialogue.ChosenName(peer, n.Dialect), lite: isLite(peer), by: z}
	k.connections = append(k.connections, con)
	return &reading{side: side, opened: c.Opened.Time, k: k, c: con, takes: map[int]*take{}, calls: map[int]*called{}}
}

// agreed tells whether a serializer was agreed on.
func (k *Kernel) agreed(z wire.Serializer) bool {
	return slices.ContainsFunc(k.Serializers, func(have wire.Serializer) bool { return have.Name() == z.Name() })
}

// isLite tells whether a kernel is a ClientLite: it has one name, which is its id.
func isLite(p wire.Peer) bool { return len(p.Aliases) == 0 }

// frame reads a message.
func (g *reading) frame(f *dialogue.Frame) {
	if f.From == g.side {
		g.spoken(f)
	} else {
		g.heard(f)
	}
}

// heard reads what came to the recorded side.
func (g *reading) heard(f *dialogue.Frame) {
	m := f.Message
	switch m.Kind {
	case dialogue.Answer, dialogue.ErrorReport:
		if m.Exchange == nil {
			return
		}
		if call := g.calls[m.Exchange.Request.Frame.Number]; call != nil && !call.answered {
			call.answered, call.refused = true, m.Params().Kind() != perl.Ref
			g.events = append(g.events, event{at: f.At.Time, heard: call})
		}
		return
	}
	if m.To.Session == wire.SessionIKC {
		return // which every kernel has
	}
	t := &take{c: g.c, to: m.To, image: bytes.Clone(f.Image), call: m.Kind == dialogue.Call, wantArray: m.WantArray}
	g.takes[f.Number] = t
	g.k.add(t)
	g.events = append(g.events, event{at: f.At.Time, take: t})
}

// add enters a request.
func (k *Kernel) add(t *take) {
	k.Requests++
	name := stateOf(t.to)
	if k.states[name] == nil {
		k.states[name] = &state{name: name}
	}
	s := k.states[name]
	s.takes = append(s.takes, t)
}

// state is the one that a request was to.
func (k *Kernel) state(t *take) *state { return k.states[stateOf(t.to)] }

// stateOf is a session and state as they are named in reports.
func stateOf(to specifier.Specifier) string { return to.Session + "/" + to.State }

// spoken reads what the recorded side said.
func (g *reading) spoken(f *dialogue.Frame) {
	m := f.Message
	s := &said{c: g.c, image: bytes.Clone(f.Image), isError: m.Kind == dialogue.ErrorReport}
	switch request := requestOf(m); {
	case request != nil && request.To.Session == wire.SessionIKC:
		g.subscribed(m, request)
		return
	case request != nil:
		if s.reply = g.takes[request.Frame.Number]; s.reply == nil || s.reply.answered {
			return
		}
		s.reply.answered = true
		if m.Kind == dialogue.Post {
			g.k.state(s.reply).byPost = true
		}
		if took := f.At.Time.Sub(request.Frame.At.Time); g.fast == 0 || took < g.fast {
			g.fast = took
		}
	case m.Kind == dialogue.Answer || m.Kind == dialogue.ErrorReport:
		return // nobody knows to what
	case m.Kind == dialogue.Call:
		s.call, s.subscribes = &called{}, subscribes(m.Event, m.Params())
		g.calls[f.Number] = s.call
	}
	g.events = append(g.events, event{at: f.At.Time, said: s})
}

// requestOf is the request that a message answers, reports on or responds to, nil if that is none,
// or not known.
func requestOf(m *dialogue.Message) *dialogue.Message {
	switch {
	case m.Kind == dialogue.Answer || m.Kind == dialogue.ErrorReport:
		if m.Exchange != nil {
			return m.Exchange.Request
		}
	case m.Relation != nil && m.Relation.Kind == dialogue.Response && !m.Relation.Elsewhere && m.Relation.Count <= 1:
		return m.Relation.Request
	}
	return nil
}

// subscribed reads an answer of the session IKC: what was subscribed to had been published.
func (g *reading) subscribed(m, request *dialogue.Message) {
	if request.To.State != wire.StateHave || m.Kind != dialogue.Answer || m.Params().Kind() != perl.Ref {
		return
	}
	if spec, ok := wanted(request.Params()); ok {
		g.k.publish(spec.Session, spec.State)
	}
}

// publish notes that a state was published, or some state of a session if it has no name.
func (k *Kernel) publish(session, state string) {
	if session == "" {
		return
	}
	if k.published[session] == nil {
		k.published[session] = map[string]bool{}
	}
	if state != "" {
		k.published[session][state] = true
	}
}

// cause is something that the recorded side may have said something because of.
type cause struct {
	at   time.Time
	list *[]*said
	of   *take  // the request that it began with, nil if it is the opening
	from *cause // what the call was made because of to which this is the answer
}

// end ties what was said to what it followed. Of two messages that came before it, it follows the
// later one, unless it came sooner after that than half of the shortest reply did: then that had
// not been read yet. A reply follows its request, or an answer to a call that was made because of
// that.
func (g *reading) end() {
	causes := []*cause{{at: g.opened, list: &g.c.opening}}
	callers := map[*called]*cause{}
	replies := map[*take]*cause{}
	for _, e := range g.events {
		switch {
		case e.take != nil:
			c := &cause{at: e.at, list: &e.take.said, of: e.take}
			causes, replies[e.take] = append(causes, c), c
		case e.heard != nil:
			from := callers[e.heard]
			causes = append(causes, &cause{at: e.at, list: &e.heard.then, of: from.of, from: from})
		default:
			c := causeOf(causes, e.at, g.fast/2)
			if t := e.said.reply; t != nil && c.of != t {
				c = replies[t]
			}
			if e.said.call != nil {
				callers[e.said.call] = c
			}
			e.said.after = max(0, e.at.Sub(c.at))
			*c.list = append(*c.list, e.said)
		}
	}
	for _, t := range g.takes {
		g.k.settle(t)
	}
	g.events, g.takes, g.calls = nil, nil, nil
}

// causeOf is the last cause before a moment that was long enough ago.
func causeOf(causes []*cause, at time.Time, least time.Duration) *cause {
	i, _ := slices.BinarySearchFunc(causes, at.Add(-least), func(c *cause, t time.Time) int {
		return cmp.Or(c.at.Compare(t), -1) // behind those of the moment itself
	})
	return causes[max(i-1, 0)]
}

// settle finds out whether a state was published when it was asked for.
func (k *Kernel) settle(t *take) {
	for _, s := range t.said {
		if s.reply == t && s.isError {
			if dialogue.Refuses(s.report()) {
				k.state(t).refused++
				return
			}
		}
	}
	k.publish(t.to.Session, t.to.State)
}
