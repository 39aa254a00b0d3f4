package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// HCNAME are about the names of several clients.
func HCNAME() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HC-NAME-001", Level: judge.Must, Party: judge.TheClient,
			Requirement: "An id is one kernel's: no two clients are connected to a kernel by it at the same time.",
			Rationale: "What is addressed to an id goes to the client that came first, answers to calls of the other one too, which waits in vain. " +
				"ClientLites of one name, and kernels that were forked, are such clients.",
			Source: "Responder register, channel_list; ClientLite spawn (name)",
			Needs:  "two clients that are connected to a kernel at the same time",
			Judge: judge.OnMeeting(func(t *judge.Trial, m dialogue.Meeting) {
				t.Hold(m.Same == "", m.At, "an id of its own", fmt.Sprintf("%q: %s", m.ID, m.Same))
			}),
		},
	}
}
