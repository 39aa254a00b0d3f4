package told

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// SUB are about subscriptions, for those who made them.
func SUB() []*judge.Check {
	return []*judge.Check{
		{
			ID: "SUB-005", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "Who subscribes is told which of the specifiers were accepted, spelled as they were asked for, and no others.",
			Source:      "Responder subscribe, _subscribe_receipt", Needs: "a subscription to the conformance session and to one that is not there",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, s := range log.subscriptions() {
					var want []string
					for _, spec := range s.asked {
						if to, err := specifier.Parse(spec); err == nil && to.Session == contract.SessionAlias && log.knows(to.Kernel) {
							want = append(want, spec)
						}
					}
					t.Hold(slices.Equal(want, s.accepted), s.line.Command.Answer, strings.Join(want, ", "), strings.Join(s.accepted, ", "))
				}
			}),
		},
		{
			ID: "SUB-006", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "What is posted to the proxy of a remote session goes there with all its arguments.",
			Source:      "Proxy _default", Needs: "a post to a proxy, and what the other kernel's driver told of it",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				if log.Other == nil {
					return
				}
				for _, l := range log.commands("proxy-post") {
					var f driver.ProxyPost
					if l.Command.Failed() || l.Command.Decode(&f) != nil {
						continue
					}
					session := f.To[strings.LastIndexByte(f.To, '/')+1:]
					args := typed.Unwrap(f.Args)
					other := newDriverLog(log.Other)
					came := slices.ContainsFunc(other.states(session, f.State),
						func(e *dialogue.ControlLine) bool { return sameArgs(e.Event.Args, args) })
					if came || other.waitedFor(l) {
						t.Hold(came, l, "a run of "+session+"/"+f.State+" in the other kernel with "+showArgs(args), "none")
					}
				}
			}),
		},
		{
			ID: "SUB-007", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "When a subscription is ended there is no proxy any more: nothing can be posted to it.",
			Source:      "Responder unsubscribe, Proxy _shutdown", Needs: "a subscription that was ended, and a post to its proxy after that",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, u := range log.unsubscriptions() {
					for _, l := range log.commands("proxy-post") {
						var f driver.ProxyPost
						if l.Command.Decode(&f) == nil && slices.Contains(u.asked, f.To) && l.At.Time.After(u.line.At.Time) {
							t.Hold(l.Command.Failed(), l.Command.Answer, "no proxy of that name", "it was posted")
						}
					}
				}
			}),
		},
	}
}
