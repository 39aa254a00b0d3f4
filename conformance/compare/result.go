package compare

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

// Result is what a Tally has counted.
type Result struct {
	// Different counts deviations, Deviations has each kind and place once, the worst first; More: of
	// more than 1,000 kinds and places the rest is counted only.
	Different  int         `json:"different"`
	Deviations []Deviation `json:"deviations"`
	More       bool        `json:"more"`
	// Learned are the places that differ in answers of one program to requests that are alike: what
	// was seen there may come again.
	Learned []Learned `json:"learned"`
	// Ignored counts differences that may be.
	Ignored Ignored `json:"ignored"`
}

// maxShown is how many places that were learned are shown.
const maxShown = 20

// WriteDeviations shows people what deviates.
func (r *Result) WriteDeviations(b *strings.Builder) {
	for i := range r.Deviations {
		r.Deviations[i].write(b)
	}
}

// WriteLearned shows people what may differ. whose says of whom that was learned.
func (r *Result) WriteLearned(b *strings.Builder, whose string) {
	for i, l := range r.Learned {
		if i == 0 {
			fmt.Fprintf(b, "May differ, since it does in %s itself:\n", whose)
		}
		if i == maxShown {
			fmt.Fprintf(b, "    and %d more, which --json has\n", len(r.Learned)-i)
			break
		}
		fmt.Fprintf(b, "    %s answer %s  # %s\n", l.State, l.Path, strings.Join(l.Types, ", "))
	}
}

// Warnings say why what deviates may not be all.
func (r *Result) Warnings() []string {
	if !r.More {
		return nil
	}
	return []string{fmt.Sprintf("there are more than %d places that differ: those beyond are counted only", MaxDeviations)}
}

// Sum says what was ignored, "" if nothing was.
func (i Ignored) Sum(whose string) string {
	if i == (Ignored{}) {
		return ""
	}
	numbers := ""
	if i.Numbers > 0 {
		numbers = fmt.Sprintf(", %d integers that a Perl from 5.8.9 to 5.14 freezes as strings", i.Numbers)
	}
	return fmt.Sprintf("Ignored %d as in %s itself, %d times of now, %d named as noise%s.", i.Learned, whose, i.Times, i.Named, numbers)
}

// Sections show what deviates, and what may differ, in a page. signs says what lines with - and +
// are.
func (r *Result) Sections(signs, whose string) []page.Section {
	differs := page.Section{Title: "What differs", About: signs}
	for i := range r.Deviations {
		differs.Entries = append(differs.Entries, r.Deviations[i].entry())
	}
	learned := page.Section{Title: "What may differ", About: "It differs in " + whose + " itself, in answers to requests that are alike.",
		Table: page.Table{Left: 3, Head: []string{"State", "Place in the answer", "Seen there"}}}
	for _, l := range r.Learned {
		learned.Table.Rows = append(learned.Table.Rows, []string{l.State, l.Path, strings.Join(l.Types, ", ")})
	}
	return []page.Section{differs, learned}
}
