package shown

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// PING are about IKC/ping.
func PING() []*judge.Check {
	return []*judge.Check{
		{
			ID: "PING-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A call of IKC/ping is answered with the string PONG.",
			Source:      "Responder ping; ClientLite ping", Needs: "a call of IKC/ping",
			Judge: onConcluded(wire.SessionIKC, []string{wire.StatePing}, func(t *judge.Trial, x *dialogue.Exchange) {
				if !x.Request.IsCall() {
					return
				}
				want := perl.NewBytes(wire.Pong)
				if x.Request.WantArray {
					want = perl.ArrayRef(want)
				}
				t.HoldFunc(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) {
					return wanted(want, x)
				})
			}),
		},
	}
}

// MorePING are about pings with other params, and pings that are posts.
func MorePING() []*judge.Check {
	return []*judge.Check{
		{
			ID: "PING-002", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "IKC/ping answers PONG whatever its params are.",
			Source:      "Responder ping", Needs: "a call of IKC/ping with params other than PING",
			Judge: onConcluded(wire.SessionIKC, []string{wire.StatePing}, func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && !x.Request.WantArray && x.Arg(0).Str() != wire.Ping {
					t.HoldFunc(len(x.Answers) > 0 && x.Answers[0].Params().Str() == wire.Pong, reply(x), func() (string, string) { return "'PONG'", gotten(x) })
				}
			}),
		},
		{
			ID: "PING-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A post to IKC/ping is not answered.",
			Source:      "Responder request: what a state returns goes nowhere without rsvp", Needs: "a post to IKC/ping, and a later call that was answered",
			Judge: onConcluded(wire.SessionIKC, []string{wire.StatePing}, func(t *judge.Trial, x *dialogue.Exchange) {
				if !x.Request.IsCall() {
					u := unasked(t, x)
					if u != nil {
						t.OnAll()
						t.Fail(u.Frame, "nothing", "a message to "+u.Event.String())
						return
					}
					t.Hold(true, x.Request.Frame, "nothing", "")
				}
			}),
		},
	}
}
