package shown

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HSTURN are about whose turn it is.
func HSTURN() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HS-TURN-001", Level: judge.Must, Party: judge.TheClient,
			Requirement: "In the dialect IKC a client says HELLO, and then one line for each line of the server that asks for one: nothing twice, and nothing behind WORLD.",
			Source:      "Channel client_000 to client_003", Needs: "a HELLO of the client, and a line of the server",
			Rationale: "A server that has said UP reads frames: a line that comes then is taken for the beginning of one, and no frame is understood any more.",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				n := t.Conn.Negotiation.Sound()
				said := dialogue.LinesOf(n, wire.Server)
				if n.Dialect != wire.IKC || len(said) == 0 || slices.ContainsFunc(said, isSetup) {
					return // of a client that did not want a good SETUP, another check says so
				}
				_, extra := t.ClientTurns()
				if len(extra) == 0 {
					t.Pass(lastLine(t))
					return
				}
				t.OnAll()
				t.Fail(extra[0], "one line for each that asks for one", fmt.Sprintf("%q besides", extra[0].Text))
			}),
		},
	}
}

func isSetup(l *dialogue.Line) bool { return wire.IsSetup(l.Text) }
