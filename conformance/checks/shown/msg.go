package shown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// MSG are about the hash that a message is.
func MSG() []*judge.Check {
	return []*judge.Check{
		{
			ID: "MSG-001", Level: judge.Must, Party: judge.TheSender,
			Requirement: "A message has an event: a specifier, as a string or a hash, with a session and a state.",
			Source:      "Responder send_msg", Needs: "a message",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				switch e := m.Event; {
				case !e.Present():
					t.Fail(m.Frame, "the key event", "none")
				case e.Err != nil:
					t.Fail(m.Frame, "a specifier", e.Err.Error())
				default:
					t.HoldFunc(e.Session != "" && e.State != "", m.Frame, func() (string, string) {
						return "a session and a state", e.String()
					})
				}
			}),
		},
		{
			ID: "MSG-002", Level: judge.Should, Party: judge.TheSender,
			Requirement: "A message has the keys event, params, from, rsvp, wantarray and is_error, and no others.",
			Source:      "Responder send_msg, call, _error_response; ClientLite call", Needs: "a message",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				var odd []string
				for _, p := range m.Other {
					if m.Event.Kernel != contract.EveryKernel || p.Key != "errors_to" && p.Key != "call" {
						odd = append(odd, p.Key)
					}
				}
				t.HoldFunc(len(odd) == 0, m.Frame, func() (string, string) {
					return "event, params, from, rsvp, wantarray, is_error", strings.Join(odd, ", ") + " besides"
				})
			}),
			Rationale: `Of what goes to "*", the original's own kernel is given the same hash, and what it notes there for itself, errors_to and call, may go out as well.`,
		},
		{
			ID: "MSG-003", Level: judge.Must, Party: judge.TheSender,
			Requirement: "from, where present, names a kernel and a session; its state is IKC:proxy, or absent if the sender cannot be proxied (ClientLite).",
			Source:      "Responder send_msg, subscribe; ClientLite _from", Needs: "a message with from",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				if f := m.From; f.Present() {
					ok := f.Err == nil && f.Kernel != "" && f.Session != "" && (f.State == "" || f.State == specifier.ProxyState)
					t.HoldFunc(ok, m.Frame, func() (string, string) {
						return "{kernel, session, state => 'IKC:proxy'}", judge.ShowValue(m.Sent("from"))
					})
				}
			}),
		},
		{
			ID: "MSG-004", Level: judge.Must, Party: judge.TheSender,
			Requirement: "The kernel of from is a name that the sender announced in the negotiation, so that replies find it.",
			Source:      "Responder send_msg, channel_list", Needs: "a negotiation, and a message with from",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				names := t.Names(t.Side)
				if m.From.Present() && len(names) > 0 {
					t.HoldFunc(slices.Contains(names, m.From.Kernel), m.Frame, func() (string, string) {
						return "one of " + strings.Join(names, ", "), fmt.Sprintf("%q", m.From.Kernel)
					})
				}
			}),
		},
		{
			ID: "MSG-005", Level: judge.Must, Party: judge.TheSender,
			Requirement: "The params of a message to the state IKC:proxy are [state, [arguments]].",
			Source:      "Responder _req_args; Proxy _default", Needs: "a message to IKC:proxy",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				if m.Event.State == specifier.ProxyState {
					state, _, ok := m.Proxied()
					t.HoldFunc(ok && state != "", m.Frame, func() (string, string) {
						return "[state, [arguments]]", judge.ShowValue(m.Params())
					})
				}
			}),
		},
		{
			ID: "MSG-006", Level: judge.Must, Party: judge.TheRequester,
			Requirement: "The rsvp of a call names a kernel, a session and a state.",
			Source:      "Responder call, Channel channel_send; ClientLite call", Needs: "a call",
			Judge: judge.OnOwnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if r := x.Request.RSVP; r.Present() {
					t.HoldFunc(r.Err == nil && r.Kernel != "" && r.Session != "" && r.State != "", x.Request.Frame, func() (string, string) {
						return "{kernel, session, state}", judge.ShowValue(x.Request.Sent("rsvp"))
					})
				}
			}),
		},
		{
			ID: "MSG-007", Level: judge.Should, Party: judge.TheRequester,
			Requirement: "The kernel of an rsvp is a name that the caller announced, or the answer goes elsewhere.",
			Source:      "Responder send_msg: an answer is routed by name, not by connection", Needs: "a negotiation, and a call",
			Rationale: "A Perl kernel that knows nobody of that name drops the answer and says so to nobody on the wire: the call seems to hang.",
			Judge: judge.OnOwnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				names := t.Names(t.Side)
				if r := x.Request.RSVP; r.Present() && len(names) > 0 {
					t.HoldFunc(slices.Contains(names, r.Kernel), x.Request.Frame, func() (string, string) {
						return "one of " + strings.Join(names, ", "), fmt.Sprintf("%q", r.Kernel)
					})
				}
			}),
		},
		{
			ID: "MSG-008", Level: judge.Must, Party: judge.TheRequester,
			Requirement: "A do_you_have request has the params [specifier, kernel id].",
			Source:      "Responder subscribe, do_you_have", Needs: "a do_you_have request",
			Judge: judge.OnOwnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if to(x, wire.SessionIKC, wire.StateHave) {
					_, ok := askedFor(x)
					t.HoldFunc(ok, x.Request.Frame, func() (string, string) {
						return "[specifier, kernel id]", judge.ShowValue(x.Request.Params())
					})
				}
			}),
		},
	}
}

// MoreMSG are about the key wantarray, and about what specifiers are made of.
func MoreMSG() []*judge.Check {
	return []*judge.Check{
		{
			ID: "MSG-009", Level: judge.Should, Party: judge.TheSender,
			Requirement: "wantarray is said in calls only.",
			Source:      "Responder call; ClientLite call", Needs: "a message that is no call",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				if !m.IsCall() {
					t.Hold(!m.WantArray, m.Frame, "no wantarray", "wantarray in a message without rsvp")
				}
			}),
		},
		{
			ID: "MSG-010", Level: judge.Must, Party: judge.TheSender,
			Requirement: "A specifier that is a hash is a plain one, not blessed, and its parts are no references.",
			Source:      "Specifier specifier_parse, specifier_name: ref eq 'HASH'", Needs: "a message with event, from or rsvp",
			Rationale: "A blessed one is a specifier to nobody: Perl loses every message that has one for an event.",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				for _, a := range []*wire.Address{&m.Event, &m.From, &m.RSVP} {
					if a.Present() && a.Err == nil {
						t.HoldFunc(isPlain(a.Value), m.Frame, func() (string, string) {
							return "a string, or a plain hash of strings", judge.ShowValue(a.Value)
						})
					}
				}
			}),
		},
	}
}

// isPlain tells whether what stands in a message as a specifier is a string, or a hash of such. Of
// one that is nil it is known.
func isPlain(v *perl.Value) bool {
	if v == nil || v.Kind() != perl.Ref {
		return true
	}
	h := v.Target()
	return h.Class() == "" && !slices.ContainsFunc(h.Pairs(), func(p perl.Pair) bool { return p.Value.Kind() == perl.Ref })
}
