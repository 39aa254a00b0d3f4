package judge

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// plan holds the rules of all checks for one side by what they are shown.
type plan struct {
	rules [ruleKinds][]planned
	// Those of them that are shown what there is most of have no more than that takes: they are looked
	// through for each message.
	frames   []shown[*dialogue.Frame]
	messages [ruleKinds][]shown[*dialogue.Message]
	own      []shown[*dialogue.Exchange]
	requests requestRules
	// bySession holds the rules that are about the requests to one session.
	bySession map[string]*requestRules
}

// requestRules are the rules atRequest, atAnswer and atOrder.
type requestRules struct {
	any, answered []shown[*dialogue.Exchange]
	orders        []ordered
}

// ordered is what a rule atOrder begins with, and the index of its check.
type ordered struct {
	begin func() func(*Trial, *dialogue.Exchange)
	check int
}

// planned is a rule and the index of its check among the verdicts of the side.
type planned struct {
	rule
	check int
}

// shown is what is called by a rule that is shown a T, and the index of its check.
type shown[T any] struct {
	look  func(*Trial, T)
	check int
	plain bool // see rule
}

func newPlan(checks []*Verdict) *plan {
	p := &plan{bySession: map[string]*requestRules{}}
	for i, v := range checks {
		for _, r := range v.Check.Judge {
			if v.Check.Aftermath {
				r.at = atAftermath
			}
			p.add(planned{r, i})
		}
	}
	return p
}

func (p *plan) add(r planned) {
	of := &p.requests
	if r.session != "" {
		if of = p.bySession[r.session]; of == nil {
			of = new(requestRules)
			p.bySession[r.session] = of
		}
	}
	switch r.at {
	case atFrame:
		p.frames = append(p.frames, shown[*dialogue.Frame]{r.frame, r.check, r.plain})
	case atMessage, atError, atOthers:
		p.messages[r.at] = append(p.messages[r.at], shown[*dialogue.Message]{r.message, r.check, r.plain})
	case atOwn:
		p.own = append(p.own, shown[*dialogue.Exchange]{r.exchange, r.check, r.plain})
	case atRequest:
		of.any = append(of.any, shown[*dialogue.Exchange]{r.exchange, r.check, r.plain})
	case atAnswer:
		of.answered = append(of.answered, shown[*dialogue.Exchange]{r.exchange, r.check, r.plain})
	case atOrder:
		of.orders = append(of.orders, ordered{r.begin, r.check})
	default:
		p.rules[r.at] = append(p.rules[r.at], r)
	}
}

// of gives the rules that are about the requests to a session alone, nil if there are none.
func (p *plan) of(session string, last *ofSession) *requestRules {
	if !last.known || last.session != session {
		*last = ofSession{session, p.bySession[session], true}
	}
	return last.rules
}

// ofSession are the rules that were asked for last.
type ofSession struct {
	session string
	rules   *requestRules
	known   bool
}

// memories are what the rules of one connection remember that are shown things in order. They are
// made when there is a first thing: most connections have nothing to do with most sessions.
type memories struct {
	orders    []func(*Trial, *dialogue.Exchange)
	bySession map[string][]func(*Trial, *dialogue.Exchange)
	turns     []func(*Trial, *dialogue.Message) // nil for a rule that does not apply
	began     bool                              // turns have been made, if any rule applies
}

// ordersOf makes the memories of rules that are shown exchanges in order.
func ordersOf(rules []ordered) []func(*Trial, *dialogue.Exchange) {
	orders := make([]func(*Trial, *dialogue.Exchange), len(rules))
	for i, r := range rules {
		orders[i] = r.begin()
	}
	return orders
}

// order shows an exchange to the rules that see them in order.
func (p *plan) order(t *Trial, x *dialogue.Exchange, of *requestRules, m *memories) {
	each := func(rules []ordered, orders []func(*Trial, *dialogue.Exchange)) {
		for i := range rules {
			if t.next(rules[i].check) {
				t.basis |= onExchange | inOrder
				orders[i](t, x)
			}
		}
	}
	if m.orders == nil {
		m.orders = ordersOf(p.requests.orders)
	}
	each(p.requests.orders, m.orders)
	if of == nil || len(of.orders) == 0 {
		return
	}
	session := x.Request.To.Session
	if m.bySession[session] == nil {
		if m.bySession == nil {
			m.bySession = map[string][]func(*Trial, *dialogue.Exchange){}
		}
		m.bySession[strings.Clone(session)] = ordersOf(of.orders)
	}
	each(of.orders, m.bySession[session])
}

