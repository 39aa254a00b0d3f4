package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// SND are the checks SND-001 to SND-002.
func AreaShownSND() []*Check {
	// onReplies finds the post that the state "sender" owes to whoever sent a request.
	onReplies := func(lite bool, judge func(t *Trial, x *dialogue.Exchange, m *dialogue.Message)) Predicate {
		return onSettled(SessionAlias, []string{"sender"}, func(t *Trial, x *dialogue.Exchange) {
			from := x.Request.From
			if !from.Present() || (from.State == "") != lite {
				return
			}
			for _, y := range t.Conn.Exchanges {
				m := y.Request
				if m.Frame.From == t.Side && m.Event.Session == from.Session && m.To.State == ReplyState {
					judge(t, x, m)
					return
				}
			}
			// What a state posts is only queued: it may follow the answer to a call that came later.
			if x.RepliesAfter > 1 {
				judge(t, x, nil)
			}
		})
	}
	at := func(x *dialogue.Exchange, m *dialogue.Message) (dialogue.Item, string) {
		if m == nil {
			return x.Request.Frame, "nothing"
		}
		return m.Frame, fmt.Sprintf("a message to %v with %s", m.Event, showValue(m.Params()))
	}
	return []*Check{
		{
			ID: "SND-001", Level: Must, Party: TheResponder,
			Requirement: "What a state posts to its sender goes to the request's from, with the params [state, [arguments]].",
			Source:      "Responder::Thunk _default", Needs: "a request to " + SessionAlias + "/sender with from, and a later call that was answered",
			Judge: onReplies(false, func(t *Trial, x *dialogue.Exchange, m *dialogue.Message) {
				item, actual := at(x, m)
				ok := m != nil && m.Event.Specifier == x.Request.From.Specifier && len(m.Args()) == 1 && perl.Equal(m.Args()[0], x.Arg(0))
				t.HoldElse(ok, item, func() (string, string) {
					return fmt.Sprintf("a message to %v with ['%s', [%s]]", x.Request.From, ReplyState, showValue(x.Arg(0))), actual
				})
			}),
		},
		{
			ID: "SND-002", Level: Must, Party: TheResponder,
			Requirement: "What a state posts to a sender whose from has no state (ClientLite) goes to that session and the state posted, with the params [arguments].",
			Source:      "Responder::Thunk _default", Needs: "a request to " + SessionAlias + "/sender of session " + sourceLite + ", and a later call that was answered",
			Judge: onReplies(true, func(t *Trial, x *dialogue.Exchange, m *dialogue.Message) {
				item, actual := at(x, m)
				want := x.Request.From.Specifier
				want.State = ReplyState
				ok := m != nil && m.Event.Specifier == want && perl.Equal(m.Params(), perl.ArrayRef(x.Arg(0)))
				t.HoldElse(ok, item, func() (string, string) {
					return fmt.Sprintf("a message to %v with [%s]", want, showValue(x.Arg(0))), actual
				})
			}),
		},
	}
}
