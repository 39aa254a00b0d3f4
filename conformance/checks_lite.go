package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// askedAddress is what do_you_have was asked about.
type askedAddress = wire.Address

// ofLite tells whether a message is of a ClientLite: its from has no state.
func ofLite(m *dialogue.Message) bool { return m.From.Session == sourceLite && m.From.State == "" }

// liteChecks are about what a ClientLite sends.
func liteChecks() []*Check {
	onLite := func(judge func(t *Trial, m *dialogue.Message)) Predicate {
		return onMessages(func(t *Trial, m *dialogue.Message) {
			if t.Side == wire.Client && ofLite(m) {
				judge(t, m)
			}
		})
	}
	return []*Check{
		{
			ID: "LITE-001", Level: Must, Party: TheClient,
			Requirement: "The rsvp of a ClientLite's call is a state of its session IKCLite, at the name that it announced.",
			Source:      "ClientLite call, _response", Needs: "a call of a ClientLite",
			Judge: onLite(func(t *Trial, m *dialogue.Message) {
				if names := t.names(t.Side); m.IsCall() && len(names) > 0 {
					t.HoldElse(m.RSVP.Session == sourceLite && m.RSVP.State != "" && slices.Contains(names, m.RSVP.Kernel), m.Frame, func() (string, string) {
						return "poe://" + names[0] + "/IKCLite/<state>", m.RSVP.String()
					})
				}
			}),
		},
		{
			ID: "LITE-002", Level: Must, Party: TheClient,
			Requirement: "A ClientLite names a state in the rsvp of a call that no other open call of it names, so that a late answer is not taken for another's.",
			Source:      "ClientLite call (a count in the name of the state)", Needs: "a call of a ClientLite",
			Judge: onOwnRequests(func(t *Trial, x *dialogue.Exchange) {
				if t.Side == wire.Client && x.Request.IsCall() && ofLite(x.Request) {
					t.Hold(!x.Ambiguous, x.Request.Frame, "a state that no open call names", x.Request.RSVP.String())
				}
			}),
		},
		{
			ID: "LITE-003", Level: Should, Party: TheClient,
			Requirement: "A ClientLite says in each call which context it wants, as wantarray 1 or 0.",
			Source:      "ClientLite call", Needs: "a call of a ClientLite",
			Judge: onLite(func(t *Trial, m *dialogue.Message) {
				if m.IsCall() {
					t.Hold(m.Sent("wantarray") != nil, m.Frame, "the key wantarray", "none")
				}
			}),
		},
		{
			ID: "LITE-004", Level: Should, Party: TheClient,
			Requirement: "A ClientLite addresses its requests to the kernel that it is connected to, by a name that it announced or the address of the socket.",
			Source:      "ClientLite connect, call, post (after IKC0 the id, after IKC the address)", Needs: "a negotiation, and a request of a ClientLite",
			Judge: onLite(func(t *Trial, m *dialogue.Message) {
				if names := t.names(wire.Server); len(names) > 0 && m.Event.Err == nil {
					t.HoldElse(slices.Contains(names, m.Event.Kernel) || addressLike.MatchString(m.Event.Kernel), m.Frame, func() (string, string) {
						return "one of " + strings.Join(names, ", ") + ", or an address", fmt.Sprintf("%q", m.Event.Kernel)
					})
				}
			}),
		},
		{
			ID: "LITE-005", Level: Must, Party: TheClient,
			Requirement: "A ClientLite announces one name, and says from it: {kernel => name, session => 'IKCLite'}.",
			Source:      "ClientLite connect, _from", Needs: "a message of a ClientLite",
			Judge: onLite(func(t *Trial, m *dialogue.Message) {
				if names := t.names(t.Side); len(names) > 0 {
					t.HoldElse(m.From.Kernel == names[0], m.Frame, func() (string, string) { return names[0], m.From.Kernel })
				}
			}),
		},
	}
}

