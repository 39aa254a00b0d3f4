package conformance

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Predicate is how a check looks at a connection: what it wants to be shown of it. Long connections are
// shown piece by piece, so a predicate that must remember something from one piece to the next is made by
// inOrder.
type Predicate []rule

// rule is one way of looking.
type rule struct {
	at ruleAt
	// Exactly one of these is set, as at says.
	connection func(*Trial)
	frame      func(*Trial, *dialogue.Frame)
	message    func(*Trial, *dialogue.Message)
	exchange   func(*Trial, *dialogue.Exchange)
	// begin makes an exchange function for each connection, with a memory of its own.
	begin   func() func(*Trial, *dialogue.Exchange)
	account func(*Trial, *account)
	// session, if it is not empty, is the only one to which the request of an exchange may be.
	session string
	// plain leaves out exchanges that are not, see isPlain.
	plain bool
}

// ruleAt says what a rule is shown.
type ruleAt uint8

const (
	atEnd       ruleAt = iota // the connection, when it has ended
	atStart                   // the connection, when its first piece is there
	atFrame                   // each frame of the side judged
	atMessage                 // each message of the side judged
	atError                   // each error report of the side judged
	atOthers                  // each error report of the other side
	atRequest                 // each exchange that the other side began, once it came to something or to nothing
	atAnswer                  // of them, those with an answer
	atOwn                     // each exchange that the side judged began, likewise
	atOrder                   // each exchange that the other side began, in order, by begin
	atAftermath               // the connection, after those that ended before it
	atAccount                 // what the driver of the side judged told, at the end
	ruleKinds   = iota
)

// onConnection judges a connection when it has ended. Of a long one, Items and Exchanges are only the last.
func onConnection(judge func(*Trial)) Predicate { return Predicate{{at: atEnd, connection: judge}} }

// onStart judges the negotiation and the first frames.
func onStart(judge func(*Trial)) Predicate { return Predicate{{at: atStart, connection: judge}} }

// onFrames judges every frame of a side.
func onFrames(judge func(t *Trial, f *dialogue.Frame)) Predicate {
	return Predicate{{at: atFrame, frame: judge}}
}

// onValues judges every frame of a side whose image could be thawed.
func onValues(judge func(t *Trial, f *dialogue.Frame)) Predicate {
	return onFrames(func(t *Trial, f *dialogue.Frame) {
		if f.Thawed() {
			judge(t, f)
		}
	})
}

// onMessages judges every message of a side.
func onMessages(judge func(t *Trial, m *dialogue.Message)) Predicate {
	return Predicate{{at: atMessage, message: judge}}
}

// onErrors judges each error report of the side judged. x is nil if it quotes no request that the
// capture shows.
func onErrors(judge func(t *Trial, m *dialogue.Message, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atError, message: func(t *Trial, m *dialogue.Message) { judge(t, m, m.Exchange) }}}
}

// onErrorsGot judges each error report that the side judged was sent.
func onErrorsGot(judge func(t *Trial, m *dialogue.Message)) Predicate {
	return Predicate{{at: atOthers, message: judge}}
}

// onRequests judges the exchanges that the side judged has to answer. Requests that a client sent
// before it knew the dialect, and those with a short specifier, are left to the checks about that.
func onRequests(judge func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atRequest, exchange: judge, plain: true}}
}

// isPlain tells whether a request was sent when the dialect was known, and has a whole specifier.
func isPlain(x *dialogue.Exchange) bool { return !x.Request.Frame.Early && !short(x) }

// onAnyRequests judges them with those.
func onAnyRequests(judge func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atRequest, exchange: judge}}
}

// onOwnRequests judges the exchanges that the side judged began.
func onOwnRequests(judge func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atOwn, exchange: judge}}
}

