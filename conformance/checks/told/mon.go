package told

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// MON are about what monitors are told.
func MON() []*judge.Check {
	// reported judges that each error report, of one side or the other, was told with an operation
	// that begins so.
	reported := func(prefix string, own bool) judge.Predicate {
		return onLog(func(t *judge.Trial, log *driverLog) {
			w := log.ofAll(driver.MonitorError)
			if w == nil {
				return
			}
			for _, m := range log.ownConns() {
				if m.Opened.Before(w.set.At.Time) {
					continue
				}
				for _, report := range m.Reports {
					if report.Event.State != wire.StateRemoteError || (report.Frame.From == log.Side) != own || !log.hadTime(report.Frame.At.Time) {
						continue
					}
					e := remoteError(report)
					if e.Operation == "" {
						continue
					}
					told := log.errorsTold(w, prefix+e.Operation)
					i := slices.IndexFunc(told, func(l *dialogue.ControlLine) bool {
						return text(l.Event.Args, 1) == e.Message && l.Event.About == e.Kernel
					})
					if i >= 0 {
						t.Hold(true, told[i], fmt.Sprintf("error about %s: (%s, %s)", e.Kernel, prefix+e.Operation, e.Message), "")
						continue
					}
					t.Fail(w.set, fmt.Sprintf("error about %s: (%s, %s), which was reported on connection %d", e.Kernel, prefix+e.Operation, e.Message, m.Index),
						fmt.Sprintf("%d other errors %s", len(told), prefix+e.Operation))
				}
			}
		})
	}
	return []*judge.Check{
		{
			ID: "MON-001", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `A monitor of "*" is told when a kernel registers, by its id.`,
			Source:      "Responder register_channel; " + sourceMonitor, Needs: `a monitor of "*" that is told of register, and a connection after it`,
			Judge: onRegistrations(driver.MonitorRegister, func(t *judge.Trial, log *driverLog, w *monitorSpan, registrations []*registration) {
				for _, v := range registrations {
					if v.met != nil {
						t.Hold(true, v.announcements[0].at, "register of "+v.id, "")
					}
				}
				for _, m := range log.unannounced(w, registrations) {
					t.Fail(w.set, fmt.Sprintf("register of %s, which connected (connection %d)", m.Names[log.Side.Other()][0], m.Index), "none")
				}
			}),
		},
		{
			ID: "MON-002", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `What a monitor of "*" is told of a kernel comes once for its id and once for each name that it announced.`,
			Source:      sourceMonitor, Needs: `a monitor of "*", and a connection after it`,
			Rationale: "The address that the connection goes to or comes from is one more name, if it is not among those announced.",
			Judge: onEachRegistration(driver.MonitorRegister, func(t *judge.Trial, log *driverLog, v *registration) {
				announced := v.met.Names[log.Side.Other()][1:]
				for _, b := range v.announcements {
					t.HoldFunc(b.saysNames(announced), b.at, func() (string, string) {
						return b.what + " of " + strings.Join(v.met.Names[log.Side.Other()], ", "), b.what + " of " + b.said()
					})
				}
			}),
		},
		{
			ID: "MON-003", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "The flag real is true for an id, and false for a name.",
			Source:      sourceMonitor, Needs: "a monitor that was told something",
			Judge: onLog(realForIDs),
		},
		{
			ID: "MON-004", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "register comes with the process id that the kernel announced; undef if it announced none, as in the dialect IKC.",
			Source:      "Responder register_channel, from 0.2400 on", Needs: `a monitor of "*" that is told of register, and a connection after it`,
			Judge: onEachRegistration(driver.MonitorRegister, func(t *judge.Trial, log *driverLog, v *registration) {
				pid := v.met.PIDs[log.Side.Other()]
				got := text(v.announcements[0].at.Event.Args, 0)
				t.Hold(got == pid, v.announcements[0].at, fmt.Sprintf("the process id %q", pid), fmt.Sprintf("%q", got))
			}),
		},
		{
			ID: "MON-005", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "Monitors are told unregister when the connection to a kernel has ended.",
			Source:      "Responder delete_channel; " + sourceMonitor, Needs: `a monitor of "*" that is told of unregister, and a connection after it that ended`,
			Judge: onEachRegistration(driver.MonitorUnregister, func(t *judge.Trial, log *driverLog, v *registration) {
				over := v.met.Over()
				if len(v.of(driver.MonitorUnregister, "")) > 0 {
					t.Hold(true, v.of(driver.MonitorUnregister, "")[0].at, "unregister of "+v.id, "")
				} else if !over.IsZero() && log.hadTime(over) {
					t.Fail(v.announcements[len(v.announcements)-1].at, fmt.Sprintf("unregister of %s, whose connection %d ended", v.id, v.met.Index), "none")
				}
			}),
		},
		{
			ID: "MON-006", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "Of one connection, monitors are told register first and unregister last, each once.",
			Source:      "Responder register_channel, delete_channel", Needs: `a monitor of "*" that is told of register and unregister, and a connection after it`,
			Judge: onEachRegistration(driver.MonitorUnregister, func(t *judge.Trial, log *driverLog, v *registration) {
				gone := v.of(driver.MonitorUnregister, "")
				if len(gone) == 0 {
					return
				}
				last := v.announcements[len(v.announcements)-1]
				t.HoldFunc(len(gone) == 1 && gone[0] == last, last.at, func() (string, string) {
					return "one unregister, and nothing about that connection after it", fmt.Sprintf("%d, and %s", len(gone), last.what)
				})
			}),
		},
		{
			ID: "MON-007", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "After register, monitors are told channel ready, once.",
			Source:      "Responder channel_ready, from 0.2400 on", Needs: `a monitor of "*" that is told of channel, and a connection after it`,
			Judge: onEachRegistration(driver.MonitorChannel, func(t *judge.Trial, log *driverLog, v *registration) {
				ready := v.of(driver.MonitorChannel, "ready")
				if len(v.announcements) > 1 || len(ready) > 0 {
					t.HoldFunc(len(ready) == 1 && v.announcements[1] == ready[0], v.announcements[0].at, func() (string, string) {
						return "channel ready, next after register", fmt.Sprintf("%d of them", len(ready))
					})
				}
			}),
		},
		{
			ID: "MON-008", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "Monitors are told channel close before unregister, once.",
			Source:      "Responder channel_close, delete_channel, from 0.2400 on", Needs: `a monitor of "*" that is told of channel and unregister, and a connection after it that ended`,
			Judge: onEachRegistration(driver.MonitorChannel, func(t *judge.Trial, log *driverLog, v *registration) {
				gone, closed := v.of(driver.MonitorUnregister, ""), v.of(driver.MonitorChannel, "close")
				if len(gone) > 0 {
					t.HoldFunc(len(closed) == 1 && slices.Index(v.announcements,
						closed[0]) < slices.Index(v.announcements, gone[0]), gone[0].at, func() (string, string) {
						return "channel close before unregister", fmt.Sprintf("%d of them before the end", len(closed))
					})
				}
			}),
		},
		{
			ID: "MON-009", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "channel comes with ready or close and the channel's id, which is the same for both and no other connection's.",
			Source:      "Responder channel_ready, channel_close, from 0.2400 on", Needs: `a monitor of "*" that is told of channel, and a connection after it`,
			Judge: onRegistrations(driver.MonitorChannel, channelIDs),
		},
		{
			ID: "MON-010", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `When a peer closes its connection, monitors are told the error channel-read with the message "[0] ", before channel close.`,
			Source:      "Channel channel_error, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and a connection after it that the other side closed`,
			Judge: onEachRegistration(driver.MonitorError, func(t *judge.Trial, log *driverLog, v *registration) {
				closed := v.of(driver.MonitorChannel, "close")
				if by, ok := v.met.ClosedFirst(); !ok || by == log.Side || v.met.How[by] != capture.FIN || len(closed) == 0 {
					return
				}
				errors := v.of(driver.MonitorError, "channel-read")
				t.HoldFunc(len(errors) == 1 && text(errors[0].at.Event.Args, 1) == "[0] " &&
					slices.Index(v.announcements, errors[0]) < slices.Index(v.announcements, closed[0]), closed[0].at, func() (string, string) {
					if len(errors) == 0 {
						return "error ('channel-read', '[0] ') before it", "none"
					}
					return "error ('channel-read', '[0] ') before it", showArgs(errors[0].at.Event.Args)
				})
			}),
		},
		{
			ID: "MON-011", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A kernel that closes a connection itself tells monitors of no error.",
			Source:      "Channel channel_shutdown", Needs: `a monitor of "*" that is told of error, and a connection after it that the kernel closed`,
			Judge: onEachRegistration(driver.MonitorError, func(t *judge.Trial, log *driverLog, v *registration) {
				if by, ok := v.met.ClosedFirst(); ok && by == log.Side && len(v.of(driver.MonitorUnregister, "")) > 0 {
					errors := v.of(driver.MonitorError, "channel-read")
					t.Hold(len(errors) == 0, v.of(driver.MonitorUnregister, "")[0].at, "no error channel-read", fmt.Sprintf("%d", len(errors)))
				}
			}),
		},
		{
			ID: "MON-012", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A monitor of one name is told of that name only.",
			Source:      sourceMonitor, Needs: "a monitor of a name that was told something",
			Judge: onLog(toldOfOneName),
		},
		{
			ID: "MON-013", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `A monitor of a name is told what a monitor of "*" is told of that name.`,
			Source:      sourceMonitor, Needs: `a monitor of a name beside one of "*"`,
			Judge: onLog(toldOfNames),
		},
		{
			ID: "MON-014", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A monitor is told of the events that it asked for, and of no others.",
			Source:      sourceMonitor, Needs: "a monitor that was told something",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, w := range log.monitorSpans() {
					if len(w.events) == 0 {
						continue
					}
					for _, l := range log.monitored(w) {
						t.Hold(w.wants(l.Event.What), l, "one of "+strings.Join(w.events, ", "), l.Event.What)
					}
				}
			}),
		},
		{
			ID: "MON-015", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A monitor that was ended is told nothing more.",
			Source:      "Responder monitor (without events)", Needs: "a monitor that was ended, of a name whose kernel connected afterwards",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, w := range log.monitorSpans() {
					if len(w.events) > 0 {
						continue
					}
					came := slices.ContainsFunc(log.ownConns(), func(m *judge.ConnRecord) bool {
						return m.Opened.After(w.set.At.Time) && slices.Contains(m.Names[log.Side.Other()], w.kernel)
					})
					told := log.monitored(w)
					if len(told) > 0 {
						t.Fail(told[0], "nothing", told[0].Event.What+" of "+told[0].Event.About)
					} else if came {
						t.Hold(true, w.set, "nothing of "+w.kernel+" from here on", "")
					}
				}
			}),
		},
		{
			ID: "MON-016", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "When a request of a peer fails, monitors are told an error local-OPERATION, about the kernel as it was addressed, with the message of the error report.",
			Source:      "Responder _error_response, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and a request that failed`,
			Judge: reported("local-", true),
		},
		{
			ID: "MON-017", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "When an error report comes, monitors are told an error remote-OPERATION, about the kernel that it names, with its message.",
			Source:      "Responder remote_error, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and an error report of a peer`,
			Judge: reported("remote-", false),
		},
		{
			ID: "MON-018", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `Sending to a kernel that is not known is told as an error resolve about "*".`,
			Source:      "Responder send_msg, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and a post or call to a kernel that nobody is`,
			Judge: onLog(toldOfUnknownNames),
		},
		{
			ID: "MON-019", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `A subscription that is refused is told as an error subscribe about "*", with the refusal as its message.`,
			Source:      "Responder _subscribe_receipt, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and a subscription that was refused`,
			Judge: onLog(toldOfRefusals),
		},
		{
			ID: "MON-020", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A subscription that is accepted is told as subscribe with the specifier, a hash of kernel, session and state as they were asked for.",
			Source:      "Proxy create; " + sourceMonitor, Needs: `a monitor of "*" that is told of subscribe, and a subscription that was accepted`,
			Judge: onSubscriptions(driver.MonitorSubscribe, func(log *driverLog) []subscription { return log.subscriptions() }),
		},
		{
			ID: "MON-021", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "The end of a subscription is told as unsubscribe with the specifier.",
			Source:      "Proxy _shutdown; " + sourceMonitor, Needs: `a monitor of "*" that is told of unsubscribe, and a subscription that was ended`,
			Judge: onSubscriptions(driver.MonitorUnsubscribe, func(log *driverLog) []subscription { return log.unsubscriptions() }),
		},
		{
			ID: "MON-022", Level: judge.Should, Party: judge.TheKernel,
			Requirement: `A shutdown is told to monitors of "*", once, about "*".`,
			Source:      "Responder shutdown", Needs: `a monitor of "*" that is told of shutdown, and a shutdown`,
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				w := log.ofAll(driver.MonitorShutdown)
				if w == nil {
					return
				}
				for _, l := range log.commands("shutdown") {
					n := 0
					for _, m := range log.monitored(w) {
						if m.Event.What == "shutdown" && m.Event.About == contract.EveryKernel && !m.Event.Real {
							n++
						}
					}
					t.Hold(n == 1, l, `shutdown about "*", once`, fmt.Sprintf("%d times", n))
				}
			}),
		},
		{
			ID: "MON-023", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "After a shutdown, monitors are told nothing: not that kernels unregister.",
			Source:      "Responder shutdown (it forgets the monitors)", Needs: `a monitor of "*" that is told of shutdown and unregister, and a shutdown`,
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				w := log.ofAll(driver.MonitorShutdown)
				if w == nil {
					return
				}
				told := log.monitored(w)
				i := slices.IndexFunc(told, func(l *dialogue.ControlLine) bool { return l.Event.What == "shutdown" })
				if i < 0 {
					return
				}
				rest := slices.DeleteFunc(slices.Clone(told[i+1:]), func(l *dialogue.ControlLine) bool { return l.Event.What == "shutdown" })
				if len(rest) > 0 {
					t.Fail(rest[0], "nothing after the shutdown", fmt.Sprintf("%s of %s, and %d more", rest[0].Event.What, rest[0].Event.About, len(rest)-1))
				} else {
					t.Hold(true, told[i], "nothing after the shutdown", "")
				}
			}),
		},
	}
}

