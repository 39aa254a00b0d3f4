package report_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/sweep"
)

// swept is the report on a run that was repeated with each segmentation: three verdicts depend on
// that, of which one is known, and a part could not be played, which is known; or only what is
// known shows, or not even that.
func swept(text, shows string) *report.Report {
	server, client := cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0}, cell.Cell{Role: cell.AsClient, Dialect: cell.IKC0}
	pass := []judge.Verdict{verdict(must, judge.Pass)}
	r := report.FromRun(&cell.TargetResult{Target: "x",
		Cells: []*cell.Result{{Cell: server, Verdicts: pass}, {Cell: client, Verdicts: pass}}}, judge.Should, nil)
	sensitivity := &known.Sensitivity{Segmentations: []cell.Segmentation{cell.SingleOctets}, Roles: []cell.Role{"client"},
		Releases: known.Releases{Implementation: "impl", From: "0", To: "9"}, Reason: "known " + text}
	s := &sweep.Result{Tried: cell.Segmentations()}
	if shows == "stale" {
		s.Stale = []known.Sensitivity{*sensitivity}
	} else {
		finding := &judge.Finding{Expected: "a line " + text, Actual: "half of it", Side: "server", Exchange: []dialogue.Step{{Title: "left out"}}}
		s.Sensitive = []sweep.Sensitivity{
			{Cell: server, Segmentation: cell.SingleOctets, Check: must, Plain: judge.Pass, Outcome: judge.Fail, Finding: finding, Capture: "x.pcapng"},
			{Cell: server, Segmentation: cell.Coalesced, Check: must, Plain: judge.Pass, Outcome: judge.Fail},
			{Cell: client, Segmentation: cell.SingleOctets, Check: must, Plain: judge.Pass, Outcome: judge.Fail, Known: sensitivity},
			{Cell: client, Segmentation: cell.Pieces, Err: errors.New("it ended"), Known: sensitivity},
		}
		if shows == "known" {
			s.Sensitive = s.Sensitive[2:]
		}
	}
	r.AddSegmentation(s)
	return r
}

