package told

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// BACK are about kernels that come back.
func BACK() []*judge.Check {
	return []*judge.Check{
		{
			ID: "BACK-001", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A kernel that left and came back under the same name is served as before.",
			Source:      "Responder register_channel, delete_channel", Needs: "two connections of the same kernel, one after the other, with calls on the second",
			Judge: onLog(servedAgain),
		},
	}
}

// servedAgain looks for the answers on the second connection of a kernel.
func servedAgain(t *judge.Trial, log *driverLog) {
	seen := map[string]bool{}
	for _, m := range log.ownConns() {
		peer := m.Names[log.Side.Other()]
		if len(peer) == 0 {
			continue
		}
		if seen[peer[0]] {
			calls, answered := 0, 0
			for _, x := range m.Exchanges {
				r := x.Request
				if r.Frame.From == log.Side || !r.IsCall() || !contract.AlwaysAnswers(r.To.Session, r.To.State) {
					continue
				}
				// One that the harness did not wait for may be answered no more.
				if len(x.Answers) > 0 || log.wentOn(r.Frame.At.Time.Add(contract.DriverDelay)) {
					calls++
					answered += min(1, len(x.Answers))
				}
			}
			if calls > 0 {
				t.Hold(answered == calls, log.Lines[len(log.Lines)-1], fmt.Sprintf("%d answers on connection %d", calls, m.Index), fmt.Sprint(answered))
			}
		}
		seen[peer[0]] = true
	}
}