// firstDifference says where two lists part.
func firstDifference(want, got []string) (expected, actual string) {
	for i := range max(len(want), len(got)) {
		w, g := "nothing", "nothing"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			return fmt.Sprintf("as event %d, %s", i+1, w), g
		}
	}
	return strings.Join(want, "; "), ""
}

// realForIDs holds the flag real against the ids and the names that kernels announced.
func realForIDs(t *judge.Trial, log *driverLog) {
	ids, names := map[string]bool{}, map[string]bool{}
	for _, m := range log.ownConns() {
		for _, side := range []wire.Role{wire.Client, wire.Server} {
			for i, name := range m.Names[side] {
				if i == 0 {
					ids[name] = true
				} else {
					names[name] = true
				}
			}
		}
	}
	var registrations []*registration
	if w := log.ofAll(driver.MonitorChannel); w != nil && w.wants(driver.MonitorRegister) {
		registrations = log.registrations(w)
	}
	for _, l := range log.Lines {
		if e := l.Event; e != nil && e.Kind == driver.EventMonitor &&
			ids[e.About] != names[e.About] && !idReused(registrations, e.About, l.At.Time) {
			t.Hold(e.Real == ids[e.About], l, fmt.Sprintf("real %v", ids[e.About]), fmt.Sprintf("real %v", e.Real))
		}
	}
}

