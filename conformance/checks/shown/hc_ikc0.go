package shown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HCIKC0 are about the client in the dialect IKC0.
func HCIKC0() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HC-IKC0-001", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client speaks first, and opens with SETUP or HELLO.",
			Source:      "Channel client_010, client_000; ClientLite connect", Needs: "the start of a connection",
			Judge: onClientTurns(func(t *judge.Trial, u dialogue.Turn) {
				ok := u.Reply != nil && (u.Reply.Text == "HELLO" || wire.IsSetup(u.Reply.Text))
				t.HoldFunc(ok && t.Conn.Negotiation.Sound().Lines[0].From == wire.Client, u.At(), func() (string, string) {
					return "SETUP ... or HELLO", replied(u.Reply)
				})
			}, dialogue.AskOpen),
		},
		{
			ID: "HC-IKC0-002", Level: judge.Must, Party: judge.TheClient,
			Requirement: "The client's SETUP is made of KERNEL, FREEZER and PID fields only, with a kernel name and at least one FREEZER.",
			Source:      "Channel client_010, __build_setup (0.2302 to 0.2402)", Needs: "a SETUP of the client",
			Judge: onClientTurns(func(t *judge.Trial, u dialogue.Turn) {
				if u.Reply != nil && strings.HasPrefix(u.Reply.Text, "SETUP") {
					s, err := t.Setup(u.Reply)
					actual := u.Reply.Text
					if err != nil {
						actual = err.Error()
					}
					t.Hold(err == nil && len(s.Serializers) > 0, u.Reply, "KERNEL=...;FREEZER=<package>...;PID=<digits>", actual)
				}
			}, dialogue.AskOpen),
		},
		{
			ID: "HC-IKC0-003", Level: judge.Should, Party: judge.TheClient,
			Requirement: "The client's SETUP tells its process id as PID=<digits>.",
			Source:      "Protocol __build_setup (0.2302 to 0.2402)", Needs: "a SETUP of the client",
			Judge: onClientTurns(func(t *judge.Trial, u dialogue.Turn) {
				if u.Reply != nil {
					if s, err := t.Setup(u.Reply); err == nil {
						t.Hold(s.PID != "", u.Reply, "PID=<digits>", u.Reply.Text)
					}
				}
			}, dialogue.AskOpen),
		},
		{
			ID: "HC-IKC0-004", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client whose SETUP is answered with NOT starts over with HELLO on the same connection.",
			Source:      "Channel client_010; ClientLite _protocol_IKC0 (0.2302 to 0.2402)", Needs: "a SETUP of the client that was answered with NOT",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				if !hasOpenedWithSetup(t) {
					return
				}
				turns, _ := t.ClientTurns()
				if len(turns) > 1 && turns[1].Ask == dialogue.AskNOT && decided(t, turns[1]) {
					t.HoldFunc(turns[1].Reply != nil && turns[1].Reply.Text == "HELLO", turns[1].At(), func() (string, string) {
						return `"HELLO"`, replied(turns[1].Reply)
					})
				}
			}),
		},
		{
			ID: "HC-IKC0-005", Level: judge.Must, Party: judge.TheClient,
			Requirement: "After a good SETUP of the server, the client sends no more lines.",
			Source:      "Channel client_010 (0.2302 to 0.2402)", Needs: "a SETUP of the server",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				turns, extra := t.ClientTurns()
				for _, u := range turns {
					if s, err := wire.ParseSetup(lineText(u)); u.Ask == dialogue.AskSetup && err == nil && len(s.Serializers) == 1 {
						if len(extra) > 0 {
							t.Fail(extra[0], "frames", fmt.Sprintf("%q", extra[0].Text))
						} else {
							t.Pass(u.Line)
						}
					}
				}
			}),
		},
		{
			ID: "HC-IKC0-006", Level: judge.Should, Party: judge.TheClient,
			Requirement: "A client answers NOT to a SETUP of the server that is malformed or names other than one FREEZER.",
			Source:      "Channel client_010; ClientLite _protocol_IKC0 (0.2302 to 0.2402)", Needs: "a bad SETUP of the server",
			Judge: onClientTurns(func(t *judge.Trial, u dialogue.Turn) {
				s, err := t.Setup(u.Line)
				if (err != nil || len(s.Serializers) != 1) && decided(t, u) {
					t.HoldFunc(u.Reply != nil && u.Reply.Text == "NOT", u.At(), func() (string, string) {
						return `"NOT"`, replied(u.Reply)
					})
				}
			}, dialogue.AskSetup),
		},
	}
}

// MoreHCIKC0 are about what the SETUP of a client says.
func MoreHCIKC0() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HC-IKC0-007", Level: judge.Should, Party: judge.TheClient,
			Requirement: "The client's KERNEL list ends with the address of its socket, unless it is one name only (ClientLite).",
			Source:      "Channel channel_start, __build_setup; ClientLite connect", Needs: "a SETUP of the client with two names",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				if p := t.Names(t.Side); len(p) > 1 && t.Conn.Negotiation.Complete &&
					!t.Conn.Negotiation.Fallback && t.Conn.Negotiation.Dialect.String() == "IKC0" {
					last := p[len(p)-1]
					t.Hold(addressLike.MatchString(last), lastLine(t), "<address:port> or unix:<path>", last)
				}
			}),
		},
		{
			ID: "HC-IKC0-008", Level: judge.Should, Party: judge.TheClient,
			Requirement: "A client offers each serializer once.",
			Source:      "Protocol __build_setup; Channel client_002", Needs: "an offer of serializers",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				offered := slices.Clone(t.Conn.Negotiation.Offered)
				if len(offered) > 0 && t.Conn.Negotiation.Complete && !t.Conn.Negotiation.Fallback {
					slices.Sort(offered)
					t.HoldFunc(len(slices.Compact(slices.Clone(offered))) == len(offered),
						lastLine(t), func() (string, string) { return "each once", strings.Join(offered, ", ") })
				}
			}),
		},
	}
}
