package told

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// RET are about what goes back of what states return.
func RET() []*judge.Check {
	return []*judge.Check{
		{
			ID: "RET-001", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "An answer is what the state returned, of the kind that it returned.",
			Source:      "Responder request, " + sourceThunk, Needs: "a driver that was told what its states return, and answers of its kernel",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, m := range log.ownConns() {
					for _, x := range m.Exchanges {
						if x.Request.Frame.From == log.Side || len(x.Answers) == 0 || x.Ambiguous {
							continue
						}
						answer := x.Answers[0]
						want, ok := log.returns(x)
						if !ok {
							continue
						}
						list, ok := carried([]*perl.Value{want}, answer.Frame)
						if !ok {
							continue
						}
						t.HoldFunc(sameValue(list[0], answer.Params()), answer.Frame, func() (string, string) {
							return judge.ShowValue(list[0]), judge.ShowValue(answer.Params())
						})
					}
				}
			}),
		},
		{
			ID: "RET-002", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A call whose state ran and returned something is answered.",
			Source:      "Responder::Thunk __thunk", Needs: "a driver that reports runs, of states that return something, and their calls",
			Judge: onLog(answersRuns),
		},
		{
			ID: "RET-003", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "No more answers go to an rsvp than calls named it.",
			Source:      "Responder::Thunk __thunk, Responder call (one post is permitted)", Needs: "a driver, and calls of the session " + contract.ClientSession,
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, m := range log.ownConns() {
					calls, answers := map[string]int{}, map[string]int{}
					for _, x := range m.Exchanges {
						if r := x.Request; r.Frame.From != log.Side && r.IsCall() && r.RSVP.Session == contract.ClientSession {
							to := r.RSVP.Specifier.String()
							calls[to]++
							answers[to] += len(x.Answers)
						}
					}
					for _, to := range slices.Sorted(maps.Keys(calls)) {
						t.Hold(answers[to] <= calls[to], log.Lines[0], fmt.Sprintf("at most %d answers to %s on connection %d", calls[to], to, m.Index), fmt.Sprint(answers[to]))
					}
				}
			}),
		},
	}
}

// answersRuns holds the runs of states that return something against the answers. Which answer is
// for which of the calls with one rsvp is not always known, so they are counted.
func answersRuns(t *judge.Trial, log *driverLog) {
	type rsvp struct {
		on *judge.ConnRecord
		to specifier.Specifier
	}
	answers := map[rsvp]int{}
	due := map[rsvp][]*dialogue.ControlLine{}
	var order []rsvp
	ran := map[string][]*dialogue.ControlLine{}
	for _, state := range harnessStates() {
		ran[state] = log.states(contract.SessionAlias, state)
	}
	for _, x := range log.wire(func(m *dialogue.Message) bool { return m.Frame.From != log.Side && m.IsCall() }) {
		r := x.Request
		key := rsvp{x.on, r.RSVP.Specifier}
		answers[key] += len(x.Answers)
		if r.To.Session == wire.SessionIKC && r.To.State == wire.StatePing {
			answers[key]-- // which has no run
		}
		if r.To.Session != contract.SessionAlias || len(x.Errors) > 0 || !log.returnsSomething(x) {
			continue
		}
		runs := ran[r.To.State]
		i := slices.IndexFunc(runs, func(l *dialogue.ControlLine) bool {
			return l.At.Time.After(r.Frame.At.Time) && sameArgs(r.Args(), l.Event.Args)
		})
		if i < 0 || !log.hadTimeToAnswer(x, runs[i]) && len(x.Answers) == 0 {
			continue
		}
		if due[key] == nil {
			order = append(order, key)
		}
		due[key] = append(due[key], runs[i])
		ran[r.To.State] = slices.Delete(slices.Clone(runs), i, i+1)
	}
	for _, key := range order {
		for i, at := range due[key] {
			t.Hold(i < answers[key], at, fmt.Sprintf("%d answers to %v", len(due[key]), key.to), fmt.Sprint(answers[key]))
		}
	}
}

// returnsSomething tells whether the state of a call was told to return what is defined.
func (log *driverLog) returnsSomething(x exchanged) bool {
	a, ok := log.action(x.Request)
	switch {
	case !ok:
		return false
	case a.Do == "echo":
		return x.Request.WantArray || x.Arg(0).Kind() != perl.Undef
	case a.Do == "return":
		return a.Value != nil && (x.Request.WantArray || a.Value.V.Kind() != perl.Undef)
	}
	return a.Do == "args" || a.Do == "count" || a.Do == "list" && len(a.Values) > 0
}

// hadTimeToAnswer tells whether a call would have been answered: the harness went on, and so did
// the connection.
func (log *driverLog) hadTimeToAnswer(x exchanged, ran *dialogue.ControlLine) bool {
	over := x.on.Over()
	until := ran.At.Time.Add(answerDelay)
	return log.wentOn(until) && (over.IsZero() || over.After(until))
}

// answerDelay is how long an answer may take once its state has run, on a machine that is busy.
const answerDelay = time.Second

// returns is what the state of a call was told to return, as an answer has it; ok is false if that
// is not known.
func (log *driverLog) returns(x *dialogue.Exchange) (v *perl.Value, ok bool) {
	a, ok := log.action(x.Request)
	if !ok {
		return nil, false
	}
	var list []*perl.Value
	switch args := x.Request.Args(); a.Do {
	case "return":
		if a.Value == nil {
			return nil, false
		}
		list = []*perl.Value{a.Value.V}
	case "list":
		list = typed.Unwrap(a.Values)
	case "count": // how often is for others to judge
		list = []*perl.Value{perl.NewInt(contract.CountOf(x))}
	case "args":
		list = []*perl.Value{perl.ArrayRef(args...)}
	default:
		return nil, false
	}
	if x.Request.WantArray {
		return perl.ArrayRef(list...), true
	}
	if len(list) == 0 {
		return nil, false
	}
	return list[len(list)-1], true
}

// action is what a state was told to do, before a request came to it.
func (log *driverLog) action(r *dialogue.Message) (a driver.Action, ok bool) {
	for _, l := range log.commands("session") {
		var f driver.Session
		if l.Command.Decode(&f) != nil || f.Session != r.To.Session || l.At.Time.After(r.Frame.At.Time) {
			continue
		}
		if own, has := f.States[r.To.State]; has {
			a, ok = own, true
		}
	}
	return a, ok
}
