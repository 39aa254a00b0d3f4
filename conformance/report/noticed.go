package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	sheet "github.com/perl-ikc/ikc-conform/conformance/page"
)

// Noticed is what is worth knowing of a capture without being a violation.
type Noticed struct {
	// Capture is the file.
	Capture string `json:"capture"`
	diagnosis.Finding
}

// maxNoticed is how many are listed, unless all are to be.
const maxNoticed = 12

// noticed lists what was noticed, the worst first. What follows from another is told with that.
func (r *Report) noticed(b *strings.Builder, verbose bool) {
	own := r.ownNoticed()
	if len(own) == 0 {
		return
	}
	b.WriteString("\nNoticed, which is no verdict:\n\n")
	for i, n := range own {
		if i == maxNoticed && !verbose {
			fmt.Fprintf(b, "  %d more; -v lists them\n", len(own)-i)
			break
		}
		fmt.Fprintf(b, "  %s\n", n.Line())
	}
}

// ownNoticed are those that do not follow from others.
func (r *Report) ownNoticed() (out []*Noticed) {
	for _, n := range r.Noticed {
		if n.Because == "" {
			out = append(out, n)
		}
	}
	return out
}

// noticedInShort counts what was noticed, for one line; "" if that is nothing.
func (r *Report) noticedInShort() string {
	var list []*diagnosis.Finding
	for _, n := range r.ownNoticed() {
		list = append(list, &n.Finding)
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("Noticed: %s; 'ikc-conform diagnose' and 'ikc-conform explain %s' say more.", diagnosis.Summary(list), list[0].ID)
}

// noticedViews are what was noticed, for a page.
func (r *Report) noticedViews(pages sheet.Pages) (out []noticedView) {
	classes := map[diagnosis.Severity]tally{
		diagnosis.Error:   {Class: "fail", Mark: "!", Word: "error"},
		diagnosis.Warning: {Class: "known", Mark: "!", Word: "warning"},
		diagnosis.Note:    {Class: "open", Mark: "i", Word: "note"},
	}
	for _, n := range r.ownNoticed() {
		out = append(out, noticedView{classes[n.Severity], n.ID, n.Title, n.Say(), template.URL(pages.Notice(n.ID))})
	}
	return out
}
