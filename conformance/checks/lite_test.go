package checks

import (
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// asksByPost is a post_respond of a ClientLite, whose answer is to go to a state.
func asksByPost(state string) *wire.Message {
	return &wire.Message{
		Event: at("server-1", "session", "state"), From: at("client-1", wire.SessionIKCLite, ""),
		Params: perl.ArrayRef(perl.NewBytes("x"), perl.HashRef(
			perl.P("kernel", perl.NewBytes("client-1")), perl.P("session", perl.NewBytes(wire.SessionIKCLite)), perl.P("state", perl.NewBytes(state)))),
	}
}

// TestGoesOn: a ClientLite that goes on by the connection of a call that got no answer is told if
// it has waited for as long as a ClientLite does.
func TestGoesOn(t *testing.T) {
	call := func(state string) *wire.Message {
		return &wire.Message{Event: at("server-1", "session", "state"), From: at("client-1", wire.SessionIKCLite, ""),
			RSVP: at("client-1", wire.SessionIKCLite, state), Params: perl.NewBytes("x")}
	}
	for _, test := range []struct {
		name     string
		answered bool
		waits    time.Duration
		want     judge.Outcome
	}{
		{"in vain", false, 30 * time.Second, judge.Fail},
		{"ended by a signal, perhaps", false, 29 * time.Second, judge.Inconclusive},
		{"answered", true, 40 * time.Second, judge.Inconclusive},
	} {
		s := newScript(t, ikc0...)
		s.send(capture.FromClient, call("response0"))
		if test.answered {
			s.send(capture.FromServer, &wire.Message{Event: at("client-1", wire.SessionIKCLite, "response0"), Params: perl.NewBytes("y")})
		}
		s.at = s.at.Add(test.waits)
		s.send(capture.FromClient, call("response1"))
		if v := s.judge(wire.Client)["LITE-013"]; v.Outcome != test.want {
			t.Errorf("%s: expected %v, got %v, %s %+v", test.name, test.want, v.Outcome, v.Reason, v.Findings)
		}
	}
}
