package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// crowd are the calls of several connections to one state, with their answers, in the order in which they came.
func (a *account) crowd(session, state string) []exchanged {
	return a.wire(func(m *dialogue.Message) bool {
		return m.Frame.From != a.side && m.IsCall() && m.To.Session == session && m.To.State == state
	})
}

// counted is a call of a state that counts.
type counted struct {
	exchanged
	n int64
}

// counts are the answers to calls of the state that counts for several connections.
func (a *account) counts() (out []counted) {
	for _, x := range a.crowd(CrowdSession, "count") {
		if len(x.answers) > 0 {
			out = append(out, counted{x, countOf(&dialogue.Exchange{Request: x.request, Answers: x.answers})})
		}
	}
	return out
}

// busy are the runs of the state that takes time, each with the request and when it was seen to have begun.
func (a *account) busy() (out []exchanged, begun []*dialogue.ControlLine) {
	ran := a.states(SlowSession, SlowState)
	for i, x := range a.crowd(SlowSession, SlowState) {
		if i < len(ran) {
			out, begun = append(out, x), append(begun, ran[i])
		}
	}
	return out, begun
}

// meanwhile are the calls that came while a state took its time, on other connections.
func (a *account) meanwhile(slow exchanged, begun *dialogue.ControlLine) (out []exchanged) {
	end := slow.request.Frame.At.Time.Add(SlowFor)
	for _, x := range a.crowd(CrowdSession, "echo") {
		if at := x.request.Frame.At.Time; x.on != slow.on && at.After(begun.At.Time) && at.Before(end) {
			out = append(out, x)
		}
	}
	return out
}

// orderChecks are about what several connections ask at the same time.
func orderChecks() []*Check {
	const needs = "a driver, and calls of several connections at the same time to " + CrowdSession
	return []*Check{
		{
			ID: "ORD-001", Level: Must, Party: TheKernel,
			Requirement: "A state runs as a whole for each request: no two calls get the same count, on whatever connections they came.",
			Source:      "POE::Kernel (one event after the other); " + sourceThunk, Needs: needs + "/count",
			Judge: onAccount(func(t *Trial, a *account) {
				seen := map[int64]int{} // the connection that got a count
				for _, c := range a.counts() {
					before, twice := seen[c.n]
					seen[c.n] = c.on.index
					t.HoldElse(!twice, a.lines[len(a.lines)-1], func() (string, string) {
						return "a count that no other call got", fmt.Sprintf("%d on connections %d and %d", c.n, before, c.on.index)
					})
				}
			}),
		},
		{
			ID: "ORD-002", Level: Must, Party: TheKernel,
			Requirement: "What is asked after something was answered runs after it, though it comes on another connection.",
			Source:      "POE::Kernel (one event after the other); " + sourceThunk, Needs: needs + "/count",
			Judge: onAccount(func(t *Trial, a *account) {
				counts := a.counts()
				for _, later := range counts {
					// The highest count that was known when it was asked.
					var known *counted
					for i, c := range counts {
						if c.on != later.on && c.answers[0].Frame.At.Time.Before(later.request.Frame.At.Time) && (known == nil || c.n > known.n) {
							known = &counts[i]
						}
					}
					if known != nil {
						t.HoldElse(later.n > known.n, a.lines[len(a.lines)-1], func() (string, string) {
							return fmt.Sprintf("a count of more than %d on connection %d, since that was answered on connection %d before", known.n, later.on.index, known.on.index), fmt.Sprint(later.n)
						})
					}
				}
			}),
		},
		{
			ID: "ORD-003", Level: Should, Party: TheKernel,
			Requirement: "States of a kernel run one at a time, each to its end, those of other sessions and for other connections as well.",
			Source:      "POE::Kernel (one event after the other)", Needs: needs + "/echo while a state of " + SlowSession + " took its time",
			Rationale: "Sessions of one kernel share variables without locks.",
			Judge: onAccount(func(t *Trial, a *account) {
				slow, begun := a.busy()
				for i, s := range slow {
					end := s.request.Frame.At.Time.Add(SlowFor)
					for _, x := range a.meanwhile(s, begun[i]) {
						if len(x.answers) > 0 {
							at := x.answers[0].Frame.At.Time
							t.HoldElse(!at.Before(end), begun[i], func() (string, string) {
								return fmt.Sprintf("the answer on connection %d after %s took its %v", x.on.index, SlowState, SlowFor), fmt.Sprintf("%v before that", end.Sub(at))
							})
						}
					}
				}
			}),
		},
		{
			ID: "ORD-004", Level: Must, Party: TheKernel,
			Requirement: "What comes while a state takes its time is carried out when it is done: no call goes without its answer.",
			Source:      "POE::Kernel (one event after the other)", Needs: needs + "/echo while a state of " + SlowSession + " took its time",
			Judge: onAccount(func(t *Trial, a *account) {
				slow, begun := a.busy()
				for i, s := range slow {
					for _, x := range a.meanwhile(s, begun[i]) {
						if a.wentOn(s.request.Frame.At.Time.Add(SlowFor + sinking)) {
							t.Hold(len(x.answers) == 1 && sameValue(x.answers[0].Params(), arg(&dialogue.Exchange{Request: x.request}, 0)), begun[i],
								fmt.Sprintf("one answer on connection %d", x.on.index), fmt.Sprint(len(x.answers)))
						}
					}
				}
			}),
		},
	}
}
