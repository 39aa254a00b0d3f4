package report_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// try runs a target, and gives the report the subject given, so that it does not depend on a port.
func try(t testing.TB, target, subject string, opts harness.Options) *report.Report {
	t.Helper()
	to, err := targets.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r, err := harness.Run(context.Background(), to, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Target = subject
	known, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	return report.FromRun(r, judge.Should, known)
}

// defective is the report on a server with a defect.
func defective(t testing.TB, name string) *report.Report {
	t.Helper()
	d := server.Find(name)
	if d == nil {
		t.Fatalf("no defect %q", name)
	}
	s, err := server.Start(server.Options{Behaviour: d})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return try(t, "tcp:"+s.Addr(), "tcp:worker.example:31337", harness.Options{Session: true, Patience: probe.DefaultTimeout})
}

// real runs are made once for all tests. They are a good one of the reference, and one of a server
// whose error reports are not marked as such.
type runs struct{ good, bad *report.Report }

var realRuns = sync.OnceValue(func() func(testing.TB) runs {
	var once sync.Once
	var r runs
	return func(t testing.TB) runs {
		once.Do(func() {
			r = runs{good: try(t, "reference", "reference", harness.Options{}), bad: defective(t, "error without is_error")}
		})
		if r.good == nil || r.bad == nil {
			t.Fatal("there are no runs to report on")
		}
		return r
	}
})

// stored are the real runs as documents that were stored and read again, so that tests may change
// them.
func stored(t testing.TB) (good, bad *report.Document) {
	t.Helper()
	r := realRuns()(t)
	return again(t, report.NewDocument("v0.0.0", r.good)), again(t, report.NewDocument("v0.0.0", r.bad))
}

// outcome sets what a check came to in all parts.
func outcome(t testing.TB, r *report.Report, id string, o judge.Outcome) *report.CheckResult {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c *report.CheckResult) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("no check %s", id)
	}
	for _, v := range r.Checks[i].Verdicts {
		v.Outcome, v.Findings, v.Evidence = o, nil, 0
	}
	return r.Checks[i]
}