// onAnswers judges each answer of the side judged.
func onAnswers(judge func(t *Trial, x *dialogue.Exchange, a *dialogue.Message)) Predicate {
	p := onRequests(func(t *Trial, x *dialogue.Exchange) {
		for _, a := range x.Answers {
			judge(t, x, a)
		}
	})
	p[0].at = atAnswer
	return p
}

// inOrder judges the exchanges that the side judged has to answer in the order of the requests, by a function
// that begin makes for each connection, with a memory of its own. An answer that comes very late is not seen.
func inOrder(begin func() func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atOrder, begin: begin}}
}

// ofSession shows a predicate only the requests to a session.
func (p Predicate) ofSession(session string) Predicate {
	for i := range p {
		p[i].session = session
	}
	return p
}

// both judges in two ways.
func both(a, b Predicate) Predicate { return append(a[:len(a):len(a)], b...) }

// plan holds the rules of all checks for one side by what they are shown.
type plan struct {
	rules [ruleKinds][]planned
	// bySession holds the rules atRequest and atAnswer that are about one session.
	bySession map[string]*[ruleKinds][]planned
	memories  int // how many rules are atOrder
}

// planned is a rule and the index of its check among the verdicts of the side.
type planned struct {
	rule
	check int
}

func newPlan(checks []*Verdict) *plan {
	p := &plan{bySession: map[string]*[ruleKinds][]planned{}}
	for i, v := range checks {
		for _, r := range v.Check.Judge {
			if v.Check.Aftermath {
				r.at = atAftermath
			}
			if r.at == atOrder {
				p.memories++
			}
			if r.session == "" {
				p.rules[r.at] = append(p.rules[r.at], planned{r, i})
				continue
			}
			of := p.bySession[r.session]
			if of == nil {
				of = new([ruleKinds][]planned)
				p.bySession[r.session] = of
			}
			of[r.at] = append(of[r.at], planned{r, i})
		}
	}
	return p
}

// begin makes the memories of the rules in order for one connection.
func (p *plan) begin() []func(*Trial, *dialogue.Exchange) {
	out := make([]func(*Trial, *dialogue.Exchange), 0, p.memories)
	for _, r := range p.rules[atOrder] {
		out = append(out, r.begin())
	}
	return out
}

// part shows a part of a connection to the rules.
func (p *plan) part(t *Trial, part *dialogue.Part, memories []func(*Trial, *dialogue.Exchange)) {
	if part.First {
		p.connection(t, atStart)
	}
	for _, item := range part.Items {
		f, ok := item.(*dialogue.Frame)
		if !ok {
			continue
		}
		if f.From == t.Side {
			p.frame(t, f)
		} else if m := f.Message; m != nil && m.Kind == dialogue.ErrorReport {
			p.message(t, m, atOthers)
		}
	}
	for _, x := range part.Begun {
		if x.Request.Frame.From != t.Side {
			for i := range p.rules[atOrder] {
				t.check = p.rules[atOrder][i].check
				memories[i](t, x)
			}
		}
	}
	for _, x := range part.Exchanges {
		if x.Request.Frame.From == t.Side {
			p.exchange(t, x, p.rules[atOwn])
			continue
		}
		of, plain := p.bySession[x.Request.To.Session], isPlain(x)
		p.request(t, x, p.rules[atRequest], plain)
		if of != nil {
			p.request(t, x, of[atRequest], plain)
		}
		if len(x.Answers) > 0 {
			p.request(t, x, p.rules[atAnswer], plain)
			if of != nil {
				p.request(t, x, of[atAnswer], plain)
			}
		}
	}
	if part.Last {
		p.connection(t, atEnd)
	}
}

func (p *plan) connection(t *Trial, at ruleAt) {
	for i := range p.rules[at] {
		r := &p.rules[at][i]
		t.check = r.check
		r.connection(t)
	}
}

