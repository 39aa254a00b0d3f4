package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// run is what a state must have been given, and where that is from: a request on the wire, or a command of the harness to
// the kernel itself.
type run struct {
	args    []*perl.Value
	context string // scalar, list or void
	sender  bool
}

// due are the runs that a state of the harness's sessions owes to the requests that the kernel got and did not refuse. all
// is false if the harness may not have waited for the last of them.
func (a *account) due(session, state string) (out []run, all bool) {
	all = true
	for _, m := range a.met {
		for _, x := range m.talk {
			r := x.request
			if r.Frame.From == a.side || r.To.Session != session || r.To.State != state || len(x.errors) > 0 {
				continue
			}
			all = all && a.wentOn(r.Frame.At.Time.Add(sinking))
			out = append(out, run{arguments(r), contextOf(r), r.From.Present()})
		}
	}
	for _, l := range a.commands("post", "call") {
		to, ok := a.target(l)
		var f driver.Call
		if !ok || to.Session != session || to.State != state || l.Command.Decode(&f) != nil ||
			to.Kernel != everyKernel && !slices.Contains(a.ownNames(), to.Kernel) {
			continue
		}
		context := "void"
		if l.Command.Name == "call" {
			context = "scalar"
		}
		out = append(out, run{[]*perl.Value{f.Params.V}, context, f.Session != ""})
	}
	return out, all
}

// arguments are what a request gives to its state.
func arguments(m *dialogue.Message) []*perl.Value {
	args := slices.Clone(m.Args())
	if len(args) == 0 && m.Event.State != specifier.ProxyState {
		args = append(args, perl.NewUndef()) // params that are absent are undef
	}
	return args
}

// contextOf is the context in which the state of a request runs.
func contextOf(m *dialogue.Message) string {
	switch {
	case !m.IsCall():
		return "void"
	case m.WantArray:
		return "list"
	}
	return "scalar"
}

// harnessStates are the states of the conformance session that may be asked for.
func harnessStates() []string {
	return append(PublishedStates(), HiddenState, RetractedState)
}

// claimed pairs what is due with the runs that a driver reported: each with one that is the same. What is left over is
// returned, of both.
func claimed[R any](due []R, reported []*dialogue.ControlLine, same func(R, *driver.Event) bool) (missing []R, extra []*dialogue.ControlLine) {
	extra = slices.Clone(reported)
	for _, d := range due {
		i := slices.IndexFunc(extra, func(l *dialogue.ControlLine) bool { return same(d, l.Event) })
		if i < 0 {
			missing = append(missing, d)
			continue
		}
		extra = slices.Delete(extra, i, i+1)
	}
	return missing, extra
}

// onRuns judges the states of the conformance session by a property of their runs.
func onRuns(same func(run, *driver.Event) bool, show func(run) string, showEvent func(*driver.Event) string) Predicate {
	return onAccount(func(t *Trial, a *account) {
		for _, state := range harnessStates() {
			reported := a.states(SessionAlias, state)
			due, _ := a.due(SessionAlias, state)
			missing, extra := claimed(due, reported, same)
			if len(reported) != len(due) {
				continue // that is another check's
			}
			for _, l := range reported {
				if !slices.Contains(extra, l) {
					t.Hold(true, l, showEvent(l.Event), "")
				}
			}
			for i, l := range extra {
				t.Fail(l, show(missing[min(i, len(missing)-1)]), showEvent(l.Event))
			}
		}
	})
}

const sourceThunk = "Responder::Thunk __thunk"

// accountChecks are about what kernels understand of requests and answers, and what their methods return.
func accountChecks() []*Check {
	return slices.Concat(runChecks(), rsvpChecks(), sendingChecks(), nameChecks(), shutdownChecks())
}

