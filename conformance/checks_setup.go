package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const srcServer010 = "Channel server_010, Protocol __neg_setup (0.2302 to 0.2402)"

// onServerTurns judges each line that a server owes, of the steps given.
func onServerTurns(judge func(t *Trial, u turn), steps ...step) Predicate {
	return onConnection(func(t *Trial) {
		turns, _ := t.serverTurns()
		for _, u := range turns {
			if slices.Contains(steps, u.step) {
				judge(t, u)
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

// at is the line to point at: the reply, or what it should have replied to.
func (u turn) at() dialogue.Item {
	if u.reply != nil {
		return u.reply
	}
	if u.ask != nil {
		return u.ask
	}
	return nil
}

// decided tells whether the side judged can be expected to have answered a line that it owed: it did, or
// the negotiation went on, or a side closed the connection. If the other side reset it at once, there was no time to.
func decided(t *Trial, u turn) bool {
	n := t.Conn.Negotiation
	if u.reply != nil || u.ask != n.Lines[len(n.Lines)-1] || t.Conn.Ends[t.Side] != nil {
		return true
	}
	end := t.Conn.Ends[t.Side.Other()]
	return end != nil && (end.How != capture.RST || end.At.Time.Sub(u.ask.At.Time) >= patience)
}

// goodSetup reads a client's SETUP that a server has no reason to refuse: well formed, and offering
// Storable, which every Perl has.
func (t *Trial) goodSetup(l *dialogue.Line) (wire.Setup, bool) {
	s, err := t.setup(l)
	return s, err == nil && slices.Contains(s.Serializers, wire.DefaultSerializer)
}

// onServerSetup judges the SETUP by which a server answers.
func onServerSetup(judge func(t *Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error)) Predicate {
	return onServerTurns(func(t *Trial, u turn) {
		if u.reply != nil && strings.HasPrefix(u.reply.Text, "SETUP") {
			asked, _ := t.setup(u.ask)
			s, err := t.setup(u.reply)
			judge(t, asked, u.reply, s, err)
		}
	}, stepSetup)
}

var addressLike = regexp.MustCompile(`^(unix:[-:.\w]+|[-.:\w]*:\d+)$`)

// lastLine is the last line of the side judged.
func lastLine(t *Trial) dialogue.Item {
	l := linesOf(t.Conn.Negotiation, t.Side)
	if len(l) == 0 {
		return nil
	}
	return l[len(l)-1]
}