// toldOfOneName holds what a monitor of one name heard against that name.
func toldOfOneName(t *judge.Trial, log *driverLog) {
	for _, w := range log.monitorSpans() {
		if w.kernel == contract.EveryKernel || isSpecifier(w.kernel) {
			continue
		}
		for _, l := range log.monitored(w) {
			t.Hold(l.Event.About == w.kernel, l, "about "+w.kernel, "about "+l.Event.About)
		}
	}
}

// toldOfNames compares what a monitor of a name heard with what one of every kernel heard of it.
func toldOfNames(t *judge.Trial, log *driverLog) {
	all := log.ofAll(driver.MonitorRegister)
	if all == nil {
		return
	}
	for _, w := range log.monitorSpans() {
		if w.kernel == contract.EveryKernel || isSpecifier(w.kernel) || w.from < all.from {
			continue
		}
		var want, got []string
		var last *dialogue.ControlLine
		for _, l := range log.monitored(all) {
			if at := slices.Index(log.Lines, l); l.Event.About == w.kernel && w.wants(l.Event.What) && at > w.from && at < w.to {
				want, last = append(want, l.Event.What+" "+showArgs(l.Event.Args)), l
			}
		}
		for _, l := range log.monitored(w) {
			got, last = append(got, l.Event.What+" "+showArgs(l.Event.Args)), l
		}
		if last != nil {
			t.HoldFunc(slices.Equal(want, got), last, func() (string, string) { return firstDifference(want, got) })
		}
	}
}

