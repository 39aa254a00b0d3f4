package oracle

import (
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := &page.Page{Kind: "comparison with an oracle", Heading: "No difference", Tone: page.Pass, Lead: r.sum(),
		Facts: []page.Fact{{Name: "Oracle", Value: r.Oracle}, {Name: "Combinations compared", Value: fmt.Sprint(r.Compared)}}}
	switch {
	case r.Different > 0:
		p.Heading, p.Tone = "Something else was said", page.Fail
	case r.Compared == 0:
		p.Heading, p.Tone = "Nothing was compared", page.Open
	case r.Partial != "":
		p.Heading, p.Tone = "No difference as far as compared", page.Known
	}
	for _, t := range r.Targets {
		for _, c := range t.Cells {
			if c.NotCompared != "" {
				p.Warnings = append(p.Warnings, fmt.Sprintf("%s, %s: not compared; %s", t.Target, c.Name, c.NotCompared))
			}
			s := page.Section{Title: t.Target + ", " + c.Name, About: "Lines with - are what " + t.Target + " said, with + what the oracle did."}
			for _, d := range c.Differences {
				s.Entries = append(s.Entries, d.entry())
			}
			p.Sections = append(p.Sections, s)
		}
	}
	return p.Write(w, "oracle")
}

func (d *Difference) entry() page.Entry {
	e := page.Entry{Tone: page.Fail, Word: "differs", Title: d.where()}
	for _, line := range d.Before {
		e.Lines = append(e.Lines, page.Line{Sign: " ", Text: line})
	}
	e.Lines = append(e.Lines, page.Line{Sign: "-", Text: d.Target}, page.Line{Sign: "+", Text: d.Oracle})
	if i := d.Image; i != nil {
		e.Text = fmt.Sprintf("The images differ first in %s, at octet %d (the oracle's: octet %d).", i.Path, i.TargetOffset, i.OracleOffset)
	}
	return e
}
