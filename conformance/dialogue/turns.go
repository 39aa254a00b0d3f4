package dialogue

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// At is the line to point at: the reply, or what it should have replied to.
func (u Turn) At() Item {
	if u.Reply != nil {
		return u.Reply
	}
	if u.Line != nil {
		return u.Line
	}
	return nil
}

// Ask is a place in a negotiation, named for what the line asks for.
type Ask uint8

const (
	AskSetup   Ask = iota // SETUP, before anything was agreed
	AskVersion            // HELLO IKC<digit>
	AskHello              // HELLO
	AskOK                 // OK to an IAM: the next name is due
	AskIAm                // IAM: OK is due
	AskDone               // DONE
	AskFreezer            // FREEZER
	AskWorld              // WORLD
	AskNOT                // NOT
	AskNoise              // anything else, before HELLO
	AskOdd                // anything else, later
	AskUp                 // UP
	AskOpen               // nothing: the client speaks first
	AskFollow             // nothing: the line before goes on
)

// Turn is a line of one side, and the line that the other side owes for it.
type Turn struct {
	Ask   Ask
	Line  *Line // nil: the line came unasked
	Reply *Line // nil: none came
}

// ServerTurns lays the server's lines beside the client's lines that they reply to. A server takes
// lines in order and owes at most one line for each, so they pair up even when the client did not
// wait. extra are lines that reply to nothing.
func ServerTurns(n *Negotiation) (turns []Turn, extra []*Line) {
	replies := LinesOf(n, wire.Server)
	at := index(n)
	phase := AskSetup
	for _, l := range LinesOf(n, wire.Client) {
		s, owed := classify(phase, l.Text)
		t := Turn{Ask: s, Line: l}
		for owed && len(replies) > 0 && at[replies[0]] < at[l] {
			extra, replies = append(extra, replies[0]), replies[1:]
		}
		if owed && len(replies) > 0 && !(s == AskSetup && n.Unheeded) {
			t.Reply, replies = replies[0], replies[1:]
		}
		turns = append(turns, t)
		phase = advance(phase, s, t.Reply)
		if phase == AskUp {
			break
		}
	}
	return turns, append(extra, replies...)
}

// classify tells what a client's line asks for, and whether the server owes a line for it.
// Source: Channel server_000 to server_010, negociate_001.
func classify(phase Ask, line string) (s Ask, owed bool) {
	_, iam := wire.ParseIAm(line)
	_, freezer := wire.ParseFreezer(line)
	switch {
	case line == "NOT":
		return AskNOT, false
	case phase == AskSetup && line == "HELLO":
		return AskHello, true
	case phase == AskSetup && strings.HasPrefix(line, "HELLO IKC"):
		return AskVersion, true
	case phase == AskSetup && strings.HasPrefix(line, "SETUP"):
		return AskSetup, true
	case phase == AskSetup:
		return AskNoise, false
	case phase == AskHello && line == "OK":
		return AskOK, true
	case phase == AskIAm && line == "DONE":
		return AskDone, false
	case phase == AskIAm && iam:
		return AskIAm, true
	case phase == AskFreezer && line == "WORLD":
		return AskWorld, true
	case phase == AskFreezer && freezer:
		return AskFreezer, true
	}
	return AskOdd, true
}

// advance is the phase after a line and its reply; stepUp means that frames come next.
func advance(phase, s Ask, reply *Line) Ask {
	text := ""
	if reply != nil {
		text = reply.Text
	}
	switch {
	case s == AskSetup && wire.IsSetup(text), s == AskWorld && text == "UP":
		return AskUp
	case s == AskHello:
		return AskHello
	case s == AskOK && text == "DONE":
		return AskIAm
	case s == AskDone:
		return AskFreezer
	}
	return phase
}

// ClientTurns lays the client's lines beside the server's lines that they reply to.
func ClientTurns(n *Negotiation) (turns []Turn, extra []*Line) {
	replies := LinesOf(n, wire.Client)
	take := func() (l *Line) {
		if len(replies) > 0 {
			l, replies = replies[0], replies[1:]
		}
		return l
	}
	open := Turn{Ask: AskOpen, Reply: take()}
	turns = []Turn{open}
	phase := AskHello
	if open.Reply != nil && strings.HasPrefix(open.Reply.Text, "SETUP") {
		phase = AskSetup
	}
	if phase == AskSetup && n.Unheeded {
		turns = append(turns, Turn{Ask: AskOpen, Reply: take()}) // HELLO
		phase = AskHello
	}
	for _, l := range LinesOf(n, wire.Server) {
		var s Ask
		owed := true
		_, iam := wire.ParseIAm(l.Text)
		switch {
		case phase == AskSetup && wire.IsSetup(l.Text):
			s = AskSetup
			setup, err := l.Setup()
			owed = err != nil || len(setup.Serializers) != 1
		case l.Text == "NOT":
			s, owed = AskNOT, phase == AskSetup || phase == AskFreezer
		case phase == AskHello && iam:
			s = AskIAm
		case phase == AskHello && l.Text == "DONE":
			s = AskDone
		case phase == AskIAm && l.Text == "OK":
			s = AskOK
		case phase == AskFreezer && l.Text == "OK":
			s = AskFreezer
		case phase == AskWorld && l.Text == "UP":
			s, owed = AskUp, false
		default:
			s = AskOdd
		}
		t := Turn{Ask: s, Line: l}
		if owed {
			t.Reply = take()
		}
		turns = append(turns, t)
		text := ""
		if t.Reply != nil {
			text = t.Reply.Text
		}
		switch {
		case s == AskNOT && phase == AskSetup:
			phase = AskHello
		case s == AskDone:
			phase = AskIAm
		case s == AskOK && text == "DONE":
			phase = AskFreezer
			follow := Turn{Ask: AskFollow, Line: t.Reply, Reply: take()}
			turns = append(turns, follow)
			text = ""
			if follow.Reply != nil {
				text = follow.Reply.Text
			}
		}
		if text == "WORLD" {
			phase = AskWorld
		}
	}
	return turns, replies
}

func LinesOf(n *Negotiation, side wire.Role) (out []*Line) {
	for _, l := range n.Lines {
		if l.From == side {
			out = append(out, l)
		}
	}
	return out
}

func index(n *Negotiation) map[*Line]int {
	at := make(map[*Line]int, len(n.Lines))
	for i, l := range n.Lines {
		at[l] = i
	}
	return at
}
