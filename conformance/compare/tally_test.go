package compare_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// answer is an answer of a state of the session stock.
func answer(state string) compare.Said {
	return compare.Said{To: specifier.Specifier{Session: "stock", State: state}, Part: "answer", Connection: 3, Frame: 5}
}

// found are the deviations of a tally, in a line.
func found(t *testing.T, tally *compare.Tally) string {
	t.Helper()
	var list []string
	r := tally.Result()
	sum := 0
	for _, d := range r.Deviations {
		list = append(list, fmt.Sprintf("%s %s%s %d", d.Kind, d.State, d.Path, d.Times))
		sum += d.Times
	}
	if sum != r.Different && !r.More {
		t.Errorf("expected %d in all, got %d", sum, r.Different)
	}
	return strings.Join(list, ", ")
}

// TestTally: what is in elements of one array is one place, the worst is first, and what is beyond
// the bound is counted only.
func TestTally(t *testing.T) {
	var tally compare.Tally
	list := func(v ...*perl.Value) *perl.Value { return perl.ArrayRef(v...) }
	now := time.Now()
	tally.Values(answer("get"), list(b("x"), b("y")), list(b("X"), b("Y")), now, now, nil)
	tally.Values(answer("get"), nil, b("X"), now, now, func(string) *compare.Octets { return &compare.Octets{Was: 1, Is: 2} })
	tally.Add(answer("list"), compare.Deviation{Kind: compare.Silence, Text: "nothing came"})
	if got, want := found(t, &tally), "silence stock/list 1, type stock/get 1, value stock/get[0] 2"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
	if d := tally.Result().Deviations[1]; d.Octets == nil || d.Connection != 3 || d.Frame != 5 {
		t.Errorf("expected where it is, got %+v", d)
	}
	for i := range compare.MaxDeviations {
		tally.Add(answer(fmt.Sprint(i)), compare.Deviation{Kind: compare.Late})
	}
	r := tally.Result()
	if n := len(r.Deviations); !r.More || n != compare.MaxDeviations || r.Different != 4+n || len(r.Warnings()) != 1 {
		t.Errorf("expected %d kinds and places, got %d, more: %v, in all %d", compare.MaxDeviations, n, r.More, r.Different)
	}
}

// TestLearner: what differs in answers of one program to like requests may differ, also if it was
// counted before it was learned; what is of another type there may not, nor what is elsewhere.
func TestLearner(t *testing.T) {
	tally := compare.Tally{Learner: compare.NewLearner()}
	v := func(asked, up *perl.Value) *perl.Value { return perl.HashRef(perl.P("asked", asked), perl.P("up", up)) }
	now := time.Now()
	differ := func() {
		was := v(perl.NewInt(1), b("yes"))
		tally.Values(answer("status"), was, v(perl.NewInt(7), b("yes")), now, now, nil)
		tally.Values(answer("status"), was, v(b("7"), b("yes")), now, now, nil)
		tally.Values(answer("status"), was, v(perl.NewInt(1), b("no")), now, now, nil)
		said := answer("status")
		said.Part = "params"
		tally.Values(said, was, v(perl.NewInt(7), b("yes")), now, now, nil)
	}
	differ()
	const before = "type stock/status{'asked'} 1, value stock/status{'asked'} 1, value stock/status{'up'} 1, value stock/status{'asked'} 1"
	if got := found(t, &tally); got != before {
		t.Errorf("before anything was learned: expected %q, got %q", before, got)
	}
	learn(t, tally.Learner)
	differ()
	if got, want := found(t, &tally), "type stock/status{'asked'} 2, value stock/status{'up'} 2, value stock/status{'asked'} 2"; got != want {
		t.Errorf("afterwards: expected %q, got %q", want, got)
	}
	r := tally.Result()
	if r.Ignored.Learned != 2 {
		t.Errorf("expected 2 ignored, got %+v", r.Ignored)
	}
	counts := func(l compare.Learned) bool {
		return l.Path == "{'asked'}" && slices.Equal(l.Types, []string{"integer"})
	}
	if !slices.ContainsFunc(r.Learned, counts) {
		t.Errorf("expected what was learned, got %+v", r.Learned)
	}
}

// learn learns from a recording, in which a state counts how often it was asked.
func learn(t *testing.T, l *compare.Learner) {
	t.Helper()
	in, err := capture.Open("../replay/testdata/stock.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	err = dialogue.Read(in.Events(capture.Limits{}), dialogue.Options{}, func(c *dialogue.Connection) {
		for _, x := range c.Exchanges {
			if len(x.Answers) == 1 {
				l.Add(c.Negotiation, x.Request, x.Answers[0])
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNumbers: an integer that a Perl from 5.8.9 to 5.14 freezes as a string does not deviate where
// one of the two may be of such a Perl, and does elsewhere.
func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		a, b    *perl.Value
		of      bool
		ignored int
	}{
		{perl.NewInt(1000), b("1000"), true, 1},
		{b("-129"), perl.NewInt(-129), true, 1},
		{perl.HashRef(perl.P("n", perl.NewInt(1<<40))), perl.HashRef(perl.P("n", b("1099511627776"))), true, 1},
		{perl.NewInt(1000), b("1000"), false, 0},
		{perl.NewInt(1000), b("1000.0"), true, 0},
		{perl.NewInt(-128), b("-128"), true, 0},
		{perl.NewInt(1000), perl.NewText("1000"), true, 0},
	} {
		var tally compare.Tally
		about := answer("get")
		about.Numbers = test.of
		tally.Values(about, test.a, test.b, time.Time{}, time.Time{}, nil)
		r := tally.Result()
		if r.Ignored.Numbers != test.ignored || r.Different != 1-test.ignored {
			t.Errorf("%s and %s, %v: expected %d ignored, got %+v", perl.Format(test.a, perl.FormatOptions{}), perl.Format(test.b, perl.FormatOptions{}), test.of, test.ignored, r)
		}
		if said := strings.Contains(r.Ignored.Sum("the recording"), "5.8.9 to 5.14"); said != (test.ignored > 0) {
			t.Errorf("expected that such Perls are named: %v, got %q", test.ignored > 0, r.Ignored.Sum("the recording"))
		}
	}
}