func (p *plan) frame(t *Trial, f *dialogue.Frame) {
	for i := range p.rules[atFrame] {
		r := &p.rules[atFrame][i]
		t.check = r.check
		r.frame(t, f)
	}
	if f.Message == nil {
		return
	}
	p.message(t, f.Message, atMessage)
	if f.Message.Kind == dialogue.ErrorReport {
		p.message(t, f.Message, atError)
	}
}

func (p *plan) message(t *Trial, m *dialogue.Message, at ruleAt) {
	for i := range p.rules[at] {
		r := &p.rules[at][i]
		t.check = r.check
		r.message(t, m)
	}
}

// request shows an exchange that the other side began.
func (p *plan) request(t *Trial, x *dialogue.Exchange, rules []planned, plain bool) {
	for i := range rules {
		if r := &rules[i]; plain || !r.plain {
			t.check = r.check
			r.exchange(t, x)
		}
	}
}

func (p *plan) exchange(t *Trial, x *dialogue.Exchange, rules []planned) {
	for i := range rules {
		t.check = rules[i].check
		rules[i].exchange(t, x)
	}
}

// facts are what several rules want to know of a connection, found out once.
type facts struct {
	server, client *turnsOf
	setups         []parsedSetup
	names          [2][]string
	namesKnown     bool
	kindsOf        *dialogue.Frame
	kinds          message.Kinds
	echo           *echoed
}

// echoed is a value that was sent and what came back, with what all checks of values want to know of the two.
type echoed struct {
	sent, got *perl.Value
	parts     []*perl.Value // sent and all that it leads to
	same      bool
}

type turnsOf struct {
	turns []turn
	extra []*dialogue.Line
}

type parsedSetup struct {
	line  *dialogue.Line
	setup wire.Setup
	err   error
}

// serverTurns is serverTurns of the connection's negotiation.
func (t *Trial) serverTurns() ([]turn, []*dialogue.Line) {
	if t.facts.server == nil {
		turns, extra := serverTurns(t.Conn.Negotiation)
		t.facts.server = &turnsOf{turns, extra}
	}
	return t.facts.server.turns, t.facts.server.extra
}

// clientTurns is clientTurns of the connection's negotiation.
func (t *Trial) clientTurns() ([]turn, []*dialogue.Line) {
	if t.facts.client == nil {
		turns, extra := clientTurns(t.Conn.Negotiation)
		t.facts.client = &turnsOf{turns, extra}
	}
	return t.facts.client.turns, t.facts.client.extra
}

// setup is wire.ParseSetup of a line.
func (t *Trial) setup(l *dialogue.Line) (wire.Setup, error) {
	for _, p := range t.facts.setups {
		if p.line == l {
			return p.setup, p.err
		}
	}
	setup, err := wire.ParseSetup(l.Text)
	t.facts.setups = append(t.facts.setups, parsedSetup{l, setup, err})
	return setup, err
}

// names are Negotiation.Names of a side.
func (t *Trial) names(side wire.Role) []string {
	if f := t.facts; !f.namesKnown {
		n := t.Conn.Negotiation
		f.names, f.namesKnown = [2][]string{wire.Client: n.Names(wire.Client), wire.Server: n.Names(wire.Server)}, true
	}
	return t.facts.names[side]
}

// kinds are the kinds of value in a frame.
func (t *Trial) kinds(f *dialogue.Frame) message.Kinds {
	if kinds, ok := f.Kinds(); ok {
		return kinds
	}
	if t.facts.kindsOf != f {
		t.facts.kindsOf, t.facts.kinds = f, kindsOf(f.Value())
	}
	return t.facts.kinds
}

// echo compares a value that was sent with what came back.
func (t *Trial) echo(sent, got *perl.Value) *echoed {
	e := t.facts.echo
	if e == nil {
		e = new(echoed)
		t.facts.echo = e
	} else if e.sent == sent && e.got == got {
		return e
	}
	*e = echoed{sent: sent, got: got, parts: partsOf(e.parts[:0], sent), same: perl.Equal(sent, got)}
	return e
}
