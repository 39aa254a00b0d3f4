package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HSIKC0 are the checks HS-IKC0-001 to HS-IKC0-013.
func AreaShownHSIKC0() []*Check {
	return []*Check{
		{
			ID: "HS-IKC0-001", Level: Must, Party: TheServer,
			Requirement: "A server answers a well-formed SETUP that offers Storable with SETUP, or with NOT if it speaks only IKC.",
			Source:      srcServer010 + "; server_000", Needs: "a SETUP of the client",
			Judge: onServerTurns(func(t *Trial, u turn) {
				if _, ok := t.goodSetup(u.ask); ok && decided(t, u) {
					ok := u.reply != nil && (u.reply.Text == "NOT" || wire.IsSetup(u.reply.Text))
					t.HoldElse(ok, u.at(), func() (string, string) {
						return "SETUP ... or NOT", replied(u.reply)
					})
				}
			}, stepSetup),
		},
		{
			ID: "HS-IKC0-002", Level: Must, Party: TheServer,
			Requirement: "The server's SETUP is made of KERNEL, FREEZER and PID fields only, and names its kernel.",
			Source:      "Protocol __neg_setup (0.2302 to 0.2402)", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *Trial, _ wire.Setup, l *dialogue.Line, _ wire.Setup, err error) {
				t.HoldElse(err == nil, l, func() (string, string) {
					return "KERNEL=<id>,<name>...;FREEZER=<package>;PID=<digits>", fmt.Sprint(err)
				})
			}),
		},
		{
			ID: "HS-IKC0-003", Level: Must, Party: TheServer,
			Requirement: "The server's SETUP names exactly one FREEZER.",
			Source:      "Channel client_010 (0.2302 to 0.2402): a client answers NOT to any other number", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *Trial, _ wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil {
					t.HoldElse(len(s.Serializers) == 1, l, func() (string, string) {
						return "one FREEZER", fmt.Sprintf("%d: %s", len(s.Serializers), strings.Join(s.Serializers, ","))
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-004", Level: Must, Party: TheServer,
			Requirement: "The FREEZER that the server chooses is one of those the client offered.",
			Source:      srcServer010, Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil && len(s.Serializers) > 0 {
					t.HoldElse(slices.Contains(asked.Serializers, s.Serializers[0]), l, func() (string, string) {
						return "one of " + strings.Join(asked.Serializers, ","), s.Serializers[0]
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-005", Level: Should, Party: TheServer,
			Requirement: "The server takes the first FREEZER of the client's list that it can use; every kernel can use Storable.",
			Source:      srcServer010, Needs: "a SETUP of the server, to a client that offers Storable first",
			Judge: onServerSetup(func(t *Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil && len(s.Serializers) > 0 && len(asked.Serializers) > 0 && asked.Serializers[0] == wire.DefaultSerializer {
					t.Hold(s.Serializers[0] == wire.DefaultSerializer, l, wire.DefaultSerializer, s.Serializers[0])
				}
			}),
		},
		{
			ID: "HS-IKC0-006", Level: Should, Party: TheServer,
			Requirement: "The server's SETUP tells its process id as PID=<digits>.",
			Source:      "Protocol __build_setup (0.2302 to 0.2402)", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *Trial, _ wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil {
					t.Hold(s.PID != "", l, "PID=<digits>", l.Text)
				}
			}),
		},
		{
			ID: "HS-IKC0-007", Level: Should, Party: TheServer,
			Requirement: "The server's KERNEL list begins with its unique id, followed by at least one name, and ends with the address of its socket.",
			Source:      "Channel channel_start, __build_setup", Needs: "a SETUP of the server",
			Judge: onServerSetup(func(t *Trial, _ wire.Setup, l *dialogue.Line, s wire.Setup, err error) {
				if err == nil {
					last := s.Kernel[len(s.Kernel)-1]
					t.HoldElse(len(s.Kernel) >= 2 && addressLike.MatchString(last), l, func() (string, string) {
						return "<id>,<name>...,<address:port> or unix:<path>", strings.Join(s.Kernel, ",")
					})
				}
			}),
		},
		{
			ID: "HS-IKC0-008", Level: Must, Party: TheServer,
			Requirement: "A server answers NOT to a SETUP with an unknown field, without KERNEL, without FREEZER, or with no FREEZER that it can use.",
			Source:      srcServer010, Needs: "a malformed SETUP of the client",
			Judge: onServerTurns(func(t *Trial, u turn) {
				s, err := t.setup(u.ask)
				if (err != nil || len(s.Serializers) == 0) && decided(t, u) {
					t.HoldElse(u.reply != nil && u.reply.Text == "NOT", u.at(), func() (string, string) {
						return `"NOT"`, replied(u.reply)
					})
				}
			}, stepSetup),
		},
		{
			ID: "HS-IKC0-009", Level: Must, Party: TheServer,
			Requirement: "After NOT to a SETUP the negotiation is still open: a good SETUP or a HELLO is answered.",
			Source:      srcServer010, Needs: "a SETUP or HELLO of the client after a refused SETUP",
			Judge: onConnection(func(t *Trial) {
				turns, _ := t.serverTurns()
				refused := false
				for _, u := range turns {
					_, good := wire.Setup{}, u.step == stepHello
					if u.step == stepSetup {
						_, good = t.goodSetup(u.ask)
					}
					if refused && good && decided(t, u) {
						t.HoldElse(u.reply != nil, u.at(), func() (string, string) {
							return "SETUP, IAM or NOT", replied(u.reply)
						})
					}
					refused = refused || u.step == stepSetup && u.reply != nil && u.reply.Text == "NOT"
				}
			}),
		},
		{
			ID: "HS-IKC0-010", Level: Should, Party: TheServer,
			Requirement: "A server answers NOT to HELLO IKC<digit>, a dialect that does not exist yet.",
			Source:      "Channel server_010, server_000", Needs: "a HELLO IKC<digit> of the client",
			Judge: onServerTurns(func(t *Trial, u turn) {
				if decided(t, u) {
					t.HoldElse(u.reply != nil && u.reply.Text == "NOT", u.at(), func() (string, string) {
						return `"NOT"`, replied(u.reply)
					})
				}
			}, stepVersion),
		},
		{
			ID: "HS-IKC0-011", Level: Should, Party: TheServer,
			Requirement: "Before SETUP or HELLO, a server passes over lines that it does not know, without an answer.",
			Source:      "Channel server_010, server_000", Needs: "an unknown line of the client before SETUP or HELLO, and a line after it",
			Judge: onConnection(func(t *Trial) {
				turns, extra := t.serverTurns()
				for i, u := range turns {
					if u.step == stepNoise && i+1 < len(turns) {
						t.HoldElse(len(extra) == 0, u.ask, func() (string, string) {
							return "no answer", fmt.Sprintf("%d lines too many", len(extra))
						})
					}
				}
			}),
		},
		{
			ID: "HS-IKC0-012", Level: Must, Party: TheServer,
			Requirement: "A server sends nothing before the client has sent a line, and no line that was not asked for.",
			Source:      "Channel server_010, server_000", Needs: "a line of the client",
			Judge: onConnection(func(t *Trial) {
				n := t.Conn.Negotiation
				asked := linesOf(n, wire.Client)
				if len(asked) == 0 {
					return
				}
				_, extra := serverTurns(n)
				if len(extra) == 0 {
					t.Pass(asked[0])
					return
				}
				t.Fail(extra[0], "one line for each that asks for one", fmt.Sprintf("%q besides", extra[0].Text))
			}),
		},
		{
			ID: "HS-IKC0-013", Level: Should, Party: TheServer,
			Requirement: "Frames that follow the client's SETUP before it is answered are not lost.",
			Source:      "Channel _negociation_done (0.2401, 0.2402)", Needs: "a call of the client behind its SETUP, before the answer, and a later call that was answered",
			Judge: onAnyRequests(func(t *Trial, x *dialogue.Exchange) {
				if x.Request.Frame.Early && !t.Conn.Gaps && x.Request.IsCall() && alwaysAnswers(x.Request.To.Session, x.Request.To.State) && (len(x.Answers) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Answers) > 0, reply(x), func() (string, string) {
						return "an answer", gotten(x)
					})
				}
			}),
		},
	}
}
