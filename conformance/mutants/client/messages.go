package client

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// when changes the messages that a condition is true for.
func when(is func(*wire.Message) bool, change func(m *wire.Message)) func(*wire.Message) []*wire.Message {
	return func(m *wire.Message) []*wire.Message {
		if is(m) {
			change(m)
		}
		return []*wire.Message{m}
	}
}

// Kinds of messages.
func isCall(m *wire.Message) bool { return m.IsCall() }

func isRequest(m *wire.Message) bool { return m.IsCall() && !isHave(m) }

func isHave(m *wire.Message) bool { return m.IsCall() && m.Event.State == wire.StateHave }

func hasFrom(m *wire.Message) bool { return m.From.Present() }

func isPost(m *wire.Message) bool {
	return !m.IsCall() && !m.IsError && !isAnswer(m) && m.Event.State != specifier.ProxyState
}

// isAnswer tells whether it goes to the rsvp of a scenario's call.
func isAnswer(m *wire.Message) bool {
	return !m.IsCall() && !m.IsError && (strings.HasPrefix(m.Event.State, "response") || m.Event.State == "answer")
}

// change makes an address with other parts, as a hash.
func change(a wire.Address, f func(s *specifier.Specifier)) wire.Address {
	s := a.Specifier
	f(&s)
	return wire.At(s)
}

func messageDefects() []*Behaviour {
	const kernel, ikc0 = "client", "IKC0"
	return []*Behaviour{
		{Name: "no state", Text: "The event of a request has no state.", Kills: []string{"MSG-001"}, Role: kernel, Dialect: ikc0,
			message: when(isRequest, func(m *wire.Message) { m.Event = change(m.Event, func(s *specifier.Specifier) { s.State = "" }) })},
		{Name: "another key", Text: "A message has a key that is not known.", Kills: []string{"MSG-002"}, Role: kernel, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) { m.Other = append(m.Other, perl.P("colour", perl.NewBytes("red"))) })},
		{Name: "from without a session", Text: "from does not say which session.", Kills: []string{"MSG-003"}, Role: kernel, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) { m.From = change(m.From, func(s *specifier.Specifier) { s.Session = "" }) })},
		{Name: "from with a state", Text: "from names a state that is not IKC:proxy.", Kills: []string{"MSG-003"}, Role: kernel, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) { m.From = change(m.From, func(s *specifier.Specifier) { s.State = "reply" }) })},
		{Name: "no state for the proxy", Text: "A message to IKC:proxy names undef for a state.", Kills: []string{"MSG-005"}, Role: kernel, Dialect: ikc0,
			message: when(func(m *wire.Message) bool { return m.Event.State == specifier.ProxyState }, func(m *wire.Message) {
				if _, args, ok := m.Proxied(); ok {
					m.Params = perl.ArrayRef(perl.NewUndef(), perl.ArrayRef(args...))
				}
			})},
		{Name: "blessed rsvp", Text: "The rsvp of a call is a blessed hash.", Kills: []string{"MSG-010"}, Role: kernel, Dialect: ikc0,
			message: when(isRequest, func(m *wire.Message) {
				m.RSVP = wire.At(m.RSVP.Specifier)
				m.RSVP.Value = m.RSVP.ToValue()
				m.RSVP.Value.Target().Bless("My::Address")
			})},
		{Name: "from of another kernel", Text: "The kernel of from was never announced.", Kills: []string{"MSG-004"}, Role: kernel, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) { m.From = change(m.From, func(s *specifier.Specifier) { s.Kernel = "Nobody" }) })},
		{Name: "rsvp without a state", Text: "The rsvp of a call has no state.", Kills: []string{"MSG-006"}, Role: kernel, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) { m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.State = "" }) })},
		{Name: "rsvp at another kernel", Text: "The kernel of an rsvp was never announced.", Kills: []string{"MSG-007"}, Role: kernel, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) { m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.Kernel = "Nobody" }) })},
		{Name: "do_you_have without an id", Text: "A request to subscribe does not say who asks.", Kills: []string{"MSG-008"}, Role: kernel, Dialect: ikc0,
			message: when(isHave, func(m *wire.Message) { m.Params = perl.ArrayRef(m.Params.Target().Elems()[0]) })},
		{Name: "wantarray in a post", Text: "A post says wantarray.", Kills: []string{"MSG-009"}, Role: kernel, Dialect: ikc0, message: when(isPost, func(m *wire.Message) { m.WantArray = true })},
		{Name: "receipts to a state of another name", Text: "The rsvp of a request to subscribe is no receipt.", Kills: []string{"SUB-001"}, Role: kernel, Dialect: ikc0,
			message: when(isHave, func(m *wire.Message) {
				m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.State = "ticket" + s.State })
			})},
		{Name: "subscribes for somebody else", Text: "A request to subscribe gives an id that was not announced.", Kills: []string{"SUB-002"}, Role: kernel, Dialect: ikc0,
			message: when(isHave, func(m *wire.Message) {
				m.Params = perl.ArrayRef(m.Params.Target().Elems()[0], perl.NewBytes("somebody-else"))
			})},
		{Name: "one receipt for all", Text: "All requests to subscribe have the same rsvp.", Kills: []string{"SUB-003"}, Role: kernel, Dialect: ikc0,
			message: when(isHave, func(m *wire.Message) {
				m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.State = "IKC:receipt same" })
			})},
		{Name: "subscribes to nothing", Text: "What is subscribed to names no session.", Kills: []string{"SUB-004"}, Role: kernel, Dialect: ikc0,
			message: when(isHave, func(m *wire.Message) {
				m.Params = perl.ArrayRef(perl.HashRef(perl.P("kernel", perl.NewBytes(contract.ServerName)),
					perl.P("session", perl.NewBytes(""))), m.Params.Target().Elems()[1])
			})},
	}
}

