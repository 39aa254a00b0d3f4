package client

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// same leaves an event as it is.
func same(e driver.Event) []driver.Event { return []driver.Event{e} }

// told changes the events that a condition is true for; of those that become nothing, nothing is
// told.
func told(is func(driver.Event) bool, change func(e driver.Event) []driver.Event) func(*telling, driver.Event) []driver.Event {
	return func(_ *telling, e driver.Event) []driver.Event {
		if is(e) {
			return change(e)
		}
		return same(e)
	}
}

func nothing(driver.Event) []driver.Event { return nil }

func twice(e driver.Event) []driver.Event { return []driver.Event{e, e} }

func bare(e driver.Event) []driver.Event { e.Args = nil; return same(e) }

// monitored tells whether an event was told to a monitor, of one of some kinds if any are named.
func monitored(what ...string) func(driver.Event) bool {
	return func(e driver.Event) bool {
		return e.Kind == driver.EventMonitor && (len(what) == 0 || slices.Contains(what, e.What))
	}
}

// and is true if all conditions are.
func and(all ...func(driver.Event) bool) func(driver.Event) bool {
	return func(e driver.Event) bool {
		return !slices.ContainsFunc(all, func(is func(driver.Event) bool) bool { return !is(e) })
	}
}

func isReal(e driver.Event) bool { return e.Real }

func isName(e driver.Event) bool { return !e.Real && e.About != "*" }

func toAll(e driver.Event) bool { return e.Kernel == "*" }

func toOne(e driver.Event) bool { return e.Kernel != "*" }

func first(text string) func(driver.Event) bool {
	return func(e driver.Event) bool {
		if len(e.Args) == 0 {
			return false
		}
		s, _ := e.Args[0].AsString()
		return strings.HasPrefix(s, text)
	}
}

// ran tells whether a state of a session ran.
func ran(session string, states ...string) func(driver.Event) bool {
	return func(e driver.Event) bool {
		return e.Kind == driver.EventState && e.Session == session && (len(states) == 0 || slices.Contains(states, e.State))
	}
}

// withArg replaces an argument.
func withArg(i int, v *perl.Value) func(e driver.Event) []driver.Event {
	return func(e driver.Event) []driver.Event {
		e.Args = slices.Clone(e.Args)
		if i < len(e.Args) {
			e.Args[i] = v
		}
		return same(e)
	}
}

// answered changes what commands of a name are answered; nil leaves the answer as it is.
func answered(name string, change func(c command, ok map[string]any) any) func(command, json.RawMessage) any {
	return func(c command, ok json.RawMessage) any {
		var fields map[string]any
		if c.Name != name || ok == nil || json.Unmarshal(ok, &fields) != nil {
			return nil
		}
		return change(c, fields)
	}
}

// unanswered is what commands of a name return that failed.
func unanswered(name string, returns any) func(command, json.RawMessage) any {
	return func(c command, ok json.RawMessage) any {
		if c.Name != name || ok != nil {
			return nil
		}
		return returns
	}
}

