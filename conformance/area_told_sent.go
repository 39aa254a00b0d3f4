package conformance

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// SENT are the checks SENT-001 to SENT-004. // sendingChecks are about what methods that send return, and about what a kernel sends to itself.
func AreaToldSENT() []*Check {
	count := func(id, requirement, needs string, applies func(a *account, to specifier.Specifier) (want int, ok bool)) *Check {
		return &Check{
			ID: id, Level: Should, Party: TheKernel, Requirement: requirement, Source: "Responder post, call, send_msg", Needs: needs,
			Judge: onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("post", "call") {
					to, ok := a.target(l)
					if !ok {
						continue
					}
					n := a.sentCount(l)
					if n < 0 {
						continue
					}
					if want, ok := applies(a, to); ok {
						t.Hold(n == want, l.Command.Answer, fmt.Sprint(want), fmt.Sprint(n))
					}
				}
			}),
		}
	}
	return []*Check{
		count("SENT-001", "post and call return 1 when they sent to a kernel that is connected.", "a post or call to a kernel that is connected",
			func(a *account, to specifier.Specifier) (int, bool) {
				return 1, to.Kernel != "" && to.Kernel != everyKernel && !slices.Contains(a.ownNames(), to.Kernel) && !isAddress(to.Kernel) && a.knows(to.Kernel) && !a.shared(to.Kernel)
			}),
		count("SENT-002", "post and call return 0 when nobody has the name that they are addressed to.", "a post or call to a kernel that nobody is",
			func(a *account, to specifier.Specifier) (int, bool) { return 0, !a.knows(to.Kernel) }),
		count("SENT-003", `What is sent to "*" goes to every kernel that is connected, and to the kernel itself: that many are returned.`, `a post or call to "*" while one kernel was connected`,
			func(a *account, to specifier.Specifier) (int, bool) { return 2, to.Kernel == everyKernel }),
		{
			ID: "SENT-004", Level: Should, Party: TheKernel,
			Requirement: `What is sent to "*" reaches the states of the kernel itself as well.`,
			Source:      "Responder send_msg, LocalKernel", Needs: `a post to "*"`,
			Judge: onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("post") {
					to, ok := a.target(l)
					var f driver.Post
					if !ok || to.Kernel != everyKernel || l.Command.Decode(&f) != nil {
						continue
					}
					ran := slices.ContainsFunc(a.states(to.Session, to.State), func(e *dialogue.ControlLine) bool {
						return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
					})
					t.Hold(ran, l, "a run of "+to.Session+"/"+to.State+" in the kernel itself", "none")
				}
			}),
		},
	}
}
