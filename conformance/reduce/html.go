package reduce

import (
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// WriteHTML writes it as one page that needs nothing else, and leads to the site where that is
// known.
func (r *Result) WriteHTML(w io.Writer, site page.Pages) error {
	links := map[string]string{r.Check: site.Check(r.Check), r.Notice: site.Notice(r.Notice)}
	p := &page.Page{Links: links, Kind: "reduced capture", Heading: r.Wanted + " still shows", Tone: page.Pass,
		Lead: fmt.Sprintf("In %v, of %v.", r.After, r.Before)}
	if r.Stopped {
		p.Tone, p.Warnings = page.Known, []string{"it may go on: not all was tried"}
	}
	row := func(name string, was, is int) []string { return []string{name, fmt.Sprint(was), fmt.Sprint(is)} }
	p.Facts = []page.Fact{{Name: "Captures judged", Value: fmt.Sprint(r.Tries)}}
	p.Sections = []page.Section{{Title: "How far it was reduced", Table: page.Table{Left: 1, Head: []string{"", "Before", "After"}, Rows: [][]string{
		row("Connections", r.Before.Connections, r.After.Connections),
		row("Messages", r.Before.Messages, r.After.Messages),
		row("Octets", r.Before.Octets, r.After.Octets),
	}}}}
	return p.Write(w, "reduce")
}
