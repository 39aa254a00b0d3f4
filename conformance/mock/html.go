package mock

import (
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := &page.Page{Kind: "what a mock was asked", Heading: "All that was asked was recorded", Tone: page.Pass, Warnings: r.missing()}
	switch {
	case r.Missed() > 0:
		p.Heading, p.Tone = "Something was asked that was not recorded, or did not come about", page.Fail
	case r.unlike() > 0:
		p.Heading, p.Tone = "Some params were only like those recorded, or not even that", page.Known
	case r.Asked() == 0:
		p.Heading, p.Tone = "Nothing was asked", page.Open
	}
	for i := range r.Kernels {
		k := &r.Kernels[i]
		section := page.Section{Title: k.Name, About: k.Counts(), Table: page.Table{Left: 1,
			Head: []string{"state", "recorded", "asked", "by the shape of params", "unlike all recorded", "refused"}}}
		for _, s := range k.States {
			row := []string{s.Name}
			for _, n := range []int{s.Recorded, s.Asked, s.Near, s.Other, s.Refused} {
				row = append(row, fmt.Sprint(n))
			}
			section.Table.Rows = append(section.Table.Rows, row)
		}
		for _, t := range k.Unknown {
			section.Entries = append(section.Entries, page.Entry{Tone: page.Fail, Word: "unknown", Title: t.What, Text: fmt.Sprintf("refused %d times: it is not in the recording", t.Times)})
		}
		for _, t := range k.Trouble {
			section.Entries = append(section.Entries, page.Entry{Tone: page.Known, Word: "missing", Title: t.What, Text: fmt.Sprintf("did not come about, %d times", t.Times)})
		}
		p.Sections = append(p.Sections, section)
	}
	return p.Write(w, "mock")
}
