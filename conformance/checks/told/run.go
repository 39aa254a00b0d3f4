package told

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// RUN are about how the states of requests run.
func RUN() []*judge.Check {
	return []*judge.Check{
		{
			ID: "RUN-001", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "Each request that is not refused runs its state once.",
			Source:      "Responder request; " + sourceThunk, Needs: "a driver that reports the runs of states, and requests to the conformance session",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, state := range harnessStates() {
					due, all := log.runsOwed(contract.SessionAlias, state)
					reported := log.states(contract.SessionAlias, state)
					if len(due) == 0 && len(reported) == 0 || len(reported) < len(due) && !all {
						continue
					}
					at := log.Lines[len(log.Lines)-1]
					if len(reported) > 0 {
						at = reported[len(reported)-1]
					}
					t.Hold(len(due) == len(reported), at, fmt.Sprintf("%d runs of %s", len(due), state), fmt.Sprint(len(reported)))
				}
			}),
		},
		{
			ID: "RUN-002", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A state is given what the request carries: params as ARG0, or the list of a request to IKC:proxy, and a ?ARG behind them.",
			Source:      "Responder request; " + sourceThunk, Needs: "a driver that reports the runs of states, and requests to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool { return sameArgs(r.args, e.Args) },
				func(r run) string { return showArgs(r.args) }, func(e *driver.Event) string { return showArgs(e.Args) }),
		},
		{
			ID: "RUN-003", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A state runs in void context for a post, in scalar context for a call, and in list context for a call with wantarray true.",
			Source:      sourceThunk, Needs: "a driver that reports the context of states, and requests to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool {
				return sameArgs(r.args, e.Args) && (e.Context == "" || e.Context == r.context)
			},
				func(r run) string { return r.context + " context" }, func(e *driver.Event) string { return e.Context + " context" }),
		},
		{
			ID: "RUN-004", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A state has a sender if the request says whom it is from.",
			Source:      sourceThunk, Needs: "a driver that reports senders, and a request with from to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool { return sameArgs(r.args, e.Args) && (!r.sender || e.Sender) },
				func(run) string { return "a sender" }, func(e *driver.Event) string { return fmt.Sprintf("sender %v", e.Sender) }),
		},
		{
			ID: "RUN-005", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "The requests of one connection run their states in the order in which they came.",
			Source:      "Responder request (each to completion before the next)", Needs: "a driver that reports the runs of states, and several requests on one connection",
			Judge: onLog(runsInOrder),
		},
		{
			ID: "RUN-006", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A request that is refused runs nothing.",
			Source:      "Responder _req_is_published", Needs: "a driver that reports the runs of states, and a request to a state that is not published",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, state := range []string{contract.HiddenState, contract.RetractedState} {
					asked := false
					for _, m := range log.ownConns() {
						asked = asked || slices.ContainsFunc(m.Exchanges, func(x *dialogue.Exchange) bool {
							return x.Request.Frame.From != log.Side && x.Request.To.Session == contract.SessionAlias && x.Request.To.State == state
						})
					}
					if ran := log.states(contract.SessionAlias, state); len(ran) > 0 {
						t.Fail(ran[0], "no run of "+state+", which is not published", fmt.Sprint(len(ran)))
					} else if asked {
						t.Hold(true, log.Lines[len(log.Lines)-1], "no run of "+state, "")
					}
				}
			}),
		},
	}
}

// run is what a state must have been given, and where that is from: a request on the wire, or a
// command of the harness to the kernel itself.
type run struct {
	args    []*perl.Value
	context string // scalar, list or void
	sender  bool
}

// runsOwed are the runs that a state of the harness's sessions owes to the requests that the kernel
// got and did not refuse. all is false if the harness may not have waited for the last of them.
func (log *driverLog) runsOwed(session, state string) (out []run, all bool) {
	all = true
	for _, m := range log.Conns {
		for _, x := range m.Exchanges {
			r := x.Request
			if r.Frame.From == log.Side || r.To.Session != session || r.To.State != state || len(x.Errors) > 0 {
				continue
			}
			all = all && log.wentOn(r.Frame.At.Time.Add(contract.DriverDelay))
			out = append(out, run{arguments(r), contextOf(r), r.From.Present()})
		}
	}
	for _, l := range log.commands("post", "call") {
		to, ok := log.target(l)
		var f driver.Call
		if !ok || to.Session != session || to.State != state || l.Command.Decode(&f) != nil ||
			to.Kernel != contract.EveryKernel && !slices.Contains(log.ownNames(), to.Kernel) {
			continue
		}
		context := driver.ContextVoid
		if l.Command.Name == "call" {
			context = driver.ContextScalar
		}
		out = append(out, run{[]*perl.Value{f.Params.V}, context, f.Session != ""})
	}
	return out, all
}

// arguments are what a request gives to its state.
func arguments(m *dialogue.Message) []*perl.Value {
	args := slices.Clone(m.Args())
	if len(args) == 0 && m.Event.State != specifier.ProxyState {
		args = append(args, perl.NewUndef()) // params that are absent are undef
	}
	return args
}

// contextOf is the context in which the state of a request runs.
func contextOf(m *dialogue.Message) string {
	switch {
	case !m.IsCall():
		return driver.ContextVoid
	case m.WantArray:
		return driver.ContextList
	}
	return driver.ContextScalar
}

// harnessStates are the states of the conformance session that may be asked for.
func harnessStates() []string {
	return append(contract.PublishedStates(), contract.HiddenState, contract.RetractedState)
}

// onRuns judges the states of the conformance session by a property of their runs.
func onRuns(same func(run, *driver.Event) bool, show func(run) string, showEvent func(*driver.Event) string) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		for _, state := range harnessStates() {
			reported := log.states(contract.SessionAlias, state)
			due, _ := log.runsOwed(contract.SessionAlias, state)
			missing, extra := pairRuns(due, reported, same)
			if len(reported) != len(due) {
				continue // that is another check's
			}
			for _, l := range reported {
				if !slices.Contains(extra, l) {
					t.Hold(true, l, showEvent(l.Event), "")
				}
			}
			for i, l := range extra {
				t.Fail(l, show(missing[min(i, len(missing)-1)]), showEvent(l.Event))
			}
		}
	})
}

const sourceThunk = "Responder::Thunk __thunk"

// runsInOrder follows the requests of each connection through the runs that were reported.
func runsInOrder(t *judge.Trial, log *driverLog) {
	var reported []*dialogue.ControlLine
	for _, l := range log.Lines {
		if e := l.Event; e != nil && e.Kind == driver.EventState && e.Session == contract.SessionAlias {
			reported = append(reported, l)
		}
	}
	for _, m := range log.Conns {
		at := 0 // connections take turns
		for _, x := range m.Exchanges {
			r := x.Request
			if r.Frame.From == log.Side || r.To.Session != contract.SessionAlias ||
				len(x.Errors) > 0 || !log.wentOn(r.Frame.At.Time.Add(contract.DriverDelay)) {
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
				t.Fail(reported[early], fmt.Sprintf("the run of %s with %s after that of %s with %s", r.To.State,
					showArgs(arguments(r)), reported[at-1].Event.State, showArgs(reported[at-1].Event.Args)), "before it")
			}
		}
	}
}
