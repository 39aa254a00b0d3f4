package conformance

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// RUN are the checks RUN-001 to RUN-006.
func AreaToldRUN() []*Check {
	return []*Check{
		{
			ID: "RUN-001", Level: Must, Party: TheKernel,
			Requirement: "Each request that is not refused runs its state once.",
			Source:      "Responder request; " + sourceThunk, Needs: "a driver that reports the runs of states, and requests to the conformance session",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, state := range harnessStates() {
					due, all := a.due(SessionAlias, state)
					reported := a.states(SessionAlias, state)
					if len(due) == 0 && len(reported) == 0 || len(reported) < len(due) && !all {
						continue
					}
					at := a.Lines[len(a.Lines)-1]
					if len(reported) > 0 {
						at = reported[len(reported)-1]
					}
					t.Hold(len(due) == len(reported), at, fmt.Sprintf("%d runs of %s", len(due), state), fmt.Sprint(len(reported)))
				}
			}),
		},
		{
			ID: "RUN-002", Level: Must, Party: TheKernel,
			Requirement: "A state is given what the request carries: params as ARG0, or the list of a request to IKC:proxy, and a ?ARG behind them.",
			Source:      "Responder request; " + sourceThunk, Needs: "a driver that reports the runs of states, and requests to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool { return sameArgs(r.args, e.Args) },
				func(r run) string { return showArgs(r.args) }, func(e *driver.Event) string { return showArgs(e.Args) }),
		},
		{
			ID: "RUN-003", Level: Must, Party: TheKernel,
			Requirement: "A state runs in void context for a post, in scalar context for a call, and in list context for a call with wantarray true.",
			Source:      sourceThunk, Needs: "a driver that reports the context of states, and requests to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool {
				return sameArgs(r.args, e.Args) && (e.Context == "" || e.Context == r.context)
			},
				func(r run) string { return r.context + " context" }, func(e *driver.Event) string { return e.Context + " context" }),
		},
		{
			ID: "RUN-004", Level: Should, Party: TheKernel,
			Requirement: "A state has a sender if the request says whom it is from.",
			Source:      sourceThunk, Needs: "a driver that reports senders, and a request with from to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool { return sameArgs(r.args, e.Args) && (!r.sender || e.Sender) },
				func(run) string { return "a sender" }, func(e *driver.Event) string { return fmt.Sprintf("sender %v", e.Sender) }),
		},
		{
			ID: "RUN-005", Level: Must, Party: TheKernel,
			Requirement: "The requests of one connection run their states in the order in which they came.",
			Source:      "Responder request (each to completion before the next)", Needs: "a driver that reports the runs of states, and several requests on one connection",
			Judge: onAccount(func(t *Trial, a *account) {
				var reported []*dialogue.ControlLine
				for _, l := range a.Lines {
					if e := l.Event; e != nil && e.Kind == "state" && e.Session == SessionAlias {
						reported = append(reported, l)
					}
				}
				for _, m := range a.Met {
					at := 0 // connections take turns
					for _, x := range m.talk {
						r := x.Request
						if r.Frame.From == a.Side || r.To.Session != SessionAlias || len(x.Errors) > 0 || !a.wentOn(r.Frame.At.Time.Add(sinking)) {
							continue
						}
						i := slices.IndexFunc(reported[at:], func(l *dialogue.ControlLine) bool {
							return l.Event.State == r.To.State && sameArgs(l.Event.Args, arguments(r))
						})
						if i >= 0 {
							at += i + 1
							t.Hold(true, reported[at-1], "the run of "+r.To.State, "")
							continue
						}
						if early := slices.IndexFunc(reported[:at], func(l *dialogue.ControlLine) bool {
							return l.Event.State == r.To.State && sameArgs(l.Event.Args, arguments(r))
						}); early >= 0 && at > 0 {
							t.Fail(reported[early], fmt.Sprintf("the run of %s with %s after that of %s with %s", r.To.State, showArgs(arguments(r)), reported[at-1].Event.State, showArgs(reported[at-1].Event.Args)), "before it")
						}
					}
				}
			}),
		},
		{
			ID: "RUN-006", Level: Must, Party: TheKernel,
			Requirement: "A request that is refused runs nothing.",
			Source:      "Responder _req_is_published", Needs: "a driver that reports the runs of states, and a request to a state that is not published",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, state := range []string{HiddenState, RetractedState} {
					asked := false
					for _, m := range a.meetings() {
						asked = asked || slices.ContainsFunc(m.talk, func(x *dialogue.Exchange) bool {
							return x.Request.Frame.From != a.Side && x.Request.To.Session == SessionAlias && x.Request.To.State == state
						})
					}
					if ran := a.states(SessionAlias, state); len(ran) > 0 {
						t.Fail(ran[0], "no run of "+state+", which is not published", fmt.Sprint(len(ran)))
					} else if asked {
						t.Hold(true, a.Lines[len(a.Lines)-1], "no run of "+state, "")
					}
				}
			}),
		},
	}
}
