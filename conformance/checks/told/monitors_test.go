package told

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// TestMonitorsReplacedBeforeTheyWereAnswered: a driver that answers late, or out of order, is no
// reason to fail or to pass: nobody knows when a monitor was there.
func TestMonitorsReplacedBeforeTheyWereAnswered(t *testing.T) {
	monitor := func(s *script, events string) int {
		s.command("monitor", `"kernel":"*","events":[`+events+`]`)
		return s.id
	}
	answers := func(s *script, id int) {
		last := s.id
		s.id = id
		s.answer(`"ok":{}`)
		s.id = last
	}
	register := func(s *script) {
		s.data(s.control, 1, []byte(`{"event":"monitor","kernel":"*","what":"register","about":"nobody","real":true}`+"\n"))
	}
	for _, test := range []struct {
		name string
		play func(s *script)
		want judge.Outcome // of MON-014: only what was asked for is told
	}{
		{"answered behind the next", func(s *script) {
			first, second := monitor(s, `"unregister"`), monitor(s, `"register"`)
			answers(s, first)
			answers(s, second)
			register(s)
		}, judge.Pass},
		{"answered in the other order", func(s *script) {
			first, second := monitor(s, `"register"`), monitor(s, `"unregister"`)
			answers(s, second)
			register(s)
			answers(s, first)
		}, judge.Fail},
		{"the only one, and never answered", func(s *script) {
			monitor(s, `"unregister"`)
			register(s)
		}, judge.Inconclusive},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScript(t)
			s.connected()
			test.play(s)
			if v := s.judge("MON-014", MON()); v.Outcome != test.want {
				t.Errorf("expected %v, got %v: %s %+v", test.want, v.Outcome, v.Reason, v.Findings)
			}
		})
	}
}
