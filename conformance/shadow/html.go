package shadow

import (
	"io"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := &page.Page{Kind: "what a shadow found", Heading: "No difference", Tone: page.Pass, Lead: r.Counts(), Warnings: r.warnings()}
	switch {
	case r.Different > 0:
		p.Heading, p.Tone = "Something else came back", page.Fail
	case r.Compared == 0:
		p.Heading, p.Tone = "Nothing was compared", page.Open
	case len(r.Dropped) > 0:
		p.Heading, p.Tone = "No difference as far as compared", page.Known
	}
	if ignored := r.Ignored.Sum(whose); ignored != "" {
		p.Lead += ". " + ignored
	}
	p.Sections = r.Sections("Lines with - are what the real server said, with + what the other did.", whose)
	return p.Write(w, "shadow")
}
