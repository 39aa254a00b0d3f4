package conformance

import "fmt"

// BACK are the checks BACK-001 to BACK-001. // shutdownChecks are about how kernels leave, and come back.
func AreaToldBACK() []*Check {
	return []*Check{
		{
			ID: "BACK-001", Level: Should, Party: TheKernel,
			Requirement: "A kernel that left and came back under the same name is served as before.",
			Source:      "Responder register_channel, delete_channel", Needs: "two connections of the same kernel, one after the other, with calls on the second",
			Judge: onAccount(func(t *Trial, a *account) {
				seen := map[string]bool{}
				for _, m := range a.meetings() {
					peer := m.names[a.Side.Other()]
					if len(peer) == 0 {
						continue
					}
					if seen[peer[0]] {
						calls, answered := 0, 0
						for _, x := range m.talk {
							if r := x.Request; r.Frame.From != a.Side && r.IsCall() && alwaysAnswers(r.To.Session, r.To.State) {
								calls++
								answered += min(1, len(x.Answers))
							}
						}
						if calls > 0 {
							t.Hold(answered == calls, a.Lines[len(a.Lines)-1], fmt.Sprintf("%d answers on connection %d", calls, m.index), fmt.Sprint(answered))
						}
					}
					seen[peer[0]] = true
				}
			}),
		},
	}
}
