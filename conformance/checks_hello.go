package conformance

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// owes is a check that a server answers lines of a step in one of the ways given.
func owes(expected string, ok func(ask, reply string) bool, steps ...step) Predicate {
	return onServerTurns(func(t *Trial, u turn) {
		if u.decided(t) {
			t.HoldElse(u.reply != nil && ok(u.ask.Text, u.reply.Text), u.at(), func() (string, string) {
				return expected, replied(u.reply)
			})
		}
	}, steps...)
}

func isIAm(line string) bool {
	return strings.HasPrefix(line, "IAM ") && wire.ValidName(strings.TrimSpace(line[4:]))
}

func helloChecks() []*Check {
	return []*Check{
		{
			ID: "HS-IKC-001", Level: Must, Party: TheServer,
			Requirement: "A server answers HELLO with IAM and its unique kernel id.",
			Source:      "Channel server_000", Needs: "a HELLO of the client",
			Judge: owes("IAM <kernel id>", func(_, reply string) bool { return isIAm(reply) }, stepHello),
		},
		{
			ID: "HS-IKC-002", Level: Must, Party: TheServer,
			Requirement: "A server answers each OK with IAM and its next name, and when all have been told, with DONE.",
			Source:      "Channel negociate_001", Needs: "an OK of the client",
			Judge: owes("IAM <name> or DONE", func(_, reply string) bool { return isIAm(reply) || reply == "DONE" }, stepOK),
		},
		{
			ID: "HS-IKC-003", Level: Should, Party: TheServer,
			Requirement: "A server tells its aliases in reverse order: after the id the address of the socket, the name last.",
			Source:      "Channel negociate_001 (pop)", Needs: "two IAM lines of the server",
			Judge: onConnection(func(t *Trial) {
				var names []*dialogue.Line
				for _, l := range linesOf(t.Conn.Negotiation, wire.Server) {
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
			ID: "HS-IKC-004", Level: Must, Party: TheServer,
			Requirement: "A server answers each IAM of the client with OK.",
			Source:      "Channel server_002", Needs: "an IAM of the client",
			Judge: owes(`"OK"`, func(_, reply string) bool { return reply == "OK" }, stepIAm),
		},
		{
			ID: "HS-IKC-005", Level: Must, Party: TheServer,
			Requirement: "A server answers FREEZER Storable with OK.",
			Source:      "Channel server_003", Needs: "a FREEZER Storable of the client",
			Judge: onServerTurns(func(t *Trial, u turn) {
				if strings.TrimSpace(u.ask.Text[8:]) == wire.DefaultSerializer && u.decided(t) {
					t.HoldElse(u.reply != nil && u.reply.Text == "OK", u.at(), func() (string, string) {
						return `"OK"`, replied(u.reply)
					})
				}
			}, stepFreezer),
		},
		{
			ID: "HS-IKC-006", Level: Must, Party: TheServer,
			Requirement: "A server answers FREEZER with OK, or with NOT for a package that it cannot use, and the client may offer another.",
			Source:      "Channel server_003", Needs: "a FREEZER of the client",
			Judge: owes("OK or NOT", func(_, reply string) bool { return reply == "OK" || reply == "NOT" }, stepFreezer),
		},
		{
			ID: "HS-IKC-007", Level: Must, Party: TheServer,
			Requirement: "A server answers WORLD with UP; frames follow.",
			Source:      "Channel server_003", Needs: "a WORLD of the client",
			Judge: owes(`"UP"`, func(_, reply string) bool { return reply == "UP" }, stepWorld),
		},
		{
			ID: "HS-IKC-008", Level: Should, Party: TheServer,
			Requirement: "After HELLO, a server answers NOT to a line that makes no sense, and the phase goes on; NOT itself is not answered.",
			Source:      "Channel server_002, server_003, negociate_001", Needs: "a line of the client that fits no phase, after HELLO",
			Judge: owes(`"NOT"`, func(_, reply string) bool { return reply == "NOT" }, stepOdd),
		},
		{
			ID: "HS-IKC-009", Level: Must, Party: TheServer,
			Requirement: "A server does not answer DONE: the client's FREEZER comes next.",
			Source:      "Channel server_002", Needs: "a DONE of the client, and a line after it",
			Judge: onConnection(func(t *Trial) {
				turns, extra := t.serverTurns()
				for i, u := range turns {
					if u.step == stepDone && i+1 < len(turns) {
						t.HoldElse(len(extra) == 0, u.ask, func() (string, string) {
							return "no answer", fmt.Sprintf("%d lines too many", len(extra))
						})
					}
				}
			}),
		},
		{
			ID: "HS-IKC-010", Level: Should, Party: TheServer,
			Requirement: "A server that speaks only IKC refuses SETUP with NOT and then takes HELLO; so clients of IKC0 can fall back.",
			Source:      "Channel server_000 (0.2300 on); older ones warn and send nothing", Needs: "a SETUP of the client that was refused, and its HELLO",
			Judge: onConnection(func(t *Trial) {
				n := t.Conn.Negotiation
				if !n.Fallback {
					return
				}
				turns, _ := serverTurns(n)
				for _, u := range turns {
					if u.step == stepHello && u.decided(t) {
						t.HoldElse(u.reply != nil && isIAm(u.reply.Text), u.at(), func() (string, string) {
							return "IAM <kernel id>", replied(u.reply)
						})
					}
				}
			}),
		},
	}
}

func helloClientChecks() []*Check {
	// replies is a check that a client answers lines of a step in one of the ways given.
	replies := func(expected string, ok func(reply string) bool, steps ...step) Predicate {
		return onClientTurns(func(t *Trial, u turn) {
			if t.Conn.Negotiation.Dialect == wire.IKC && u.decided(t) {
				t.HoldElse(u.reply != nil && ok(u.reply.Text), u.at(), func() (string, string) {
					return expected, replied(u.reply)
				})
			}
		}, steps...)
	}
	return []*Check{
		{
			ID: "HC-IKC-001", Level: Must, Party: TheClient,
			Requirement: "A client answers each IAM of the server with OK.",
			Source:      "Channel client_000; ClientLite connect", Needs: "an IAM of the server",
			Judge: replies(`"OK"`, func(r string) bool { return r == "OK" }, stepIAm),
		},
		{
			ID: "HC-IKC-002", Level: Must, Party: TheClient,
			Requirement: "A client answers DONE with IAM and its unique id (a ClientLite: its name).",
			Source:      "Channel client_000; ClientLite connect", Needs: "a DONE of the server",
			Judge: replies("IAM <kernel id>", isIAm, stepDone),
		},
		{
			ID: "HC-IKC-003", Level: Must, Party: TheClient,
			Requirement: "A client answers each OK to its IAM with its next name, and when all have been told, with DONE.",
			Source:      "Channel negociate_001", Needs: "an OK of the server to an IAM",
			Judge: replies("IAM <name> or DONE", func(r string) bool { return isIAm(r) || r == "DONE" }, stepOK),
		},
		{
			ID: "HC-IKC-004", Level: Must, Party: TheClient,
			Requirement: "After its DONE a client offers a FREEZER, or says WORLD to use the default.",
			Source:      "Channel client_002; ClientLite connect", Needs: "a DONE of the client",
			Judge: replies("FREEZER <package> or WORLD", func(r string) bool {
				return r == "WORLD" || strings.HasPrefix(r, "FREEZER ") && wire.ValidSerializer(strings.TrimSpace(r[8:]))
			}, stepFollow),
		},
		{
			ID: "HC-IKC-005", Level: Must, Party: TheClient,
			Requirement: "A client whose FREEZER was accepted says WORLD.",
			Source:      "Channel client_002, client_003", Needs: "an OK of the server to a FREEZER",
			Judge: replies(`"WORLD"`, func(r string) bool { return r == "WORLD" }, stepFreezer),
		},
		{
			ID: "HC-IKC-006", Level: Must, Party: TheClient,
			Requirement: "A client sends no frame before the server said UP, or in IKC0 before it has sent its SETUP.",
			Source:      "Channel client_003, _negociation_done", Needs: "a frame of the client",
			Judge: onStart(func(t *Trial) {
				agreed := false
				for _, item := range t.Conn.Items {
					switch item := item.(type) {
					case *dialogue.Line:
						agreed = agreed || item.From == wire.Server && item.Text == "UP" || item.From == wire.Client && wire.IsSetup(item.Text)
						if item.Text == "HELLO" {
							agreed = false
						}
					case *dialogue.Frame:
						if item.From == wire.Client && !t.Conn.Joined {
							t.Hold(agreed, item, "UP of the server first", "a frame")
							return
						}
					}
				}
			}),
		},
	}
}
