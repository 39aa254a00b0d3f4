package shown

import (
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// PUB are about what was published and retracted.
func PUB() []*judge.Check {
	refused := func(id string, requirement, source, needs string, so func(x *dialogue.Exchange) bool) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheResponder, Requirement: requirement, Source: source, Needs: needs,
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if so(x) && (len(x.Answers)+len(x.Errors) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Errors) > 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		}
	}
	return []*judge.Check{
		refused("PUB-001", "A request to a state that was published and then retracted is answered with an error report.", "Responder retract, _req_is_published",
			"a request to "+contract.SessionAlias+"/"+contract.RetractedState+", and a later call that was answered",
			func(x *dialogue.Exchange) bool { return to(x, contract.SessionAlias, contract.RetractedState) }),
		{
			ID: "PUB-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "do_you_have refuses a state that was published and then retracted.",
			Source:      "Responder retract, do_you_have", Needs: "a do_you_have request for " + contract.SessionAlias + "/" + contract.RetractedState,
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked askedAddress) {
				if asked.Session == contract.SessionAlias && asked.State == contract.RetractedState {
					t.HoldFunc(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) { return "a string that refuses", gotten(x) })
				}
			}),
		},
	}
}
