package told

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// OUT are about what goes out of what a kernel or a ClientLite is told to send.
func OUT() []*judge.Check {
	const kernelSource, liteSource = "Responder post, call, send_msg", "ClientLite post, call, post_respond, _try_send"
	return []*judge.Check{
		{
			ID: "OUT-001", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "What is posted or called goes out, to the session and the state that it is addressed to.",
			Source:      kernelSource, Needs: "a driver that was told to post or to call while its kernel was connected",
			Judge: onSendings(false, goesOut),
		},
		{
			ID: "OUT-002", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "What goes out has the params that were given.",
			Source:      kernelSource, Needs: "a driver that was told to post or to call, and the request",
			Judge: onSendings(false, hasParams),
		},
		{
			ID: "OUT-003", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "What is posted or called goes out once, and nothing else goes to the other's states.",
			Source:      kernelSource, Needs: "a driver, and requests of its kernel to the conformance session",
			Judge: onLog(func(t *judge.Trial, log *driverLog) { nothingElse(t, log, false) }),
		},
		{
			ID: "OUT-004", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A call names the state that its answer is to go to as it was given.",
			Source:      "Responder call", Needs: "a driver that was told to call, and the request",
			Judge: onSendings(false, func(t *judge.Trial, s *sending) {
				if s.sent != nil && s.call && s.rsvp.State != "" {
					got := s.sent.RSVP
					t.Hold(got.Session == s.rsvp.Session && got.State == s.rsvp.State, s.sent.Frame,
						s.rsvp.Session+"/"+s.rsvp.State, got.Session+"/"+got.State)
				}
			}),
		},
		{
			ID: "OUT-005", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "What goes out is from the session that sends it.",
			Source:      "Responder send_msg", Needs: "a driver that was told to post or to call from a session, and the request",
			Judge: onSendings(false, func(t *judge.Trial, s *sending) {
				if s.sent != nil && s.session != "" && s.sent.From.Present() {
					t.Hold(s.sent.From.Session == s.session, s.sent.Frame, s.session, s.sent.From.Session)
				}
			}),
		},
		{
			ID: "OUT-006", Level: judge.Must, Party: judge.TheClient,
			Requirement: "What a ClientLite is told to post or to call goes out, to the session and the state that it is addressed to.",
			Source:      liteSource, Needs: "a driver that was told to post or to call by a ClientLite that was connected",
			Judge: onSendings(true, goesOut),
		},
		{
			ID: "OUT-007", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A ClientLite sends once what it is told to, and nothing else to the server's states.",
			Source:      liteSource, Needs: "a driver, and requests of its ClientLite to the conformance session",
			Judge: onLog(func(t *judge.Trial, log *driverLog) { nothingElse(t, log, true) }),
		},
		{
			ID: "OUT-008", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "A kernel announces the name and the aliases that it was given, and no others besides its id and addresses.",
			Source:      "Channel _setup (names), Server, Client spawn", Needs: "a driver that was told the names of its kernel, and a negotiation",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				given := log.givenNames()
				for _, m := range log.Conns {
					own := m.Names[log.Side]
					if !m.Complete || m.Unreached || len(own) == 0 || len(given) == 0 {
						continue
					}
					announced := slices.DeleteFunc(slices.Clone(own[1:]), isAddress)
					told := slices.ContainsFunc(given, func(names []string) bool {
						return containsAll(announced, names) && containsAll(names, announced)
					})
					t.Hold(told, log.Lines[0], fmt.Sprintf("the names %q on connection %d", given[0], m.Index), fmt.Sprintf("%q", announced))
				}
			}),
		},
		{
			ID: "OUT-009", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "The PID that a kernel tells is that of its process.",
			Source:      "Channel _setup, server_000", Needs: "a driver that tells its process, and a SETUP with a PID",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				if log.isLite() {
					return // its driver may have a process for each
				}
				pid := log.process()
				if log.isLite() { // it may be in a process of its own
					return
				}
				for _, m := range log.Conns {
					if told := m.PIDs[log.Side]; pid != "" && told != "" && m.Complete && !m.Unreached {
						t.Hold(told == pid, log.Lines[0], fmt.Sprintf("PID %s on connection %d", pid, m.Index), told)
					}
				}
			}),
		},
		{
			ID: "OUT-010", Level: judge.Must, Party: judge.TheClient,
			Requirement: "What a ClientLite sends has the params that were given, whatever their kind.",
			Source:      liteSource, Needs: "a driver that was told to post or to call by a ClientLite, and the request",
			Judge: onSendings(true, hasParams),
		},
		{
			ID: "OUT-011", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "What is posted and called goes out in that order.",
			Source:      kernelSource, Needs: "a driver that was told to post or to call twice, and the requests",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				last := map[*judge.ConnRecord]*sending{}
				all, _ := log.sendings()
				for _, s := range all {
					if s.sent == nil || !s.alike {
						continue
					}
					if before := last[s.on]; before != nil {
						t.HoldFunc(s.sent.Frame.Number > before.sent.Frame.Number, s.sent.Frame, func() (string, string) {
							return fmt.Sprintf("it behind #%d, to %s/%s", before.sent.Frame.Number, before.to.Session, before.to.State),
								fmt.Sprintf("#%d, to %s/%s", s.sent.Frame.Number, s.to.Session, s.to.State)
						})
					}
					last[s.on] = s
				}
			}),
		},
		{
			ID: "OUT-012", Level: judge.Should, Party: judge.TheServer,
			Requirement: "The address that a server announces is that at which it listens.",
			Source:      "Channel server_000, Server", Needs: "a driver that tells at which address its kernel listens, and a negotiation",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				listens := log.addresses()
				for _, m := range log.Conns {
					for _, name := range m.Names[log.Side] {
						if m.Complete && !m.Unreached && isAddress(name) && len(listens) > 0 {
							t.Hold(slices.Contains(listens, name), log.Lines[0], fmt.Sprintf("%s on connection %d", listens[0], m.Index), name)
						}
					}
				}
			}),
		},
	}
}

