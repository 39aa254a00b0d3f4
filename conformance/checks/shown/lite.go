package shown

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// LITE are about what a ClientLite sends.
func LITE() []*judge.Check {
	onLite := func(look func(t *judge.Trial, m *dialogue.Message)) judge.Predicate {
		return judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
			if t.Side == wire.Client && ofLite(m) {
				look(t, m)
			}
		})
	}
	return []*judge.Check{
		{
			ID: "LITE-001", Level: judge.Must, Party: judge.TheClient,
			Requirement: "The rsvp of a ClientLite's call is a state of its session IKCLite, at the name that it announced.",
			Source:      "ClientLite call, _response", Needs: "a call of a ClientLite",
			Judge: onLite(func(t *judge.Trial, m *dialogue.Message) {
				if names := t.Names(t.Side); m.IsCall() && len(names) > 0 {
					t.HoldFunc(m.RSVP.Session == wire.SessionIKCLite && m.RSVP.State != "" &&
						slices.Contains(names, m.RSVP.Kernel), m.Frame, func() (string, string) {
						return "poe://" + names[0] + "/IKCLite/<state>", m.RSVP.String()
					})
				}
			}),
		},
		{
			ID: "LITE-002", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A ClientLite names a state for the answer to a call or a post_respond that no other open one of it names, so that a late answer is not taken for another's.",
			Source:      "ClientLite call, post_respond (a count in the name of the state)", Needs: "a call or a post_respond of a ClientLite",
			Judge: judge.Both(openResponds(), judge.OnOwnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if t.Side == wire.Client && x.Request.IsCall() && ofLite(x.Request) {
					t.OnAll() // an answer that is missing would have closed the other call
					t.Hold(!x.SharesRSVP(), x.Request.Frame, "a state that no open call names", x.Request.RSVP.String())
				}
			})),
		},
		{
			ID: "LITE-003", Level: judge.Should, Party: judge.TheClient,
			Requirement: "A ClientLite says in each call which context it wants, as wantarray 1 or 0.",
			Source:      "ClientLite call", Needs: "a call of a ClientLite",
			Judge: onLite(func(t *judge.Trial, m *dialogue.Message) {
				if m.IsCall() {
					t.Hold(m.Sent("wantarray") != nil, m.Frame, "the key wantarray", "none")
				}
			}),
		},
		{
			ID: "LITE-004", Level: judge.Should, Party: judge.TheClient,
			Requirement: "A ClientLite addresses its requests to the kernel that it is connected to, by a name that it announced or the address of the socket.",
			Source:      "ClientLite connect, call, post (after IKC0 the id, after IKC the address)", Needs: "a negotiation, and a request of a ClientLite",
			Rationale: "What was addressed before the connection broke is sent once more on the next: the first request may name the kernel of before, if the server was started again.",
			Judge: onLite(func(t *judge.Trial, m *dialogue.Message) {
				names := t.Names(wire.Server)
				if len(names) == 0 || m.Event.Err != nil {
					return
				}
				named := slices.Contains(names, m.Event.Kernel) || addressLike.MatchString(m.Event.Kernel)
				if !named && m.Frame.Number == 1 { // see Rationale, and _try_send
					return
				}
				t.HoldFunc(named, m.Frame, func() (string, string) {
					return "one of " + strings.Join(names, ", ") + ", or an address", fmt.Sprintf("%q", m.Event.Kernel)
				})
			}),
		},
		{
			ID: "LITE-005", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A ClientLite announces one name, and says from it: {kernel => name, session => 'IKCLite'}.",
			Source:      "ClientLite connect, _from", Needs: "a message of a ClientLite",
			Judge: onLite(func(t *judge.Trial, m *dialogue.Message) {
				if names := t.Names(t.Side); len(names) > 0 {
					t.HoldFunc(m.From.Kernel == names[0] && m.From.State == "", m.Frame, func() (string, string) {
						return fmt.Sprintf("{kernel => '%s', session => '%s'}", names[0], wire.SessionIKCLite), judge.ShowValue(m.Sent("from"))
					})
				}
			}),
		},
	}
}

// maxResponds bounds the requests of a ClientLite that are kept as open: it waits for each.
const maxResponds = 64

// openResponds judges the states that post_responds of a ClientLite name, beside those of its
// calls.
func openResponds() judge.Predicate {
	return judge.InTurn(func(t *judge.Trial) bool { return t.Side == wire.Client }, func() func(*judge.Trial, *dialogue.Message) {
		open := map[string]bool{} // true for a post_respond
		return func(t *judge.Trial, m *dialogue.Message) {
			if m.Frame.From != t.Side {
				if m.Kind == dialogue.ErrorReport { // on which of them is not asked
					clear(open)
				} else if m.Event.Session == wire.SessionIKCLite {
					delete(open, m.Event.State)
				}
				return
			}
			state := ""
			if ofLite(m) {
				state = answerState(m)
			}
			if state == "" {
				return
			}
			responds, isOpen := open[state]
			if !m.IsCall() || responds {
				t.OnAll() // an answer that is missing would have closed the other
				t.Hold(!isOpen, m.Frame, "a state that no open request names", strconv.Quote(state))
			}
			if len(open) < maxResponds {
				open[strings.Clone(state)] = !m.IsCall()
			}
		}
	})
}

// ofLite tells whether a message is of a ClientLite.
func ofLite(m *dialogue.Message) bool { return m.From.Session == wire.SessionIKCLite }

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
