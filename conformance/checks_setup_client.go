package conformance

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// onClientTurns judges the lines of a client at the steps given.
func onClientTurns(judge func(t *Trial, u turn), steps ...step) Predicate {
	return onConnection(func(t *Trial) {
		if len(t.Conn.Negotiation.Lines) == 0 {
			return
		}
		turns, _ := t.clientTurns()
		for _, u := range turns {
			if slices.Contains(steps, u.step) {
				judge(t, u)
			}
		}
	})
}

// hasOpenedWithSetup tells whether the client began in the dialect IKC0.
func hasOpenedWithSetup(t *Trial) bool {
	l := linesOf(t.Conn.Negotiation, wire.Client)
	return len(l) > 0 && strings.HasPrefix(l[0].Text, "SETUP")
}

func lineText(u turn) string {
	if u.ask == nil {
		return ""
	}
	return u.ask.Text
}
