package told

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// RSVP are about answers that reach the state of their rsvp.
func RSVP() []*judge.Check {
	return []*judge.Check{
		{
			ID: "RSVP-001", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "The answer to a call reaches the state that is its rsvp, though nobody published it: the params as ARG0.",
			Source:      "Responder call (it permits one post), request", Needs: "a driver that reports the runs of states, and answers to its kernel's calls",
			Judge: onLog(answersReachStates),
		},
		{
			ID: "RSVP-002", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "Each call permits one post to its rsvp: the state runs as often as calls were answered, not more.",
			Source:      "Responder call, _req_is_published", Needs: "a driver that reports the runs of states, and answers to its kernel's calls",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				local, got := log.localCalls(), log.answersGot(false)
				for _, rsvp := range slices.Sorted(maps.Keys(got)) {
					session, state, _ := strings.Cut(rsvp, "/")
					if n := len(log.states(session, state)); n > 0 {
						most := len(got[rsvp]) + len(local[rsvp])
						t.Hold(n <= most, log.states(session, state)[n-1], fmt.Sprintf("at most %d runs of %s, as many as answers", most, rsvp), fmt.Sprint(n))
					}
				}
			}),
		},
		{
			ID: "RSVP-003", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A second post to the rsvp of a call is refused, if the state is not published.",
			Source:      "Responder call, _req_is_published", Needs: "a call that was answered twice, to a state that is not published",
			Judge: judge.OnOwnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if len(x.Answers) < 2 || x.Request.RSVP.Session != contract.ClientSession || x.Request.RSVP.State != contract.OnceState {
					return
				}
				second := x.Answers[1]
				refused, wentOn := false, false
				for _, item := range t.Conn.Items {
					f, ok := item.(*dialogue.Frame)
					if !ok || f.From != t.Side || !f.After(second.Frame) {
						continue
					}
					wentOn = true
					refused = refused || f.Message != nil && f.Message.Kind == dialogue.ErrorReport &&
						strings.Contains(dialogue.ErrorText(f.Message.Params()), contract.OnceState)
				}
				if wentOn { // else the connection may have ended before it came to that
					t.Hold(refused, second.Frame, "an error report on it", "none")
				}
			}),
		},
	}
}

// answersGot are the answers to the kernel's own calls, as they came on the wire, by the state that
// is their rsvp. settled leaves out those that came so late that the driver may not have told what
// became of them.
func (log *driverLog) answersGot(settled bool) map[string][]*dialogue.Message {
	got := map[string][]*dialogue.Message{}
	for _, m := range log.ownConns() {
		for _, x := range m.Exchanges {
			r := x.Request
			if r.Frame.From != log.Side || !contract.HarnessSession(r.RSVP.Session) ||
				len(x.Answers) == 0 || settled && !log.wentOn(x.Answers[0].Frame.At.Time.Add(contract.DriverDelay)) {
				continue
			}
			key := r.RSVP.Session + "/" + r.RSVP.State
			got[key] = append(got[key], x.Answers[0])
		}
	}
	return got
}

// localCalls are the calls that the kernel was told to make of itself, by the state that is their
// rsvp.
func (log *driverLog) localCalls() map[string][]*dialogue.ControlLine {
	out := map[string][]*dialogue.ControlLine{}
	for _, l := range log.commands("call") {
		to, ok := log.target(l)
		var f driver.Call
		if !ok || !slices.Contains(log.ownNames(), to.Kernel) || l.Command.Decode(&f) != nil {
			continue
		}
		if rsvp, err := specifier.Parse(f.RSVP); err == nil {
			key := rsvp.Session + "/" + rsvp.State
			out[key] = append(out[key], l)
		}
	}
	return out
}

// answersReachStates pairs answers on the wire with the runs of the states that they were for.
func answersReachStates(t *judge.Trial, log *driverLog) {
	local, all := log.localCalls(), log.answersGot(true)
	for _, rsvp := range slices.Sorted(maps.Keys(all)) {
		session, state, _ := strings.Cut(rsvp, "/")
		var due []*perl.Value
		for _, m := range all[rsvp] {
			due = append(due, m.Params())
		}
		reported := log.states(session, state)
		missing, extra := pairRuns(due, reported, func(v *perl.Value, e *driver.Event) bool { return len(e.Args) > 0 && sameValue(v, e.Args[0]) })
		for _, l := range reported {
			if !slices.Contains(extra, l) {
				t.Hold(true, l, "the answer", "")
			}
		}
		if len(missing) > 0 {
			got := "none such"
			at := log.Lines[len(log.Lines)-1]
			if len(extra) > len(local[rsvp]) {
				at, got = extra[0], showArgs(extra[0].Event.Args)
			}
			t.Fail(at, fmt.Sprintf("a run of %s with the answer %s", rsvp, judge.ShowValue(missing[0])), got)
		}
	}
}
