package conformance

import (
	"fmt"
)

// ORD are the checks ORD-001 to ORD-004. // orderChecks are about what several connections ask at the same time.
func AreaToldORD() []*Check {
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
					t.HoldElse(!twice, a.Lines[len(a.Lines)-1], func() (string, string) {
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
						if c.on != later.on && c.Answers[0].Frame.At.Time.Before(later.Request.Frame.At.Time) && (known == nil || c.n > known.n) {
							known = &counts[i]
						}
					}
					if known != nil {
						t.HoldElse(later.n > known.n, a.Lines[len(a.Lines)-1], func() (string, string) {
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
					end := s.Request.Frame.At.Time.Add(SlowFor)
					for _, x := range a.meanwhile(s, begun[i]) {
						if len(x.Answers) > 0 {
							at := x.Answers[0].Frame.At.Time
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
						if a.wentOn(s.Request.Frame.At.Time.Add(SlowFor + sinking)) {
							t.Hold(len(x.Answers) == 1 && sameValue(x.Answers[0].Params(), x.Exchange.Arg(0)), begun[i],
								fmt.Sprintf("one answer on connection %d", x.on.index), fmt.Sprint(len(x.Answers)))
						}
					}
				}
			}),
		},
	}
}
