package shown

import (
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// inBurst is the place of a request in its packet from which on it is one of many.
const inBurst = 10

// SEQ are about time and number: what is right once must be right later, and however often it is
// asked.
func SEQ() []*judge.Check {
	// asGood judges calls of ping and echo that are so.
	asGood := func(id, requirement, needs string, begin func() func(x *dialogue.Exchange) bool) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheResponder, Requirement: requirement,
			Source: "Responder request, Thunk __thunk: nothing is counted", Needs: needs,
			Judge: judge.InOrder(func() func(*judge.Trial, *dialogue.Exchange) {
				so := begin()
				return func(t *judge.Trial, x *dialogue.Exchange) {
					if !so(x) || !answerDue(x) {
						return
					}
					if want := returned(x); want != nil && (len(x.Answers) > 0 || concluded(t, x)) {
						ok := len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want)
						t.HoldFunc(ok, reply(x), func() (string, string) { return wanted(want, x) })
					}
				}
			}),
		}
	}
	numbered := func(from, to int) func() func(x *dialogue.Exchange) bool {
		return func() func(x *dialogue.Exchange) bool {
			return func(x *dialogue.Exchange) bool { n := x.Request.Frame.Number; return n >= from && (to == 0 || n < to) }
		}
	}
	return []*judge.Check{
		asGood("SEQ-001", "From the 20th request of a connection on, up to the 199th, each is answered as the first is.",
			"a call of IKC/ping or "+contract.SessionAlias+"/echo that is the 20th request or later", numbered(20, 200)),
		asGood("SEQ-002", "From the 200th request of a connection on, each is answered as the first is.",
			"a call of IKC/ping or "+contract.SessionAlias+"/echo that is the 200th request or later", numbered(200, 0)),
		asGood("SEQ-003", "Of many requests that come at once, each is answered.",
			fmt.Sprintf("%d calls of IKC/ping or %s/echo in one packet", inBurst, contract.SessionAlias),
			func() func(x *dialogue.Exchange) bool {
				var packet capture.Stamp
				n := 0
				return func(x *dialogue.Exchange) bool {
					if at := x.Request.Frame.At; at.Packet != packet.Packet {
						packet, n = at, 0
					}
					n++
					return n >= inBurst
				}
			}),
		{
			ID: "SEQ-004", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "When all calls are answered nothing more comes for them, also a second later.",
			Source:      "Responder::Thunk __thunk: a call is answered once", Needs: "a connection of a probe that asked nothing for a second, and then a call that was answered",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				if x, since := heldOpen(t); x != nil {
					if late := laterThan(t, since, x.Request.Frame.At.Time); late != nil {
						t.OnAll()
						t.Fail(late.Frame, "nothing", fmt.Sprintf("a message to %v, %v after the last answer", late.Event, late.Frame.At.Time.Sub(since).Round(time.Millisecond)))
						return
					}
					t.Pass(x.Answers[0].Frame)
				}
			}),
		},
		{
			ID: "SEQ-005", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A state is one for all connections: its count goes on from one to the next.",
			Source:      "Responder request posts to the session", Needs: "a call of " + contract.SessionAlias + "/count that tells what count another connection got before",
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, _ *dialogue.Message) {
				before := x.Arg(0).Target().Get(contract.CountedKey)
				if before == nil || x.Ambiguous || !to(x, contract.SessionAlias, "count") {
					return
				}
				n := contract.IntegerOf(before)
				now := contract.CountOf(x)
				t.HoldFunc(now > n, reply(x), func() (string, string) { return fmt.Sprintf("more than %d", n), fmt.Sprint(now) })
			}).OfSession(contract.SessionAlias),
		},
	}
}

// returned is what a call of ping or echo returns in scalar context, nil if it is another.
func returned(x *dialogue.Exchange) *perl.Value {
	switch {
	case x.Request.WantArray:
		return nil
	case to(x, wire.SessionIKC, wire.StatePing):
		return perl.NewBytes(wire.Pong)
	case to(x, contract.SessionAlias, contract.EchoState):
		return x.Arg(0)
	}
	return nil
}

// heldOpen finds the first call of a probe that came, and was answered, a second after all before
// it had been answered; and when that was. It is nil if there is none.
func heldOpen(t *judge.Trial) (after *dialogue.Exchange, since time.Time) {
	for _, x := range t.Conn.Exchanges {
		if x.Request.Frame.From == t.Side {
			continue
		}
		if x.Request.RSVP.Session != contract.ProbeSession || len(x.Answers) == 0 {
			return nil, since
		}
		if !since.IsZero() && x.Request.Frame.At.Time.Sub(since) >= contract.HeldFor {
			return x, since
		}
		if at := x.Answers[0].Frame.At.Time; at.After(since) {
			since = at
		}
	}
	return nil, since
}

// laterThan is a message to a probe that came between two times, nil if there is none.
func laterThan(t *judge.Trial, since, until time.Time) *dialogue.Message {
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		if ok && f.From == t.Side && f.Message != nil && f.Message.Event.Session == contract.ProbeSession &&
			f.At.Time.After(since) && f.At.Time.Before(until) {
			return f.Message
		}
	}
	return nil
}