// MoreOUT are about what a client says of itself besides.
func MoreOUT() []*judge.Check {
	return []*judge.Check{
		{
			ID: "OUT-013", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client offers the serializers that it was told to, best first, and no others; if it was told none, all that it has, or a ClientLite one of them.",
			Source:      "Client spawn (serializers), Channel client_010, client_002; ClientLite connect", Needs: "a driver that was told to connect, and a negotiation",
			Rationale: "In the dialect IKC it offers the next only when one was refused.",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, o := range log.offers() {
					t.Hold(o.right(), o.line, fmt.Sprintf("%q on connection %d", o.told, o.on.Index), fmt.Sprintf("%q", slices.Concat(o.on.Setup, o.on.Freezers)))
				}
			}),
		},
		{
			ID: "OUT-014", Level: judge.Should, Party: judge.TheClient,
			Requirement: "The PID that a ClientLite tells is that of its process.",
			Source:      "ClientLite connect", Needs: "a driver that tells the process of its ClientLite, and a SETUP with a PID",
			Judge: onLiteSpawns(func(t *judge.Trial, s *liteSpawn) {
				var f driver.LiteConnected
				ok := !s.line.Command.Failed() && json.Unmarshal(s.line.Command.Answer.Answer.OK, &f) == nil
				if !ok || f.PID == 0 || s.met == nil || !s.met.Complete || s.met.PIDs[wire.Client] == "" {
					return
				}
				t.Hold(s.met.PIDs[wire.Client] == strconv.Itoa(f.PID), s.line, fmt.Sprintf("PID %d on connection %d", f.PID, s.met.Index), s.met.PIDs[wire.Client])
			}),
		},
		{
			ID: "OUT-015", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "Nothing goes to a session that has asked something but answers, what a state posts to its sender, once, and what the kernel is told to send.",
			Source:      "Responder request; Responder::Thunk __thunk, _default", Needs: "a driver, and a post to " + contract.ClientSession + " or to a ClientLite",
			Rationale: "What comes unasked is an event all the same, or is taken for what somebody waits for.",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				posted, sent := log.toAskers()
				for i, x := range sent {
					t.Hold(posted[i], x.Request.Frame, "what a state posts to its sender", "another request to "+x.Request.To.Session+"/"+x.Request.To.State)
				}
			}),
		},
		{
			ID: "OUT-016", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client that is told to connect, and is connected, speaks.",
			Source:      "Channel client_010, client_000; ClientLite connect", Needs: "a driver that was told to connect, and a connection",
			Rationale: "A server waits for it: nobody speaks then, and the connection looks like none of IKC.",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, l := range log.commands("connect", "lite-connect") {
					for _, m := range log.connsMade(l) {
						said := m.Lines[log.Side]+m.Frames[log.Side] > 0
						if said || log.lasted(m, l) >= speaksWithin {
							t.Hold(said, l, fmt.Sprintf("a line on connection %d", m.Index), "nothing")
						}
					}
				}
			}),
		},
		{
			ID: "OUT-017", Level: judge.Should, Party: judge.TheClient,
			Requirement: "The address that a client announces is that of its socket.",
			Source:      "Channel channel_start", Needs: "a driver, and a negotiation in which its client announces an address, on this host",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, m := range log.Conns {
					for _, name := range m.Names[wire.Client] {
						if m.Complete && !m.Unreached && isAddress(name) && m.Client.Addr().IsLoopback() && log.Side == wire.Client {
							t.Hold(name == m.Client.String(), log.Lines[0], fmt.Sprintf("%s on connection %d", m.Client, m.Index), name)
						}
					}
				}
			}),
		},
	}
}

func goesOut(t *judge.Trial, s *sending) {
	if s.due || s.sent != nil {
		t.Hold(s.sent != nil, s.line, "a request to "+s.to.Session+"/"+s.to.State, "none")
	}
}

func hasParams(t *judge.Trial, s *sending) {
	if s.sent != nil && s.args != nil {
		t.HoldFunc(s.alike, s.sent.Frame, func() (string, string) { return showArgs(s.args), showArgs(s.sent.Args()) })
	}
}

// nothingElse judges the requests to the conformance session.
func nothingElse(t *judge.Trial, log *driverLog, lite bool) {
	all, extra := log.sendings()
	for _, s := range all {
		if s.lite == lite && s.sent != nil {
			t.Hold(true, s.sent.Frame, "a request that its driver was told to send", "")
		}
	}
	for _, x := range extra {
		if to := x.Request.To; (to.Session == contract.SessionAlias || to.Session == contract.AbsentSession) && log.isLite() == lite {
			t.Fail(x.Request.Frame, "a request that its driver was told to send", fmt.Sprintf("another to %s/%s", to.Session, to.State))
		}
	}
}

// containsAll tells whether a list has all of another.
func containsAll(list, all []string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !slices.Contains(list, s) })
}
