package shown

import (
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// MoreLITE are about how a ClientLite tells the answers to its requests apart.
func MoreLITE() []*judge.Check {
	return []*judge.Check{
		{
			ID: "LITE-023", Level: judge.Should, Party: judge.TheClient,
			Requirement: "A ClientLite counts in the names of the states to which answers are to go: none comes twice on a connection.",
			Source:      "ClientLite call, post_respond (response0, response1, ...)", Needs: "two calls, or post_responds, of a ClientLite",
			Rationale: "A late answer is taken for another's otherwise. Two processes that share a ClientLite, since one was forked, show themselves by it.",
			Judge: judge.InTurn(func(t *judge.Trial) bool { return t.Side == wire.Client }, func() func(*judge.Trial, *dialogue.Message) {
				last := ""
				return func(t *judge.Trial, m *dialogue.Message) {
					if m.Frame.From != t.Side || !ofLite(m) {
						return
					}
					state := answerState(m)
					if state == "" {
						return
					}
					if last != "" {
						t.HoldFunc(follows(last, state), m.Frame, func() (string, string) {
							return "a state that follows " + last, strconv.Quote(state)
						})
					}
					last = strings.Clone(state)
				}
			}),
		},
	}
}

// answerState is the state of IKCLite to which the answer to a request of a ClientLite is to go,
// empty if it asks for none.
func answerState(m *dialogue.Message) string {
	if m.IsCall() {
		return m.RSVP.State
	}
	if list, ok := walk.Elems(m.Params()); ok && len(list) == 2 {
		if to := wire.ParseAddress("rsvp", list[1]); to.Err == nil && to.Session == wire.SessionIKCLite {
			return to.State
		}
	}
	return ""
}

// follows tells whether a name is of the same count as another, and higher. Of names without a
// count no more is known than that they differ.
func follows(last, next string) bool {
	a, n, counted := count(last)
	b, m, also := count(next)
	if !counted && !also {
		return last != next
	}
	return counted && also && a == b && m > n
}

// count takes the number from the end of a name.
func count(name string) (before string, n uint64, ok bool) {
	before = strings.TrimRight(name, "0123456789")
	n, err := strconv.ParseUint(name[len(before):], 10, 64)
	return before, n, err == nil
}
