package diff

import (
	"fmt"
	"io"
	"strconv"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// tones say how findings of each weight look.
var tones = map[Weight]page.Tone{Breaks: page.Fail, Changes: page.Known, Differs: page.Open, Better: page.Pass}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := &page.Page{Kind: "comparison of traffic", Lead: r.counts(), Heading: "No difference", Tone: page.Pass}
	switch {
	case !r.Compared():
		p.Heading, p.Tone = "Nothing was compared", page.Open
	case r.Count(Breaks) > 0:
		p.Heading, p.Tone = "Something breaks", page.Fail
	case len(r.Findings) > 0:
		p.Heading, p.Tone = "The traffic differs", page.Open
	case !r.Whole():
		p.Heading = "No difference as far as seen"
	}
	for i, s := range []Side{r.A, r.B} {
		p.Facts = append(p.Facts, page.Fact{Name: string("AB"[i]), Value: fmt.Sprintf("%s: connections of IKC %d, requests %d", s.Name, s.Connections, s.Requests)})
		if s.Incomplete > 0 {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s: connections of which something is not in the capture: %d", s.Name, s.Incomplete))
		}
		if s.More {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s: more than %d states: those beyond are counted together", s.Name, maxStates))
		}
	}
	for _, h := range headings {
		section := page.Section{Title: h.text}
		for _, f := range r.Findings {
			if f.Weight == h.weight {
				section.Entries = append(section.Entries, f.entry())
			}
		}
		p.Sections = append(p.Sections, section)
	}
	p.Sections = append(p.Sections, page.Section{Title: "Until the answer", About: "A and B side by side.", Table: r.table()})
	return p.Write(w, "diff")
}

func (f *Finding) entry() page.Entry {
	e := page.Entry{Tone: tones[f.Weight], Word: string(f.Weight), Title: f.About, Text: f.Text}
	for _, text := range f.A {
		e.Lines = append(e.Lines, page.Line{Sign: "-", Text: text})
	}
	for _, text := range f.B {
		e.Lines = append(e.Lines, page.Line{Sign: "+", Text: text})
	}
	return e
}

// table has a row for each state that answered on both sides.
func (r *Report) table() page.Table {
	t := page.Table{Left: 2, Head: []string{"State", "Of", "Answers A", "B", "p50 A", "B", "p90 A", "B", "p99 A", "B"}}
	for _, s := range r.States {
		if !s.answer() {
			continue
		}
		row := []string{s.State, s.Of, strconv.Itoa(s.A.Answered), strconv.Itoa(s.B.Answered)}
		for _, v := range []float64{s.A.P50, s.B.P50, s.A.P90, s.B.P90, s.A.P99, s.B.P99} {
			row = append(row, shown(v))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
