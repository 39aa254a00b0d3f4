package conformance

import "github.com/perl-ikc/ikc-conform/conformance/dialogue"

// PUB are the checks PUB-001 to PUB-002. // proxyChecks are about messages to IKC:proxy and what was retracted.
func AreaShownPUB() []*Check {
	refused := func(id string, requirement, source, needs string, so func(x *dialogue.Exchange) bool) *Check {
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement, Source: source, Needs: needs,
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if so(x) && (len(x.Answers)+len(x.Errors) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Errors) > 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		}
	}
	return []*Check{
		refused("PUB-001", "A request to a state that was published and then retracted is answered with an error report.", "Responder retract, _req_is_published",
			"a request to "+SessionAlias+"/"+RetractedState+", and a later call that was answered",
			func(x *dialogue.Exchange) bool { return to(x, SessionAlias, RetractedState) }),
		{
			ID: "PUB-002", Level: Must, Party: TheResponder,
			Requirement: "do_you_have refuses a state that was published and then retracted.",
			Source:      "Responder retract, do_you_have", Needs: "a do_you_have request for " + SessionAlias + "/" + RetractedState,
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked askedAddress) {
				if asked.Session == SessionAlias && asked.State == RetractedState {
					t.HoldElse(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) { return "a string that refuses", gotten(x) })
				}
			}),
		},
	}
}
