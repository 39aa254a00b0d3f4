package known_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestSettleTold: who is told has the deviations of its own, on its side and of its release alone,
// and those that no longer show are told.
func TestSettleTold(t *testing.T) {
	list := known.Deviations{{Check: "CALL-003", Reason: "because", Releases: known.Releases{Implementation: "mine", From: "1.0", To: "1.2"}}}
	for _, test := range []struct {
		what   string
		side   wire.Role
		told   *driver.Hello
		was    judge.Outcome
		want   judge.Outcome
		unseen int
	}{
		{"nobody told", wire.Server, nil, judge.Fail, judge.Fail, 0},
		{"it is known", wire.Server, &driver.Hello{Implementation: "mine", Release: "1.1"}, judge.Fail, judge.Known, 0},
		{"a later release", wire.Server, &driver.Hello{Implementation: "mine", Release: "1.3"}, judge.Fail, judge.Fail, 0},
		{"another implementation", wire.Server, &driver.Hello{Implementation: "theirs", Release: "1.1"}, judge.Fail, judge.Fail, 0},
		{"the other side", wire.Client, &driver.Hello{Implementation: "mine", Release: "1.1"}, judge.Fail, judge.Fail, 0},
		{"it no longer shows", wire.Server, &driver.Hello{Implementation: "mine", Release: "1.1"}, judge.Pass, judge.Pass, 1},
		{"it no longer shows in a later release", wire.Server, &driver.Hello{Implementation: "mine", Release: "1.3"}, judge.Pass, judge.Pass, 0},
		{"it cannot be decided", wire.Server, &driver.Hello{Implementation: "mine", Release: "1.1"}, judge.Inconclusive, judge.Inconclusive, 0},
	} {
		f := failing(t, "CALL-003", 0, "../../captures/broken/answers-twice.pcapng")
		f.Told[test.side], f.Verdicts[0].Outcome = test.told, test.was
		list.Settle(f, "")
		if got := f.Verdicts[0].Outcome; got != test.want {
			t.Errorf("%s: expected %v, got %v", test.what, test.want, got)
		}
		if got := list.Unseen([]*judge.Judgement{f}); len(got) != test.unseen {
			t.Errorf("%s: expected %d that do not show, got %v", test.what, test.unseen, got)
		}
	}
	shows, gone := failing(t, "CALL-003", 0), failing(t, "CALL-003", 0)
	shows.Told[wire.Server] = &driver.Hello{Implementation: "mine", Release: "1.1"}
	gone.Told, gone.Verdicts[0].Outcome = shows.Told, judge.Pass
	if got := list.Unseen([]*judge.Judgement{shows, gone}); len(got) > 0 {
		t.Errorf("it shows in one of two captures: got %v", got)
	}
}