// Every form tells a MUST that fails with a segmentation as a failure, what else depends on one as
// what does not count, and what is stale as what does.
func TestSegmentationForms(t *testing.T) {
	plain := func(w io.Writer, d *report.Document) error { return d.WriteText(w, false) }
	matrix := func(w io.Writer, d *report.Document) error { return d.WriteMatrix(w, false) }
	unchanged := report.FromRun(&cell.TargetResult{Target: "x",
		Cells: []*cell.Result{{Verdicts: []judge.Verdict{verdict(must, judge.Pass)}}}}, judge.Should, nil)
	unchanged.AddSegmentation(&sweep.Result{Tried: cell.Segmentations()})
	docs := map[string]*report.Document{
		"sensitive": report.NewDocument("v0", swept("reason", "all")), "known": report.NewDocument("v0", swept("reason", "known")),
		"stale": report.NewDocument("v0", swept("reason", "stale")), "neither": report.NewDocument("v0", unchanged),
	}
	for name, exit := range map[string]int{"sensitive": report.ExitNotConformant, "known": report.ExitConformant, "stale": report.ExitStale, "neither": report.ExitConformant} {
		back := again(t, docs[name])
		if docs[name].Exit != exit || back.Exit != exit {
			t.Errorf("%s: expected exit status %d, also once it was stored; got %d and %d", name, exit, docs[name].Exit, back.Exit)
		}
		docs[name] = back
	}
	for _, test := range []struct {
		form   string
		write  func(io.Writer, *report.Document) error
		of     string
		want   []string
		absent string
	}{
		{"text", plain, "sensitive", []string{
			"Not conformant: 1 check passed, 0 failed, 1 failed with a segmentation, 0 inconclusive.\n",
			"Failed with a segmentation:\n  A-001, server, IKC0: pass as sent, fail with single octets: expected a line reason, got half of it\n",
			"Segmentation-sensitive, as is known:\n  client, IKC0 with single octets: A-001\n  client, IKC0 with delayed pieces: it ended\n    known reason\n",
		}, "remove"},
		{"text", plain, "stale", []string{"No verdict depends", "Known sensitivities are stale, remove them: ", "does not, remove it from conformance/sensitivities.json:\n  client of impl 0 to 9"}, "sensitive:"},
		{"text", plain, "neither", []string{"No verdict depends on the segmentation: single octets, line ends cut, coalesced, delayed pieces, RST for FIN.\n"}, "nown"},
		{"table", matrix, "sensitive", []string{"  F A-001, server, IKC0: pass as sent, fail with single octets"}, "known reason"},
		{"table", matrix, "stale", []string{"  ! client of impl 0 to 9 is listed"}, "~"},
		{"JSON", report.Formats()[0].Write, "sensitive", []string{`"known": "known reason"`, `"as_sent": "pass"`, `"error": "it ended"`}, "left out"},
		{"JUnit", report.WriteJUnit, "sensitive", []string{`tests="5" failures="2" errors="0" skipped="1"`, `<testcase name="single octets" classname="x.segmentation"`, "depends on it: A-001, server, IKC0: pass as sent", `<failure message="depends on it: A-001`}, "<error"},
		{"JUnit", report.WriteJUnit, "stale", []string{`type="stale"`}, "<failure"},
		{"TAP", report.WriteTAP, "sensitive", []string{"not ok 2 - x says the same with single octets\n", "ok 3 - x says the same with line ends cut\n", "with delayed pieces # TODO known: known reason"}, "as is known"},
		{"TAP", report.WriteTAP, "stale", []string{"not ok 7 - x depends on the segmentation as is known\n"}, "TODO"},
		{"SARIF", report.WriteSARIF, "sensitive", []string{`"level": "error"`, `"level": "note"`, "It depends on the segmentation.", `"justification": "known reason"`, `"uri": "x.pcapng"`}, "warning"},
		{"SARIF", report.WriteSARIF, "stale", []string{"is listed as depending on the segmentation"}, "ruleIndex"},
		{"HTML", report.WriteHTML, "sensitive", []string{`<h2 id="segmentation">`, "A-001: pass as sent, fail with single octets", "<td>A-001</td>", "known reason", `<span class="word fail">✕ failed</span>`}, "is listed"},
		{"HTML", report.WriteHTML, "stale", []string{"Known sensitivities are stale", `<li class="fail">client of impl 0 to 9 is listed`}, "These verdicts depend"},
		{"HTML", report.WriteHTML, "neither", []string{"No verdict depends on it: single octets"}, "is listed"},
		{"Markdown", report.WriteMarkdown, "sensitive", []string{"### ❌ x", "❌ Segmentation: verdicts that depend on it: 4", "A-001, server, IKC0: pass as sent"}, "### ✅"},
		{"Markdown", report.WriteMarkdown, "known", []string{"✅ Segmentation: verdicts that depend on it: 2"}, "sensitive:"},
		{"text", plain, "known", []string{"Conformant but segmentation-sensitive, as is known:\n"}, "sensitive:"},
		{"annotations", report.WriteAnnotations, "known", nil, "::"},
		{"code quality", report.WriteCodeQuality, "known", []string{"[]"}, "A-001"},
		{"Markdown", report.WriteMarkdown, "stale", []string{"⚠ Segmentation", "is listed"}, "but segmentation-sensitive"},
		{"Markdown", report.WriteMarkdown, "neither", []string{"No verdict depends on the segmentation"}, "⚠ Segmentation"},
		{"code quality", report.WriteCodeQuality, "sensitive", []string{`"severity": "critical"`, "A-001 depends on the segmentation (x, server, IKC0)"}, "client"},
		{"annotations", report.WriteAnnotations, "sensitive", []string{"::error title=A-001 depends on the segmentation%3A x::server, IKC0: pass as sent"}, "::warning"},
		{"annotations", report.WriteAnnotations, "stale", []string{"::warning title=segmentation%3A x::client of impl"}, "::error"},
		{"badge", report.WriteBadge, "sensitive", []string{"1 check failed", "#cf222e"}, "conformant"},
		{"badge", report.WriteBadge, "stale", []string{"known sensitivities are stale"}, "conformant"},
	} {
		text := write(t, docs[test.of], test.write)
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s of the one that is %s: expected %q in\n%s", test.form, test.of, want, text)
			}
		}
		if strings.Contains(text, test.absent) {
			t.Errorf("%s of the one that is %s: expected no %q in\n%s", test.form, test.of, test.absent, text)
		}
	}
}

