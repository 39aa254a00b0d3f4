package told

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// LITE are about what the methods of a ClientLite do and return.
func LITE() []*judge.Check {
	return []*judge.Check{
		{
			ID: "LITE-006", Level: judge.Must, Party: judge.TheClient,
			Requirement: "call in scalar context returns the params of the answer as they came.",
			Source:      "ClientLite call, _response", Needs: "a driver that tells what call returned, and an answer",
			Judge: onLiteAnswers(false),
		},
		{
			ID: "LITE-007", Level: judge.Must, Party: judge.TheClient,
			Requirement: "call in list context returns the elements of an answer that is an array, and any other answer as the only element.",
			Source:      "ClientLite call, _response", Needs: "a driver that tells what call returned in list context, and an answer",
			Judge: onLiteAnswers(true),
		},
		{
			ID: "LITE-008", Level: judge.Must, Party: judge.TheClient,
			Requirement: "post_respond returns the params of what is posted to the rsvp that it sent.",
			Source:      "ClientLite post_respond, _response", Needs: "a driver that tells what post_respond returned, and a post to its rsvp",
			Judge: onLiteCommands(func(t *judge.Trial, log *driverLog, c *liteCommand) {
				if c.sent == nil {
					return
				}
				if posted := log.postedTo(c.rsvpState()); len(posted) > 0 {
					if c.line.Command.Failed() && c.late(posted[0].Request.Frame.At.Time) {
						return
					}
					want := c.expect(posted[0].Request.Params())
					values, ok := c.result()
					t.HoldFunc(ok && sameArgs(want, values), c.line.Command.Answer, func() (string, string) { return showArgs(want), c.returns() })
				}
			}, "lite-post-respond"),
		},
		{
			ID: "LITE-009", Level: judge.Must, Party: judge.TheClient,
			Requirement: "responded returns what is posted to the state that it waits for: the params in scalar context, the arguments in list context.",
			Source:      "ClientLite responded, _response, from 0.2200 on", Needs: "a driver that tells what responded returned, and a post to that state",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				seen := map[string]int{}
				for _, l := range log.commands("lite-responded") {
					var f driver.LiteResponded
					if l.Command.Decode(&f) != nil {
						continue
					}
					posted := log.postedTo(f.State)
					n := seen[f.State]
					seen[f.State]++
					if n >= len(posted) {
						continue
					}
					c := &liteCommand{line: l, timeout: log.liteTimeout(l), list: f.Context == driver.ContextList}
					if l.Command.Failed() && (c.late(posted[n].Request.Frame.At.Time) || !log.liteConnected(l)) {
						seen[f.State] = len(posted) // the next may get that post, or none
						continue
					}
					want := c.expect(posted[n].Request.Params())
					values, ok := c.result()
					t.HoldFunc(ok && sameArgs(want, values), l.Command.Answer, func() (string, string) { return showArgs(want), c.returns() })
				}
			}),
		},
		{
			ID: "LITE-010", Level: judge.Should, Party: judge.TheClient,
			Requirement: "ping returns true when PONG came.",
			Source:      "ClientLite ping", Needs: "a driver that tells what ping returned, and a PONG",
			Rationale: "After IKC0 the original has no specifier to ping, and drops the connection; whoever can ping then does better.",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				sent := log.wire(func(m *dialogue.Message) bool { return m.Frame.From == log.Side && m.IsLitePing() })
				for _, l := range log.commands("lite-ping") {
					i := slices.IndexFunc(sent, func(x exchanged) bool { return !x.Request.Frame.At.Time.Before(l.At.Time) })
					if i < 0 || len(sent[i].Answers) == 0 || sent[i].Ambiguous || sent[i].Request.Frame.At.Time.After(l.Command.Answer.At.Time) {
						continue
					}
					var alive driver.LiteAlive
					told := !l.Command.Failed() && json.Unmarshal(l.Command.Answer.Answer.OK, &alive) == nil
					c := &liteCommand{line: l, timeout: log.liteTimeout(l), sent: &sent[i]}
					if !alive.Alive && c.late(sent[i].Answers[0].Frame.At.Time) {
						continue
					}
					pong, _ := sent[i].Answers[0].Params().AsString()
					t.Hold(told && alive.Alive == (pong == wire.Pong), l.Command.Answer, fmt.Sprintf("alive %v, as %s came",
						pong == wire.Pong, judge.ShowValue(sent[i].Answers[0].Params())), fmt.Sprintf("alive %v", alive.Alive))
				}
			}),
		},
		{
			ID: "LITE-011", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A call that is refused fails when the error report comes, not when the time is over.",
			Source:      "ClientLite _response", Needs: "a driver that tells what call returned, and an error report on it",
			Judge: onLiteCommands(func(t *judge.Trial, _ *driverLog, c *liteCommand) {
				if c.sent == nil || len(c.sent.Errors) == 0 || len(c.sent.Answers) > 0 {
					return
				}
				if c.line.Command.Failed() && c.late(c.sent.Errors[0].Frame.At.Time) {
					return
				}
				t.HoldFunc(c.line.Command.Failed() && (c.timeout == 0 || c.took() < c.timeout), c.line.Command.Answer, func() (string, string) {
					return "it fails at once", fmt.Sprintf("%s, after %v", c.returns(), c.took().Round(time.Millisecond))
				})
			}, "lite-call"),
		},
		{
			ID: "LITE-012", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A call that gets no answer fails when the time that the client was given is over, and not before.",
			Source:      "ClientLite call, _response", Needs: "a driver that tells what call returned, and a call without an answer",
			Judge: onLiteCommands(func(t *judge.Trial, log *driverLog, c *liteCommand) {
				if c.sent == nil || len(c.sent.Errors)+len(c.sent.Answers) > 0 || c.failedEarly() && log.liteLost(c.line) {
					return
				}
				t.HoldFunc(c.line.Command.Failed() && c.took() >= c.timeout, c.line.Command.Answer, func() (string, string) {
					return fmt.Sprintf("it fails after %v", c.timeout), fmt.Sprintf("%s, after %v", c.returns(), c.took().Round(time.Millisecond))
				})
			}, "lite-call"),
		},
		{
			ID: "LITE-019", Level: judge.Should, Party: judge.TheClient,
			Requirement: "The error of a ClientLite that gets no connection names the address.",
			Source:      "ClientLite connect, error", Needs: "a driver that tells what the error was, and a ClientLite that was told to connect where nobody listens",
			Judge: onLiteSpawns(func(t *judge.Trial, s *liteSpawn) {
				if s.met == nil && s.line.Command.Failed() {
					t.Hold(strings.Contains(s.outcome(), s.asked.Address), s.line.Command.Answer, "an error with "+s.asked.Address, s.outcome())
				}
			}),
		},
		{
			ID: "LITE-020", Level: judge.Should, Party: judge.TheClient,
			Requirement: "A ClientLite whose serializer the server refuses gives up then, not when the time is over, and does not take the default.",
			Source:      "ClientLite connect (phase 002)", Needs: "a driver that tells what came of connecting, and a server that refuses the serializer",
			Judge: onLiteSpawns(func(t *judge.Trial, s *liteSpawn) {
				if s.met != nil && s.met.Refused {
					took := s.line.Command.Answer.At.Time.Sub(s.line.At.Time)
					t.Hold(s.line.Command.Failed() && !s.met.Complete && took < timeoutOf(s.asked), s.line.Command.Answer,
						"an error at once", fmt.Sprintf("%s, after %v", s.outcome(), took.Round(time.Millisecond)))
				}
			}),
		},
		{
			ID: "LITE-021", Level: judge.Must, Party: judge.TheClient,
			Requirement: "post_respond fails when nothing was posted to its rsvp in the time that the client was given, and not before.",
			Source:      "ClientLite post_respond, _response", Needs: "a driver that tells what post_respond returned, and one whose rsvp nothing is posted to",
			Judge: onLiteCommands(func(t *judge.Trial, log *driverLog, c *liteCommand) {
				if c.sent == nil || len(c.sent.Errors) > 0 || len(log.postedTo(c.rsvpState())) > 0 || c.failedEarly() && log.liteLost(c.line) {
					return
				}
				t.HoldFunc(c.line.Command.Failed() && c.took() >= c.timeout, c.line.Command.Answer, func() (string, string) {
					return fmt.Sprintf("it fails after %v", c.timeout), fmt.Sprintf("%s, after %v", c.returns(), c.took().Round(time.Millisecond))
				})
			}, "lite-post-respond"),
		},
		{
			ID: "LITE-022", Level: judge.Must, Party: judge.TheClient,
			Requirement: "responded fails when nothing was posted to the state in the time that the client was given, and not before.",
			Source:      "ClientLite responded, _response, from 0.2200 on", Needs: "a driver that tells what responded returned, of a state that nothing is posted to",
			Rationale: "An error report that comes meanwhile, or came before, ends it as well.",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("lite-responded") {
					var f driver.LiteResponded
					if l.Command.Decode(&f) != nil || len(log.postedTo(f.State)) > 0 || log.reportedOn(l) {
						continue
					}
					c := &liteCommand{line: l, timeout: log.liteTimeout(l), list: f.Context == driver.ContextList}
					if c.failedEarly() && (!log.liteConnected(l) || log.liteLost(l)) {
						continue
					}
					t.HoldFunc(l.Command.Failed() && c.took() >= c.timeout, l.Command.Answer, func() (string, string) {
						return fmt.Sprintf("it fails after %v", c.timeout), fmt.Sprintf("%s, after %v", c.returns(), c.took().Round(time.Millisecond))
					})
				}
			}),
		},
		{
			ID: "LITE-013", Level: judge.Should, Party: judge.TheClient,
			Requirement: "After a call that got no answer in time, the next request goes over a new connection, so that a late answer is not taken for another's.",
			Source:      "ClientLite _response (connected is 0), _try_send, connect", Needs: "a call that got no answer, and that the ClientLite closed its connection and came back, or a driver that tells what call returned",
			Rationale: "Without a driver, a ClientLite that goes on by the same connection is told if it waited for 30 s at least, which is its timeout " +
				"unless it was given another: a signal may end a call before.",
			Judge: judge.Both(goesOn(), onLog(func(t *judge.Trial, log *driverLog) {
				var lost *liteCommand
				for _, c := range log.liteCommands() {
					if lost != nil && c.sent != nil {
						t.Hold(c.sent.on != lost.sent.on, c.line, "a request on another connection than "+fmt.Sprint(lost.sent.on.Index), fmt.Sprintf("connection %d", c.sent.on.Index))
					}
					if lost = nil; c.name == "lite-call" && c.sent != nil && c.line.Command.Failed() && len(c.sent.Errors)+len(c.sent.Answers) == 0 {
						lost = c
					}
				}
			})),
		},
		{
			ID: "LITE-014", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A ClientLite announces the name that it was given.",
			Source:      "ClientLite spawn, connect", Needs: "a driver that was told a name, and a negotiation",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("lite-connect") {
					var f driver.LiteConnect
					if l.Command.Failed() || l.Command.Decode(&f) != nil {
						continue
					}
					for _, m := range log.Conns {
						if m.Opened.Before(l.At.Time) || m.Opened.After(l.Command.Answer.At.Time) || len(m.Names[log.Side]) == 0 {
							continue
						}
						t.Hold(slices.Equal(m.Names[log.Side], []string{f.Name}), l, f.Name+" alone", fmt.Sprint(m.Names[log.Side]))
					}
				}
			}),
		},
		{
			ID: "LITE-015", Level: judge.Must, Party: judge.TheClient,
			Requirement: "disconnect closes the connection.",
			Source:      "ClientLite disconnect", Needs: "a driver that was told to disconnect a ClientLite",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("lite-disconnect") {
					for _, m := range log.ownConns() {
						if over := m.Over(); m.Opened.After(l.At.Time) || !over.IsZero() && over.Before(l.At.Time) {
							continue
						}
						if end, known := m.Closed(wire.Client); known {
							t.Hold(!end.IsZero() && end.Before(l.Command.Answer.At.Time.Add(closing)), l, fmt.Sprintf("connection %d closed by the client", m.Index), "it stays open")
						}
					}
				}
			}),
		},
		{
			ID: "LITE-016", Level: judge.Must, Party: judge.TheClient,
			Requirement: "post returns true when it has sent, whether or not anything comes back.",
			Source:      "ClientLite post, _send_msg", Needs: "a driver that tells what post returned, and the post",
			Judge: onLiteCommands(func(t *judge.Trial, _ *driverLog, c *liteCommand) {
				var s driver.LiteSent
				told := !c.line.Command.Failed() && json.Unmarshal(c.line.Command.Answer.Answer.OK, &s) == nil && s.Sent
				if c.sent != nil || told {
					t.HoldFunc(told == (c.sent != nil), c.line.Command.Answer, func() (string, string) {
						if told {
							return "a post to " + c.to.Session + "/" + c.to.State, "none on any connection"
						}
						return "true", "it says that it did not send it"
					})
				}
			}, "lite-post"),
		},
		{
			ID: "LITE-017", Level: judge.Must, Party: judge.TheClient,
			Requirement: "The wantarray of a call is true if call was called in list context, and not else.",
			Source:      "ClientLite call", Needs: "a driver that was told in which context to call, and the call",
			Judge: onLiteCommands(func(t *judge.Trial, _ *driverLog, c *liteCommand) {
				if c.sent != nil {
					t.Hold(c.sent.Request.WantArray == c.list, c.line, fmt.Sprintf("wantarray %v", c.list), fmt.Sprintf("wantarray %v", c.sent.Request.WantArray))
				}
			}, "lite-call"),
		},
		{
			ID: "LITE-018", Level: judge.Must, Party: judge.TheClient,
			Requirement: "What a method is given as params is what goes out; that of post_respond is [params, rsvp].",
			Source:      "ClientLite post, call, post_respond", Needs: "a driver that was told what to send, a string of octets, and the request",
			Rationale: "Strings of octets are what every serializer writes as what they are.",
			Judge: onLiteCommands(func(t *judge.Trial, _ *driverLog, c *liteCommand) {
				if c.sent == nil {
					return
				}
				given := c.params()
				if given.Kind() != perl.Bytes {
					return
				}
				params := c.sent.Request.Params()
				if c.name == "lite-post-respond" {
					elems, ok := walk.Elems(params)
					if !ok || len(elems) != 2 {
						t.Fail(c.line, "["+judge.ShowValue(given)+", rsvp]", judge.ShowValue(params))
						return
					}
					params = elems[0]
				}
				t.HoldFunc(sameValue(given, params), c.line, func() (string, string) { return judge.ShowBoth(given, params) })
			}, "lite-call", "lite-post", "lite-post-respond"),
		},
	}
}

