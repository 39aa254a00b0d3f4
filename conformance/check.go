// Package conformance holds the catalogue of what a kernel of IKC must do, and judges captured
// traffic by it.
//
// A [Check] is one requirement with a predicate over a [dialogue.Connection]; [Catalogue] is all of
// them. A [Judge] applies checks to the connections of a capture, for one side or both, and gives a
// [Verdict] for each. It sees nothing but the capture, so traffic that the harness has just provoked
// and traffic recorded in somebody's network are judged by the same code.
package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Level says how much a requirement weighs.
type Level uint8

// The levels.
const (
	Must   Level = iota // what interoperation depends on
	Should              // what POE::Component::IKC 0.2402 does, and others may rely on
	May                 // what is allowed and worth knowing
)

var levelNames = [...]string{"MUST", "SHOULD", "MAY"}

// String is MUST, SHOULD or MAY.
func (l Level) String() string { return levelNames[l] }

// MarshalText implements encoding.TextMarshaler: the form of String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what String writes, in upper or lower case.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if strings.EqualFold(name, string(text)) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("expected must, should or may, got %q", text)
}

// Party says whom a check binds.
type Party uint8

// The parties.
const (
	TheServer    Party = iota // the side that accepted the connection
	TheClient                 // the side that opened it
	TheSender                 // whoever sends frames
	TheResponder              // whoever gets a request
	TheRequester              // whoever sends one
	TheKernel                 // whatever it is on the wire: what it does for those who use it
)

// String names the party as requirements do.
func (p Party) String() string {
	return [...]string{"server", "client", "sender", "responder", "requester", "kernel"}[p]
}

// binds tells whether a check for the party can be about a side.
func (p Party) binds(side wire.Role) bool {
	switch p {
	case TheServer:
		return side == wire.Server
	case TheClient:
		return side == wire.Client
	}
	return true
}

// Check is one requirement.
type Check struct {
	// ID is stable and never used again for something else: AREA-nnn.
	ID    string
	Level Level
	Party Party
	// Requirement is one sentence.
	Requirement string
	// Source is where the requirement comes from: module and sub, and the release if not all agree.
	Source string
	// Rationale says why, where that is not obvious.
	Rationale string
	// Needs says what a capture must hold for the check to be decided.
	Needs string
	// Local says that each piece of evidence stands for itself: a violation is one even where octets
	// around it are missing from the capture.
	Local bool
	// Aftermath: it is about what a connection did to those after it. Then Judge is shown connections when they
	// have ended, in that order.
	Aftermath bool
	// Judge is shown connections on behalf of one side.
	Judge Predicate
}

// Outcome is what a check came to.
type Outcome uint8

// The outcomes, from worst to best.
const (
	Fail         Outcome = iota // the requirement is violated
	Known                       // the requirement is violated, as is known of this target
	Inconclusive                // the evidence is missing
	Skipped                     // not tried, for the reason given
	Pass                        // there was evidence, and all of it agrees
)

var outcomeNames = [...]string{"fail", "known deviation", "inconclusive", "skip", "pass"}

// String names the outcome.
func (o Outcome) String() string { return outcomeNames[o] }

// MarshalText implements encoding.TextMarshaler: the form of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what String writes.
func (o *Outcome) UnmarshalText(text []byte) error {
	i := slices.Index(outcomeNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("expected one of the outcomes %s; got %q", strings.Join(outcomeNames[:], ", "), text)
	}
	*o = Outcome(i)
	return nil
}

// Finding is one violation, and where it is.
type Finding struct {
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	// Connection counts from 0 as in the capture; Packet from 1.
	Connection int   `json:"connection"`
	Packet     int64 `json:"packet,omitempty"`
	// Side sent what is wrong, or failed to. Frame counts its frames from 1, 0 if it is none. Offset is
	// the octet in its stream.
	Side   string `json:"side"`
	Frame  int    `json:"frame,omitempty"`
	Offset int64  `json:"offset"`
	// Exchange shows what it is about.
	Exchange []dialogue.Step `json:"exchange,omitempty"`
}

