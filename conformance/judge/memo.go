package judge

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// around is dialogue.Around an item: many checks have the same one as the first that agrees.
func (t *Trial) around(at dialogue.Item) []dialogue.Step {
	steps, known := t.memo.around[at]
	if !known {
		if steps = dialogue.Around(t.Conn, at); t.memo.around == nil {
			t.memo.around = map[dialogue.Item][]dialogue.Step{}
		}
		t.memo.around[at] = steps
	}
	return slices.Clone(steps)
}

// GoodSetup reads a client's SETUP that a server has no reason to refuse: well formed, and offering
// Storable, which every Perl has.
func (t *Trial) GoodSetup(l *dialogue.Line) (wire.Setup, bool) {
	s, err := t.Setup(l)
	return s, err == nil && slices.Contains(s.Serializers, wire.DefaultSerializer)
}

// memo are what several rules want to know of a connection, found out once.
type memo struct {
	server, client *turnsOf
	names          [2][]string
	namesKnown     bool
	kindsOf        *dialogue.Frame
	kinds          message.Kinds
	echo           *echoed
	valueKindsOf   *perl.Value
	valueKinds     contract.Kinds
	parts          []*perl.Value // of valueKindsOf
	around         map[dialogue.Item][]dialogue.Step
}

// echoed is a value that was sent and what came back, with what all checks of values want to know
// of the two.
type echoed struct {
	Sent, Got *perl.Value
	Same      bool
}

type turnsOf struct {
	turns []dialogue.Turn
	extra []*dialogue.Line
}

// ServerTurns is serverTurns of the connection's negotiation.
func (t *Trial) ServerTurns() ([]dialogue.Turn, []*dialogue.Line) {
	if t.memo.server == nil {
		turns, extra := dialogue.ServerTurns(t.Conn.Negotiation.Sound())
		t.memo.server = &turnsOf{turns, extra}
	}
	return t.memo.server.turns, t.memo.server.extra
}

// ClientTurns is clientTurns of the connection's negotiation.
func (t *Trial) ClientTurns() ([]dialogue.Turn, []*dialogue.Line) {
	if t.memo.client == nil {
		turns, extra := dialogue.ClientTurns(t.Conn.Negotiation.Sound())
		t.memo.client = &turnsOf{turns, extra}
	}
	return t.memo.client.turns, t.memo.client.extra
}

// Setup is wire.ParseSetup of a line.
func (t *Trial) Setup(l *dialogue.Line) (wire.Setup, error) {
	return l.Setup()
}

// Names are Negotiation.Names of a side: none if lines are missing that may have told some.
func (t *Trial) Names(side wire.Role) []string {
	t.basis |= onNamesOf(side)
	if f := t.memo; !f.namesKnown {
		n := t.Conn.Negotiation
		f.names, f.namesKnown = [2][]string{wire.Client: n.Names(wire.Client), wire.Server: n.Names(wire.Server)}, true
	}
	return t.memo.names[side]
}

// ID is the id that a side announced, "" if that is not known.
func (t *Trial) ID(side wire.Role) string {
	t.basis |= onNamesOf(side)
	return t.Conn.Negotiation.Peers[side].ID
}

// Kinds are the kinds of value in a frame.
func (t *Trial) Kinds(f *dialogue.Frame) message.Kinds {
	if kinds, ok := f.Kinds(); ok {
		return kinds
	}
	if t.memo.kindsOf != f {
		t.memo.kindsOf, t.memo.kinds = f, walk.Kinds(f.Value())
	}
	return t.memo.kinds
}

// Echo compares the argument of a call with what came back. Strings as which a Perl from 5.8.9 to
// 5.14 freezes integers are those integers.
func (t *Trial) Echo(x *dialogue.Exchange, answer *dialogue.Message) *echoed {
	sent, got := x.Arg(0), answer.Params()
	e := t.memo.echo
	if e == nil {
		e = new(echoed)
		t.memo.echo = e
	} else if e.Sent == sent && e.Got == got {
		return e
	}
	*e = echoed{Sent: sent, Got: got, Same: perl.Equal(sent, got)}
	if !e.Same && dialogue.NumbersMayBeStrings(answer.Frame.Image) {
		e.Same = perl.EqualFunc(sent, got, dialogue.SameNumber)
	}
	return e
}

// ValueKinds are the kinds of value, as contract has them, that a value shows.
func (t *Trial) ValueKinds(v *perl.Value) contract.Kinds {
	if m := t.memo; m.valueKindsOf != v || v == nil {
		m.parts = walk.Parts(m.parts[:0], v)
		m.valueKindsOf, m.valueKinds = v, contract.KindsOf(v, m.parts)
	}
	return t.memo.valueKinds
}