func runChecks() []*Check {
	return []*Check{
		{
			ID: "RUN-001", Level: Must, Party: TheKernel,
			Requirement: "Each request that is not refused runs its state once.",
			Source:      "Responder request; " + sourceThunk, Needs: "a driver that reports the runs of states, and requests to the conformance session",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, state := range harnessStates() {
					due, all := a.due(SessionAlias, state)
					reported := a.states(SessionAlias, state)
					if len(due) == 0 && len(reported) == 0 || len(reported) < len(due) && !all {
						continue
					}
					at := a.lines[len(a.lines)-1]
					if len(reported) > 0 {
						at = reported[len(reported)-1]
					}
					t.Hold(len(due) == len(reported), at, fmt.Sprintf("%d runs of %s", len(due), state), fmt.Sprint(len(reported)))
				}
			}),
		},
		{
			ID: "RUN-002", Level: Must, Party: TheKernel,
			Requirement: "A state is given what the request carries: params as ARG0, or the list of a request to IKC:proxy, and a ?ARG behind them.",
			Source:      "Responder request; " + sourceThunk, Needs: "a driver that reports the runs of states, and requests to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool { return sameArgs(r.args, e.Args) },
				func(r run) string { return showArgs(r.args) }, func(e *driver.Event) string { return showArgs(e.Args) }),
		},
		{
			ID: "RUN-003", Level: Must, Party: TheKernel,
			Requirement: "A state runs in void context for a post, in scalar context for a call, and in list context for a call with wantarray true.",
			Source:      sourceThunk, Needs: "a driver that reports the context of states, and requests to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool {
				return sameArgs(r.args, e.Args) && (e.Context == "" || e.Context == r.context)
			},
				func(r run) string { return r.context + " context" }, func(e *driver.Event) string { return e.Context + " context" }),
		},
		{
			ID: "RUN-004", Level: Should, Party: TheKernel,
			Requirement: "A state has a sender if the request says whom it is from.",
			Source:      sourceThunk, Needs: "a driver that reports senders, and a request with from to the conformance session",
			Judge: onRuns(func(r run, e *driver.Event) bool { return sameArgs(r.args, e.Args) && (!r.sender || e.Sender) },
				func(run) string { return "a sender" }, func(e *driver.Event) string { return fmt.Sprintf("sender %v", e.Sender) }),
		},
		{
			ID: "RUN-005", Level: Must, Party: TheKernel,
			Requirement: "The requests of one connection run their states in the order in which they came.",
			Source:      "Responder request (each to completion before the next)", Needs: "a driver that reports the runs of states, and several requests on one connection",
			Judge: onAccount(func(t *Trial, a *account) {
				var reported []*dialogue.ControlLine
				for _, l := range a.lines {
					if e := l.Event; e != nil && e.Kind == "state" && e.Session == SessionAlias {
						reported = append(reported, l)
					}
				}
				for _, m := range a.met {
					at := 0 // connections take turns
					for _, x := range m.talk {
						r := x.request
						if r.Frame.From == a.side || r.To.Session != SessionAlias || len(x.errors) > 0 || !a.wentOn(r.Frame.At.Time.Add(sinking)) {
							continue
						}
						i := slices.IndexFunc(reported[at:], func(l *dialogue.ControlLine) bool {
							return l.Event.State == r.To.State && sameArgs(l.Event.Args, arguments(r))
						})
						if i >= 0 {
							at += i + 1
							t.Hold(true, reported[at-1], "the run of "+r.To.State, "")
							continue
						}
						if early := slices.IndexFunc(reported[:at], func(l *dialogue.ControlLine) bool {
							return l.Event.State == r.To.State && sameArgs(l.Event.Args, arguments(r))
						}); early >= 0 && at > 0 {
							t.Fail(reported[early], fmt.Sprintf("the run of %s with %s after that of %s with %s", r.To.State, showArgs(arguments(r)), reported[at-1].Event.State, showArgs(reported[at-1].Event.Args)), "before it")
						}
					}
				}
			}),
		},
		{
			ID: "RUN-006", Level: Must, Party: TheKernel,
			Requirement: "A request that is refused runs nothing.",
			Source:      "Responder _req_is_published", Needs: "a driver that reports the runs of states, and a request to a state that is not published",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, state := range []string{HiddenState, RetractedState} {
					asked := false
					for _, m := range a.meetings() {
						asked = asked || slices.ContainsFunc(m.talk, func(x talk) bool {
							return x.request.Frame.From != a.side && x.request.To.Session == SessionAlias && x.request.To.State == state
						})
					}
					if ran := a.states(SessionAlias, state); len(ran) > 0 {
						t.Fail(ran[0], "no run of "+state+", which is not published", fmt.Sprint(len(ran)))
					} else if asked {
						t.Hold(true, a.lines[len(a.lines)-1], "no run of "+state, "")
					}
				}
			}),
		},
	}
}

