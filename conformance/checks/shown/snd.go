package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SND are about what a state posts to its sender.
func SND() []*judge.Check {
	// onReplies finds the post that the state "sender" owes to whoever sent a request.
	// Of several that it may be, it is one that is as it should be, if there is such a one.
	onReplies := func(lite bool, fits func(x *dialogue.Exchange, m *dialogue.Message) bool,
		look func(t *judge.Trial, x *dialogue.Exchange, m *dialogue.Message)) judge.Predicate {
		return onConcluded(contract.SessionAlias, []string{"sender"}, func(t *judge.Trial, x *dialogue.Exchange) {
			from := x.Request.From
			if !from.Present() || (from.State == "") != lite {
				return
			}
			var found *dialogue.Message
			for _, y := range t.Conn.Exchanges {
				m := y.Request
				if m.Frame.From != t.Side || m.Event.Session != from.Session || m.To.State != contract.ReplyState || !after(m, x.Request) {
					continue
				}
				if found == nil || fits(x, m) {
					found = m
				}
			}
			if found != nil {
				look(t, x, found)
				return
			}
			// What a state posts is only queued: it may follow the answer to a call that came later.
			if x.RepliesAfter > 1 || waitedFor(t, x) {
				look(t, x, nil)
			}
		})
	}
	at := func(x *dialogue.Exchange, m *dialogue.Message) (dialogue.Item, string) {
		if m == nil {
			return x.Request.Frame, "nothing"
		}
		return m.Frame, fmt.Sprintf("a message to %v with %s", m.Event, judge.ShowValue(m.Params()))
	}
	return []*judge.Check{
		{
			ID: "SND-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "What a state posts to its sender goes to the request's from, with the params [state, [arguments]].",
			Source:      "Responder::Thunk _default", Needs: "a request to " + contract.SessionAlias + "/sender with from, and a later call that was answered",
			Judge: onReplies(false, fitsKernel, func(t *judge.Trial, x *dialogue.Exchange, m *dialogue.Message) {
				t.OnAll()
				item, actual := at(x, m)
				t.HoldFunc(m != nil && fitsKernel(x, m), item, func() (string, string) {
					return fmt.Sprintf("a message to %v with ['%s', [%s]]", x.Request.From, contract.ReplyState, judge.ShowValue(x.Arg(0))), actual
				})
			}),
		},
		{
			ID: "SND-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "What a state posts to a sender whose from has no state (ClientLite) goes to that session and the state posted, with the params [arguments].",
			Source:      "Responder::Thunk _default", Needs: "a request to " + contract.SessionAlias + "/sender of session " + wire.SessionIKCLite + ", and a later call that was answered",
			Judge: onReplies(true, fitsLite, func(t *judge.Trial, x *dialogue.Exchange, m *dialogue.Message) {
				t.OnAll()
				item, actual := at(x, m)
				t.HoldFunc(m != nil && fitsLite(x, m), item, func() (string, string) {
					want := x.Request.From.Specifier
					want.State = contract.ReplyState
					return fmt.Sprintf("a message to %v with [%s]", want, judge.ShowValue(x.Arg(0))), actual
				})
			}),
		},
		{
			ID: "SND-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "What a state posts to a specifier of its caller, once, goes there, with the params that it posts.",
			Source:      "Responder post, send_msg", Needs: "a post to " + contract.SessionAlias + "/respond with [params, rsvp], and later calls that were answered",
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				asked, ok := walk.Elems(x.Arg(0))
				if !to(x, contract.SessionAlias, "respond") || !ok || len(asked) != 2 {
					return
				}
				where := wire.ParseAddress("rsvp", asked[1]).Specifier
				sent := respondedTo(t, x, where)
				if len(sent) == 0 && x.RepliesAfter < 2 && !waitedFor(t, x) { // what a state posts is only queued
					return
				}
				t.OnAll()
				ok = len(sent) == 1 && perl.Equal(sent[0].Params(), asked[0]) && sent[0].Kind != dialogue.Call && !sent[0].IsError
				t.HoldFunc(ok, reply(x), func() (string, string) {
					actual := fmt.Sprintf("%d messages", len(sent))
					if len(sent) == 1 {
						actual = judge.ShowValue(sent[0].Params())
					}
					return fmt.Sprintf("one post to %v with %s", where, judge.ShowValue(asked[0])), actual
				})
			}).OfSession(contract.SessionAlias),
		},
	}
}

// respondedTo are the messages that came to a specifier after a request.
func respondedTo(t *judge.Trial, x *dialogue.Exchange, where specifier.Specifier) (sent []*dialogue.Message) {
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		if ok && f.From == t.Side && f.Message != nil && f.Message.Event.Session == where.Session &&
			f.Message.Event.State == where.State && f.After(x.Request.Frame) {
			sent = append(sent, f.Message)
		}
	}
	return sent
}

// fitsKernel tells whether a message is what a state posts to its sender, a kernel, when it gets a
// request.
func fitsKernel(x *dialogue.Exchange, m *dialogue.Message) bool {
	return m.Event.Specifier == x.Request.From.Specifier && len(m.Args()) == 1 && perl.Equal(m.Args()[0], x.Arg(0))
}

// fitsLite is fitsKernel for a ClientLite.
func fitsLite(x *dialogue.Exchange, m *dialogue.Message) bool {
	want := x.Request.From.Specifier
	want.State = contract.ReplyState
	return m.Event.Specifier == want && perl.Equal(m.Params(), perl.ArrayRef(x.Arg(0)))
}
