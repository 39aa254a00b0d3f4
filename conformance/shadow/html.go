package shadow

import (
	"cmp"
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := &page.Page{Kind: "what a shadow found", Heading: "No difference", Tone: page.Pass, Lead: r.Counts()}
	switch {
	case r.Different > 0:
		p.Heading, p.Tone = "Something else came back", page.Fail
	case r.Compared == 0:
		p.Heading, p.Tone = "Nothing was compared", page.Open
	case len(r.Dropped) > 0:
		p.Heading, p.Tone = "No difference as far as compared", page.Known
	}
	for _, d := range r.Dropped {
		p.Warnings = append(p.Warnings, fmt.Sprintf("no copy, or none any more, of %d connections: %s", d.Times, d.Why))
	}
	differs := page.Section{Title: "What differs", About: "Lines with - are what the real server said, with + what the other did."}
	for _, d := range r.Deviations {
		e := page.Entry{Tone: page.Fail, Word: d.Kind, Title: d.State + ", " + d.Part + d.Path,
			Text: fmt.Sprintf("%d times, first in connection %d, #%d", d.Times, d.Connection, d.Frame)}
		if d.Text != "" {
			e.Lines = []page.Line{{Sign: " ", Text: d.Text}}
		} else {
			e.Lines = []page.Line{{Sign: "-", Text: cmp.Or(d.Was, "nothing")}, {Sign: "+", Text: cmp.Or(d.Is, "nothing")}}
		}
		differs.Entries = append(differs.Entries, e)
	}
	p.Sections = []page.Section{differs}
	return p.Write(w, "shadow")
}
