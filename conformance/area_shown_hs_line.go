package conformance

import "fmt"

// HSLINE are the checks HS-LINE-001 to HS-LINE-001.
func AreaShownHSLINE() []*Check {
	return []*Check{
		{
			ID: "HS-LINE-001", Level: Should, Party: TheSender,
			Requirement: "Lines of negotiation end in CRLF.",
			Source:      "POE::Filter::Line put", Needs: "a line of negotiation",
			Judge: onConnection(func(t *Trial) {
				for _, l := range linesOf(t.Conn.Negotiation, t.Side) {
					t.HoldElse(l.End == "\r\n", l, func() (string, string) {
						return `"\r\n"`, fmt.Sprintf("%q", l.End)
					})
				}
			}),
		},
	}
}
