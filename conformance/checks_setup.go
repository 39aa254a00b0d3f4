package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const srcServer010 = "Channel server_010, Protocol __neg_setup (0.2302 to 0.2402)"

// onServerTurns judges each line that a server owes, of the steps given.
func onServerTurns(judge func(t *Trial, u turn), steps ...step) Predicate {
	return onConnection(func(t *Trial) {
		turns, _ := t.serverTurns()
		for _, u := range turns {
			if slices.Contains(steps, u.step) {
				judge(t, u)
			}
		}
	})
}

// replied is the text of a reply for messages to people.
func replied(l *dialogue.Line) string {
	if l == nil {
		return "no answer"
	}
	return fmt.Sprintf("%q", l.Text)
}

// at is the line to point at: the reply, or what it should have replied to.
func (u turn) at() dialogue.Item {
	if u.reply != nil {
		return u.reply
	}
	if u.ask != nil {
		return u.ask
	}
	return nil
}

// decided tells whether the side judged can be expected to have answered a line that it owed: it did, or
// the negotiation went on, or a side closed the connection. If the other side reset it at once, there was no time to.
func (u turn) decided(t *Trial) bool {
	n := t.Conn.Negotiation
	if u.reply != nil || u.ask != n.Lines[len(n.Lines)-1] || t.Conn.Ends[t.Side] != nil {
		return true
	}
	end := t.Conn.Ends[t.Side.Other()]
	return end != nil && (end.How != capture.RST || end.At.Time.Sub(u.ask.At.Time) >= patience)
}

// goodSetup reads a client's SETUP that a server has no reason to refuse: well formed, and offering
// Storable, which every Perl has.
func goodSetup(t *Trial, l *dialogue.Line) (wire.Setup, bool) {
	s, err := t.setup(l)
	return s, err == nil && slices.Contains(s.Serializers, wire.DefaultSerializer)
}

// onServerSetup judges the SETUP by which a server answers.
func onServerSetup(judge func(t *Trial, asked wire.Setup, l *dialogue.Line, s wire.Setup, err error)) Predicate {
	return onServerTurns(func(t *Trial, u turn) {
		if u.reply != nil && strings.HasPrefix(u.reply.Text, "SETUP") {
			asked, _ := t.setup(u.ask)
			s, err := t.setup(u.reply)
			judge(t, asked, u.reply, s, err)
		}
	}, stepSetup)
}

var addressLike = regexp.MustCompile(`^(unix:[-:.\w]+|[-.:\w]*:\d+)$`)

func setupChecks() []*Check {
	return []*Check{
		{
			ID: "HS-IKC0-001", Level: Must, Party: TheServer,
			Requirement: "A server answers a well-formed SETUP that offers Storable with SETUP, or with NOT if it speaks only IKC.",
			Source:      srcServer010 + "; server_000", Needs: "a SETUP of the client",
			Judge: onServerTurns(func(t *Trial, u turn) {
				if _, ok := goodSetup(t, u.ask); ok && u.decided(t) {
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
				if (err != nil || len(s.Serializers) == 0) && u.decided(t) {
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
						_, good = goodSetup(t, u.ask)
					}
					if refused && good && u.decided(t) {
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
				if u.decided(t) {
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
		{
			ID: "HS-NAME-001", Level: Must, Party: TheSender,
			Requirement: "The names that a kernel announces are made of letters, digits, and - : . _ only.",
			Source:      "Channel server_002, client_000; a name with , or ; splits a SETUP", Needs: "a SETUP or IAM",
			Judge: onConnection(func(t *Trial) {
				for _, name := range t.names(t.Side) {
					t.HoldElse(wire.ValidName(name), lastLine(t), func() (string, string) {
						return "a name of [-:.\\w]+", fmt.Sprintf("%q", name)
					})
				}
			}),
		},
	}
}

// lastLine is the last line of the side judged.
func lastLine(t *Trial) dialogue.Item {
	l := linesOf(t.Conn.Negotiation, t.Side)
	if len(l) == 0 {
		return nil
	}
	return l[len(l)-1]
}
