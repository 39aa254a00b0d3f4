package report_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func TestCompare(t *testing.T) {
	const pass, fail, known, open = judge.Pass, judge.Fail, judge.Known, judge.Inconclusive
	set := func(id string, o judge.Outcome) func(*report.Document) {
		return func(d *report.Document) { outcome(t, d.Reports[0], id, o) }
	}
	for _, test := range []struct {
		name     string
		old, new func(*report.Document)
		kind     report.Kind // "" for nothing
		worse    bool
	}{
		{"nothing", nil, nil, "", false},
		{"new failure", nil, set("PING-001", fail), report.Failure, true},
		{"known of the new release", nil, set("PING-001", known), report.Failure, true},
		{"failure of what was known", set("PING-001", known), set("PING-001", fail), report.Failure, true},
		{"failure of what was open", set("PING-001", open), set("PING-001", fail), report.Failure, true},
		{"fixed", set("PING-001", fail), nil, report.Fixed, false},
		{"no longer known", set("PING-001", known), nil, report.Fixed, false},
		{"lost", nil, set("PING-001", open), report.Lost, true},
		{"skipped", nil, set("PING-001", judge.Skipped), report.Lost, true},
		{"gone", nil, func(d *report.Document) { d.Reports[0].Checks = d.Reports[0].Checks[1:] }, report.Lost, true},
		{"new check", func(d *report.Document) { d.Reports[0].Checks = d.Reports[0].Checks[1:] }, nil, report.Changed, false},
		{"open after a failure", set("PING-001", fail), set("PING-001", open), report.Changed, false},
		{"now decided", set("PING-001", open), nil, report.Changed, false},
		{"a part broke", nil, func(d *report.Document) { d.Reports[0].Parts[0].Problems = []string{"stalled"} }, report.Broke, true},
		{"a part is gone", nil, func(d *report.Document) {
			r := d.Reports[0]
			for _, c := range r.Checks {
				for i, v := range c.Verdicts {
					if v.Part == r.Parts[0].Name {
						c.Verdicts = append(c.Verdicts[:i:i], c.Verdicts[i+1:]...)
						break
					}
				}
			}
			r.Parts = r.Parts[1:]
		}, report.Broke, true},
		{"a report is gone", nil, func(d *report.Document) { d.Reports = d.Reports[:0] }, report.Broke, true},
	} {
		old, current := few(t), few(t)
		if test.old != nil {
			test.old(old)
		}
		if test.new != nil {
			test.new(current)
		}
		c := report.Compare(again(t, old), again(t, current), judge.Should)
		worst := report.Kind("")
		if len(c.Changes) > 0 {
			worst = c.Changes[0].Kind
		}
		if worst != test.kind || len(c.Changes) > 12 {
			t.Errorf("%s: expected a few changes, the worst %q, got %d, the worst %q", test.name, test.kind, len(c.Changes), worst)
		}
		if c.Worse != test.worse || (c.Exit() == report.ExitNotConformant) != test.worse {
			t.Errorf("%s: expected worse: %v, got %v: %s", test.name, test.worse, c.Worse, c.Verdict())
		}
		var text, markdown, asJSON bytes.Buffer
		for _, err := range []error{c.WriteText(&text), report.WriteComparisonMarkdown(&markdown, c), c.WriteJSON(&asJSON)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(text.String(), c.Verdict()) || !json.Valid(asJSON.Bytes()) ||
			test.kind != "" && test.kind != report.Broke && !strings.Contains(text.String(), "->") {
			t.Errorf("%s: expected a text with the verdict, got\n%s", test.name, text.String())
		}
	}
}

// few is the good run with what some checks found: comparing all takes as long as it is of no use.
func few(t *testing.T) *report.Document {
	r := *realRuns()(t).good
	r.Checks = slices.DeleteFunc(slices.Clone(r.Checks), func(c *report.CheckResult) bool {
		return !strings.HasPrefix(c.ID, "PING-") && !strings.HasPrefix(c.ID, "FR-")
	})
	return again(t, report.NewDocument("v0.0.0", &r))
}

// A failure that is another one than before is told, and no reason to fail.
func TestCompareFindings(t *testing.T) {
	_, old := stored(t)
	_, current := stored(t)
	for _, c := range current.Reports[0].Checks {
		if c.Outcome == judge.Fail {
			c.Verdicts[0].Findings[0].Actual = "something else"
		}
	}
	c := report.Compare(old, current, judge.Should)
	if c.Count(report.Changed) != 1 || c.Worse {
		t.Errorf("expected one change that is not worse, got %s %+v", c.Verdict(), c.Changes)
	}
}

// Two targets are compared if there is one on each side; a MAY does not make it worse.
func TestCompareTargets(t *testing.T) {
	good, bad := stored(t)
	c := report.Compare(good, bad, judge.Should)
	if c.Count(report.Failure) != bad.Reports[0].Summary.Failed || !c.Worse {
		t.Errorf("expected the failures of the second, got %s", c.Verdict())
	}
	old, _ := stored(t)
	r := outcome(t, good.Reports[0], "PING-001", judge.Fail)
	r.Level = judge.May
	if c := report.Compare(old, again(t, good), judge.Should); c.Worse || c.Count(report.Failure) != 1 {
		t.Errorf("expected the failure of a MAY not to make it worse, got %s", c.Verdict())
	}
}
