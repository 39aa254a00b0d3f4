package conformance

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// step is a place in a negotiation, named for what the line asks for.
type step uint8

const (
	stepSetup   step = iota // SETUP, before anything was agreed
	stepVersion             // HELLO IKC<digit>
	stepHello               // HELLO
	stepOK                  // OK to an IAM: the next name is due
	stepIAm                 // IAM: OK is due
	stepDone                // DONE
	stepFreezer             // FREEZER
	stepWorld               // WORLD
	stepNOT                 // NOT
	stepNoise               // anything else, before HELLO
	stepOdd                 // anything else, later
	stepUp                  // UP
	stepOpen                // nothing: the client speaks first
	stepFollow              // nothing: the line before goes on
)

// turn is a line of one side, and the line that the other side owes for it.
type turn struct {
	step  step
	ask   *dialogue.Line // nil: the line came unasked
	reply *dialogue.Line // nil: none came
}

// serverTurns lays the server's lines beside the client's lines that they reply to. A server takes
// lines in order and owes at most one line for each, so they pair up even when the client did not
// wait. extra are lines that reply to nothing.
func serverTurns(n *dialogue.Negotiation) (turns []turn, extra []*dialogue.Line) {
	replies := linesOf(n, wire.Server)
	at := index(n)
	phase := stepSetup
	for _, l := range linesOf(n, wire.Client) {
		s, owed := classify(phase, l.Text)
		t := turn{step: s, ask: l}
		for owed && len(replies) > 0 && at[replies[0]] < at[l] {
			extra, replies = append(extra, replies[0]), replies[1:]
		}
		if owed && len(replies) > 0 {
			t.reply, replies = replies[0], replies[1:]
		}
		turns = append(turns, t)
		phase = advance(phase, s, t.reply)
		if phase == stepUp {
			break
		}
	}
	return turns, append(extra, replies...)
}

// classify tells what a client's line asks for, and whether the server owes a line for it.
// Source: Channel server_000 to server_010, negociate_001.
func classify(phase step, line string) (s step, owed bool) {
	switch {
	case line == "NOT":
		return stepNOT, false
	case phase == stepSetup && line == "HELLO":
		return stepHello, true
	case phase == stepSetup && strings.HasPrefix(line, "HELLO IKC"):
		return stepVersion, true
	case phase == stepSetup && strings.HasPrefix(line, "SETUP"):
		return stepSetup, true
	case phase == stepSetup:
		return stepNoise, false
	case phase == stepHello && line == "OK":
		return stepOK, true
	case phase == stepIAm && line == "DONE":
		return stepDone, false
	case phase == stepIAm && strings.HasPrefix(line, "IAM ") && wire.ValidName(strings.TrimSpace(line[4:])):
		return stepIAm, true
	case phase == stepFreezer && line == "WORLD":
		return stepWorld, true
	case phase == stepFreezer && strings.HasPrefix(line, "FREEZER ") && wire.ValidSerializer(strings.TrimSpace(line[8:])):
		return stepFreezer, true
	}
	return stepOdd, true
}

// advance is the phase after a line and its reply; stepUp means that frames come next.
func advance(phase, s step, reply *dialogue.Line) step {
	text := ""
	if reply != nil {
		text = reply.Text
	}
	switch {
	case s == stepSetup && wire.IsSetup(text), s == stepWorld && text == "UP":
		return stepUp
	case s == stepHello:
		return stepHello
	case s == stepOK && text == "DONE":
		return stepIAm
	case s == stepDone:
		return stepFreezer
	}
	return phase
}

// clientTurns lays the client's lines beside the server's lines that they reply to.
func clientTurns(n *dialogue.Negotiation) (turns []turn, extra []*dialogue.Line) {
	replies := linesOf(n, wire.Client)
	take := func() (l *dialogue.Line) {
		if len(replies) > 0 {
			l, replies = replies[0], replies[1:]
		}
		return l
	}
	open := turn{step: stepOpen, reply: take()}
	turns = []turn{open}
	phase := stepHello
	if open.reply != nil && strings.HasPrefix(open.reply.Text, "SETUP") {
		phase = stepSetup
	}
	for _, l := range linesOf(n, wire.Server) {
		var s step
		owed := true
		switch {
		case phase == stepSetup && wire.IsSetup(l.Text):
			s = stepSetup
			setup, err := wire.ParseSetup(l.Text)
			owed = err != nil || len(setup.Serializers) != 1
		case l.Text == "NOT":
			s, owed = stepNOT, phase == stepSetup || phase == stepFreezer
		case phase == stepHello && strings.HasPrefix(l.Text, "IAM "):
			s = stepIAm
		case phase == stepHello && l.Text == "DONE":
			s = stepDone
		case phase == stepIAm && l.Text == "OK":
			s = stepOK
		case phase == stepFreezer && l.Text == "OK":
			s = stepFreezer
		case phase == stepWorld && l.Text == "UP":
			s, owed = stepUp, false
		default:
			s = stepOdd
		}
		t := turn{step: s, ask: l}
		if owed {
			t.reply = take()
		}
		turns = append(turns, t)
		text := ""
		if t.reply != nil {
			text = t.reply.Text
		}
		switch {
		case s == stepNOT && phase == stepSetup:
			phase = stepHello
		case s == stepDone:
			phase = stepIAm
		case s == stepOK && text == "DONE":
			phase = stepFreezer
			follow := turn{step: stepFollow, ask: t.reply, reply: take()}
			turns = append(turns, follow)
			text = ""
			if follow.reply != nil {
				text = follow.reply.Text
			}
		}
		if text == "WORLD" {
			phase = stepWorld
		}
	}
	return turns, replies
}

func linesOf(n *dialogue.Negotiation, side wire.Role) (out []*dialogue.Line) {
	for _, l := range n.Lines {
		if l.From == side {
			out = append(out, l)
		}
	}
	return out
}

func index(n *dialogue.Negotiation) map[*dialogue.Line]int {
	at := make(map[*dialogue.Line]int, len(n.Lines))
	for i, l := range n.Lines {
		at[l] = i
	}
	return at
}
