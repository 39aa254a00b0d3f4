package judge_test

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// A check of one's own needs nothing that this package keeps to itself. Here a team demands that no
// state is called with undef, and looks at a capture of a conversation with real Perl.
func Example() {
	check := &judge.Check{
		ID: "TEAM-001", Level: judge.Must, Party: judge.TheRequester,
		Requirement: "A call says what it is about: its params are defined.",
		Source:      "our style guide", Needs: "a call",
		Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
			if m.IsCall() {
				t.Hold(m.Params().Kind() != perl.Undef, m.Frame, "params", "undef")
			}
		}),
	}
	f, err := judge.File("../../captures/broken/answers-twice.pcapng", []*judge.Check{check}, dialogue.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range f.Verdicts {
		fmt.Printf("%s of the %s: %s, %d pieces of evidence\n", v.Check.ID, v.Side, v.Outcome, v.Evidence)
		for _, finding := range v.Findings {
			fmt.Printf("  frame %d: expected %s, got %s\n", finding.Frame, finding.Expected, finding.Actual)
		}
	}
	// Output:
	// TEAM-001 of the server: pass, 3 pieces of evidence
	// TEAM-001 of the client: pass, 39 pieces of evidence
}