// Where is the place of a finding for people.
func (f Finding) Where() string {
	s := fmt.Sprintf("connection %d, %s", f.Connection, f.Side)
	if f.Frame > 0 {
		s += fmt.Sprintf(", frame %d", f.Frame)
	}
	s += fmt.Sprintf(", octet %d", f.Offset)
	if f.Packet > 0 {
		s += fmt.Sprintf(", packet %d", f.Packet)
	}
	return s
}

// Verdict is what a check says of one side of a capture.
type Verdict struct {
	Check *Check
	// Side is the side judged.
	Side    wire.Role
	Outcome Outcome
	// Evidence counts the pieces that were looked at, Findings are the violations among them.
	Evidence int
	Findings []Finding
	// More counts violations beyond MaxFindings.
	More int
	// Example is the first piece of evidence that agrees, nil if there is none with a place. Its Actual is empty.
	Example *Finding
	// Reason says what is missing, or why it was skipped.
	Reason string

	// harm is the last connection that might have done harm to those after it.
	harm *harmful
}

// MaxFindings is how many violations a verdict keeps; the rest is only counted.
const MaxFindings = 100

// Trial is the checks looking at one side of one connection.
type Trial struct {
	Conn *dialogue.Connection
	Side wire.Role

	check int    // which of them, by its index among the verdicts of the side
	found *found // by them so far
	facts *facts
	harm  harm      // what the connection may have done to others; only in the aftermath
	after **harmful // the connection that may have harmed this one; only in the aftermath
}

// Pass notes a piece of evidence that agrees, which at shows.
func (t *Trial) Pass(at dialogue.Item) {
	t.found.evidence[t.check]++
	if t.wantsExample() {
		t.example(at, "")
	}
}

// Hold notes a piece of evidence: it agrees if ok, else it is a violation by at. Where it takes time to tell
// what was expected and what came, use HoldElse.
func (t *Trial) Hold(ok bool, at dialogue.Item, expected, actual string) {
	if !ok {
		t.Fail(at, expected, actual)
		return
	}
	t.found.evidence[t.check]++
	if t.wantsExample() {
		t.example(at, expected)
	}
}

// HoldElse is Hold with a function that tells what was expected and what came; the latter need not make sense if ok.
func (t *Trial) HoldElse(ok bool, at dialogue.Item, tell func() (expected, actual string)) {
	if !ok {
		expected, actual := tell()
		t.Fail(at, expected, actual)
		return
	}
	t.found.evidence[t.check]++
	if t.wantsExample() {
		expected, _ := tell()
		t.example(at, expected)
	}
}

// wantsExample tells whether the piece of evidence at hand is the first that agrees.
func (t *Trial) wantsExample() bool {
	if !t.found.wanted[t.check] {
		return false
	}
	t.found.wanted[t.check] = false
	return t.found.full[t.check].wants(t.Conn.Conn.Index)
}

// example keeps it.
func (t *Trial) example(at dialogue.Item, expected string) {
	f := t.finding(at, expected, "")
	if t.found.examples == nil {
		t.found.examples = make([]*Finding, len(t.found.evidence))
	}
	t.found.examples[t.check] = &f
}

// Fail notes a violation. at is what is wrong, or the last thing before something failed to come; it
// may be nil.
func (t *Trial) Fail(at dialogue.Item, expected, actual string) {
	t.found.evidence[t.check]++
	if !t.found.room(t.check) {
		return
	}
	t.found.add(t.check, t.finding(at, expected, actual))
}

// finding says where at is, and what is around it.
func (t *Trial) finding(at dialogue.Item, expected, actual string) Finding {
	c := t.Conn
	f := Finding{Expected: expected, Actual: actual, Connection: c.Conn.Index, Side: t.Side.String()}
	var stamp capture.Stamp
	switch at := at.(type) {
	case *dialogue.Line:
		stamp, f.Side, f.Offset = at.At, at.From.String(), at.Offset
		f.Exchange = dialogue.Around(c, at)
	case *dialogue.Frame:
		stamp, f.Side, f.Offset, f.Frame = at.At, at.From.String(), at.Offset, at.Number
		f.Exchange = dialogue.Around(c, at)
	case *dialogue.ControlLine:
		stamp, f.Offset = at.At, at.Offset
		f.Exchange = dialogue.Around(c, at)
	default:
		stamp = c.Opened
	}
	f.Packet = stamp.Packet
	return f
}
