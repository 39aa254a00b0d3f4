package report_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

var (
	must   = &judge.Check{ID: "A-001", Level: judge.Must, Requirement: "Must <be> \"so\".", Source: "x"}
	should = &judge.Check{ID: "A-002", Level: judge.Should, Requirement: "Should be so.", Source: "x"}
	may    = &judge.Check{ID: "A-003", Level: judge.May, Requirement: "May be so.", Source: "x"}
)

func verdict(c *judge.Check, o judge.Outcome) judge.Verdict {
	v := judge.Verdict{Check: c, Side: wire.Server, Outcome: o, Evidence: 1}
	switch o {
	case judge.Fail:
		v.Findings = []judge.Finding{{Expected: "e\xff\n", Actual: "a", Side: "server", Exchange: []dialogue.Step{{From: "server", Kind: "line", Title: "line"}}}}
	case judge.Inconclusive:
		v.Evidence, v.Reason = 0, "nothing to see"
	}
	return v
}

func TestExit(t *testing.T) {
	const pass, fail, open = judge.Pass, judge.Fail, judge.Inconclusive
	tried := func(v ...judge.Verdict) *cell.Result { return &cell.Result{Verdicts: v} }
	broken := &cell.Result{Err: errors.New("no target")}
	problem := &cell.Result{Verdicts: []judge.Verdict{verdict(must, pass)}, Problems: []string{"stalled"}}
	for _, test := range []struct {
		name  string
		cells []*cell.Result
		gate  judge.Level
		exit  int
	}{
		{"passes", []*cell.Result{tried(verdict(must, pass))}, judge.Should, report.ExitConformant},
		{"passes somewhere", []*cell.Result{tried(verdict(must, open)), tried(verdict(must, pass))}, judge.Should, report.ExitConformant},
		{"fails", []*cell.Result{tried(verdict(must, fail))}, judge.Should, report.ExitNotConformant},
		{"fails somewhere", []*cell.Result{tried(verdict(must, pass)), tried(verdict(must, fail)),
			tried(verdict(must, pass))}, judge.Should, report.ExitNotConformant},
		{"a should that counts", []*cell.Result{tried(verdict(should, fail), verdict(must, pass))}, judge.Should, report.ExitNotConformant},
		{"a should that does not", []*cell.Result{tried(verdict(should, fail), verdict(must, pass))}, judge.Must, report.ExitConformant},
		{"a may", []*cell.Result{tried(verdict(may, fail))}, judge.Should, report.ExitConformant},
		{"a may that counts", []*cell.Result{tried(verdict(may, fail))}, judge.May, report.ExitNotConformant},
		{"nothing", nil, judge.Should, report.ExitNothing},
		{"nothing selected", []*cell.Result{tried()}, judge.Should, report.ExitNothing},
		{"nothing decided", []*cell.Result{tried(verdict(must, open), verdict(should, open))}, judge.Should, report.ExitNothing},
		{"skipped", []*cell.Result{{Skipped: "no driver"}}, judge.Should, report.ExitNothing},
		{"no target", []*cell.Result{broken}, judge.Should, report.ExitBroken},
		{"no target once", []*cell.Result{tried(verdict(must, pass)), broken}, judge.Should, report.ExitBroken},
		{"stalled", []*cell.Result{problem}, judge.Should, report.ExitBroken},
		{"stalled, but fails", []*cell.Result{problem, tried(verdict(should, fail))}, judge.Should, report.ExitNotConformant},
	} {
		r := report.FromRun(&cell.TargetResult{Target: "x", Cells: test.cells}, test.gate, nil)
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
			if c.Outcome == judge.Fail && !(strings.Contains(b.String(), c.ID) && strings.Contains(b.String(), c.Requirement)) {
				t.Errorf("%s: expected the failure of %s in\n%s", name, c.ID, b.String())
			}
		}
	}
}

