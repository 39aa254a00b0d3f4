package replay

import (
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// whose says of whom it was learned what may differ.
const whose = "the recording"

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	r.WriteDeviations(&b)
	for _, warning := range r.warnings() {
		fmt.Fprintf(&b, "! %s\n", warning)
	}
	r.WriteLearned(&b, whose)
	b.WriteString(r.sum() + "\n")
	return visible.Print(w, b.String())
}

// warnings say why what was compared may not be all.
func (r *Report) warnings() (out []string) {
	for _, l := range r.Lost {
		out = append(out, "not replayed to the end: "+l)
	}
	if r.Left > 0 {
		out = append(out, fmt.Sprintf("connections that cannot be replayed, since their start or octets are not in the capture: %d", r.Left))
	}
	out = append(out, r.Warnings()...)
	if r.Partial {
		out = append(out, "an interrupt ended it: the rest was not compared")
	}
	return out
}

// sum counts what was compared.
func (r *Report) sum() string {
	text := fmt.Sprintf("Compared %d, of which %d may be for several requests; %d differ.", r.Compared, r.Unsure, r.Different)
	if ignored := r.Ignored.Sum(whose); ignored != "" {
		text += " " + ignored
	}
	return text
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
	p.Sections = r.Sections("Lines with - are what was recorded, with + what came.", whose)
	return p.Write(w, "replay")
}
