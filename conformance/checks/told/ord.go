package told

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// ORD are about what several connections ask at the same time.
func ORD() []*judge.Check {
	const needs = "a driver, and calls of several connections at the same time to " + contract.CrowdSession
	return []*judge.Check{
		{
			ID: "ORD-001", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A state runs as a whole for each request: no two calls get the same count, on whatever connections they came.",
			Source:      "POE::Kernel (one event after the other); " + sourceThunk, Needs: needs + "/count",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				seen := map[int64]int{} // the connection that got a count
				for _, c := range log.counts() {
					before, twice := seen[c.n]
					seen[c.n] = c.on.Index
					t.HoldFunc(!twice, log.Lines[len(log.Lines)-1], func() (string, string) {
						return "a count that no other call got", fmt.Sprintf("%d on connections %d and %d", c.n, before, c.on.Index)
					})
				}
			}),
		},
		{
			ID: "ORD-002", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "What is asked after something was answered runs after it, though it comes on another connection.",
			Source:      "POE::Kernel (one event after the other); " + sourceThunk, Needs: needs + "/count",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				counts := log.counts()
				for _, later := range counts {
					// The highest count that was known when it was asked.
					var known *counted
					for i, c := range counts {
						if c.on != later.on && c.Answers[0].Frame.At.Time.Before(later.Request.Frame.At.Time) && (known == nil || c.n > known.n) {
							known = &counts[i]
						}
					}
					if known != nil {
						t.HoldFunc(later.n > known.n, log.Lines[len(log.Lines)-1], func() (string, string) {
							return fmt.Sprintf("a count of more than %d on connection %d, since that was answered on connection %d before", known.n, later.on.Index, known.on.Index), fmt.Sprint(later.n)
						})
					}
				}
			}),
		},
		{
			ID: "ORD-003", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "States of a kernel run one at a time, each to its end, those of other sessions and for other connections as well.",
			Source:      "POE::Kernel (one event after the other)", Needs: needs + "/echo while a state of " + contract.SlowSession + " took its time",
			Rationale: "Sessions of one kernel share variables without locks.",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				slow, begun := log.busy()
				for i, s := range slow {
					end := s.Request.Frame.At.Time.Add(contract.SlowFor)
					for _, x := range log.meanwhile(s, begun[i]) {
						if len(x.Answers) > 0 && !x.Ambiguous {
							at := x.Answers[0].Frame.At.Time
							t.HoldFunc(!at.Before(end), begun[i], func() (string, string) {
								return fmt.Sprintf("the answer on connection %d after %s took its %v", x.on.Index, contract.SlowState, contract.SlowFor), fmt.Sprintf("%v before that", end.Sub(at))
							})
						}
					}
				}
			}),
		},
		{
			ID: "ORD-004", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "What comes while a state takes its time is carried out when it is done: no call goes without its answer.",
			Source:      "POE::Kernel (one event after the other)", Needs: needs + "/echo while a state of " + contract.SlowSession + " took its time",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				slow, begun := log.busy()
				for i, s := range slow {
					for _, x := range log.meanwhile(s, begun[i]) {
						if !x.Ambiguous && log.wentOn(s.Request.Frame.At.Time.Add(contract.SlowFor+contract.DriverDelay)) {
							t.Hold(len(x.Answers) == 1 && sameValue(x.Answers[0].Params(), x.Exchange.Arg(0)), begun[i],
								fmt.Sprintf("one answer on connection %d", x.on.Index), fmt.Sprint(len(x.Answers)))
						}
					}
				}
			}),
		},
	}
}

// crowd are the calls of several connections to one state, with their answers, in the order in
// which they came.
func (log *driverLog) crowd(session, state string) []exchanged {
	return log.wire(func(m *dialogue.Message) bool {
		return m.Frame.From != log.Side && m.IsCall() && m.To.Session == session && m.To.State == state
	})
}

// counted is a call of a state that counts.
type counted struct {
	exchanged
	n int64
}

// counts are the answers to calls of the state that counts for several connections.
func (log *driverLog) counts() (out []counted) {
	for _, x := range log.crowd(contract.CrowdSession, "count") {
		if len(x.Answers) > 0 && !x.Ambiguous {
			out = append(out, counted{x, contract.CountOf(x.Exchange)})
		}
	}
	return out
}

// busy are the runs of the state that takes time, each with the request and when it was seen to
// have begun.
func (log *driverLog) busy() (out []exchanged, begun []*dialogue.ControlLine) {
	ran := log.states(contract.SlowSession, contract.SlowState)
	for i, x := range log.crowd(contract.SlowSession, contract.SlowState) {
		if i < len(ran) {
			out, begun = append(out, x), append(begun, ran[i])
		}
	}
	return out, begun
}

// meanwhile are the calls that came while a state took its time, on other connections.
func (log *driverLog) meanwhile(slow exchanged, begun *dialogue.ControlLine) (out []exchanged) {
	end := slow.Request.Frame.At.Time.Add(contract.SlowFor)
	for _, x := range log.crowd(contract.CrowdSession, "echo") {
		if at := x.Request.Frame.At.Time; x.on != slow.on && at.After(begun.At.Time) && at.Before(end) {
			out = append(out, x)
		}
	}
	return out
}
