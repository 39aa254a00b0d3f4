package judge

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Trial is the checks looking at one side of one connection.
type Trial struct {
	Conn *dialogue.Connection
	Side wire.Role

	check int    // which of them, by its index among the verdicts of the side
	found *found // by them so far
	memo  *memo
	basis basis     // what a violation of it rests on
	harm  Harm      // what the connection may have done to others; only in the aftermath
	after **harmful // the connection that may have harmed this one; only in the aftermath

	at       dialogue.Item      // what is being looked at, nil if it is the connection
	exchange *dialogue.Exchange // the request, if it is one
	step     int                // how many looks of the part there were so far
	resume   int                // of them, how many were taken before a check panicked
}

// Pass notes a piece of evidence that agrees, which at shows.
func (t *Trial) Pass(at dialogue.Item) {
	t.found.count(t.check)
	if t.wantsExample() {
		t.example(at, "")
	}
}

// Hold notes a piece of evidence: it agrees if ok, else it is a violation by at. Where it takes
// time to tell what was expected and what came, use HoldElse.
func (t *Trial) Hold(ok bool, at dialogue.Item, expected, actual string) {
	if !ok {
		t.Fail(at, expected, actual)
		return
	}
	t.found.count(t.check)
	if t.wantsExample() {
		t.example(at, expected)
	}
}

// HoldFunc is Hold with a function that tells what was expected and what came; the latter need not
// make sense if ok.
func (t *Trial) HoldFunc(ok bool, at dialogue.Item, tell func() (expected, actual string)) {
	if !ok {
		if t.violated() {
			expected, actual := tell()
			t.describe(at, expected, actual)
		}
		return
	}
	t.found.count(t.check)
	if t.wantsExample() {
		expected, _ := tell()
		t.example(at, expected)
	}
}

// wantsExample tells whether the piece of evidence at hand is the first that agrees.
func (t *Trial) wantsExample() bool { return t.found.full[t.check].wants(t.Conn.Conn.Index) }

// example keeps it.
func (t *Trial) example(at dialogue.Item, expected string) {
	f := t.finding(at, expected, "")
	if t.found.examples == nil {
		t.found.examples = make([]*Finding, len(t.found.evidence))
	}
	t.found.examples[t.check] = &f
}

// Fail notes a violation. at is what is wrong, or the last thing before something failed to come;
// it may be nil.
func (t *Trial) Fail(at dialogue.Item, expected, actual string) {
	if t.violated() {
		t.describe(at, expected, actual)
	}
}

// violated notes a violation, and tells whether it is to be described: of many only some are.
func (t *Trial) violated() bool {
	t.found.count(t.check)
	return t.found.room(t.check)
}

// describe describes it.
func (t *Trial) describe(at dialogue.Item, expected, actual string) {
	t.found.add(t.check, told{t.finding(at, expected, actual), t.support(at)})
}

// finding says where at is, and what is around it.
func (t *Trial) finding(at dialogue.Item, expected, actual string) Finding {
	f := t.place(at)
	f.Expected, f.Actual = visible.Text(expected), visible.Text(actual)
	if at != nil {
		f.Exchange = t.around(at)
	}
	return f
}

// place says where something is: the connection, if it is nil.
func (t *Trial) place(at dialogue.Item) Finding {
	f := Finding{Connection: t.Conn.Conn.Index, Side: t.Side.String(), Packet: t.Conn.Opened.Packet}
	switch at := at.(type) {
	case *dialogue.Line:
		f.Side, f.Offset = at.From.String(), at.Offset
	case *dialogue.Frame:
		f.Side, f.Offset, f.Frame = at.From.String(), at.Offset, at.Number
	case *dialogue.ControlLine:
		f.Offset = at.Offset
	default:
		return f
	}
	f.Packet = at.Stamp().Packet
	return f
}
