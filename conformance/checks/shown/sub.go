package shown

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SUB are about what a kernel sends to subscribe.
func SUB() []*judge.Check {
	onAsking := func(look func(t *judge.Trial, x *dialogue.Exchange)) judge.Predicate {
		return judge.OnOwnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
			if to(x, wire.SessionIKC, wire.StateHave) && x.Request.IsCall() && x.Request.From.Session == wire.SessionIKC {
				look(t, x)
			}
		})
	}
	return []*judge.Check{
		{
			ID: "SUB-001", Level: judge.Should, Party: judge.TheRequester,
			Requirement: "The answer to a request to subscribe goes to the session IKC, to a state that begins with IKC:receipt.",
			Source:      "Responder subscribe", Needs: "a do_you_have request of the session IKC",
			Judge: onAsking(func(t *judge.Trial, x *dialogue.Exchange) {
				r := x.Request.RSVP
				t.HoldFunc(r.Session == wire.SessionIKC && strings.HasPrefix(r.State, strings.TrimSpace(wire.StateReceipt)),
					x.Request.Frame, func() (string, string) { return "IKC/IKC:receipt ...", r.String() })
			}),
		},
		{
			ID: "SUB-002", Level: judge.Must, Party: judge.TheRequester,
			Requirement: "The second element of a request to subscribe is the id that the asking kernel announced.",
			Source:      "Responder subscribe, do_you_have", Needs: "a negotiation, and a do_you_have request of the session IKC",
			Judge: onAsking(func(t *judge.Trial, x *dialogue.Exchange) {
				elems, ok := walk.Elems(x.Arg(0))
				if names := t.Names(t.Side); len(names) > 0 && ok && len(elems) > 1 {
					t.HoldFunc(elems[1].Str() == names[0], x.Request.Frame, func() (string, string) { return names[0], judge.ShowValue(elems[1]) })
				}
			}),
		},
		{
			ID: "SUB-003", Level: judge.Must, Party: judge.TheRequester,
			Requirement: "Each specifier that is subscribed to has an rsvp of its own, so that the answers can be told apart.",
			Source:      "Responder subscribe", Needs: "two do_you_have requests of the session IKC",
			Judge: onAsking(func(t *judge.Trial, x *dialogue.Exchange) {
				t.OnAll() // an answer that is missing would have closed the other call
				t.Hold(!x.SharesRSVP(), x.Request.Frame, "an rsvp that no other open call has", x.Request.RSVP.String())
			}),
		},
		{
			ID: "SUB-004", Level: judge.Must, Party: judge.TheRequester,
			Requirement: "What is subscribed to names a session.",
			Source:      "Responder subscribe, specifier_parse", Needs: "a do_you_have request of the session IKC",
			Judge: onAsking(func(t *judge.Trial, x *dialogue.Exchange) {
				asked, ok := askedFor(x)
				t.HoldFunc(ok && asked.Session != "", x.Request.Frame, func() (string, string) { return "a specifier with a session", judge.ShowValue(x.Arg(0)) })
			}),
		},
	}
}