// beginTurns makes the memories of the rules that are shown messages and apply to a connection.
func (p *plan) beginTurns(t *Trial, m *memories) {
	m.began = true
	for i, r := range p.rules[atTurn] {
		if r.applies(t) {
			if m.turns == nil {
				m.turns = make([]func(*Trial, *dialogue.Message), len(p.rules[atTurn]))
			}
			m.turns[i] = r.beginTurns()
		}
	}
}

// part shows a part of a connection to the rules. Where a check panics, the others go on behind it.
func (p *plan) part(t *Trial, part *dialogue.Part, m *memories) {
	for !p.pass(t, part, m) {
	}
}

// pass shows what was not shown yet. It returns false if a check panicked.
func (p *plan) pass(t *Trial, part *dialogue.Part, m *memories) (done bool) {
	defer t.contain()
	t.step, t.at = 0, nil
	var last ofSession
	if part.First {
		p.connection(t, atStart)
	}
	for _, item := range part.Items {
		f, ok := item.(*dialogue.Frame)
		if !ok {
			continue
		}
		t.at = f
		if f.Message != nil {
			p.turn(t, f.Message, m)
		}
		if f.From == t.Side {
			p.frame(t, f)
		} else if f.Message != nil && f.Message.Kind == dialogue.ErrorReport {
			show(t, f.Message, p.messages[atOthers])
		}
	}
	for _, x := range part.Begun {
		if x.Request.Frame.From != t.Side {
			t.at, t.exchange = x.Request.Frame, x
			p.order(t, x, p.of(x.Request.To.Session, &last), m)
		}
	}
	for _, x := range part.Exchanges {
		t.at, t.exchange = x.Request.Frame, x
		if x.Request.Frame.From == t.Side {
			show(t, x, p.own)
			continue
		}
		of, plain := p.of(x.Request.To.Session, &last), isPlain(x)
		request(t, x, p.requests.any, plain)
		if of != nil {
			request(t, x, of.any, plain)
		}
		if len(x.Answers) > 0 {
			request(t, x, p.requests.answered, plain)
			if of != nil {
				request(t, x, of.answered, plain)
			}
		}
	}
	if part.Last {
		t.at, t.exchange = nil, nil
		p.connection(t, atEnd)
	}
	return true
}

func (p *plan) connection(t *Trial, at ruleAt) {
	for i := range p.rules[at] {
		if r := &p.rules[at][i]; t.next(r.check) {
			r.connection(t)
		}
	}
}

func (p *plan) frame(t *Trial, f *dialogue.Frame) {
	show(t, f, p.frames)
	if f.Message == nil {
		return
	}
	show(t, f.Message, p.messages[atMessage])
	if f.Message.Kind == dialogue.ErrorReport {
		show(t, f.Message, p.messages[atError])
	}
}

// turn shows a message of either side.
func (p *plan) turn(t *Trial, m *dialogue.Message, memories *memories) {
	if !memories.began {
		p.beginTurns(t, memories)
	}
	for i, look := range memories.turns {
		if look != nil && t.next(p.rules[atTurn][i].check) {
			look(t, m)
		}
	}
}

// show shows something to the rules for it.
func show[T any](t *Trial, what T, rules []shown[T]) {
	for i := range rules {
		if r := &rules[i]; t.next(r.check) {
			r.look(t, what)
		}
	}
}

// request shows an exchange that the other side began.
func request(t *Trial, x *dialogue.Exchange, rules []shown[*dialogue.Exchange], plain bool) {
	for i := range rules {
		if r := &rules[i]; (plain || !r.plain) && t.next(r.check) {
			t.basis |= onExchange
			r.look(t, x)
		}
	}
}
