package suite

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Run tries a target, as targets.Parse reads it, in a plain test: a subtest for every check, which
// fails with what was expected, what came and where, or is skipped with the reason why it could not
// be decided. A target that cannot be had, one that cannot be tried to the end, and a stale
// deviation fail t.
func Run(t *testing.T, spec string, opts harness.Options) {
	t.Helper()
	target, err := targets.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	known, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	result, err := harness.Run(t.Context(), target, opts)
	if err != nil {
		t.Fatal(visible.Error(err))
	}
	r := visible.Copy(report.FromRun(result, judge.Should, known))
	for _, c := range r.Checks {
		t.Run(c.ID, func(t *testing.T) {
			switch c.Outcome {
			case judge.Fail:
				t.Error(c.Explain())
			case judge.Pass, judge.Seen:
			default:
				t.Skip(c.Outcome.String() + ": " + c.Reason)
			}
		})
	}
	for _, p := range r.Parts {
		if p.Error != "" {
			t.Errorf("%s: %s", p.Name, p.Error)
		}
		for _, problem := range p.Problems {
			t.Errorf("%s: %s", p.Name, problem)
		}
	}
	if len(r.Stale) > 0 {
		t.Error(r.Verdict())
	}
}
