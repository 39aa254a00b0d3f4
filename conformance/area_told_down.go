package conformance

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// DOWN are the checks DOWN-001 to DOWN-002. // shutdownChecks are about how kernels leave, and come back.
func AreaToldDOWN() []*Check {
	return []*Check{
		{
			ID: "DOWN-001", Level: Should, Party: TheKernel,
			Requirement: "A kernel that is shut down closes its connections.",
			Source:      "Responder shutdown", Needs: "a shutdown while a kernel was connected",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("shutdown") {
					for _, m := range a.meetings() {
						over := m.over()
						if m.opened.After(l.At.Time) || !over.IsZero() && over.Before(l.At.Time) {
							continue
						}
						if closed, known := m.closed(a.Side); known {
							t.Hold(!closed.IsZero() && a.wentOn(closed), l, fmt.Sprintf("connection %d closed by the %s", m.index, a.Side), "it stayed open when the harness went on")
						}
					}
				}
			}),
		},
		{
			ID: "DOWN-002", Level: Should, Party: TheKernel,
			Requirement: "What was sent before a shutdown still goes out.",
			Source:      "Responder shutdown, Channel channel_shutdown (it flushes)", Needs: "a post right before a shutdown, and what the other kernel's driver told of it",
			Judge: onAccount(func(t *Trial, a *account) {
				if a.Other == nil {
					return
				}
				for _, l := range a.commands("post") {
					var f driver.Post
					if l.Command.Decode(&f) != nil {
						continue
					}
					if s, ok := f.Params.V.AsString(); !ok || s != LastWords {
						continue
					}
					came := slices.ContainsFunc(newAccount(a.Other).states(SessionAlias, "count"), func(e *dialogue.ControlLine) bool {
						return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
					})
					t.Hold(came, l, "a run of count in the other kernel", "none")
				}
			}),
		},
	}
}
