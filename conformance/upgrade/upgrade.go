package upgrade

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/oracle"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// Options of an upgrade that is tried.
type Options struct {
	harness.Options
	// Jobs is how many cells and conversations are played at a time. 0: harness.DefaultJobs.
	Jobs int
	// Known are the deviations that are known. They count as differences all the same, since nobody
	// had the other release's before.
	Known known.Deviations
	// Told is told of each step that is done, with how many of how many are. Nil for nobody.
	Told func(step string, done, of int)
}

// Finding is something that is not as it was.
type Finding struct {
	Weight Weight `json:"weight"`
	// Whom it concerns, and what it means, in a sentence or two.
	Whom string `json:"whom"`
	Text string `json:"text" visible:"lines"`
	// Evidence is where it was seen.
	Evidence []string `json:"evidence"`
}

// Report is what an upgrade amounts to.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	From   Side   `json:"from"`
	To     Side   `json:"to"`
	// Findings are what is not as it was, the worst first.
	Findings []Finding `json:"findings"`
	// Mixed are conversations of the old with the new.
	Mixed []Mixed `json:"mixed"`
	// Different counts the connections in which the new says something else than the old did in the
	// same scenario, of those that were compared.
	Different int `json:"different"`
	Compared  int `json:"compared"`
	// Hostile tells whether both were also tried with what ends a real Perl server.
	Hostile bool `json:"hostile"`
	// Broken says what could not be tried to the end. What it would have shown is not known.
	Broken []string `json:"broken"`
	// Undecided are checks that the old decides and the new does not.
	Undecided []Undecided `json:"undecided"`
}

// Undecided is a check of which it is not known what became of it.
type Undecided struct {
	Check string `json:"check"`
	// Was is what it came to of the old.
	Was judge.Outcome `json:"was"`
	// Why says why it is not decided of the new.
	Why string `json:"why" visible:"lines"`
}

// Side is the old or the new.
type Side struct {
	Target string `json:"target"`
	// Name says what it is, the target if it cannot tell.
	Name    string         `json:"name"`
	Summary report.Summary `json:"summary"`
}

// Try tries an upgrade. The targets are closed. The error is about the harness, or the cause of
// ctx, in which case there is no report: half of a comparison is none.
func Try(ctx context.Context, from, to *targets.Target, opts Options) (*Report, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = harness.DefaultJobs()
	}
	t := &trial{opts: opts, from: from, to: to, report: &Report{
		Schema: SchemaID, Findings: []Finding{}, Mixed: []Mixed{}, Broken: []string{}, Undecided: []Undecided{}, Hostile: opts.Hostile,
	}}
	defer from.Close()
	defer to.Close()
	if err := t.alone(ctx); err != nil {
		return nil, err
	}
	if err := t.together(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(t.report.Findings, func(a, b Finding) int { return cmp.Compare(a.Weight, b.Weight) })
	return t.report, nil
}

// trial is an upgrade that is being tried.
type trial struct {
	opts     Options
	from, to *targets.Target
	report   *Report
	old, new *cell.TargetResult
}

func (t *trial) told(step string, done, of int) {
	if t.opts.Told != nil {
		t.opts.Told(step, done, of)
	}
}

// alone tries both in all cells.
func (t *trial) alone(ctx context.Context) error {
	results := [2]*cell.TargetResult{}
	for i, target := range []*targets.Target{t.from, t.to} {
		opts := harness.MatrixOptions{Options: t.opts.Options, Jobs: t.opts.Jobs}
		opts.Dir = filepath.Join(t.opts.Dir, []string{"from", "to"}[i])
		opts.Cell = func(_ *targets.Target, c *cell.Result, done, of int) {
			t.told(fmt.Sprintf("%s: %s", target, c.Cell), done, of)
		}
		if err := target.Prepare(ctx); err != nil {
			return err
		}
		list, err := harness.Matrix(ctx, []*targets.Target{target}, opts)
		if err != nil {
			return err
		}
		results[i] = list[0]
	}
	t.old, t.new = results[0], results[1]
	old, current := report.FromRun(t.old, judge.May, t.opts.Known), report.FromRun(t.new, judge.May, t.opts.Known)
	t.report.From, t.report.To = side(old), side(current)
	for _, r := range []*report.Report{old, current} {
		for _, p := range r.Parts {
			for _, problem := range append(slices.Clone(p.Problems), p.Error) {
				if problem != "" {
					t.report.Broken = append(t.report.Broken, fmt.Sprintf("%s: %s: %s", r.Subject, p.Name, problem))
				}
			}
		}
	}
	t.checks(old, current)
	compared := oracle.NewReport(t.from.Spec)
	if err := compared.Add(context.Background(), t.new, t.old); err != nil {
		return err
	}
	t.report.Different, t.report.Compared = compared.Different, compared.Compared
	return nil
}

// side is a target with what it says it is, and runs on.
func side(r *report.Report) Side {
	s := Side{Target: r.Subject, Name: r.Name(), Summary: r.Summary}
	if r.Identity != nil {
		for _, name := range []string{"perl", "POE", "Storable", "go"} {
			if version := r.Identity.Versions[name]; version != "" {
				s.Name += ", " + name + " " + version
			}
		}
	}
	return s
}

// checks tells of checks that came out otherwise.
func (t *trial) checks(old, current *report.Report) {
	before := map[string]*report.CheckResult{}
	for _, c := range old.Checks {
		before[c.ID] = c
	}
	for _, c := range current.Checks {
		was := before[c.ID]
		if was == nil || !decided(was) && !fails(c) {
			continue // the old did not show it either
		}
		if !decided(c) {
			t.report.Undecided = append(t.report.Undecided, Undecided{c.ID, was.Outcome, cmp.Or(c.Reason, c.Needs)})
			continue
		}
		if fails(was) == fails(c) {
			continue
		}
		list, verb := begins, "begins to fail"
		if fails(was) {
			list, verb = ends, "no longer fails"
		}
		meaning, ok := list[c.ID]
		if !ok {
			meaning = consequence{Differs, c.Party + "s", fmt.Sprintf("%s %s: %s", c.ID, verb, c.Requirement)}
			switch {
			case !fails(was) && c.Level == judge.Must:
				meaning.weight = Changes
			case fails(was):
				meaning.weight = Better
			}
		}
		t.report.Findings = append(t.report.Findings, Finding{meaning.weight, meaning.whom, meaning.text,
			[]string{fmt.Sprintf("%s (%v) %s: %s", c.ID, c.Level, verb, where(c, was))}})
	}
}

// fails tells whether a check fails, known or not.
func fails(c *report.CheckResult) bool { return c.Outcome == judge.Fail || c.Outcome == judge.Known }

func decided(c *report.CheckResult) bool { return c.Outcome == judge.Pass || fails(c) }

// where lists the parts in which a check fails, before or after.
func where(results ...*report.CheckResult) string {
	var parts []string
	for _, c := range results {
		for _, v := range c.Verdicts {
			if v.Outcome == judge.Fail || v.Outcome == judge.Known {
				parts = append(parts, v.Part)
			}
		}
	}
	const most = 3
	if len(parts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(parts[:most], "; "), len(parts)-most)
	}
	return strings.Join(parts, "; ")
}