// answersGot are the answers to the kernel's own calls, as they came on the wire, by the state that is their rsvp. settled
// leaves out those that came so late that the driver may not have told what became of them.
func (a *account) answersGot(settled bool) map[string][]*dialogue.Message {
	got := map[string][]*dialogue.Message{}
	for _, m := range a.meetings() {
		for _, x := range m.talk {
			r := x.request
			if r.Frame.From != a.side || !harnessSession(r.RSVP.Session) || len(x.answers) == 0 || settled && !a.wentOn(x.answers[0].Frame.At.Time.Add(sinking)) {
				continue
			}
			key := r.RSVP.Session + "/" + r.RSVP.State
			got[key] = append(got[key], x.answers[0])
		}
	}
	return got
}

// localCalls are the calls that the kernel was told to make of itself, by the state that is their rsvp.
func (a *account) localCalls() map[string][]*dialogue.ControlLine {
	out := map[string][]*dialogue.ControlLine{}
	for _, l := range a.commands("call") {
		to, ok := a.target(l)
		var f driver.Call
		if !ok || !slices.Contains(a.ownNames(), to.Kernel) || l.Command.Decode(&f) != nil {
			continue
		}
		if rsvp, err := specifier.Parse(f.RSVP); err == nil {
			key := rsvp.Session + "/" + rsvp.State
			out[key] = append(out[key], l)
		}
	}
	return out
}

func rsvpChecks() []*Check {
	return []*Check{
		{
			ID: "RSVP-001", Level: Must, Party: TheKernel,
			Requirement: "The answer to a call reaches the state that is its rsvp, though nobody published it: the params as ARG0.",
			Source:      "Responder call (it permits one post), request", Needs: "a driver that reports the runs of states, and answers to its kernel's calls",
			Judge: onAccount(func(t *Trial, a *account) {
				local := a.localCalls()
				for rsvp, answers := range a.answersGot(true) {
					session, state, _ := strings.Cut(rsvp, "/")
					var due []*perl.Value
					for _, m := range answers {
						due = append(due, m.Params())
					}
					reported := a.states(session, state)
					missing, extra := claimed(due, reported, func(v *perl.Value, e *driver.Event) bool { return len(e.Args) > 0 && sameValue(v, e.Args[0]) })
					for _, l := range reported {
						if !slices.Contains(extra, l) {
							t.Hold(true, l, "the answer", "")
						}
					}
					if len(missing) > 0 {
						got := "none such"
						at := a.lines[len(a.lines)-1]
						if len(extra) > len(local[rsvp]) {
							at, got = extra[0], showArgs(extra[0].Event.Args)
						}
						t.Fail(at, fmt.Sprintf("a run of %s with the answer %s", rsvp, showValue(missing[0])), got)
					}
				}
			}),
		},
		{
			ID: "RSVP-002", Level: Must, Party: TheKernel,
			Requirement: "Each call permits one post to its rsvp: the state runs as often as calls were answered, not more.",
			Source:      "Responder call, _req_is_published", Needs: "a driver that reports the runs of states, and answers to its kernel's calls",
			Judge: onAccount(func(t *Trial, a *account) {
				local := a.localCalls()
				for rsvp, answers := range a.answersGot(false) {
					session, state, _ := strings.Cut(rsvp, "/")
					if n := len(a.states(session, state)); n > 0 {
						most := len(answers) + len(local[rsvp])
						t.Hold(n <= most, a.states(session, state)[n-1], fmt.Sprintf("at most %d runs of %s, as many as answers", most, rsvp), fmt.Sprint(n))
					}
				}
			}),
		},
		{
			ID: "RSVP-003", Level: Must, Party: TheKernel,
			Requirement: "A second post to the rsvp of a call is refused, if the state is not published.",
			Source:      "Responder call, _req_is_published", Needs: "a call that was answered twice, to a state that is not published",
			Judge: onOwnRequests(func(t *Trial, x *dialogue.Exchange) {
				if len(x.Answers) < 2 || x.Request.RSVP.Session != ClientSession || x.Request.RSVP.State != OnceState {
					return
				}
				second := x.Answers[1]
				refused := false
				for _, item := range t.Conn.Items {
					f, ok := item.(*dialogue.Frame)
					refused = refused || ok && f.From == t.Side && f.Message != nil && f.Message.Kind == dialogue.ErrorReport && f.At.Packet > second.Frame.At.Packet &&
						strings.Contains(dialogue.ErrorText(f.Message.Params()), OnceState)
				}
				t.Hold(refused, second.Frame, "an error report on it", "none")
			}),
		},
	}
}

