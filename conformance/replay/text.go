package replay

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	for _, d := range r.Deviations {
		fmt.Fprintf(&b, "%s: %s, %s\n", d.where(), d.Kind, d.when())
		if d.Text != "" {
			fmt.Fprintf(&b, "    %s\n", cut(d.Text))
			continue
		}
		fmt.Fprintf(&b, "    - %s\n    + %s\n", cut(cmp.Or(d.Was, "nothing")), cut(cmp.Or(d.Is, "nothing")))
	}
	for _, warning := range r.warnings() {
		fmt.Fprintf(&b, "! %s\n", warning)
	}
	for i, l := range r.Learned {
		if i == 0 {
			b.WriteString("May differ, since it does in the recording itself:\n")
		}
		if i == maxShown {
			fmt.Fprintf(&b, "    and %d more, which --json has\n", len(r.Learned)-i)
			break
		}
		fmt.Fprintf(&b, "    %s answer %s  # %s\n", l.State, l.Path, strings.Join(l.Types, ", "))
	}
	b.WriteString(r.sum() + "\n")
	return visible.Print(w, b.String())
}

// maxShown is how many places that were learned are shown.
const maxShown = 20

// where is the place of a deviation.
func (d *Deviation) where() string { return fmt.Sprintf("%s, %s%s", d.State, d.Part, d.Path) }

// when tells how often, and where first.
func (d *Deviation) when() string {
	text := fmt.Sprintf("%d times, first for request #%d", d.Times, d.Frame)
	if d.Octets != nil {
		text += fmt.Sprintf(", at octet %d of the image (recorded: octet %d)", d.Octets.Is, d.Octets.Was)
	}
	return text
}

// warnings say why what was compared may not be all.
func (r *Report) warnings() (out []string) {
	for _, l := range r.Lost {
		out = append(out, "not replayed to the end: "+l)
	}
	if r.Left > 0 {
		out = append(out, fmt.Sprintf("connections that cannot be replayed, since their start or octets are not in the capture: %d", r.Left))
	}
	if r.More {
		out = append(out, fmt.Sprintf("there are more than %d places that differ: those beyond are counted only", maxDeviations))
	}
	if r.Partial {
		out = append(out, "an interrupt ended it: the rest was not compared")
	}
	return out
}

// sum counts what was compared.
func (r *Report) sum() string {
	text := fmt.Sprintf("Compared %d, of which %d may be for several requests; %d differ.", r.Compared, r.Unsure, r.Different)
	if i := r.Ignored; i.Learned+i.Times+i.Named > 0 {
		text += fmt.Sprintf(" Ignored %d as in the recording itself, %d times of now, %d named as noise.", i.Learned, i.Times, i.Named)
	}
	return text
}

// cut shortens what does not fit a line or two of a terminal; --json has all of it.
func cut(s string) string {
	const most = 200
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	p := &page.Page{Kind: "replay", Heading: "No difference", Tone: page.Pass, Lead: r.sum(), Warnings: r.warnings()}
	switch {
	case r.Different > 0:
		p.Heading, p.Tone = "Something else came back", page.Fail
	case r.Compared == 0:
		p.Heading, p.Tone = "Nothing was compared", page.Open
	case len(p.Warnings) > 0:
		p.Heading, p.Tone = "No difference as far as compared", page.Known
	}
	differs := page.Section{Title: "What differs", About: "Lines with - are what was recorded, with + what came."}
	for _, d := range r.Deviations {
		e := page.Entry{Tone: page.Fail, Word: d.Kind, Title: d.where(), Text: d.when()}
		if d.Text != "" {
			e.Lines = []page.Line{{Sign: " ", Text: d.Text}}
		} else {
			e.Lines = []page.Line{{Sign: "-", Text: cmp.Or(d.Was, "nothing")}, {Sign: "+", Text: cmp.Or(d.Is, "nothing")}}
		}
		differs.Entries = append(differs.Entries, e)
	}
	learned := page.Section{Title: "What may differ", About: "It differs in the recording itself, in answers to requests that are alike.",
		Table: page.Table{Left: 3, Head: []string{"State", "Place in the answer", "Seen there"}}}
	for _, l := range r.Learned {
		learned.Table.Rows = append(learned.Table.Rows, []string{l.State, l.Path, strings.Join(l.Types, ", ")})
	}
	p.Sections = []page.Section{differs, learned}
	return p.Write(w, "replay")
}