// TestPartial: a report that an interrupt ended says so in every form that can, and in those that
// are read by programs it is no success.
func TestPartial(t *testing.T) {
	run := &cell.TargetResult{Target: "target", Cells: []*cell.Result{{Verdicts: []judge.Verdict{verdict(must, judge.Pass)}}}, Untried: 2}
	d := report.NewDocument("1", report.FromRun(run, judge.Should, nil))
	if d.Exit != report.ExitInterrupted || d.Reports[0].Exit != report.ExitInterrupted {
		t.Errorf("exits with %d and %d, expected 130", d.Exit, d.Reports[0].Exit)
	}
	want := map[string]string{
		"json": `"partial": "1 of 3 combinations tried to the end"`, "junit": `type="interrupted"`, "tap": "not ok 1 - target is tried to the end",
		"sarif": `"executionSuccessful": false`, "html": "Interrupted", "markdown": "### ⚠ target\n\nInterrupted: 1 of 3 combinations",
		"annotations": "::warning title=target::an interrupt ended this", "badge": "interrupted: 1 check passed so far",
	}
	for _, f := range report.Formats() {
		var b bytes.Buffer
		if err := f.Write(&b, d); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want[f.Name]) {
			t.Errorf("%s: expected %q in\n%.2000s", f.Name, want[f.Name], b.String())
		}
		if f.Name != "json" {
			continue
		}
		again, err := report.Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		again.Regate(judge.Must)
		if again.Exit != report.ExitInterrupted {
			t.Errorf("read again and judged by another gate: %d, expected 130", again.Exit)
		}
		run.Cells[0].Cell.Role, run.Untried = cell.AsClient, 0
		merged, err := report.Merge(again, report.NewDocument("1", report.FromRun(run, judge.Must, nil)))
		if err != nil || merged.Exit != report.ExitInterrupted {
			t.Errorf("merged with a report that is not partial: %v, %+v, expected 130", err, merged)
		}
	}
	const text = "Interrupted: 1 of 3 combinations tried to the end; so far 1 check passed, 0 failed, 0 inconclusive."
	if got := d.Reports[0].Verdict(); got != text {
		t.Errorf("got %q, expected %q", got, text)
	}
}

func TestKnownDeviations(t *testing.T) {
	known := known.Deviations{{Check: must.ID, Releases: known.Releases{Implementation: "impl", From: "0.1", To: "0.3"}, Reason: "it has always been so"}}
	identity := func(release string) *driver.Hello { return &driver.Hello{Implementation: "impl", Release: release} }
	run := func(release string, o judge.Outcome) *report.Report {
		cells := []*cell.Result{{Verdicts: []judge.Verdict{verdict(must, o), verdict(should, judge.Pass)}}}
		return report.FromRun(&cell.TargetResult{Target: "x", Identity: identity(release), Cells: cells}, judge.Should, known)
	}
	for _, test := range []struct {
		release string
		outcome judge.Outcome
		exit    int
	}{
		{"0.2", judge.Fail, report.ExitConformant},
		{"0.4", judge.Fail, report.ExitNotConformant},
		{"0.0", judge.Fail, report.ExitNotConformant},
		{"0.2", judge.Pass, report.ExitStale},
		{"0.4", judge.Pass, report.ExitConformant},
		{"0.2", judge.Inconclusive, report.ExitConformant},
	} {
		r := run(test.release, test.outcome)
		if r.Exit != test.exit {
			t.Errorf("release %s, %v: expected exit status %d, got %d", test.release, test.outcome, test.exit, r.Exit)
		}
		readable(t, test.release, r)
	}
	if r := report.FromRun(&cell.TargetResult{Cells: []*cell.Result{{Verdicts: []judge.Verdict{verdict(must, judge.Fail)}}}},
		judge.Should, known); r.Exit != report.ExitNotConformant {
		t.Errorf("expected a target without identity to have no known deviations, got exit status %d", r.Exit)
	}
}

