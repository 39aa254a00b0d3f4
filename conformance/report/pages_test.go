package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// TestPages: where the site is known, reports lead to the pages of checks, whatever is in its URL,
// and nothing of it is stored. SARIF with it keeps the schema.
func TestPages(t *testing.T) {
	_, bad := stored(t)
	outcome(t, bad.Reports[0], "ERR-002", judge.Fail)
	before := again(t, bad)
	outcome(t, before.Reports[0], "ERR-002", judge.Pass)
	pages, err := page.ParsePages(`https://example.com/a&"<b>`)
	if err != nil {
		t.Fatal(err)
	}
	comparison := report.Compare(before, again(t, bad), judge.Should)
	const attribute = `<a href="https://example.com/a&amp;%22%3Cb%3E/checks/ERR-002.html">`
	for name, form := range map[string]struct {
		write func(io.Writer, *report.Document) error
		want  string
	}{
		"HTML": {report.WriteHTML, attribute}, "Markdown": {report.WriteMarkdown, attribute},
		"SARIF": {report.WriteSARIF, `"helpUri": "https://example.com/a\u0026%22%3Cb%3E/checks/ERR-002.html"`},
		"a comparison": {func(w io.Writer, d *report.Document) error {
			comparison.Pages = d.Pages
			return report.WriteComparisonHTML(w, comparison)
		}, attribute},
		"Markdown of a comparison": {func(w io.Writer, d *report.Document) error {
			comparison.Pages = d.Pages
			return report.WriteComparisonMarkdown(w, comparison)
		}, attribute},
		"JSON": {func(w io.Writer, d *report.Document) error { return d.WriteJSON(w) }, ""},
	} {
		bad.Pages = ""
		if text := write(t, bad, form.write); strings.Contains(text, "example.com/a") {
			t.Errorf("%s: expected no link where no site is known", name)
		}
		bad.Pages = pages
		text := write(t, bad, form.write)
		if form.want == "" && strings.Contains(text, "example.com/a") || !strings.Contains(text, form.want) {
			t.Errorf("%s: expected %q", name, form.want)
		}
	}
	bad.Pages = pages
	if err := keeps(sarifSchema(t), write(t, bad, report.WriteSARIF)); err != nil {
		t.Errorf("expected SARIF to keep the published schema: %v", err)
	}
}