// sentCount is how many kernels post or call said that they had sent to, -1 if they did not.
func (a *account) sentCount(l *dialogue.ControlLine) int {
	var sent driver.Sent
	if l.Command.Failed() || json.Unmarshal(l.Command.Answer.Answer.OK, &sent) != nil || sent.Count == nil {
		return -1
	}
	return *sent.Count
}

// sendingChecks are about what methods that send return, and about what a kernel sends to itself.
func sendingChecks() []*Check {
	count := func(id, requirement, needs string, applies func(a *account, to specifier.Specifier) (want int, ok bool)) *Check {
		return &Check{
			ID: id, Level: Should, Party: TheKernel, Requirement: requirement, Source: "Responder post, call, send_msg", Needs: needs,
			Judge: onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("post", "call") {
					to, ok := a.target(l)
					if !ok {
						continue
					}
					n := a.sentCount(l)
					if n < 0 {
						continue
					}
					if want, ok := applies(a, to); ok {
						t.Hold(n == want, l.Command.Answer, fmt.Sprint(want), fmt.Sprint(n))
					}
				}
			}),
		}
	}
	return []*Check{
		count("SENT-001", "post and call return 1 when they sent to a kernel that is connected.", "a post or call to a kernel that is connected",
			func(a *account, to specifier.Specifier) (int, bool) {
				return 1, to.Kernel != "" && to.Kernel != everyKernel && !slices.Contains(a.ownNames(), to.Kernel) && !isAddress(to.Kernel) && a.knows(to.Kernel) && !a.shared(to.Kernel)
			}),
		count("SENT-002", "post and call return 0 when nobody has the name that they are addressed to.", "a post or call to a kernel that nobody is",
			func(a *account, to specifier.Specifier) (int, bool) { return 0, !a.knows(to.Kernel) }),
		count("SENT-003", `What is sent to "*" goes to every kernel that is connected, and to the kernel itself: that many are returned.`, `a post or call to "*" while one kernel was connected`,
			func(a *account, to specifier.Specifier) (int, bool) { return 2, to.Kernel == everyKernel }),
		{
			ID: "SENT-004", Level: Should, Party: TheKernel,
			Requirement: `What is sent to "*" reaches the states of the kernel itself as well.`,
			Source:      "Responder send_msg, LocalKernel", Needs: `a post to "*"`,
			Judge: onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("post") {
					to, ok := a.target(l)
					var f driver.Post
					if !ok || to.Kernel != everyKernel || l.Command.Decode(&f) != nil {
						continue
					}
					ran := slices.ContainsFunc(a.states(to.Session, to.State), func(e *dialogue.ControlLine) bool {
						return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
					})
					t.Hold(ran, l, "a run of "+to.Session+"/"+to.State+" in the kernel itself", "none")
				}
			}),
		},
		{
			ID: "LOC-001", Level: Should, Party: TheKernel,
			Requirement: "A kernel can call its own published states by its name, as if they were remote: the answer reaches the rsvp.",
			Source:      "LocalKernel", Needs: "a call that a kernel made of itself",
			Judge: onAccount(func(t *Trial, a *account) {
				for rsvp, calls := range a.localCalls() {
					session, state, _ := strings.Cut(rsvp, "/")
					for _, l := range calls {
						var f driver.Call
						if l.Command.Decode(&f) != nil || !strings.HasSuffix(f.To, "/echo") {
							continue
						}
						came := slices.ContainsFunc(a.states(session, state), func(e *dialogue.ControlLine) bool {
							return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
						})
						t.Hold(came, l, "a run of "+rsvp+" with "+showValue(f.Params.V), "none")
					}
				}
			}),
		},
		{
			ID: "LOC-002", Level: Should, Party: TheKernel,
			Requirement: "What a kernel sends to itself goes over no connection.",
			Source:      "LocalKernel", Needs: "a call or post of a kernel to itself",
			Judge: append(onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("post", "call") {
					if to, ok := a.target(l); ok && slices.Contains(a.ownNames(), to.Kernel) {
						t.Hold(true, l, "nothing of it on a connection", "")
					}
				}
			}), onMessages(func(t *Trial, m *dialogue.Message) {
				if !m.Frame.Mentions(LocalMark) {
					return
				}
				if s, ok := m.Params().AsString(); ok && s == LocalMark {
					t.Fail(m.Frame, "nothing that the kernel sends to itself", m.Event.String())
				}
			})...),
		},
		{
			ID: "LOC-003", Level: Should, Party: TheKernel,
			Requirement: "What a kernel asks of itself and has not published is refused as from a peer: monitors are told of an error at both ends.",
			Source:      "LocalKernel; Responder _error_response, from 0.2400 on", Needs: `a monitor of "*" that is told of error, and a post of a kernel to itself that is refused`,
			Judge: onAccount(func(t *Trial, a *account) {
				w := a.ofAll("error")
				if w == nil {
					return
				}
				for _, l := range a.commands("post") {
					to, ok := a.target(l)
					if !ok || to.Session != AbsentSession || !slices.Contains(a.ownNames(), to.Kernel) {
						continue
					}
					var missing []string
					for _, operation := range []string{"local-check", "remote-check"} {
						if !slices.ContainsFunc(a.errorsTold(w, operation), func(e *dialogue.ControlLine) bool {
							return e.Event.About == to.Kernel && e.At.Time.After(l.At.Time)
						}) {
							missing = append(missing, operation)
						}
					}
					t.Hold(len(missing) == 0, l, "errors local-check and remote-check about "+to.Kernel, "no "+strings.Join(missing, ", no "))
				}
			}),
		},
		{
			ID: "SUB-005", Level: Must, Party: TheKernel,
			Requirement: "Who subscribes is told which of the specifiers were accepted, spelled as they were asked for, and no others.",
			Source:      "Responder subscribe, _subscribe_receipt", Needs: "a subscription to the conformance session and to one that is not there",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, s := range a.subscriptions() {
					var want []string
					for _, spec := range s.asked {
						if to, err := specifier.Parse(spec); err == nil && to.Session == SessionAlias && a.knows(to.Kernel) {
							want = append(want, spec)
						}
					}
					t.Hold(slices.Equal(want, s.accepted), s.line.Command.Answer, strings.Join(want, ", "), strings.Join(s.accepted, ", "))
				}
			}),
		},
		{
			ID: "SUB-006", Level: Should, Party: TheKernel,
			Requirement: "What is posted to the proxy of a remote session goes there with all its arguments.",
			Source:      "Proxy _default", Needs: "a post to a proxy, and what the other kernel's driver told of it",
			Judge: onAccount(func(t *Trial, a *account) {
				if a.other == nil {
					return
				}
				for _, l := range a.commands("proxy-post") {
					var f driver.ProxyPost
					if l.Command.Failed() || l.Command.Decode(&f) != nil {
						continue
					}
					session := f.To[strings.LastIndexByte(f.To, '/')+1:]
					args := typed.Unwrap(f.Args)
					came := slices.ContainsFunc(a.other.states(session, f.State), func(e *dialogue.ControlLine) bool { return sameArgs(e.Event.Args, args) })
					t.Hold(came, l, "a run of "+session+"/"+f.State+" in the other kernel with "+showArgs(args), "none")
				}
			}),
		},
		{
			ID: "SUB-007", Level: Should, Party: TheKernel,
			Requirement: "When a subscription is ended there is no proxy any more: nothing can be posted to it.",
			Source:      "Responder unsubscribe, Proxy _shutdown", Needs: "a subscription that was ended, and a post to its proxy after that",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, u := range a.unsubscriptions() {
					for _, l := range a.commands("proxy-post") {
						var f driver.ProxyPost
						if l.Command.Decode(&f) == nil && slices.Contains(u.asked, f.To) && l.At.Time.After(u.line.At.Time) {
							t.Hold(l.Command.Failed(), l.Command.Answer, "no proxy of that name", "it was posted")
						}
					}
				}
			}),
		},
	}
}

