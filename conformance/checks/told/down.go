package told

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// DOWN are about shutdown.
func DOWN() []*judge.Check {
	return []*judge.Check{
		{
			ID: "DOWN-001", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A kernel that is shut down closes its connections.",
			Source:      "Responder shutdown", Needs: "a shutdown while a kernel was connected",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("shutdown") {
					for _, m := range log.ownConns() {
						over := m.Over()
						if m.Opened.After(l.At.Time) || !over.IsZero() && over.Before(l.At.Time) {
							continue
						}
						closed, known := m.Closed(log.Side)
						ok := !closed.IsZero() && log.wentOn(closed)
						if known && (ok || log.waitedFor(l)) {
							t.Hold(ok, l, fmt.Sprintf("connection %d closed by the %s", m.Index, log.Side), "it stayed open when the harness went on")
						}
					}
				}
			}),
		},
		{
			ID: "DOWN-002", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "What was sent before a shutdown still goes out.",
			Source:      "Responder shutdown, Channel channel_shutdown (it flushes)", Needs: "a post right before a shutdown, and what the other kernel's driver told of it",
			Judge: onLog(lastWordsCame),
		},
	}
}

// lastWordsCame looks for what was posted right before a shutdown, in the log of the other kernel.
func lastWordsCame(t *judge.Trial, log *driverLog) {
	if log.Other == nil {
		return
	}
	for _, l := range log.commands("post") {
		var f driver.Post
		if l.Command.Decode(&f) != nil {
			continue
		}
		if s, ok := f.Params.V.AsString(); !ok || s != contract.LastWords {
			continue
		}
		other := newDriverLog(log.Other)
		came := slices.ContainsFunc(other.states(contract.SessionAlias, "count"), func(e *dialogue.ControlLine) bool {
			return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
		})
		if came || other.waitedFor(l) && log.sentCount(l) != 0 {
			t.Hold(came, l, "a run of count in the other kernel", "none")
		}
	}
}
