package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

var (
	must   = &conformance.Check{ID: "A-001", Level: conformance.Must, Requirement: "Must <be> \"so\".", Source: "x"}
	should = &conformance.Check{ID: "A-002", Level: conformance.Should, Requirement: "Should be so.", Source: "x"}
	may    = &conformance.Check{ID: "A-003", Level: conformance.May, Requirement: "May be so.", Source: "x"}
)

func verdict(c *conformance.Check, o conformance.Outcome) conformance.Verdict {
	v := conformance.Verdict{Check: c, Side: wire.Server, Outcome: o, Evidence: 1}
	switch o {
	case conformance.Fail:
		v.Findings = []conformance.Finding{{Expected: "e\xff\n", Actual: "a", Side: "server", Exchange: []dialogue.Step{{From: "server", Kind: "line", Title: "line"}}}}
	case conformance.Inconclusive:
		v.Evidence, v.Reason = 0, "nothing to see"
	}
	return v
}

func TestExit(t *testing.T) {
	const pass, fail, open = conformance.Pass, conformance.Fail, conformance.Inconclusive
	cell := func(v ...conformance.Verdict) *harness.CellResult { return &harness.CellResult{Verdicts: v} }
	broken := &harness.CellResult{Err: errors.New("no target")}
	problem := &harness.CellResult{Verdicts: []conformance.Verdict{verdict(must, pass)}, Problems: []string{"stalled"}}
	for _, test := range []struct {
		name  string
		cells []*harness.CellResult
		gate  conformance.Level
		exit  int
	}{
		{"passes", []*harness.CellResult{cell(verdict(must, pass))}, conformance.Should, report.ExitConformant},
		{"passes somewhere", []*harness.CellResult{cell(verdict(must, open)), cell(verdict(must, pass))}, conformance.Should, report.ExitConformant},
		{"fails", []*harness.CellResult{cell(verdict(must, fail))}, conformance.Should, report.ExitNotConformant},
		{"fails somewhere", []*harness.CellResult{cell(verdict(must, pass)), cell(verdict(must, fail)), cell(verdict(must, pass))}, conformance.Should, report.ExitNotConformant},
		{"a should that counts", []*harness.CellResult{cell(verdict(should, fail), verdict(must, pass))}, conformance.Should, report.ExitNotConformant},
		{"a should that does not", []*harness.CellResult{cell(verdict(should, fail), verdict(must, pass))}, conformance.Must, report.ExitConformant},
		{"a may", []*harness.CellResult{cell(verdict(may, fail))}, conformance.Should, report.ExitConformant},
		{"a may that counts", []*harness.CellResult{cell(verdict(may, fail))}, conformance.May, report.ExitNotConformant},
		{"nothing", nil, conformance.Should, report.ExitNothing},
		{"nothing selected", []*harness.CellResult{cell()}, conformance.Should, report.ExitNothing},
		{"nothing decided", []*harness.CellResult{cell(verdict(must, open), verdict(should, open))}, conformance.Should, report.ExitNothing},
		{"skipped", []*harness.CellResult{{Skipped: "no driver"}}, conformance.Should, report.ExitNothing},
		{"no target", []*harness.CellResult{broken}, conformance.Should, report.ExitBroken},
		{"no target once", []*harness.CellResult{cell(verdict(must, pass)), broken}, conformance.Should, report.ExitBroken},
		{"stalled", []*harness.CellResult{problem}, conformance.Should, report.ExitBroken},
		{"stalled, but fails", []*harness.CellResult{problem, cell(verdict(should, fail))}, conformance.Should, report.ExitNotConformant},
	} {
		r := report.FromRun(&harness.Result{Target: "x", Cells: test.cells}, test.gate, nil)
		if r.Exit != test.exit {
			t.Errorf("%s: expected exit status %d, got %d", test.name, test.exit, r.Exit)
		}
		readable(t, test.name, r)
	}
}

// readable checks the two forms of a report.
func readable(t *testing.T, name string, r *report.Report) {
	t.Helper()
	var b bytes.Buffer
	if err := report.NewDocument("v0", r).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	d, err := report.Read(&b)
	if err != nil {
		t.Fatalf("%s: %v in %s", name, err, b.Bytes())
	}
	back := d.Reports[0]
	if back.Exit != r.Exit || back.Summary != r.Summary || len(back.Checks) != len(r.Checks) {
		t.Errorf("%s: expected JSON to say the same, got %+v", name, back)
	}
	for _, verbose := range []bool{false, true} {
		b.Reset()
		if err := r.WriteText(&b, verbose); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), r.Verdict()) {
			t.Errorf("%s: expected the verdict %q in\n%s", name, r.Verdict(), b.String())
		}
		for _, c := range r.Checks {
			if c.Outcome == conformance.Fail && !(strings.Contains(b.String(), c.ID) && strings.Contains(b.String(), c.Requirement)) {
				t.Errorf("%s: expected the failure of %s in\n%s", name, c.ID, b.String())
			}
		}
	}
}

func TestKnownDeviations(t *testing.T) {
	known := conformance.Deviations{{Check: must.ID, Implementation: "impl", From: "0.1", To: "0.3", Reason: "it has always been so"}}
	identity := func(release string) *driver.Hello { return &driver.Hello{Implementation: "impl", Release: release} }
	run := func(release string, o conformance.Outcome) *report.Report {
		cells := []*harness.CellResult{{Verdicts: []conformance.Verdict{verdict(must, o), verdict(should, conformance.Pass)}}}
		return report.FromRun(&harness.Result{Target: "x", Identity: identity(release), Cells: cells}, conformance.Should, known)
	}
	for _, test := range []struct {
		release string
		outcome conformance.Outcome
		exit    int
	}{
		{"0.2", conformance.Fail, report.ExitConformant},
		{"0.4", conformance.Fail, report.ExitNotConformant},
		{"0.0", conformance.Fail, report.ExitNotConformant},
		{"0.2", conformance.Pass, report.ExitStale},
		{"0.4", conformance.Pass, report.ExitConformant},
		{"0.2", conformance.Inconclusive, report.ExitConformant},
	} {
		r := run(test.release, test.outcome)
		if r.Exit != test.exit {
			t.Errorf("release %s, %v: expected exit status %d, got %d", test.release, test.outcome, test.exit, r.Exit)
		}
		readable(t, test.release, r)
	}
	if r := report.FromRun(&harness.Result{Cells: []*harness.CellResult{{Verdicts: []conformance.Verdict{verdict(must, conformance.Fail)}}}}, conformance.Should, known); r.Exit != report.ExitNotConformant {
		t.Errorf("expected a target without identity to have no known deviations, got exit status %d", r.Exit)
	}
}

func TestFromFiles(t *testing.T) {
	files := []*conformance.FileVerdict{
		{File: "a.pcapng", Verdicts: []conformance.Verdict{verdict(must, conformance.Pass)}},
		{File: "b.pcapng", Notes: []string{"not IKC"}},
	}
	r := report.FromFiles(files, conformance.Should)
	if r.Exit != report.ExitConformant {
		t.Errorf("expected exit status 0, got %d", r.Exit)
	}
	readable(t, "two files", r)
	files[1].Err = errors.New("cut short")
	if r := report.FromFiles(files, conformance.Should); r.Exit != report.ExitBroken {
		t.Errorf("expected a file that is cut short to be no success, got %d", r.Exit)
	}
	if r := report.FromFiles(nil, conformance.Should); r.Exit != report.ExitNothing {
		t.Errorf("expected no files to be nothing checked, got %d", r.Exit)
	}
}