// What a deviation prevents is explained by it if it shows, or if its check was not selected; not
// if that has nothing against it.
func TestPrevented(t *testing.T) {
	known := known.Deviations{{Check: must.ID, Releases: known.Releases{Implementation: "impl", From: "0.1", To: "0.3"},
		Reason: "it has always been so", Prevents: []string{"client/IKC0"}}}
	for _, test := range []struct {
		role     cell.Role
		verdicts []judge.Verdict
		exit     int
	}{
		{cell.AsClient, []judge.Verdict{verdict(must, judge.Fail), verdict(should, judge.Pass)}, report.ExitConformant},
		{cell.AsClient, []judge.Verdict{verdict(should, judge.Pass)}, report.ExitConformant},
		{cell.AsClient, []judge.Verdict{verdict(must, judge.Inconclusive), verdict(should, judge.Pass)}, report.ExitBroken},
		{cell.AsServer, []judge.Verdict{verdict(should, judge.Pass)}, report.ExitBroken},
	} {
		r := report.FromRun(&cell.TargetResult{
			Target: "x", Identity: &driver.Hello{Implementation: "impl", Release: "0.2"},
			Cells: []*cell.Result{{Cell: cell.Cell{Role: test.role, Dialect: cell.IKC0}, Problems: []string{"no connection"}, Verdicts: test.verdicts}},
		}, judge.Should, known)
		if r.Exit != test.exit {
			t.Errorf("%s, verdicts %v: expected exit status %d, got %d", test.role, test.verdicts, test.exit, r.Exit)
		}
	}
}

func TestFromFiles(t *testing.T) {
	files := []*judge.Judgement{
		{File: "a.pcapng", Verdicts: []judge.Verdict{verdict(must, judge.Pass)}},
		{File: "b.pcapng", Notes: []string{"not IKC"}},
	}
	r := report.FromFiles(files, judge.Should, nil)
	if r.Exit != report.ExitConformant {
		t.Errorf("expected exit status 0, got %d", r.Exit)
	}
	readable(t, "two files", r)
	files[1].Err = errors.New("cut short")
	if r := report.FromFiles(files, judge.Should, nil); r.Exit != report.ExitBroken {
		t.Errorf("expected a file that is cut short to be no success, got %d", r.Exit)
	}
	if r := report.FromFiles(nil, judge.Should, nil); r.Exit != report.ExitNothing {
		t.Errorf("expected no files to be nothing checked, got %d", r.Exit)
	}
}

// TestRepeat: a report of several runs has a part for each, fails if one of them failed, and lists
// what flapped.
func TestRepeat(t *testing.T) {
	run := func(outcome judge.Outcome) *report.Report {
		r := report.FromRun(&cell.TargetResult{Target: "t", Cells: []*cell.Result{{
			Cell:     cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0, Serializer: cell.Storable},
			Verdicts: []judge.Verdict{{Check: must, Outcome: outcome}, {Check: should, Outcome: judge.Pass}},
		}}}, judge.Should, nil)
		return r
	}
	r, err := report.Repeat(run(judge.Pass), run(judge.Fail), run(judge.Pass))
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Flapped{{Check: must.ID, Part: r.Parts[0].Name[:len(r.Parts[0].Name)-len(", run 1")],
		Outcomes: []judge.Outcome{judge.Pass, judge.Fail, judge.Pass}}}
	if len(r.Parts) != 3 || r.Exit != report.ExitNotConformant || !reflect.DeepEqual(r.Flapped, want) {
		t.Errorf("%d parts, exit %d, flapped %+v; expected 3, 1, %+v", len(r.Parts), r.Exit, r.Flapped, want)
	}
	if r, _ := report.Repeat(run(judge.Pass), run(judge.Pass)); len(r.Flapped) != 0 || r.Exit != report.ExitConformant {
		t.Errorf("flapped %+v, exit %d: expected nothing", r.Flapped, r.Exit)
	}
}

// TestSaidOnce: what kept several parts from being tried is said of the first of them.
func TestSaidOnce(t *testing.T) {
	r := &report.Report{Subject: "x", Parts: []*report.Part{
		{Name: "server, IKC0", Error: "it is broken"}, {Name: "client, IKC0", Error: "it is broken"}, {Name: "client, IKC", Error: "else"},
	}}
	var b bytes.Buffer
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Count(s, "it is broken") != 1 || !strings.Contains(s, "! as server, IKC0") || !strings.Contains(s, "! else") {
		t.Errorf("expected each once, got\n%s", s)
	}
}