// reportDefects are of what a kernel tells those who use it.
func reportDefects() []*Behaviour {
	const kernel, ikc0 = "client", "IKC0"
	const session, own = contract.SessionAlias, contract.ClientSession
	b := perl.NewBytes
	list := []*Behaviour{
		{Name: "register is not told", Text: "Monitors hear nothing when a kernel registers.", Kills: []string{"MON-001"},
			event: told(monitored(driver.MonitorRegister), nothing)},
		{Name: "names are not told", Text: "Monitors are told of ids, not of names.", Kills: []string{"MON-002"},
			event: told(and(monitored(), isName, toAll), nothing)},
		{Name: "names are told twice", Text: "Monitors are told of each name twice.", Kills: []string{"MON-002"},
			event: told(and(monitored(driver.MonitorRegister), isName, toAll), twice)},
		{Name: "every name is real", Text: "The flag real is true for names as well.", Kills: []string{"MON-003"},
			event: told(and(monitored(), isName), func(e driver.Event) []driver.Event { e.Real = true; return same(e) })},
		{Name: "no id is real", Text: "The flag real is never true.", Kills: []string{"MON-003"},
			event: told(and(monitored(), isReal, func(e driver.Event) bool { return e.What != driver.MonitorRegister }),
				func(e driver.Event) []driver.Event { e.Real = false; return same(e) })},
		{Name: "register without a pid", Text: "register does not say the process id.", Kills: []string{"MON-004"},
			event: told(monitored(driver.MonitorRegister), bare)},
		{Name: "register with its own pid", Text: "register says the process id of the kernel itself.", Kills: []string{"MON-004"},
			event: told(monitored(driver.MonitorRegister), withArg(0, b("4711")))},
		{Name: "unregister is not told", Text: "Monitors hear nothing when a kernel goes.", Kills: []string{"MON-005"},
			event: told(monitored(driver.MonitorUnregister), nothing)},
		{Name: "unregister is told early", Text: "Monitors are told that a kernel goes when it comes, as well.", Kills: []string{"MON-006"},
			event: told(and(monitored(driver.MonitorRegister), isReal), func(e driver.Event) []driver.Event {
				gone := e
				gone.What, gone.Args = driver.MonitorUnregister, nil
				return []driver.Event{e, gone}
			})},
		{Name: "channel ready is not told", Text: "Monitors hear nothing when a channel is ready.", Kills: []string{"MON-007"},
			event: told(and(monitored(driver.MonitorChannel), first("ready")), nothing)},
		{Name: "channel close is not told", Text: "Monitors hear nothing when a channel closes.", Kills: []string{"MON-008"},
			event: told(and(monitored(driver.MonitorChannel), first("close")), nothing)},
		{Name: "channels without an id", Text: "channel does not say which.", Kills: []string{"MON-009"},
			event: told(monitored(driver.MonitorChannel), withArg(1, perl.NewUndef()))},
		{Name: "all channels are one", Text: "Every channel has the same id.", Kills: []string{"MON-009"},
			event: told(monitored(driver.MonitorChannel), withArg(1, b("1")))},
		{Name: "channel-read is not told", Text: "Monitors hear no error when a peer closes.", Kills: []string{"MON-010"}, Role: "server",
			event: told(and(monitored(driver.MonitorError), first("channel-read")), nothing)},
		{Name: "channel-read as EOF", Text: "The error when a peer closes reads EOF.", Kills: []string{"MON-010"}, Role: "server",
			event: told(and(monitored(driver.MonitorError), first("channel-read")), withArg(1, b("EOF")))},
		{Name: "an error of its own close", Text: "A kernel that closes a connection tells monitors of an error.", Kills: []string{"MON-011"},
			event: told(and(monitored(driver.MonitorChannel), first("close")), func(e driver.Event) []driver.Event {
				wrong := e
				wrong.What, wrong.Args = "error", []*perl.Value{b("channel-read"), b("[0] ")}
				return []driver.Event{wrong, e}
			})},
		{Name: "monitors of names hear ids", Text: "The monitor of a name is told the id.", Kills: []string{"MON-012"},
			event: told(and(monitored(driver.MonitorRegister), toOne), func(e driver.Event) []driver.Event { e.About = "vm-1-2-3"; return same(e) })},
		{Name: "monitors of names are deaf", Text: "Only monitors of every kernel are told.", Kills: []string{"MON-013"},
			event: told(and(monitored(), toOne), nothing)},
		{Name: "monitors hear more than they asked", Text: "A monitor of unregister is told other things as well.", Kills: []string{"MON-014"},
			event: told(and(monitored(driver.MonitorRegister), toAll,
				func(e driver.Event) bool { return strings.HasSuffix(e.About, contract.TooSuffix) }), func(e driver.Event) []driver.Event {
				other := e
				other.Kernel = e.About
				return []driver.Event{e, other}
			})},
		{Name: "ended monitors go on", Text: "A monitor that was ended is told on.", Kills: []string{"MON-015"},
			event: told(and(monitored(driver.MonitorRegister), toAll,
				func(e driver.Event) bool { return strings.HasSuffix(e.About, contract.EndedSuffix) }), func(e driver.Event) []driver.Event {
				other := e
				other.Kernel = e.About
				return []driver.Event{e, other}
			})},
		{Name: "local errors are not told", Text: "Monitors hear nothing of requests that fail here.", Kills: []string{"MON-016"},
			event: told(and(monitored(driver.MonitorError), first("local-")), nothing)},
		{Name: "remote errors are not told", Text: "Monitors hear nothing of error reports.", Kills: []string{"MON-017"},
			event: told(and(monitored(driver.MonitorError), first("remote-")), nothing)},
		{Name: "remote errors without their message", Text: "The message of an error report is not told.", Kills: []string{"MON-017"},
			event: told(and(monitored(driver.MonitorError), first("remote-")), withArg(1, b("failed")))},
		{Name: "unknown kernels are not told", Text: "Monitors hear nothing when somebody sends to nobody.", Kills: []string{"MON-018"},
			event: told(and(monitored(driver.MonitorError), first("resolve")), nothing)},
		{Name: "refusals are not told", Text: "Monitors hear nothing of subscriptions that are refused.", Kills: []string{"MON-019"},
			event: told(and(monitored(driver.MonitorError), first("subscribe")), nothing)},
		{Name: "subscribe is not told", Text: "Monitors hear nothing of subscriptions.", Kills: []string{"MON-020"},
			event: told(monitored(driver.MonitorSubscribe), nothing)},
		{Name: "subscribe with a string", Text: "subscribe comes with the specifier as a string.", Kills: []string{"MON-020"},
			event: told(monitored(driver.MonitorSubscribe), withArg(0, b("poe://Server/session")))},
		{Name: "unsubscribe is not told", Text: "Monitors hear nothing when a subscription ends.", Kills: []string{"MON-021"},
			event: told(monitored(driver.MonitorUnsubscribe), nothing)},
		{Name: "shutdown is not told", Text: "Monitors hear nothing of a shutdown.", Kills: []string{"MON-022"},
			event: told(monitored("shutdown"), nothing)},
		{Name: "shutdown is told twice", Text: "Monitors are told of a shutdown twice.", Kills: []string{"MON-022"},
			event: told(monitored("shutdown"), twice)},
		{Name: "unregister after the shutdown", Text: "Monitors are told that kernels go after a shutdown.", Kills: []string{"MON-023"},
			event: told(monitored("shutdown"), func(e driver.Event) []driver.Event {
				gone := e
				gone.What, gone.About = driver.MonitorUnregister, contract.ServerName
				return []driver.Event{e, gone}
			})},
		{Name: "states run twice", Text: "A request runs its state twice.", Kills: []string{"RUN-001"},
			event: told(ran(session, "zero"), twice)},
		{Name: "states do not run", Text: "A request is answered without running its state.", Kills: []string{"RUN-001"},
			event: told(ran(session, "zero"), nothing)},
		{Name: "only ARG0", Text: "A state is given its first argument only.", Kills: []string{"RUN-002"},
			event: told(ran(session, "args"), func(e driver.Event) []driver.Event { e.Args = e.Args[:min(1, len(e.Args))]; return same(e) })},
		{Name: "?ARG first", Text: "The ?ARG of a specifier is put before the other arguments.", Kills: []string{"RUN-002"},
			event: told(ran(session, "args"), func(e driver.Event) []driver.Event {
				e.Args = slices.Clone(e.Args)
				slices.Reverse(e.Args)
				return same(e)
			})},
		{Name: "always scalar context", Text: "A state cannot tell in which context it runs.", Kills: []string{"RUN-003"},
			event: told(ran(session), func(e driver.Event) []driver.Event { e.Context = driver.ContextScalar; return same(e) })},
		{Name: "void and list are one", Text: "A call in list context runs its state in void context.", Kills: []string{"RUN-003"},
			event: told(ran(session), func(e driver.Event) []driver.Event {
				e.Context = strings.Replace(e.Context, driver.ContextList, driver.ContextVoid, 1)
				return same(e)
			})},
		{Name: "no sender", Text: "A state is not told who sent the request.", Kills: []string{"RUN-004"},
			event: told(ran(session), func(e driver.Event) []driver.Event { e.Sender = false; return same(e) })},
		{Name: "posts run last", Text: "A post runs its state when calls that came later have run theirs.", Kills: []string{"RUN-005"},
			event: func(t *telling, e driver.Event) []driver.Event {
				switch {
				case ran(session, "count")(e) && e.Context == driver.ContextVoid && t.held == nil:
					t.held = &e
					return nil
				case ran(session)(e) && e.Context == driver.ContextScalar && t.held != nil:
					held := *t.held
					t.held = nil
					return []driver.Event{e, held}
				}
				return same(e)
			}},
		{Name: "what is hidden runs", Text: "A request that is refused runs its state all the same.", Kills: []string{"RUN-006"},
			event: told(and(monitored(driver.MonitorError), first("local-check"), toAll, isReal), func(e driver.Event) []driver.Event {
				return []driver.Event{e, {Kind: driver.EventState, Session: session,
					State: contract.HiddenState, Args: []*perl.Value{b("x")}, Context: driver.ContextScalar}}
			})},
		{Name: "answers go nowhere", Text: "The answer to a call does not reach the rsvp.", Kills: []string{"RSVP-001"},
			event: told(ran(own, contract.AnswerState), nothing)},
		{Name: "answers as a list", Text: "The rsvp is given the answer in an array.", Kills: []string{"RSVP-001"},
			event: told(ran(own, "answer"), func(e driver.Event) []driver.Event { e.Args = []*perl.Value{perl.ArrayRef(e.Args...)}; return same(e) })},
		{Name: "an rsvp is for ever", Text: "An rsvp takes a second post.", Kills: []string{"RSVP-002"},
			event: told(ran(own, contract.OnceState), twice)},
		{Name: "post returns nothing sent", Text: "post and call return 0 when they have sent.", Kills: []string{"SENT-001"},
			answer: answered("post", func(_ command, ok map[string]any) any { return map[string]any{"count": 0} })},
		{Name: "post returns one always", Text: "post returns 1 whether it was sent or not.", Kills: []string{"SENT-002", "SENT-003"},
			answer: answered("post", func(_ command, ok map[string]any) any { return map[string]any{"count": 1} })},
		{Name: "not to itself", Text: `What is sent to "*" does not reach the kernel itself.`, Kills: []string{"SENT-004"},
			event: told(and(ran(session, "count"), first(contract.AllMark)), nothing)},
		{Name: "not its own client", Text: "A kernel gets no answer to a call of itself.", Kills: []string{"LOC-001"},
			event: told(and(ran(own, "answer"), first(contract.LocalMark)), nothing)},
		{Name: "its own errors are silent", Text: "What a kernel asks of itself and is refused is told once only.", Kills: []string{"LOC-003"},
			event: told(and(monitored(driver.MonitorError), first("remote-check"), func(e driver.Event) bool { return e.About == contract.ClientName }), nothing)},
		{Name: "everything is accepted", Text: "Who subscribes is told that all was accepted.", Kills: []string{"SUB-005"},
			answer: answered("subscribe", func(c command, ok map[string]any) any {
				var f driver.Subscribe
				_ = json.Unmarshal(c.line, &f)
				return map[string]any{"accepted": f.Specifiers}
			})},
		{Name: "accepted with its state", Text: "Who subscribes is told what was accepted in another spelling.", Kills: []string{"SUB-005"},
			answer: answered("subscribe", func(_ command, ok map[string]any) any {
				list, _ := ok["accepted"].([]any)
				for i, s := range list {
					list[i] = s.(string) + "/"
				}
				return map[string]any{"accepted": list}
			})},
		{Name: "unsubscribed proxies stay", Text: "A proxy can be posted to after its end.", Kills: []string{"SUB-007"},
			answer: func(c command, ok json.RawMessage) any {
				if c.Name == "proxy-post" && ok == nil {
					return map[string]any{}
				}
				return nil
			}},
	}
	// lost is a message to namesakes that does not go out.
	lost := func(which func(m *wire.Message) bool) func(m *wire.Message) []*wire.Message {
		return func(m *wire.Message) []*wire.Message {
			if m.Event.Session == contract.NamesakeSession && which(m) {
				return nil
			}
			return []*wire.Message{m}
		}
	}
	list = append(list,
		&Behaviour{Name: "shared names lead nowhere", Text: "A name that two kernels have announced leads to neither.", Kills: []string{"NAME-001"},
			message: lost(func(m *wire.Message) bool {
				return m.Event.Kernel == contract.Namesake && m.Params.Str() != contract.AnotherCame
			})},
		&Behaviour{Name: "names are passed on", Text: "When the kernel that a name leads to goes, another that announced it has it.", Kills: []string{"NAME-002"},
			answer: answered("post", func(c command, _ map[string]any) any {
				if bytes.Contains(c.line, []byte(contract.FirstGone)) {
					return map[string]any{"count": 1}
				}
				return nil
			})},
		&Behaviour{Name: "names are used up", Text: "A name that was free leads nowhere when another kernel has announced it.", Kills: []string{"NAME-003"},
			message: lost(func(m *wire.Message) bool { return m.Params.Str() == contract.AnotherCame })},
		&Behaviour{Name: "ids of namesakes lead nowhere", Text: "Kernels that share a name are not reached by their ids.", Kills: []string{"NAME-004"},
			message: lost(func(m *wire.Message) bool { return m.Event.Kernel != contract.Namesake })},
	)
	lastWords := func(m *wire.Message) bool { s, _ := m.Params.AsString(); return s == contract.LastWords }
	list = append(list,
		&Behaviour{Name: "last words are lost", Text: "What was posted before a shutdown does not go out.", Kills: []string{"DOWN-002"},
			message: func(m *wire.Message) []*wire.Message {
				if lastWords(m) {
					return nil
				}
				return []*wire.Message{m}
			}},
		&Behaviour{Name: "a shutdown leaves connections open", Text: "A kernel that is shut down does not close its connections.", Kills: []string{"DOWN-001"}, stay: lastWords},
		&Behaviour{Name: "what is for itself goes out", Text: "What a kernel sends to itself goes over a connection as well.", Kills: []string{"LOC-002"},
			message: func(m *wire.Message) []*wire.Message {
				if !isHave(m) || !m.IsCall() {
					return []*wire.Message{m}
				}
				own := *m
				own.RSVP, own.Params = wire.Address{}, b(contract.LocalMark)
				return []*wire.Message{&own, m}
			}},
		&Behaviour{Name: "proxies pass one argument", Text: "A proxy passes on the first argument only.", Kills: []string{"SUB-006"},
			message: func(m *wire.Message) []*wire.Message {
				if state, args, ok := m.Proxied(); ok {
					m.Params = perl.ArrayRef(b(state), perl.ArrayRef(args[:min(1, len(args))]...))
				}
				return []*wire.Message{m}
			}},
		&Behaviour{Name: "who comes back is not served", Text: "A kernel that left and came back gets no answers.", Kills: []string{"BACK-001"},
			later: func(m *wire.Message) []*wire.Message {
				if isAnswer(m) {
					return nil
				}
				return []*wire.Message{m}
			}},
	)
	for _, d := range list {
		d.Dialect = ikc0
		if d.Role == "" {
			d.Role = kernel
		}
	}
	return list
}