// subscribeChecks are about what a kernel sends to subscribe.
func subscribeChecks() []*Check {
	onAsking := func(judge func(t *Trial, x *dialogue.Exchange)) Predicate {
		return onOwnRequests(func(t *Trial, x *dialogue.Exchange) {
			if to(x, "IKC", "do_you_have") && x.Request.IsCall() && x.Request.From.Session == "IKC" {
				judge(t, x)
			}
		})
	}
	return []*Check{
		{
			ID: "SUB-001", Level: Should, Party: TheRequester,
			Requirement: "The answer to a request to subscribe goes to the session IKC, to a state that begins with IKC:receipt.",
			Source:      "Responder subscribe", Needs: "a do_you_have request of the session IKC",
			Judge: onAsking(func(t *Trial, x *dialogue.Exchange) {
				r := x.Request.RSVP
				t.HoldElse(r.Session == "IKC" && strings.HasPrefix(r.State, "IKC:receipt"), x.Request.Frame, func() (string, string) { return "IKC/IKC:receipt ...", r.String() })
			}),
		},
		{
			ID: "SUB-002", Level: Must, Party: TheRequester,
			Requirement: "The second element of a request to subscribe is the id that the asking kernel announced.",
			Source:      "Responder subscribe, do_you_have", Needs: "a negotiation, and a do_you_have request of the session IKC",
			Judge: onAsking(func(t *Trial, x *dialogue.Exchange) {
				elems, ok := elemsOf(arg(x, 0))
				if names := t.names(t.Side); len(names) > 0 && ok && len(elems) > 1 {
					t.HoldElse(elems[1].Str() == names[0], x.Request.Frame, func() (string, string) { return names[0], showValue(elems[1]) })
				}
			}),
		},
		{
			ID: "SUB-003", Level: Must, Party: TheRequester,
			Requirement: "Each specifier that is subscribed to has an rsvp of its own, so that the answers can be told apart.",
			Source:      "Responder subscribe", Needs: "two do_you_have requests of the session IKC",
			Judge: onAsking(func(t *Trial, x *dialogue.Exchange) {
				t.Hold(!x.Ambiguous, x.Request.Frame, "an rsvp that no other open call has", x.Request.RSVP.String())
			}),
		},
		{
			ID: "SUB-004", Level: Must, Party: TheRequester,
			Requirement: "What is subscribed to names a session.",
			Source:      "Responder subscribe, specifier_parse", Needs: "a do_you_have request of the session IKC",
			Judge: onAsking(func(t *Trial, x *dialogue.Exchange) {
				asked, ok := askedFor(x)
				t.HoldElse(ok && asked.Session != "", x.Request.Frame, func() (string, string) { return "a specifier with a session", showValue(arg(x, 0)) })
			}),
		},
		{
			ID: "MSG-009", Level: Should, Party: TheSender, Local: true,
			Requirement: "wantarray is said in calls only.",
			Source:      "Responder call; ClientLite call", Needs: "a message that is no call",
			Judge: onMessages(func(t *Trial, m *dialogue.Message) {
				if !m.IsCall() {
					t.Hold(!m.WantArray, m.Frame, "no wantarray", "wantarray in a message without rsvp")
				}
			}),
		},
	}
}

// imageFormChecks are about how images of each serializer begin.
func imageFormChecks() []*Check {
	begins := func(id, serializer, requirement, source, expected string, ok func(image []byte) bool) *Check {
		return &Check{
			ID: id, Level: Must, Party: TheSender, Requirement: requirement, Source: source, Needs: "a frame, and a negotiation that agreed on " + serializer,
			Judge: onFrames(func(t *Trial, f *dialogue.Frame) {
				if t.Conn.Negotiation.Complete && t.Conn.Negotiation.Serializer == serializer && !f.Early {
					t.HoldElse(ok(f.Image), f, func() (string, string) { return expected, fmt.Sprintf("%q", f.Image[:min(len(f.Image), 48)]) })
				}
			}),
		}
	}
	return []*Check{
		begins("SER-006", "Storable", "A Storable image is of major version 2, and of a minor version that is known: 11 at most.", "Storable.xs magic_write (STORABLE_BIN_MAJOR, STORABLE_BIN_WRITE_MINOR)",
			"major version 2, minor version up to 11", func(b []byte) bool { return len(b) > 2 && b[0]>>1 == 2 && b[1] <= 11 }),
		begins("SER-007", "FreezeThaw", "A FreezeThaw image begins with \"FrT;\".", "FreezeThaw freeze", "FrT;...",
			func(b []byte) bool { return strings.HasPrefix(string(b), "FrT;") }),
		begins("SER-008", "POE::Component::IKC::Freezer", "A Freezer image begins with an assignment to $POE::Component::IKC::Freezer::VAR1.", "Freezer freeze",
			"$POE::Component::IKC::Freezer::VAR1 = ...", func(b []byte) bool { return strings.HasPrefix(string(b), "$POE::Component::IKC::Freezer::VAR1 = ") }),
	}
}