// asReport changes error reports.
func asReport(change func(m *wire.Message)) func(*wire.Message) []*wire.Message {
	return when(func(m *wire.Message) bool { return m.IsError }, change)
}

func answerDefects() []*Behaviour {
	const kernel, ikc0 = "client", "IKC0"
	drop := func(is func(*wire.Message) bool) func(*wire.Message) []*wire.Message {
		return func(m *wire.Message) []*wire.Message {
			if is(m) {
				return nil
			}
			return []*wire.Message{m}
		}
	}
	param := func(i int, v string) func(m *wire.Message) {
		return func(m *wire.Message) {
			list := append([]*perl.Value(nil), m.Params.Target().Elems()...)
			if i < len(list) {
				list[i] = perl.NewBytes(v)
			}
			m.Params = perl.ArrayRef(list...)
		}
	}
	return []*Behaviour{
		{Name: "answers to another state", Text: "An answer goes to another state than the rsvp names.", Kills: []string{"CALL-001"}, Role: kernel, Dialect: ikc0,
			message: when(isAnswer, func(m *wire.Message) { m.Event = change(m.Event, func(s *specifier.Specifier) { s.State += "x" }) })},
		{Name: "answers twice", Text: "A call is answered twice.", Kills: []string{"CALL-003"}, Role: kernel, Dialect: ikc0,
			message: func(m *wire.Message) []*wire.Message {
				if isAnswer(m) {
					return []*wire.Message{m, m}
				}
				return []*wire.Message{m}
			}},
		{Name: "answers with an rsvp", Text: "An answer wants an answer.", Kills: []string{"CALL-004"}, Role: kernel, Dialect: ikc0, message: when(isAnswer, func(m *wire.Message) { m.RSVP = m.From })},
		{Name: "answers at another kernel", Text: "The kernel of an answer's event is not that of the rsvp.", Kills: []string{"CALL-005"}, Role: kernel, Dialect: ikc0,
			message: when(isAnswer, func(m *wire.Message) {
				m.Event = change(m.Event, func(s *specifier.Specifier) { s.Kernel = "Elsewhere" })
			})},
		{Name: "answers without params", Text: "An answer has no params.", Kills: []string{"CALL-006"}, Role: kernel, Dialect: ikc0, message: when(isAnswer, func(m *wire.Message) { m.Params = nil })},
		{Name: "answers without from", Text: "An answer of a session that published something has no from.", Kills: []string{"CALL-008"}, Role: kernel, Dialect: ikc0,
			message: when(isAnswer, func(m *wire.Message) { m.From = wire.Address{} })},
		{Name: "every second answer", Text: "Only every second call is answered.", Kills: []string{"CALL-002"}, Role: kernel, Dialect: ikc0,
			message: func() func(*wire.Message) []*wire.Message {
				n := 0
				return drop(func(m *wire.Message) bool {
					if !isAnswer(m) || m.Params.Str() == wire.Pong {
						return false
					}
					n++
					return n%2 == 0
				})
			}()},
		{Name: "pong in small letters", Text: "IKC/ping is answered with pong.", Kills: []string{"PING-001"}, Role: kernel, Dialect: ikc0,
			message: when(func(m *wire.Message) bool {
				return isAnswer(m) &&
					m.Params.Str() == wire.Pong
			}, func(m *wire.Message) { m.Params = perl.NewBytes("pong") })},
		{Name: "report that is no error", Text: "An error report has no is_error.", Kills: []string{"ERR-002"}, Role: kernel, Dialect: ikc0, message: asReport(func(m *wire.Message) { m.IsError = false })},
		{Name: "report to another state", Text: "An error report goes to another state.", Kills: []string{"ERR-003"}, Role: kernel, Dialect: ikc0,
			message: asReport(func(m *wire.Message) { m.Event = change(m.Event, func(s *specifier.Specifier) { s.State = "error" }) })},
		{Name: "report of text only", Text: "The params of an error report are its text.", Kills: []string{"ERR-004"}, Role: kernel, Dialect: ikc0,
			message: asReport(func(m *wire.Message) { m.Params = m.Params.Target().Elems()[0] })},
		{Name: "report of another operation", Text: "The operation of an error report is none that exists.", Kills: []string{"ERR-005"}, Role: kernel, Dialect: ikc0, message: asReport(param(2, "lunch"))},
		{Name: "report that does not say check", Text: "What is not published fails with another operation.", Kills: []string{"ERR-006"}, Role: kernel, Dialect: ikc0, message: asReport(param(2, "invocation"))},
		{Name: "report without the request", Text: "The text of an error report does not say which request.", Kills: []string{"ERR-009"}, Role: kernel, Dialect: ikc0, message: asReport(param(0, "no"))},
		{Name: "report in other words", Text: "The text of an error report says otherwise what is wrong.", Kills: []string{"ERR-007", "ERR-008"}, Role: kernel, Dialect: ikc0,
			message: asReport(func(m *wire.Message) {
				text, _ := m.Params.Target().Elems()[0].AsString()
				param(0, "Sorry, "+text)(m)
			})},
		{Name: "silent about errors", Text: "A request that fails is not reported.", Kills: []string{"ERR-001"}, Role: kernel, Dialect: ikc0, message: drop(func(m *wire.Message) bool { return m.IsError })},
		{Name: "reports twice", Text: "A request that fails is reported twice.", Kills: []string{"ERR-011"}, Role: kernel, Dialect: ikc0,
			message: func(m *wire.Message) []*wire.Message {
				if m.IsError {
					return []*wire.Message{m, m}
				}
				return []*wire.Message{m}
			}},
		{Name: "report comes late", Text: "An error report is sent after the answer to what was asked later.", Kills: []string{"ERR-015"}, Role: kernel, Dialect: ikc0,
			message: func() func(*wire.Message) []*wire.Message {
				var kept *wire.Message
				return func(m *wire.Message) []*wire.Message {
					switch {
					case m.IsError && kept == nil:
						kept = m
						return nil
					case kept != nil:
						late := kept
						kept = nil
						return []*wire.Message{m, late}
					}
					return []*wire.Message{m}
				}
			}()},
		{Name: "report with an rsvp", Text: "An error report wants an answer.", Kills: []string{"ERR-014"}, Role: kernel, Dialect: ikc0,
			message: asReport(func(m *wire.Message) { m.RSVP = wire.At(specifier.Specifier{Kernel: "x", Session: "y", State: "z"}) })},
	}
}

