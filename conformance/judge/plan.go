package judge

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// plan holds the rules of all checks for one side by what they are shown.
type plan struct {
	rules [ruleKinds][]planned
	// bySession holds the rules atRequest, atAnswer and atOrder that are about one session.
	bySession map[string]*[ruleKinds][]planned
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

// memories are what the rules of one connection remember that are shown things in order. They are
// made when there is a first thing: most connections have nothing to do with most sessions.
type memories struct {
	orders    []func(*Trial, *dialogue.Exchange)
	bySession map[string][]func(*Trial, *dialogue.Exchange)
	turns     []func(*Trial, *dialogue.Message) // nil for a rule that does not apply
	began     bool                              // turns have been made, if any rule applies
}

// ordersOf makes the memories of rules that are shown exchanges in order.
func ordersOf(rules []planned) []func(*Trial, *dialogue.Exchange) {
	orders := make([]func(*Trial, *dialogue.Exchange), len(rules))
	for i, r := range rules {
		orders[i] = r.begin()
	}
	return orders
}

// order shows an exchange to the rules that see them in order.
func (p *plan) order(t *Trial, x *dialogue.Exchange, m *memories) {
	show := func(rules []planned, orders []func(*Trial, *dialogue.Exchange)) {
		for i := range rules {
			if t.next(rules[i].check) {
				t.basis |= onExchange | inOrder
				orders[i](t, x)
			}
		}
	}
	if m.orders == nil {
		m.orders = ordersOf(p.rules[atOrder])
	}
	show(p.rules[atOrder], m.orders)
	session := x.Request.To.Session
	of := p.bySession[session]
	if of == nil || len(of[atOrder]) == 0 {
		return
	}
	if m.bySession[session] == nil {
		if m.bySession == nil {
			m.bySession = map[string][]func(*Trial, *dialogue.Exchange){}
		}
		m.bySession[strings.Clone(session)] = ordersOf(of[atOrder])
	}
	show(of[atOrder], m.bySession[session])
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
			p.message(t, f.Message, atOthers)
		}
	}
	for _, x := range part.Begun {
		if x.Request.Frame.From != t.Side {
			t.at, t.exchange = x.Request.Frame, x
			p.order(t, x, m)
		}
	}
	for _, x := range part.Exchanges {
		t.at, t.exchange = x.Request.Frame, x
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
	for i := range p.rules[atFrame] {
		if r := &p.rules[atFrame][i]; t.next(r.check) {
			r.frame(t, f)
		}
	}
	if f.Message == nil {
		return
	}
	p.message(t, f.Message, atMessage)
	if f.Message.Kind == dialogue.ErrorReport {
		p.message(t, f.Message, atError)
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

func (p *plan) message(t *Trial, m *dialogue.Message, at ruleAt) {
	for i := range p.rules[at] {
		if r := &p.rules[at][i]; t.next(r.check) {
			r.message(t, m)
		}
	}
}

// request shows an exchange that the other side began.
func (p *plan) request(t *Trial, x *dialogue.Exchange, rules []planned, plain bool) {
	for i := range rules {
		if r := &rules[i]; (plain || !r.plain) && t.next(r.check) {
			t.basis |= onExchange
			r.exchange(t, x)
		}
	}
}

func (p *plan) exchange(t *Trial, x *dialogue.Exchange, rules []planned) {
	for i := range rules {
		if t.next(rules[i].check) {
			rules[i].exchange(t, x)
		}
	}
}
