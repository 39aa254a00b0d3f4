package shown

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// owes is a check that a server answers lines of a step in one of the ways given.
func owes(expected string, ok func(ask, reply string) bool, steps ...dialogue.Ask) judge.Predicate {
	return onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
		if decided(t, u) {
			t.HoldFunc(u.Reply != nil && ok(u.Line.Text, u.Reply.Text), u.At(), func() (string, string) {
				return expected, replied(u.Reply)
			})
		}
	}, steps...)
}

func isIAm(line string) bool {
	_, ok := wire.ParseIAm(line)
	return ok
}

const sourceServer010 = "Channel server_010, Protocol __neg_setup (0.2302 to 0.2402)"

// onServerTurns judges each line that a server owes, of the steps given.
func onServerTurns(look func(t *judge.Trial, u dialogue.Turn), steps ...dialogue.Ask) judge.Predicate {
	return judge.OnConnection(func(t *judge.Trial) {
		turns, _ := t.ServerTurns()
		for _, u := range turns {
			if slices.Contains(steps, u.Ask) {
				look(t, u)
			}
		}
	})
}

// replied is the text of a reply for messages to people.
func replied(l *dialogue.Line) string {
	if l == nil {
		return "no answer"
	}
	return fmt.Sprintf("%q", l.Text)
}

// patience is how long a negotiation, and the wait for an answer, may take before a side that
// closes the connection may just have had enough: a ClientLite with a short timeout waits for a
// second.
const patience = time.Second

// decided tells whether the side judged can be expected to have answered a line that it owed: it
// did, or the negotiation went on, or a side closed the connection. If the other side reset it at
// once, there was no time to; nor was there, maybe, if the side judged closed it when its patience
// was over and the line had just come.
// What may be missing decides nothing.
func decided(t *judge.Trial, u dialogue.Turn) bool {
	n := t.Conn.Negotiation.Sound()
	switch l := u.Line; {
	case u.Reply != nil:
		return true
	case t.Conn.Withheld(l.From, l.Offset+int64(len(l.Text)+len(l.End))):
		return false // it did not get the line
	case l != n.Lines[len(n.Lines)-1]:
		return true
	}
	if n.Partial || t.MayLack(t.Side, u.Line) {
		return false
	}
	if end := t.Conn.Ends[t.Side]; end != nil {
		gaveUp := end.At.Time.Sub(t.Conn.Opened.Time) >= patience
		return !gaveUp || end.At.Time.Sub(u.Line.At.Time) >= patience
	}
	end := t.Conn.Ends[t.Side.Other()]
	return end != nil && (end.How != capture.RST || end.At.Time.Sub(u.Line.At.Time) >= silenceMeans)
}

// onServerSetup judges the SETUP by which a server answers.
func onServerSetup(look func(t *judge.Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error)) judge.Predicate {
	return onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
		if u.Reply != nil && strings.HasPrefix(u.Reply.Text, "SETUP") {
			asked, _ := t.Setup(u.Line)
			s, err := t.Setup(u.Reply)
			look(t, asked, u.Reply, s, err)
		}
	}, dialogue.AskSetup)
}

var addressLike = regexp.MustCompile(`^(unix:[-:.\w]+|[-.:\w]*:\d+)$`)

// lastLine is the last line of the side judged.
func lastLine(t *judge.Trial) dialogue.Item {
	l := dialogue.LinesOf(t.Conn.Negotiation, t.Side)
	if len(l) == 0 {
		return nil
	}
	return l[len(l)-1]
}

// onClientTurns judges the lines of a client at the steps given.
func onClientTurns(look func(t *judge.Trial, u dialogue.Turn), steps ...dialogue.Ask) judge.Predicate {
	return judge.OnConnection(func(t *judge.Trial) {
		if len(t.Conn.Negotiation.Sound().Lines) == 0 {
			return
		}
		turns, _ := t.ClientTurns()
		for _, u := range turns {
			if slices.Contains(steps, u.Ask) {
				look(t, u)
			}
		}
	})
}

// hasOpenedWithSetup tells whether the client began in the dialect IKC0.
func hasOpenedWithSetup(t *judge.Trial) bool {
	l := dialogue.LinesOf(t.Conn.Negotiation, wire.Client)
	return len(l) > 0 && strings.HasPrefix(l[0].Text, "SETUP")
}

func lineText(u dialogue.Turn) string {
	if u.Line == nil {
		return ""
	}
	return u.Line.Text
}