// shutdownChecks are about how kernels leave, and come back.
func shutdownChecks() []*Check {
	return []*Check{
		{
			ID: "DOWN-001", Level: Should, Party: TheKernel,
			Requirement: "A kernel that is shut down closes its connections.",
			Source:      "Responder shutdown", Needs: "a shutdown while a kernel was connected",
			Judge: onAccount(func(t *Trial, a *account) {
				for _, l := range a.commands("shutdown") {
					for _, m := range a.meetings() {
						over := m.over()
						if m.opened.After(l.At.Time) || !over.IsZero() && over.Before(l.At.Time) {
							continue
						}
						if closed, known := m.closed(a.side); known {
							t.Hold(!closed.IsZero() && a.wentOn(closed), l, fmt.Sprintf("connection %d closed by the %s", m.index, a.side), "it stayed open when the harness went on")
						}
					}
				}
			}),
		},
		{
			ID: "DOWN-002", Level: Should, Party: TheKernel,
			Requirement: "What was sent before a shutdown still goes out.",
			Source:      "Responder shutdown, Channel channel_shutdown (it flushes)", Needs: "a post right before a shutdown, and what the other kernel's driver told of it",
			Judge: onAccount(func(t *Trial, a *account) {
				if a.other == nil {
					return
				}
				for _, l := range a.commands("post") {
					var f driver.Post
					if l.Command.Decode(&f) != nil {
						continue
					}
					if s, ok := f.Params.V.AsString(); !ok || s != LastWords {
						continue
					}
					came := slices.ContainsFunc(a.other.states(SessionAlias, "count"), func(e *dialogue.ControlLine) bool {
						return len(e.Event.Args) > 0 && sameValue(e.Event.Args[0], f.Params.V)
					})
					t.Hold(came, l, "a run of count in the other kernel", "none")
				}
			}),
		},
		{
			ID: "BACK-001", Level: Should, Party: TheKernel,
			Requirement: "A kernel that left and came back under the same name is served as before.",
			Source:      "Responder register_channel, delete_channel", Needs: "two connections of the same kernel, one after the other, with calls on the second",
			Judge: onAccount(func(t *Trial, a *account) {
				seen := map[string]bool{}
				for _, m := range a.meetings() {
					peer := m.names[a.side.Other()]
					if len(peer) == 0 {
						continue
					}
					if seen[peer[0]] {
						calls, answered := 0, 0
						for _, x := range m.talk {
							if r := x.request; r.Frame.From != a.side && r.IsCall() && alwaysAnswers(r.To.Session, r.To.State) {
								calls++
								answered += min(1, len(x.answers))
							}
						}
						if calls > 0 {
							t.Hold(answered == calls, a.lines[len(a.lines)-1], fmt.Sprintf("%d answers on connection %d", calls, m.index), fmt.Sprint(answered))
						}
					}
					seen[peer[0]] = true
				}
			}),
		},
	}
}
