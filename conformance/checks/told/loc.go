package told

import (
	"maps"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// LOC are about what a kernel sends to itself.
func LOC() []*judge.Check {
	return []*judge.Check{
		{
			ID: "LOC-001", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A kernel can call its own published states by its name, as if they were remote: the answer reaches the rsvp.",
			Source:      "LocalKernel", Needs: "a call that a kernel made of itself",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				local := log.localCalls()
				for _, rsvp := range slices.Sorted(maps.Keys(local)) {
					session, state, _ := strings.Cut(rsvp, "/")
					for _, l := range local[rsvp] {
						var f driver.Call
						if l.Command.Decode(&f) != nil || !strings.HasSuffix(f.To, "/echo") {
							continue
						}
						came := slices.ContainsFunc(log.states(session, state), func(e *dialogue.ControlLine) bool {
							return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
						})
						if came || log.waitedFor(l) {
							t.Hold(came, l, "a run of "+rsvp+" with "+judge.ShowValue(f.Params.V), "none")
						}
					}
				}
			}),
		},
		{
			ID: "LOC-002", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "What a kernel sends to itself goes over no connection.",
			Source:      "LocalKernel", Needs: "a call or post of a kernel to itself",
			Judge: append(onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("post", "call") {
					if to, ok := log.target(l); ok && slices.Contains(log.ownNames(), to.Kernel) {
						t.Hold(true, l, "nothing of it on a connection", "")
					}
				}
			}), judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				if to := m.Event.Session; !contract.HarnessSession(to) && to != wire.SessionIKC {
					return
				}
				if s, ok := m.Params().AsString(); ok && s == contract.LocalMark {
					t.Fail(m.Frame, "nothing that the kernel sends to itself", m.Event.String())
				}
			})...),
		},
		{
			ID: "LOC-003", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "What a kernel asks of itself and has not published is refused as from a peer: monitors are told of an error at both ends.",
			Source:      "LocalKernel; Responder _error_response, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and a post of a kernel to itself that is refused`,
			Judge: onLog(refusedAtBothEnds),
		},
	}
}

// refusedAtBothEnds looks for the two errors that a monitor hears of a request to the kernel
// itself.
func refusedAtBothEnds(t *judge.Trial, log *driverLog) {
	w := log.ofAll(driver.MonitorError)
	if w == nil {
		return
	}
	for _, l := range log.commands("post") {
		to, ok := log.target(l)
		if !ok || to.Session != contract.AbsentSession || !slices.Contains(log.ownNames(), to.Kernel) {
			continue
		}
		var missing []string
		for _, operation := range []string{"local-check", "remote-check"} {
			if !slices.ContainsFunc(log.errorsTold(w, operation), func(e *dialogue.ControlLine) bool {
				return e.Event.About == to.Kernel && e.At.Time.After(l.At.Time)
			}) {
				missing = append(missing, operation)
			}
		}
		if len(missing) == 0 || log.waitedFor(l) {
			t.Hold(len(missing) == 0, l, "errors local-check and remote-check about "+to.Kernel, "no "+strings.Join(missing, ", no "))
		}
	}
}
