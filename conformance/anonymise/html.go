package anonymise

import (
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// WriteHTML writes it as one page that needs nothing else, and leads to the site where that is
// known.
func (r *Result) WriteHTML(w io.Writer, site page.Pages) error {
	p := &page.Page{Links: map[string]string{}, Kind: "anonymised capture", Heading: "It shows what it showed", Tone: page.Pass,
		Lead: fmt.Sprintf("All is as it was in verdicts (%d) and diagnoses (%d). Look at what was kept before you give it away.", r.Verdicts, r.Diagnoses)}
	if len(r.Differences) > 0 {
		p.Heading, p.Tone, p.Lead = "It is judged otherwise", page.Fail, "So the new capture is not written."
	}
	p.Facts = []page.Fact{
		{Name: "Connections", Value: fmt.Sprint(r.Connections)},
		{Name: "Messages", Value: fmt.Sprint(r.Messages)},
		{Name: "Words replaced", Value: fmt.Sprint(r.Words)},
	}
	differs := page.Section{Title: "What is judged otherwise"}
	for _, d := range r.Differences {
		id, verdict, notice := subject(d)
		switch {
		case verdict:
			p.Links[id] = site.Check(id)
		case notice:
			p.Links[id] = site.Notice(id)
		}
		differs.Entries = append(differs.Entries, page.Entry{Tone: page.Fail, Word: "differs", Title: d})
	}
	dropped := page.Section{Title: "What was left out", Table: page.Table{Left: 1, Head: []string{"", "How many"}}}
	for _, d := range r.leftOut() {
		dropped.Table.Rows = append(dropped.Table.Rows, []string{d.what, fmt.Sprint(d.n)})
	}
	for _, reason := range r.Reasons {
		dropped.Entries = append(dropped.Entries, page.Entry{Tone: page.Known, Word: "blanked", Title: reason})
	}
	kept := page.Section{Title: "What was kept", About: "These words, and " + strings.TrimSuffix(keptAlways, ",") + ".", Table: page.Table{Left: 1, Head: []string{"Word", "How often"}}}
	if r.Conformance {
		kept.About += " " + keptConformance
	}
	for _, k := range r.Kept {
		kept.Table.Rows = append(kept.Table.Rows, []string{k.Word, fmt.Sprint(k.Count)})
	}
	p.Sections = []page.Section{differs, dropped, kept}
	return p.Write(w, "anonymise")
}
