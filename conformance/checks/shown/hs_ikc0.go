package shown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HSIKC0 are about the server in the dialect IKC0.
func HSIKC0() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HS-IKC0-001", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers a well-formed SETUP that offers Storable with SETUP, or with NOT if it speaks only IKC.",
			Source:      sourceServer010 + "; server_000", Needs: "a SETUP of the client",
			Judge: onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
				if _, ok := t.GoodSetup(u.Line); ok && decided(t, u) {
					ok := u.Reply != nil && (u.Reply.Text == "NOT" || wire.IsSetup(u.Reply.Text))
					t.HoldFunc(ok, u.At(), func() (string, string) {
						return "SETUP ... or NOT", replied(u.Reply)
					})
				}
			}, dialogue.AskSetup),
		},
		{
			ID: "HS-IKC0-002", Level: judge.Must, Party: judge.TheServer,
			Requirement: "The server's SETUP is made of KERNEL, FREEZER and PID fields only, and names its kernel.",
			Source:      "Protocol __neg_setup (0.2302 to 0.2402)", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *judge.Trial, _ wire.Setup, l *dialogue.Line, _ wire.Setup, err error) {
				t.HoldFunc(err == nil, l, func() (string, string) {
					return "KERNEL=<id>,<name>...;FREEZER=<package>;PID=<digits>", fmt.Sprint(err)
				})
			}),
		},
		{
			ID: "HS-IKC0-003", Level: judge.Must, Party: judge.TheServer,
			Requirement: "The server's SETUP names exactly one FREEZER.",
			Source:      "Channel client_010 (0.2302 to 0.2402): a client answers NOT to any other number", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *judge.Trial, _ wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil {
					t.HoldFunc(len(s.Serializers) == 1, l, func() (string, string) {
						return "one FREEZER", fmt.Sprintf("%d: %s", len(s.Serializers), strings.Join(s.Serializers, ","))
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-004", Level: judge.Must, Party: judge.TheServer,
			Requirement: "The FREEZER that the server chooses is one of those the client offered.",
			Source:      sourceServer010, Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *judge.Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil && len(s.Serializers) > 0 {
					t.HoldFunc(slices.Contains(asked.Serializers, s.Serializers[0]), l, func() (string, string) {
						return "one of " + strings.Join(asked.Serializers, ","), s.Serializers[0]
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-005", Level: judge.Should, Party: judge.TheServer,
			Requirement: "The server takes the first FREEZER of the client's list that it can use; every kernel can use Storable.",
			Source:      sourceServer010, Needs: "a SETUP of the server, to a client that offers Storable first",
			Judge: onServerSetup(func(t *judge.Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil && len(s.Serializers) > 0 && len(asked.Serializers) > 0 && asked.Serializers[0] == wire.DefaultSerializer {
					t.Hold(s.Serializers[0] == wire.DefaultSerializer, l, wire.DefaultSerializer, s.Serializers[0])
				}
			}),
		},
		{
			ID: "HS-IKC0-006", Level: judge.Should, Party: judge.TheServer,
			Requirement: "The server's SETUP tells its process id as PID=<digits>.",
			Source:      "Protocol __build_setup (0.2302 to 0.2402)", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *judge.Trial, _ wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil {
					t.Hold(s.PID != "", l, "PID=<digits>", l.Text)
				}
			}),
		},
		{
			ID: "HS-IKC0-007", Level: judge.Should, Party: judge.TheServer,
			Requirement: "The server's KERNEL list begins with its unique id, followed by at least one name, and ends with the address of its socket.",
			Source:      "Channel channel_start, __build_setup", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *judge.Trial, _ wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil {
					last := s.Kernel[len(s.Kernel)-1]
					t.HoldFunc(len(s.Kernel) >= 2 && addressLike.MatchString(last), l, func() (string, string) {
						return "<id>,<name>...,<address:port> or unix:<path>", strings.Join(s.Kernel, ",")
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-008", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server answers NOT to a SETUP with an unknown field, without KERNEL, without FREEZER, or with no FREEZER that it can use.",
			Source:      sourceServer010, Needs: "a malformed SETUP of the client",
			Judge: onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
				s, err := t.Setup(u.Line)
				if (err != nil || len(s.Serializers) == 0) && decided(t, u) {
					t.HoldFunc(u.Reply != nil && u.Reply.Text == "NOT", u.At(), func() (string, string) {
						return `"NOT"`, replied(u.Reply)
					})
				}
			}, dialogue.AskSetup),
		},
		{
			ID: "HS-IKC0-009", Level: judge.Must, Party: judge.TheServer,
			Requirement: "After NOT to a SETUP the negotiation is still open: a good SETUP or a HELLO is answered.",
			Source:      sourceServer010, Needs: "a SETUP or HELLO of the client after a refused SETUP",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				turns, _ := t.ServerTurns()
				refused := false
				for _, u := range turns {
					_, good := wire.Setup{}, u.Ask == dialogue.AskHello
					if u.Ask == dialogue.AskSetup {
						_, good = t.GoodSetup(u.Line)
					}
					if refused && good && decided(t, u) {
						t.HoldFunc(u.Reply != nil, u.At(), func() (string, string) {
							return "SETUP, IAM or NOT", replied(u.Reply)
						})
					}
					refused = refused || u.Ask == dialogue.AskSetup && u.Reply != nil && u.Reply.Text == "NOT"
				}
			}),
		},
		{
			ID: "HS-IKC0-010", Level: judge.Should, Party: judge.TheServer,
			Requirement: "A server answers NOT to HELLO IKC<digit>, a dialect that does not exist yet.",
			Source:      "Channel server_010, server_000", Needs: "a HELLO IKC<digit> of the client",
			Judge: onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
				if decided(t, u) {
					t.HoldFunc(u.Reply != nil && u.Reply.Text == "NOT", u.At(), func() (string, string) {
						return `"NOT"`, replied(u.Reply)
					})
				}
			}, dialogue.AskVersion),
		},
		{
			ID: "HS-IKC0-011", Level: judge.Should, Party: judge.TheServer,
			Requirement: "Before SETUP or HELLO, a server passes over lines that it does not know, without an answer.",
			Source:      "Channel server_010, server_000", Needs: "an unknown line of the client before SETUP or HELLO, and a line after it",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				turns, extra := t.ServerTurns()
				for i, u := range turns {
					if u.Ask == dialogue.AskNoise && i+1 < len(turns) {
						t.HoldFunc(len(extra) == 0, u.Line, func() (string, string) {
							return "no answer", fmt.Sprintf("%d lines too many", len(extra))
						})
					}
				}
			}),
		},
		{
			ID: "HS-IKC0-012", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A server sends nothing before the client has sent a line, and no line that was not asked for.",
			Source:      "Channel server_010, server_000", Needs: "a line of the client",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				n := t.Conn.Negotiation.Sound()
				asked := dialogue.LinesOf(n, wire.Client)
				if len(asked) == 0 {
					return
				}
				_, extra := dialogue.ServerTurns(n)
				if len(extra) == 0 {
					t.Pass(asked[0])
					return
				}
				t.Fail(extra[0], "one line for each that asks for one", fmt.Sprintf("%q besides", extra[0].Text))
			}),
		},
		{
			ID: "HS-IKC0-013", Level: judge.Should, Party: judge.TheServer,
			Requirement: "Frames that follow the client's SETUP before it is answered are not lost.",
			Source:      "Channel _negociation_done (0.2401, 0.2402)", Needs: "a call of the client behind its SETUP, before the answer, and a later call that was answered",
			Judge: judge.OnAnyRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.Frame.Early && !t.Conn.Gaps && x.Request.IsCall() &&
					returnsSomething(x) && (len(x.Answers) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-014", Level: judge.Must, Party: judge.TheServer,
			Requirement: "A well-formed SETUP without Storable is answered as well: with SETUP, or with NOT.",
			Source:      sourceServer010, Needs: "a SETUP of the client that offers other serializers only",
			Judge: onServerTurns(func(t *judge.Trial, u dialogue.Turn) {
				s, err := t.Setup(u.Line)
				if err == nil && len(s.Serializers) > 0 && !slices.Contains(s.Serializers, wire.DefaultSerializer) && decided(t, u) {
					ok := u.Reply != nil && (u.Reply.Text == "NOT" || wire.IsSetup(u.Reply.Text))
					t.HoldFunc(ok, u.At(), func() (string, string) {
						return "SETUP ... or NOT", replied(u.Reply)
					})
				}
			}, dialogue.AskSetup),
		},
	}
}
