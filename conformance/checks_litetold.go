package conformance

import (
	"slices"
	"time"
)

// onLiteCommands judges what methods of a ClientLite did, of those of the names given.
func onLiteCommands(judge func(t *Trial, a *account, c *liteCommand), names ...string) Predicate {
	return onAccount(func(t *Trial, a *account) {
		for _, c := range a.liteCommands() {
			if slices.Contains(names, c.name) {
				judge(t, a, c)
			}
		}
	})
}

// onLiteAnswers judges calls of a ClientLite that were answered, in one context.
func onLiteAnswers(list bool) Predicate {
	return onLiteCommands(func(t *Trial, _ *account, c *liteCommand) {
		if c.list != list || c.sent == nil || len(c.sent.Answers) == 0 {
			return
		}
		want := c.expect(c.sent.Answers[0].Params())
		values, ok := c.result()
		t.HoldElse(ok && sameArgs(want, values), c.line.Command.Answer, func() (string, string) { return showArgs(want), c.returns() })
	}, "lite-call")
}

// closing is how long after a disconnect a connection may be seen to end.
const closing = 500 * time.Millisecond
