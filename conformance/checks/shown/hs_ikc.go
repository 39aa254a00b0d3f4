package shown

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HSIKC are about the server in the dialect IKC.
func HSIKC() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HS-IKC-001", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers HELLO with IAM and its unique kernel id.",
			Source:      "Channel server_000", Needs: "a HELLO of the client",
			Judge: owes("IAM <kernel id>", func(_, reply string) bool { return isIAm(reply) }, dialogue.AskHello),
		},
		{
			ID: "HS-IKC-002", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers each OK with IAM and its next name, and when all have been told, with DONE.",
			Source:      "Channel negociate_001", Needs: "an OK of the client",
			Judge: owes("IAM <name> or DONE", func(_, reply string) bool { return isIAm(reply) || reply == "DONE" }, dialogue.AskOK),
		},
		{
			ID: "HS-IKC-003", Level: judge.Should, Party: judge.TheServer,
			Requirement: "A server tells its aliases in reverse order: after the id the address of the socket, the name last.",
			Source:      "Channel negociate_001 (pop)", Needs: "two IAM lines of the server",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				var names []*dialogue.Line
				for _, l := range dialogue.LinesOf(t.Conn.Negotiation.Sound(), wire.Server) {
					if isIAm(l.Text) {
						names = append(names, l)
					}
				}
				if len(names) > 1 {
					t.Hold(addressLike.MatchString(strings.TrimSpace(names[1].Text[4:])), names[1], "IAM <address:port> as the second name", names[1].Text)
				}
			}),
		},
		{
			ID: "HS-IKC-004", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers each IAM of the client with OK.",
			Source:      "Channel server_002", Needs: "an IAM of the client",
			Judge: owes(`"OK"`, func(_, reply string) bool { return reply == "OK" }, dialogue.AskIAm),
		},
		{
			ID: "HS-IKC-005", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers FREEZER Storable with OK.",
			Source:      "Channel server_003", Needs: "a FREEZER Storable of the client",
			Judge: onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
				if name, _ := wire.ParseFreezer(u.Line.Text); name == wire.DefaultSerializer && decided(t, u) {
					t.HoldFunc(u.Reply != nil && u.Reply.Text == "OK", u.At(), func() (string, string) {
						return `"OK"`, replied(u.Reply)
					})
				}
			}, dialogue.AskFreezer),
		},
		{
			ID: "HS-IKC-006", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers FREEZER with OK, or with NOT for a package that it cannot use, and the client may offer another.",
			Source:      "Channel server_003", Needs: "a FREEZER of the client",
			Judge: owes("OK or NOT", func(_, reply string) bool { return reply == "OK" || reply == "NOT" }, dialogue.AskFreezer),
		},
		{
			ID: "HS-IKC-007", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers WORLD with UP; frames follow.",
			Source:      "Channel server_003", Needs: "a WORLD of the client",
			Judge: owes(`"UP"`, func(_, reply string) bool { return reply == "UP" }, dialogue.AskWorld),
		},
		{
			ID: "HS-IKC-008", Level: judge.Should, Party: judge.TheServer,
			Requirement: "After HELLO, a server answers NOT to a line that makes no sense, and the phase goes on; NOT itself is not answered.",
			Source:      "Channel server_002, server_003, negociate_001", Needs: "a line of the client that fits no phase, after HELLO",
			Judge: owes(`"NOT"`, func(_, reply string) bool { return reply == "NOT" }, dialogue.AskOdd),
		},
		{
			ID: "HS-IKC-009", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server does not answer DONE: the client's FREEZER comes next.",
			Source:      "Channel server_002", Needs: "a DONE of the client, and a line after it",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				turns, extra := t.ServerTurns()
				for i, u := range turns {
					if u.Ask == dialogue.AskDone && i+1 < len(turns) {
						t.HoldFunc(len(extra) == 0, u.Line, func() (string, string) {
							return "no answer", fmt.Sprintf("%d lines too many", len(extra))
						})
					}
				}
			}),
		},
		{
			ID: "HS-IKC-010", Level: judge.Should, Party: judge.TheServer,
			Requirement: "A server that speaks only IKC refuses SETUP with NOT and then takes HELLO; so clients of IKC0 can fall back.",
			Source:      "Channel server_000 (0.2300 on); older ones warn and send nothing", Needs: "a SETUP of the client that was refused, and its HELLO",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				n := t.Conn.Negotiation
				if !n.Fallback {
					return
				}
				turns, _ := t.ServerTurns()
				for _, u := range turns {
					if u.Ask == dialogue.AskHello && decided(t, u) {
						t.HoldFunc(u.Reply != nil && isIAm(u.Reply.Text), u.At(), func() (string, string) {
							return "IAM <kernel id>", replied(u.Reply)
						})
					}
				}
			}),
		},
		{
			ID: "HS-IKC-011", Level: judge.Should, Party: judge.TheServer,
			Requirement: "A server tells at least one name besides its id.",
			Source:      "Channel server_000, negociate_001", Needs: "a negotiation in the dialect IKC that was completed",
			Rationale: "Kernels are addressed by their names; an id is known to nobody beforehand.",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				if n := t.Conn.Negotiation; n.Complete && n.Dialect == wire.IKC {
					names := t.Names(wire.Server)
					t.HoldFunc(len(names) > 1, lastLine(t), func() (string, string) {
						return "IAM <kernel id> and at least one IAM <name>", "IAM " + strings.Join(names, ", IAM ")
					})
				}
			}),
		},
	}
}
