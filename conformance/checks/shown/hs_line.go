package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// HSLINE are about the ends of lines.
func HSLINE() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HS-LINE-001", Level: judge.Should, Party: judge.TheSender,
			Requirement: "Lines of negotiation end in CRLF.",
			Source:      "POE::Filter::Line put", Needs: "a line of negotiation",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				for _, l := range dialogue.LinesOf(t.Conn.Negotiation, t.Side) {
					if l.Torn {
						continue
					}
					t.HoldFunc(l.End == "\r\n", l, func() (string, string) {
						return `"\r\n"`, fmt.Sprintf("%q", l.End)
					})
				}
			}),
		},
	}
}
