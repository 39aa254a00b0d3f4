package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func encode(t testing.TB, d *report.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// again stores a document and reads it.
func again(t testing.TB, d *report.Document) *report.Document {
	t.Helper()
	back, err := report.Read(bytes.NewReader(encode(t, d)))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// What is stored keeps the published schema, and is read as it was.
func TestStoredRuns(t *testing.T) {
	good, bad := stored(t)
	if good.Exit != report.ExitConformant || bad.Exit != report.ExitNotConformant {
		t.Fatalf("expected a good and a bad run, got exit statuses %d and %d", good.Exit, bad.Exit)
	}
	for _, d := range []*report.Document{good, bad} {
		if diff := cmp.Diff(encode(t, d), encode(t, again(t, d))); diff != "" {
			t.Errorf("expected a run that is read to be what was stored: %s", diff)
		}
	}
	exchange, example := false, false
	for _, c := range bad.Reports[0].Checks {
		example = example || c.Example != nil && len(c.Example.Exchange) > 0
		for _, v := range c.Verdicts {
			for _, f := range v.Findings {
				exchange = exchange || len(f.Exchange) > 0
			}
		}
	}
	if !exchange || !example {
		t.Errorf("expected findings and examples with an exchange, got %v and %v", exchange, example)
	}
}

// The schema refuses what is no stored run, and says where it is not.
func TestSchemaRefuses(t *testing.T) {
	_, bad := stored(t)
	for _, test := range []struct {
		name, want string
		change     func(d map[string]any)
	}{
		{"no reports", "reports", func(d map[string]any) { delete(d, "reports") }},
		{"another schema", "/$schema", func(d map[string]any) { d["$schema"] = "x" }},
		{"an exit status of another world", "/exit", func(d map[string]any) { d["exit"] = 9 }},
		{"a report that is text", "/reports/0", func(d map[string]any) { d["reports"] = []any{"x"} }},
		{"an outcome that is none", "/reports/0/checks/0/outcome", func(d map[string]any) { first(d, "checks")["outcome"] = "good" }},
		{"a level that is none", "/reports/0/gate", func(d map[string]any) { d["reports"].([]any)[0].(map[string]any)["gate"] = "OUGHT" }},
		{"a verdict on a part that is not there", "one on \"nowhere\"", func(d map[string]any) {
			first(d, "checks")["verdicts"].([]any)[0].(map[string]any)["part"] = "nowhere"
		}},
		{"a negative count", "/reports/0/parts/0/summary/passed", func(d map[string]any) { first(d, "parts")["summary"].(map[string]any)["passed"] = -1 }},
	} {
		var d map[string]any
		if err := json.Unmarshal(encode(t, bad), &d); err != nil {
			t.Fatal(err)
		}
		test.change(d)
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		_, err = report.Read(bytes.NewReader(b))
		if !errors.Is(err, report.ErrStored) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: expected an error about %q, got %v", test.name, test.want, err)
		}
	}
	for _, text := range []string{"", "{}", "[]", "null", "not JSON", "{\"exit\": 0}{}"} {
		if _, err := report.Read(strings.NewReader(text)); !errors.Is(err, report.ErrStored) {
			t.Errorf("%q: expected it to be no stored run, got %v", text, err)
		}
	}
}

func first(d map[string]any, list string) map[string]any {
	return d["reports"].([]any)[0].(map[string]any)[list].([]any)[0].(map[string]any)
}

// Shards of one run, merged, are the run; runs of two targets stand side by side.
func TestMerge(t *testing.T) {
	good, bad := stored(t)
	shard := func(cells ...cell.Cell) *report.Document {
		return again(t, report.NewDocument("v0.0.0", try(t, "reference", "reference", harness.Options{Cells: cells})))
	}
	cells := cell.Cells()
	merged, err := report.Merge(shard(cells[4:]...), shard(cells[:4]...))
	if err != nil {
		t.Fatal(err)
	}
	whole := good.Reports[0]
	if len(merged.Reports) != 1 || merged.Reports[0].Summary != whole.Summary || len(merged.Reports[0].Parts) != len(whole.Parts) {
		t.Errorf("expected shards to be %+v together, got %+v", whole.Summary, merged.Reports[0].Summary)
	}
	place := map[string]int{}
	for i, c := range checks.Catalogue() {
		place[c.ID] = i
	}
	if !slices.IsSortedFunc(merged.Reports[0].Checks, func(a, b *report.CheckResult) int { return place[a.ID] - place[b.ID] }) {
		t.Error("expected the checks of merged runs in the order of the catalogue")
	}
	both, err := report.Merge(good, bad)
	if err != nil {
		t.Fatal(err)
	}
	if len(both.Reports) != 2 || both.Exit != report.ExitNotConformant {
		t.Errorf("expected two reports that are not conformant, got %d with exit status %d", len(both.Reports), both.Exit)
	}
	if _, err := report.Merge(good, again(t, good)); err == nil || !strings.Contains(err.Error(), `both have "server, IKC0`) {
		t.Errorf("expected the same part twice to be an error that names it, got %v", err)
	}
}

func TestRegate(t *testing.T) {
	_, d := stored(t)
	for _, c := range d.Reports[0].Checks {
		if c.Outcome == judge.Fail {
			c.Level = judge.May
		}
	}
	d.Regate(judge.Should)
	if d.Exit != report.ExitConformant {
		t.Errorf("expected a MAY that fails not to count, got exit status %d", d.Exit)
	}
	d.Regate(judge.May)
	if d.Exit != report.ExitNotConformant {
		t.Errorf("expected a MAY that fails to count up to MAY, got exit status %d", d.Exit)
	}
}

// A check that fails a thousand times in long messages makes no large report.
func TestEvidenceIsBounded(t *testing.T) {
	v := verdict(must, judge.Fail)
	for len(v.Findings) < judge.MaxFindings {
		v.Findings = append(v.Findings, v.Findings[0])
	}
	v.More = 900
	r := report.FromRun(&cell.TargetResult{Target: "x", Cells: []*cell.Result{{Verdicts: []judge.Verdict{v}}}}, judge.Should, nil)
	kept := r.Checks[0].Verdicts[0]
	exchanges := 0
	for _, f := range kept.Findings {
		if len(f.Exchange) > 0 {
			exchanges++
		}
	}
	if len(kept.Findings) != report.MaxKeptFindings || exchanges != report.MaxExchanges ||
		len(kept.Findings)+kept.More != judge.MaxFindings+900 {
		t.Errorf("expected %d findings, %d of them with an exchange, of %d; got %d, %d and %d more",
			report.MaxKeptFindings, report.MaxExchanges, judge.MaxFindings+900, len(kept.Findings), exchanges, kept.More)
	}
	if len(v.Findings[judge.MaxFindings-1].Exchange) == 0 {
		t.Error("expected the verdict that the report is made of to be left alone")
	}
}
