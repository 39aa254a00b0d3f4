package conformance

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// crowd are the calls of several connections to one state, with their answers, in the order in which they came.
func (a *account) crowd(session, state string) []exchanged {
	return a.wire(func(m *dialogue.Message) bool {
		return m.Frame.From != a.Side && m.IsCall() && m.To.Session == session && m.To.State == state
	})
}

// counted is a call of a state that counts.
type counted struct {
	exchanged
	n int64
}

// counts are the answers to calls of the state that counts for several connections.
func (a *account) counts() (out []counted) {
	for _, x := range a.crowd(CrowdSession, "count") {
		if len(x.Answers) > 0 {
			out = append(out, counted{x, countOf(x.Exchange)})
		}
	}
	return out
}

// busy are the runs of the state that takes time, each with the request and when it was seen to have begun.
func (a *account) busy() (out []exchanged, begun []*dialogue.ControlLine) {
	ran := a.states(SlowSession, SlowState)
	for i, x := range a.crowd(SlowSession, SlowState) {
		if i < len(ran) {
			out, begun = append(out, x), append(begun, ran[i])
		}
	}
	return out, begun
}

// meanwhile are the calls that came while a state took its time, on other connections.
func (a *account) meanwhile(slow exchanged, begun *dialogue.ControlLine) (out []exchanged) {
	end := slow.Request.Frame.At.Time.Add(SlowFor)
	for _, x := range a.crowd(CrowdSession, "echo") {
		if at := x.Request.Frame.At.Time; x.on != slow.on && at.After(begun.At.Time) && at.Before(end) {
			out = append(out, x)
		}
	}
	return out
}