// outDefects are of what a kernel or a ClientLite was told to send.
func outDefects() []*Behaviour {
	const kernel, lite, ikc0 = "client", "clientlite", "IKC0"
	isTo := func(state string) func(*wire.Message) bool {
		return func(m *wire.Message) bool {
			return m.Event.Session == contract.SessionAlias && m.Event.State == state && m.Params.Str() == "posted"
		}
	}
	posts := isTo(contract.EchoState)
	capitals := func(m *wire.Message) { m.Params = perl.NewBytes(strings.ToUpper(m.Params.Str())) }
	twice := func(m *wire.Message) []*wire.Message {
		if posts(m) {
			return []*wire.Message{m, m}
		}
		return []*wire.Message{m}
	}
	lost := func(m *wire.Message) []*wire.Message {
		if posts(m) {
			return nil
		}
		return []*wire.Message{m}
	}
	return []*Behaviour{
		{Name: "a post is lost", Text: "A post does not go out.", Kills: []string{"OUT-001"}, Role: kernel, Dialect: ikc0, message: lost},
		{Name: "posts in capitals", Text: "A post goes out in capitals.", Kills: []string{"OUT-002"}, Role: kernel, Dialect: ikc0, message: when(posts, capitals)},
		{Name: "a post goes out twice", Text: "A post goes out twice.", Kills: []string{"OUT-003"}, Role: kernel, Dialect: ikc0, message: twice},
		{Name: "rsvp of another call", Text: "The rsvp of a call is that of another.", Kills: []string{"OUT-004"}, Role: kernel, Dialect: ikc0,
			message: when(func(m *wire.Message) bool {
				return m.RSVP.Session == contract.ClientSession && m.Event.State == "undef"
			},
				func(m *wire.Message) {
					m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.State = contract.AnswerState })
				})},
		{Name: "from another session", Text: "A post says that it is from another session.", Kills: []string{"OUT-005"}, Role: kernel, Dialect: ikc0,
			message: when(posts, func(m *wire.Message) {
				m.From = change(m.From, func(s *specifier.Specifier) { s.Session = contract.SessionAlias })
			})},
		{Name: "a post of a ClientLite is lost", Text: "A post of a ClientLite does not go out.", Kills: []string{"OUT-006"}, Role: lite, Dialect: ikc0, message: lost},
		{Name: "a ClientLite posts twice", Text: "A post of a ClientLite goes out twice.", Kills: []string{"OUT-007"}, Role: lite, Dialect: ikc0, message: twice},
		{Name: "an alias is left out", Text: "A kernel does not announce one of its aliases.", Kills: []string{"OUT-008"}, Role: kernel, Dialect: ikc0,
			line: setup(func(line string) string {
				return strings.Replace(line, ","+contract.ClientName+contract.EndedSuffix, "", 1)
			})},
		{Name: "PID of another process", Text: "A kernel tells the PID of another process.", Kills: []string{"OUT-009"}, Role: kernel, Dialect: ikc0,
			line: field("PID", func(v string) string { return v + "7" })},
		{Name: "two posts to the sender", Text: "What a state posts to its sender goes out twice.", Kills: []string{"OUT-015"}, Role: "server", Dialect: ikc0,
			message: func(m *wire.Message) []*wire.Message {
				if state, _, ok := m.Proxied(); ok && state == contract.ReplyState && m.Event.Session == contract.ClientSession {
					return []*wire.Message{m, m}
				}
				return []*wire.Message{m}
			}},
		{Name: "PID of another ClientLite", Text: "A ClientLite tells the PID of another process.", Kills: []string{"OUT-014"}, Role: "clientlite", Dialect: ikc0,
			line: field("PID", func(v string) string { return v + "7" })},
		{Name: "address of another socket", Text: "A client announces an address that is not that of its socket.", Kills: []string{"OUT-017"}, Role: kernel, Dialect: ikc0,
			line: field("KERNEL", func(v string) string { return strings.Replace(v, "127.0.0.1:", "127.0.0.1:1", 1) })},
		{Name: "says no whole line", Text: "A client that is connected says half a SETUP, and nothing more.", Kills: []string{"OUT-016"}, Role: kernel, Dialect: ikc0,
			line: func(string) []string { return nil }, after: func(string) []byte { return []byte("SETUP KERNEL=") }},
		{Name: "one serializer more", Text: "A client offers a serializer that it was not told to.", Kills: []string{"OUT-013"}, Role: kernel, Dialect: ikc0,
			line: field("FREEZER", func(v string) string { return v + ",Own::Serializer" })},
		{Name: "address of another host", Text: "A server announces an address at which it does not listen.", Kills: []string{"OUT-012"}, Role: "server", Dialect: ikc0,
			line: field("KERNEL", func(v string) string { return strings.Replace(v, "127.0.0.1:", "127.0.0.2:", 1) })},
		{Name: "a ClientLite makes integers positive", Text: "A ClientLite loses the sign of what it calls with.", Kills: []string{"OUT-010"}, Role: lite, Dialect: ikc0,
			message: when(func(m *wire.Message) bool { return m.IsCall() && m.Params.Kind() == perl.Int && m.Params.Int() < 0 },
				func(m *wire.Message) { m.Params = perl.NewInt(-m.Params.Int()) })},
		{Name: "posts come late", Text: "A post goes out behind what was called after it.", Kills: []string{"OUT-011"}, Role: kernel, Dialect: ikc0,
			message: func() func(*wire.Message) []*wire.Message {
				var kept *wire.Message
				return func(m *wire.Message) []*wire.Message {
					if posts(m) && kept == nil {
						kept = m
						return nil
					}
					if late := kept; late != nil && m.IsCall() {
						kept = nil
						return []*wire.Message{m, late}
					}
					return []*wire.Message{m}
				}
			}()},
		{Name: "weak specifiers", Text: "The reference to an rsvp is weak.", Kills: []string{"SPC-001"}, Role: kernel, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) { m.RSVP.Value = m.RSVP.ToValue().SetWeak() })},
		{Name: "specifiers with more", Text: "A specifier has another key.", Kills: []string{"SPC-002"}, Role: kernel, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) {
				v := m.From.ToValue()
				v.Target().Set("host", perl.NewBytes("here"))
				m.From.Value = v
			})},
		{Name: "specifiers of text", Text: "The parts of a specifier have the UTF-8 flag.", Kills: []string{"SPC-003"}, Role: kernel, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) {
				v := m.From.ToValue()
				v.Target().Set("session", perl.NewText(m.From.Session))
				m.From.Value = v
			})},
		{Name: "event of text", Text: "The event of a post is a string with the UTF-8 flag.", Kills: []string{"SPC-004"}, Role: kernel, Dialect: ikc0,
			message: when(func(m *wire.Message) bool { return isPost(m) && m.Event.Session == contract.SessionAlias }, func(m *wire.Message) {
				m.Event = wire.Address{Specifier: m.Event.Specifier, Value: perl.NewText(m.Event.String())}
			})},
		{Name: "answers come again later", Text: "Every answer of its state comes once more, behind the next.", Kills: []string{"RET-003"}, Role: kernel, Dialect: ikc0,
			message: func() func(*wire.Message) []*wire.Message {
				var before *wire.Message
				return func(m *wire.Message) []*wire.Message {
					if m.Event.Session != contract.ClientSession || m.Event.State != contract.AnswerState || m.IsCall() {
						return []*wire.Message{m}
					}
					again := before
					if before = m; again == nil {
						return []*wire.Message{m}
					}
					return []*wire.Message{m, again}
				}
			}()},
		{Name: "silent to calls", Text: "No call is ever answered.", Kills: []string{"RET-002"}, Role: kernel, Dialect: ikc0,
			message: func(m *wire.Message) []*wire.Message {
				if isAnswer(m) || m.Event.State == contract.OnceState {
					return nil
				}
				return []*wire.Message{m}
			}},
		{Name: "counts as strings", Text: "A state that returns a number answers with a string.", Kills: []string{"RET-001"}, Role: kernel, Dialect: ikc0,
			message: when(func(m *wire.Message) bool { return isAnswer(m) && m.Params.Kind() == perl.Int && m.Params.Int() < 10 },
				func(m *wire.Message) { s, _ := m.Params.AsString(); m.Params = perl.NewBytes(s) })},
	}
}