// usualTimeout is how long a ClientLite waits for an answer unless it was told otherwise.
const usualTimeout = 30 * time.Second

// goesOn judges by the wire how a ClientLite goes on after a call that got no answer.
func goesOn() judge.Predicate {
	return judge.Both(
		judge.OnReturn(func(t *judge.Trial, m dialogue.Meeting) { t.Pass(m.At) }),
		judge.InTurn(func(t *judge.Trial) bool { return t.Side == wire.Client }, func() func(*judge.Trial, *dialogue.Message) {
			open, since := "", time.Time{} // where the answer to the last call goes, if none came
			return func(t *judge.Trial, m *dialogue.Message) {
				switch {
				case m.Frame.From != t.Side:
					if m.Kind == dialogue.ErrorReport || m.Event.Session == wire.SessionIKCLite && m.Event.State == open {
						open = ""
					}
				case m.From.Session == wire.SessionIKCLite:
					if waited := m.Frame.At.Time.Sub(since); open != "" && m.RSVP.State != open && waited >= usualTimeout {
						t.OnAll()
						t.Fail(m.Frame, "a request on another connection", fmt.Sprintf("one on this, %v after a call that got no answer", waited.Round(time.Second)))
					}
					if open = ""; m.IsCall() {
						open, since = strings.Clone(m.RSVP.State), m.Frame.At.Time
					}
				}
			}
		}))
}
