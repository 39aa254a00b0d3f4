package shown

import (
	"fmt"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// silenceMeans is how long a requester has to wait for its silence to mean something.
const silenceMeans = 4 * time.Second

// concluded tells whether nothing can come for a request any more: a later request of the same side
// has been answered, and a kernel takes requests in order; or the requester waited and then left.
func concluded(t *judge.Trial, x *dialogue.Exchange) bool {
	return waitedFor(t, x) || x.RepliesAfter > 0
}

// waitedFor tells whether the requester waited for long enough, and then left.
func waitedFor(t *judge.Trial, x *dialogue.Exchange) bool {
	end := t.Conn.Ends[x.Request.Frame.From]
	return end != nil && end.At.Time.Sub(x.Request.Frame.At.Time) >= silenceMeans
}

// onConcluded judges requests, to the session and one of the states, that came to something or to
// nothing.
func onConcluded(session string, states []string, look func(t *judge.Trial, x *dialogue.Exchange)) judge.Predicate {
	return judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
		if !slices.Contains(states, x.Request.To.State) || x.Ambiguous {
			return
		}
		if len(x.Answers)+len(x.Errors) > 0 || concluded(t, x) {
			look(t, x)
		}
	}).OfSession(session)
}

// gotten says what came back, for a finding.
func gotten(x *dialogue.Exchange) string {
	switch {
	case len(x.Answers) > 0:
		return "the answer " + judge.ShowValue(x.Answers[0].Params())
	case len(x.Errors) > 0:
		return "the error " + judge.ShowValue(x.Errors[0].Params())
	case len(x.Misdirected) > 0:
		return fmt.Sprintf("none, but a message to %v came", x.Misdirected[0].Event)
	}
	return "none"
}

// wanted says what was to come back, and what did, for a finding.
func wanted(want *perl.Value, x *dialogue.Exchange) (expected, actual string) {
	if len(x.Answers) == 0 {
		return judge.ShowValue(want), gotten(x)
	}
	expected, actual = judge.ShowBoth(want, x.Answers[0].Params())
	return expected, "the answer " + actual
}

// reply is what to point at: the answer, else the request.
func reply(x *dialogue.Exchange) dialogue.Item {
	for _, list := range [][]*dialogue.Message{x.Answers, x.Errors, x.Misdirected} {
		if len(list) > 0 {
			return list[0].Frame
		}
	}
	return x.Request.Frame
}

// repeated tells whether what came after the answer of a call is another answer to it, and not
// something that the state of the rsvp is there for besides.
func repeated(x *dialogue.Exchange) bool {
	if s := x.Request.To.Session; s == wire.SessionIKC || s == contract.SessionAlias {
		return true
	}
	return slices.ContainsFunc(x.Answers[1:], func(a *dialogue.Message) bool { return perl.Equal(a.Params(), x.Answers[0].Params()) })
}

// answerDue tells whether the state called is known to return a defined value. Of any other state,
// a missing answer means nothing.
func answerDue(x *dialogue.Exchange) bool {
	return x.Request.IsCall() && !x.Ambiguous && x.Request.To.Arg == "" && returnsSomething(x)
}

// returnsSomething tells whether the state of a request returns a defined value when it is given
// what it was.
func returnsSomething(x *dialogue.Exchange) bool {
	to := x.Request.To
	return contract.AlwaysAnswers(to.Session, to.State) ||
		to.Session == contract.SessionAlias && to.State == contract.EchoState && x.Arg(0).Kind() != perl.Undef
}

// inDisguise is what answers a call in all but form: a call or an error report to its rsvp, of a
// state that owes an answer and sent no other. It is nil if there is none.
func inDisguise(t *judge.Trial, x *dialogue.Exchange) *dialogue.Message {
	if !answerDue(x) || !concluded(t, x) {
		return nil
	}
	later := false
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		later = later || ok && f == x.Request.Frame
		if ok && later && f.From == t.Side && f.Message != nil && (f.Message.IsCall() || f.Message.IsError) &&
			f.Message.Event.Session == x.Request.RSVP.Session && f.Message.Event.State == x.Request.RSVP.State {
			return f.Message
		}
	}
	return nil
}

// unasked is a message that a responder sent back to the session a post came from, nil if there is
// none.
func unasked(t *judge.Trial, x *dialogue.Exchange) *dialogue.Message {
	for _, y := range t.Conn.Exchanges {
		m := y.Request
		if m.Frame.From == t.Side && m.Kind == dialogue.Post && x.Request.From.Present() && after(m, x.Request) &&
			m.Event.Session == x.Request.From.Session && perl.Equal(m.Params(), x.Request.Params()) {
			return m
		}
	}
	return nil
}

// after tells whether a message came after one of the other side.
func after(m, other *dialogue.Message) bool { return m.Frame.After(other.Frame) }

// answersArgs tells whether a call of the state "args" was answered with these arguments.
func answersArgs(x *dialogue.Exchange, args []*perl.Value) bool {
	if len(x.Answers) == 0 {
		return false
	}
	v := x.Answers[0].Params()
	if x.Request.WantArray { // the list has one element, the reference
		list, ok := walk.Elems(v)
		if !ok || len(list) != 1 {
			return false
		}
		v = list[0]
	}
	got, ok := walk.Elems(v)
	return ok && slices.EqualFunc(got, args, perl.Equal)
}

func isString(v *perl.Value) bool { return v.Kind() == perl.Bytes || v.Kind() == perl.Text }

// answered is a check that calls which are so are answered.
func answered(id string, level judge.Level, requirement, source, needs string,
	so func(t *judge.Trial, x *dialogue.Exchange) bool) *judge.Check {
	return &judge.Check{
		ID: id, Level: level, Party: judge.TheResponder, Requirement: requirement, Source: source, Needs: needs,
		Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
			if answerDue(x) && so(t, x) && (len(x.Answers) > 0 || concluded(t, x)) {
				t.HoldFunc(len(x.Answers) > 0, reply(x), func() (string, string) {
					return "an answer to " + x.Request.RSVP.String(), gotten(x)
				})
			}
		}),
	}
}

// viaProxy tells whether a request names its state in the params of a message to IKC:proxy.
func viaProxy(x *dialogue.Exchange) bool {
	_, _, ok := x.Request.Proxied()
	return ok && x.Request.Event.State == specifier.ProxyState
}

// to tells whether a request is to a state of a session.
func to(x *dialogue.Exchange, session, state string) bool {
	return x.Request.To.Session == session && x.Request.To.State == state
}
