package conformance

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// owes is a check that a server answers lines of a step in one of the ways given.
func owes(expected string, ok func(ask, reply string) bool, steps ...step) Predicate {
	return onServerTurns(func(t *Trial, u turn) {
		if decided(t, u) {
			t.HoldElse(u.reply != nil && ok(u.ask.Text, u.reply.Text), u.at(), func() (string, string) {
				return expected, replied(u.reply)
			})
		}
	}, steps...)
}

func isIAm(line string) bool {
	return strings.HasPrefix(line, "IAM ") && wire.ValidName(strings.TrimSpace(line[4:]))
}
