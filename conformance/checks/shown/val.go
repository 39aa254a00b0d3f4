package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// VAL are about values that the state echo hands back.
func VAL() []*judge.Check {
	var checks []*judge.Check
	for i, k := range contract.ValueKinds() {
		checks = append(checks, &judge.Check{
			ID: "VAL-" + k.Number, Level: judge.Must, Party: judge.TheResponder,
			Requirement: fmt.Sprintf("%s survives the way there and back unchanged in kind and content.", upper(k.Name)),
			Source:      "Storable, FreezeThaw, Freezer; states get what was sent (Responder request)",
			Rationale: "Floating point numbers and integers beyond 32 bits are strings to begin with: nfreeze writes them so. " +
				"That of Perl 5.8.9 to 5.14 also writes integers outside -128..127 so (perl5 issue 11427): " +
				"in images of Storable 2.7 and 2.8 such strings are taken for numbers.",
			Needs: fmt.Sprintf("a call of %s/echo with %s that was answered", contract.SessionAlias, k.Name),
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if !to(x, contract.SessionAlias, "echo") || x.Ambiguous || x.Request.WantArray {
					return
				}
				if e := t.Echo(x, a); t.ValueKinds(e.Sent).Has(i) {
					t.HoldFunc(e.Same, a.Frame, func() (string, string) { return judge.ShowBoth(e.Sent, e.Got) })
				}
			}).OfSession(contract.SessionAlias),
		})
	}
	return checks
}

func upper(s string) string { return string(s[0]-'a'+'A') + s[1:] }