// toldOfUnknownNames looks for the errors about what was sent to a name that nobody has.
func toldOfUnknownNames(t *judge.Trial, log *driverLog) {
	w := log.ofAll(driver.MonitorError)
	if w == nil {
		return
	}
	told := log.errorsTold(w, "resolve")
	for _, l := range log.commands("post", "call") {
		to, ok := log.target(l)
		if !ok || log.knows(to.Kernel) || log.before(l, w) || !log.wentOn(l.Command.Answer.At.Time) {
			continue
		}
		if len(told) == 0 {
			t.Fail(l, fmt.Sprintf(`error about "*": (resolve, ... %s ...)`, to.Kernel), "none")
			continue
		}
		at := told[0]
		told = told[1:]
		t.Hold(at.Event.About == contract.EveryKernel && !at.Event.Real && strings.Contains(text(at.Event.Args, 1), to.Kernel), at,
			fmt.Sprintf(`error about "*": (resolve, ... %s ...)`, to.Kernel), fmt.Sprintf("error about %s: %s", at.Event.About, showArgs(at.Event.Args)))
	}
}

// toldOfRefusals looks for the errors about subscriptions that were refused.
func toldOfRefusals(t *judge.Trial, log *driverLog) {
	w := log.ofAll(driver.MonitorError)
	if w == nil {
		return
	}
	for _, s := range log.subscriptions() {
		for _, spec := range s.refused() {
			if log.before(s.line, w) || !log.wentOn(s.line.Command.Answer.At.Time) {
				continue
			}
			want := "Refused subscription " + spec
			i := slices.IndexFunc(log.errorsTold(w, "subscribe"), func(l *dialogue.ControlLine) bool {
				return text(l.Event.Args, 1) == want && l.Event.About == contract.EveryKernel
			})
			if i >= 0 {
				t.Hold(true, log.errorsTold(w, "subscribe")[i], "error ('subscribe', '"+want+"')", "")
			} else {
				t.Fail(s.line.Command.Answer, `error about "*": ('subscribe', '`+want+"')", "none such")
			}
		}
	}
}

// channelIDs holds the ids of channels against each other: each connection has one of its own.
func channelIDs(t *judge.Trial, log *driverLog, _ *monitorSpan, registrations []*registration) {
	of := map[string]*registration{}
	for _, v := range registrations {
		if !v.doubled.IsZero() {
			continue
		}
		for _, b := range v.of(driver.MonitorChannel, "") {
			id := text(b.at.Event.Args, 1)
			holder := of[id]
			t.HoldFunc(id != "" && (holder == nil || holder == v) &&
				slices.Contains([]string{"ready", "close"}, text(b.at.Event.Args, 0)), b.at, func() (string, string) {
				return "(ready or close, an id of this connection alone)", showArgs(b.at.Event.Args)
			})
			if holder == nil {
				for _, old := range slices.Sorted(maps.Keys(of)) {
					if of[old] == v && id != "" {
						t.Fail(b.at, "the channel's id "+old, id)
					}
				}
				of[id] = v
			}
		}
	}
}
