package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HCIKC0 are the checks HC-IKC0-001 to HC-IKC0-006.
func AreaShownHCIKC0() []*Check {
	return []*Check{
		{
			ID: "HC-IKC0-001", Level: Must, Party: TheClient,
			Requirement: "A client speaks first, and opens with SETUP or HELLO.",
			Source:      "Channel client_010, client_000; ClientLite connect", Needs: "the start of a connection",
			Judge: onClientTurns(func(t *Trial, u turn) {
				ok := u.reply != nil && (u.reply.Text == "HELLO" || wire.IsSetup(u.reply.Text))
				t.HoldElse(ok && t.Conn.Negotiation.Lines[0].From == wire.Client, u.at(), func() (string, string) {
					return "SETUP ... or HELLO", replied(u.reply)
				})
			}, stepOpen),
		},
		{
			ID: "HC-IKC0-002", Level: Must, Party: TheClient,
			Requirement: "The client's SETUP is made of KERNEL, FREEZER and PID fields only, with a kernel name and at least one FREEZER.",
			Source:      "Channel client_010, __build_setup (0.2302 to 0.2402)", Needs: "a SETUP of the client",
			Judge: onClientTurns(func(t *Trial, u turn) {
				if u.reply != nil && strings.HasPrefix(u.reply.Text, "SETUP") {
					s, err := t.setup(u.reply)
					actual := u.reply.Text
					if err != nil {
						actual = err.Error()
					}
					t.Hold(err == nil && len(s.Serializers) > 0, u.reply, "KERNEL=...;FREEZER=<package>...;PID=<digits>", actual)
				}
			}, stepOpen),
		},
		{
			ID: "HC-IKC0-003", Level: Should, Party: TheClient,
			Requirement: "The client's SETUP tells its process id as PID=<digits>.",
			Source:      "Protocol __build_setup (0.2302 to 0.2402)", Needs: "a SETUP of the client",
			Judge: onClientTurns(func(t *Trial, u turn) {
				if u.reply != nil {
					if s, err := t.setup(u.reply); err == nil {
						t.Hold(s.PID != "", u.reply, "PID=<digits>", u.reply.Text)
					}
				}
			}, stepOpen),
		},
		{
			ID: "HC-IKC0-004", Level: Must, Party: TheClient,
			Requirement: "A client whose SETUP is answered with NOT starts over with HELLO on the same connection.",
			Source:      "Channel client_010; ClientLite _protocol_IKC0 (0.2302 to 0.2402)", Needs: "a SETUP of the client that was answered with NOT",
			Judge: onConnection(func(t *Trial) {
				if !hasOpenedWithSetup(t) {
					return
				}
				turns, _ := t.clientTurns()
				if len(turns) > 1 && turns[1].step == stepNOT && decided(t, turns[1]) {
					t.HoldElse(turns[1].reply != nil && turns[1].reply.Text == "HELLO", turns[1].at(), func() (string, string) {
						return `"HELLO"`, replied(turns[1].reply)
					})
				}
			}),
		},
		{
			ID: "HC-IKC0-005", Level: Must, Party: TheClient,
			Requirement: "After a good SETUP of the server, the client sends no more lines.",
			Source:      "Channel client_010 (0.2302 to 0.2402)", Needs: "a SETUP of the server",
			Judge: onConnection(func(t *Trial) {
				turns, extra := t.clientTurns()
				for _, u := range turns {
					if s, err := wire.ParseSetup(lineText(u)); u.step == stepSetup && err == nil && len(s.Serializers) == 1 {
						if len(extra) > 0 {
							t.Fail(extra[0], "frames", fmt.Sprintf("%q", extra[0].Text))
						} else {
							t.Pass(u.ask)
						}
					}
				}
			}),
		},
		{
			ID: "HC-IKC0-006", Level: Should, Party: TheClient,
			Requirement: "A client answers NOT to a SETUP of the server that is malformed or names other than one FREEZER.",
			Source:      "Channel client_010; ClientLite _protocol_IKC0 (0.2302 to 0.2402)", Needs: "a bad SETUP of the server",
			Judge: onClientTurns(func(t *Trial, u turn) {
				s, err := t.setup(u.ask)
				if (err != nil || len(s.Serializers) != 1) && decided(t, u) {
					t.HoldElse(u.reply != nil && u.reply.Text == "NOT", u.at(), func() (string, string) {
						return `"NOT"`, replied(u.reply)
					})
				}
			}, stepSetup),
		},
	}
}

// MoreHCIKC0 are the checks HC-IKC0-007 to HC-IKC0-008. // identityChecks are about what kernels call themselves.
func AreaShownMoreHCIKC0() []*Check {
	return []*Check{
		{
			ID: "HC-IKC0-007", Level: Should, Party: TheClient,
			Requirement: "The client's KERNEL list ends with the address of its socket, unless it is one name only (ClientLite).",
			Source:      "Channel channel_start, __build_setup; ClientLite connect", Needs: "a SETUP of the client with two names",
			Judge: onConnection(func(t *Trial) {
				if p := t.names(t.Side); len(p) > 1 && t.Conn.Negotiation.Complete && !t.Conn.Negotiation.Fallback && t.Conn.Negotiation.Dialect.String() == "IKC0" {
					last := p[len(p)-1]
					t.Hold(addressLike.MatchString(last), lastLine(t), "<address:port> or unix:<path>", last)
				}
			}),
		},
		{
			ID: "HC-IKC0-008", Level: Should, Party: TheClient,
			Requirement: "A client offers each serializer once.",
			Source:      "Protocol __build_setup; Channel client_002", Needs: "an offer of serializers",
			Judge: onConnection(func(t *Trial) {
				offered := slices.Clone(t.Conn.Negotiation.Offered)
				if len(offered) > 0 && t.Conn.Negotiation.Complete && !t.Conn.Negotiation.Fallback {
					slices.Sort(offered)
					t.HoldElse(len(slices.Compact(slices.Clone(offered))) == len(offered), lastLine(t), func() (string, string) { return "each once", strings.Join(offered, ", ") })
				}
			}),
		},
	}
}
