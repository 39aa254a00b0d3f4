package told

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// SENT are about what the methods post and call return.
func SENT() []*judge.Check {
	count := func(id, requirement, needs string, applies func(log *driverLog,
		l *dialogue.ControlLine, to specifier.Specifier) (want int, ok bool)) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Should, Party: judge.TheKernel, Requirement: requirement, Source: "Responder post, call, send_msg", Needs: needs,
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("post", "call") {
					to, ok := log.target(l)
					if !ok {
						continue
					}
					n := log.sentCount(l)
					if n < 0 {
						continue
					}
					if want, ok := applies(log, l, to); ok {
						t.Hold(n == want, l.Command.Answer, fmt.Sprint(want), fmt.Sprint(n))
					}
				}
			}),
		}
	}
	return []*judge.Check{
		count("SENT-001", "post and call return 1 when they sent to a kernel that is connected.", "a post or call to a kernel that is connected",
			func(log *driverLog, l *dialogue.ControlLine, to specifier.Specifier) (int, bool) {
				connected := slices.ContainsFunc(log.connsAt(l), func(m *judge.ConnRecord) bool {
					return slices.Contains(m.Names[log.Side.Other()], to.Kernel)
				})
				return 1, connected && !slices.Contains(log.ownNames(), to.Kernel) && !isAddress(to.Kernel) && !log.shared(to.Kernel)
			}),
		count("SENT-002", "post and call return 0 when nobody has the name that they are addressed to.", "a post or call to a kernel that nobody is",
			func(log *driverLog, _ *dialogue.ControlLine, to specifier.Specifier) (int, bool) {
				return 0, !log.knows(to.Kernel)
			}),
		count("SENT-003", `What is sent to "*" goes to every kernel that is connected, and to the kernel itself: that many are returned.`, `a post or call to "*" while one kernel was connected`,
			func(log *driverLog, l *dialogue.ControlLine, to specifier.Specifier) (int, bool) {
				return 2, to.Kernel == contract.EveryKernel && len(log.connsAt(l)) == 1
			}),
		{
			ID: "SENT-004", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `What is sent to "*" reaches the states of the kernel itself as well.`,
			Source:      "Responder send_msg, LocalKernel", Needs: `a post to "*"`,
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("post") {
					to, ok := log.target(l)
					var f driver.Post
					if !ok || to.Kernel != contract.EveryKernel || l.Command.Decode(&f) != nil {
						continue
					}
					ran := slices.ContainsFunc(log.states(to.Session, to.State), func(e *dialogue.ControlLine) bool {
						return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
					})
					if ran || log.waitedFor(l) {
						t.Hold(ran, l, "a run of "+to.Session+"/"+to.State+" in the kernel itself", "none")
					}
				}
			}),
		},
	}
}

// sentCount is how many kernels post or call said that they had sent to, -1 if they did not.
func (log *driverLog) sentCount(l *dialogue.ControlLine) int {
	var sent driver.Sent
	if l.Command.Failed() || json.Unmarshal(l.Command.Answer.Answer.OK, &sent) != nil || sent.Count == nil {
		return -1
	}
	return *sent.Count
}
