package conformance

import (
	"encoding/json"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// run is what a state must have been given, and where that is from: a request on the wire, or a command of the harness to
// the kernel itself.
type run struct {
	args    []*perl.Value
	context string // scalar, list or void
	sender  bool
}

// due are the runs that a state of the harness's sessions owes to the requests that the kernel got and did not refuse. all
// is false if the harness may not have waited for the last of them.
func (a *account) due(session, state string) (out []run, all bool) {
	all = true
	for _, m := range a.Met {
		for _, x := range m.talk {
			r := x.Request
			if r.Frame.From == a.Side || r.To.Session != session || r.To.State != state || len(x.Errors) > 0 {
				continue
			}
			all = all && a.wentOn(r.Frame.At.Time.Add(sinking))
			out = append(out, run{arguments(r), contextOf(r), r.From.Present()})
		}
	}
	for _, l := range a.commands("post", "call") {
		to, ok := a.target(l)
		var f driver.Call
		if !ok || to.Session != session || to.State != state || l.Command.Decode(&f) != nil ||
			to.Kernel != everyKernel && !slices.Contains(a.ownNames(), to.Kernel) {
			continue
		}
		context := "void"
		if l.Command.Name == "call" {
			context = "scalar"
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
		return "void"
	case m.WantArray:
		return "list"
	}
	return "scalar"
}

// harnessStates are the states of the conformance session that may be asked for.
func harnessStates() []string {
	return append(PublishedStates(), HiddenState, RetractedState)
}

// claimed pairs what is due with the runs that a driver reported: each with one that is the same. What is left over is
// returned, of both.
func claimed[R any](due []R, reported []*dialogue.ControlLine, same func(R, *driver.Event) bool) (missing []R, extra []*dialogue.ControlLine) {
	extra = slices.Clone(reported)
	for _, d := range due {
		i := slices.IndexFunc(extra, func(l *dialogue.ControlLine) bool { return same(d, l.Event) })
		if i < 0 {
			missing = append(missing, d)
			continue
		}
		extra = slices.Delete(extra, i, i+1)
	}
	return missing, extra
}

// onRuns judges the states of the conformance session by a property of their runs.
func onRuns(same func(run, *driver.Event) bool, show func(run) string, showEvent func(*driver.Event) string) Predicate {
	return onAccount(func(t *Trial, a *account) {
		for _, state := range harnessStates() {
			reported := a.states(SessionAlias, state)
			due, _ := a.due(SessionAlias, state)
			missing, extra := claimed(due, reported, same)
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

// answersGot are the answers to the kernel's own calls, as they came on the wire, by the state that is their rsvp. settled
// leaves out those that came so late that the driver may not have told what became of them.
func (a *account) answersGot(settled bool) map[string][]*dialogue.Message {
	got := map[string][]*dialogue.Message{}
	for _, m := range a.meetings() {
		for _, x := range m.talk {
			r := x.Request
			if r.Frame.From != a.Side || !harnessSession(r.RSVP.Session) || len(x.Answers) == 0 || settled && !a.wentOn(x.Answers[0].Frame.At.Time.Add(sinking)) {
				continue
			}
			key := r.RSVP.Session + "/" + r.RSVP.State
			got[key] = append(got[key], x.Answers[0])
		}
	}
	return got
}

// localCalls are the calls that the kernel was told to make of itself, by the state that is their rsvp.
func (a *account) localCalls() map[string][]*dialogue.ControlLine {
	out := map[string][]*dialogue.ControlLine{}
	for _, l := range a.commands("call") {
		to, ok := a.target(l)
		var f driver.Call
		if !ok || !slices.Contains(a.ownNames(), to.Kernel) || l.Command.Decode(&f) != nil {
			continue
		}
		if rsvp, err := specifier.Parse(f.RSVP); err == nil {
			key := rsvp.Session + "/" + rsvp.State
			out[key] = append(out[key], l)
		}
	}
	return out
}

// sentCount is how many kernels post or call said that they had sent to, -1 if they did not.
func (a *account) sentCount(l *dialogue.ControlLine) int {
	var sent driver.Sent
	if l.Command.Failed() || json.Unmarshal(l.Command.Answer.Answer.OK, &sent) != nil || sent.Count == nil {
		return -1
	}
	return *sent.Count
}
