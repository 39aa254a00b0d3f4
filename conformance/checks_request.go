package conformance

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// answered is a check that calls which are so are answered.
func answered(id string, level Level, requirement, source, needs string, so func(t *Trial, x *dialogue.Exchange) bool) *Check {
	return &Check{
		ID: id, Level: level, Party: TheResponder, Requirement: requirement, Source: source, Needs: needs,
		Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
			to := x.Request.To
			if x.Request.IsCall() && to.Arg == "" && !x.Ambiguous && alwaysAnswers(to.Session, to.State) && so(t, x) && (len(x.Answers) > 0 || settled(t, x)) {
				t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
					return "an answer to " + x.Request.RSVP.String(), gotten(x)
				})
			}
		}),
	}
}

// viaProxy tells whether a request names its state in the params of a message to IKC:proxy.
func viaProxy(x *dialogue.Exchange) bool {
	_, _, ok := x.Request.Proxied()
	return ok && x.Request.Event.State == specifier.ProxyState
}

// reported is what a call was answered with, nil if it was not.
func reported(x *dialogue.Exchange) *perl.Value {
	if len(x.Answers) == 0 {
		return nil
	}
	return x.Answers[0].Params()
}