// Parts of a run that were repeated on their own are put together: what is stale in one is not if
// it shows in another.
func TestMergeSegmentation(t *testing.T) {
	part := func(tried cell.Cell, s *sweep.Result) *report.Document {
		r := report.FromRun(&cell.TargetResult{Target: "x",
			Cells: []*cell.Result{{Cell: tried, Verdicts: []judge.Verdict{verdict(must, judge.Pass)}}}}, judge.Should, nil)
		if s != nil {
			r.AddSegmentation(s)
		}
		return report.NewDocument("v0", r)
	}
	sensitivity := known.Sensitivity{Segmentations: []cell.Segmentation{cell.SingleOctets},
		Roles: []cell.Role{"server", "client"}, Releases: known.Releases{Implementation: "impl", From: "0", To: "9"}, Reason: "reason"}
	server, client, lite := cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0},
		cell.Cell{Role: cell.AsClient, Dialect: cell.IKC0}, cell.Cell{Role: cell.AsClientLite, Dialect: cell.IKC0}
	stale := &sweep.Result{Tried: cell.Segmentations(), Stale: []known.Sensitivity{sensitivity}}
	shows := &sweep.Result{Tried: cell.Segmentations()[:1], Sensitive: []sweep.Sensitivity{{Cell: client,
		Segmentation: cell.SingleOctets, Check: must, Outcome: judge.Fail, Known: &sensitivity}}}
	for _, test := range []struct {
		name             string
		docs             []*report.Document
		exit             int
		stale, sensitive int
	}{
		{"stale in both", []*report.Document{part(server, stale), part(client, stale)}, report.ExitStale, 1, 0},
		{"shows in the second", []*report.Document{part(server, stale), part(client, shows)}, report.ExitConformant, 0, 1},
		{"shows in the first", []*report.Document{part(client, shows), part(server, stale)}, report.ExitConformant, 0, 1},
		{"tried in the second", []*report.Document{part(lite, nil), part(server, stale)}, report.ExitStale, 1, 0},
		{"tried in the first", []*report.Document{part(server, stale), part(lite, nil)}, report.ExitStale, 1, 0},
	} {
		d, err := report.Merge(test.docs...)
		if err != nil {
			t.Fatal(err)
		}
		s := d.Reports[0].Segmentation
		if s == nil || d.Exit != test.exit || len(s.Stale) != test.stale ||
			len(s.Sensitive) != test.sensitive || len(s.Tried) != len(cell.Segmentations()) {
			t.Errorf("%s: expected exit status %d, %d stale and %d sensitive, got %d and %+v", test.name, test.exit, test.stale, test.sensitive, d.Exit, s)
		}
	}
}

// A verdict that begins to depend on the segmentation, or no longer does, is a change: a new
// failure if that counts.
func TestCompareSegmentation(t *testing.T) {
	doc := func(shows string) *report.Document { return again(t, report.NewDocument("v0", swept("reason", shows))) }
	untried, without := doc("all"), doc("known")
	untried.Reports[0].Segmentation = nil
	r := without.Reports[0] // without the server, of which those are that are not known
	r.Parts, r.Checks[0].Verdicts = r.Parts[1:], r.Checks[0].Verdicts[1:]
	for _, test := range []struct {
		name     string
		old, new *report.Document
		want     string // "" for no change
		changes  int
		worse    bool
	}{
		{"the same", doc("all"), doc("all"), "", 0, false},
		{"begins", doc("known"), doc("all"), "independent of the segmentation -> segmentation-sensitive: pass as sent, fail with single octets", 2, true},
		{"ends", doc("all"), doc("known"), "segmentation-sensitive -> independent of the segmentation: with coalesced", 2, false},
		{"was not tried", untried, doc("all"), "", 0, false},
		{"is not tried", doc("all"), untried, "", 0, false},
		{"the part is new", without, doc("all"), "", 0, false},
	} {
		c := report.Compare(test.old, test.new, judge.Should)
		var text strings.Builder
		if err := c.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		found := strings.Count(text.String(), "segmentation-sensitive")
		if found != test.changes || !strings.Contains(text.String(), test.want) || c.Worse != test.worse {
			t.Errorf("%s: expected %d changes, worse: %v, with %q; got\n%s", test.name, test.changes, test.worse, test.want, text.String())
		}
		page := write(t, nil, func(w io.Writer, _ *report.Document) error { return report.WriteComparisonHTML(w, c) })
		if (test.changes > 0) != strings.Contains(page, "segmentation-sensitive") {
			t.Errorf("%s: expected the page to say so, got\n%s", test.name, page)
		}
	}
}
