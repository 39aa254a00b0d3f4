package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// ANS are about silence: a call of the state echo with a value of each kind is answered. Whether by
// the same value, VAL say.
func ANS() []*judge.Check {
	var checks []*judge.Check
	for i, k := range contract.ValueKinds() {
		checks = append(checks, &judge.Check{
			ID: "ANS-" + k.Number, Level: judge.Must, Party: judge.TheResponder,
			Requirement: fmt.Sprintf("A call whose state returns %s is answered.", k.Name),
			Source:      "Responder::Thunk __thunk: what is defined is sent",
			Rationale:   "A value that is of several kinds is held against those that no call of the connection was answered with yet: they come one by one.",
			Needs:       fmt.Sprintf("a call of %s/echo with %s, and a later call that was answered", contract.SessionAlias, k.Name),
			Judge:       judge.InOrder(func() func(*judge.Trial, *dialogue.Exchange) { return answersKind(i) }).OfSession(contract.SessionAlias),
		})
	}
	return checks
}

// answersKind looks for the first call of echo with a value of a kind that gets an answer.
func answersKind(kind int) func(*judge.Trial, *dialogue.Exchange) {
	answered := false
	return func(t *judge.Trial, x *dialogue.Exchange) {
		if answered || !to(x, contract.SessionAlias, contract.EchoState) || !answerDue(x) || len(x.Answers) == 0 && !concluded(t, x) ||
			!t.ValueKinds(x.Arg(0)).Has(kind) {
			return
		}
		answered = len(x.Answers) > 0
		t.HoldFunc(answered, reply(x), func() (string, string) {
			return fmt.Sprintf("an answer to %v with %s", x.Request.RSVP, judge.ShowValue(x.Arg(0))), gotten(x)
		})
	}
}
