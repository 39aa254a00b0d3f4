package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// WriteMatrix writes the reports of a document as a table: a line for each target and serializer, a
// column for each role and dialect, and below it what did not go well. verbose also lists what is
// known and what was skipped.
func (d *Document) WriteMatrix(w io.Writer, verbose bool) error {
	d = visible.Copy(d)
	var b strings.Builder
	rows := d.matrix()
	first, second := len("target"), len("serializer")
	for _, r := range rows {
		first, second = max(first, len(r.target)), max(second, len(r.serializer))
	}
	roles, dialects := []cell.Role{cell.AsServer, cell.AsClient, cell.AsClientLite}, []cell.Dialect{cell.IKC0, cell.IKC, cell.Fallback}
	const width = 9
	fmt.Fprintf(&b, "%-*s  %-*s", first, "", second, "")
	for _, role := range roles {
		fmt.Fprintf(&b, "  %-*s", width*len(dialects), role)
	}
	fmt.Fprintf(&b, "\n%-*s  %-*s", first, "target", second, "serializer")
	for range roles {
		b.WriteString(" ")
		for _, dialect := range dialects {
			fmt.Fprintf(&b, " %-*s", width-1, dialect)
		}
		b.WriteString(" ")
	}
	b.WriteString("\n")
	last := ""
	for _, r := range rows {
		target := r.target
		if target == last {
			target = ""
		}
		last = r.target
		fmt.Fprintf(&b, "%-*s  %-*s", first, target, second, r.serializer)
		for _, role := range roles {
			b.WriteString(" ")
			for _, dialect := range dialects {
				fmt.Fprintf(&b, " %-*s", width-1, r.cells[string(role)+string(dialect)].mark())
			}
			b.WriteString(" ")
		}
		b.WriteString("\n")
	}
	b.WriteString("\nIn a cell: checks passed; k: known deviations; F: failed; !: it could not be tried to the end; -: does not apply.\n")
	for _, r := range d.Reports {
		r.belowMatrix(&b, verbose)
	}
	var took time.Duration
	cells := 0
	for _, r := range d.Reports {
		for _, p := range r.Parts {
			took += p.Took
			cells++
		}
	}
	s := d.Summary()
	fmt.Fprintf(&b, "\n%s, %s, %v of trying: %s passed, %d failed, %s, %d inconclusive, %d skipped.\n",
		plural(len(d.Reports), "target"), plural(cells, "cell"), took.Round(time.Second),
		plural(s.Passed+s.Seen, "check"), s.Failed, plural(s.Known, "known deviation"), s.Inconclusive, s.Skipped)
	return visible.Print(w, blanksAtEnd.ReplaceAllString(b.String(), ""))
}

var blanksAtEnd = regexp.MustCompile(`(?m) +$`)

// row is a line of the table.
type row struct {
	target, serializer string
	cells              map[string]*Part // by role and dialect
}

func (d *Document) matrix() (rows []*row) {
	for _, r := range d.Reports {
		byName := map[string]*row{}
		for _, p := range r.Parts {
			line := byName[p.Serializer]
			if line == nil {
				line = &row{target: r.Subject, serializer: p.Serializer, cells: map[string]*Part{}}
				if line.serializer == string(cell.Freezer) {
					line.serializer = "Freezer"
				}
				byName[p.Serializer] = line
				rows = append(rows, line)
			}
			line.cells[p.Role+p.Dialect] = p
		}
	}
	return rows
}

// mark is a cell of the table.
func (p *Part) mark() string {
	switch {
	case p == nil:
		return ""
	case p.Skipped != "":
		return "-"
	case p.Error != "":
		return "!"
	}
	s := fmt.Sprint(p.Summary.Passed + p.Summary.Seen)
	if p.Summary.Known > 0 {
		s += fmt.Sprintf(" k%d", p.Summary.Known)
	}
	if p.Summary.Failed > 0 {
		s += fmt.Sprintf(" F%d", p.Summary.Failed)
	}
	if len(p.Problems) > 0 {
		s += " !"
	}
	return s
}

// belowMatrix tells of a target what the table only counts.
func (r *Report) belowMatrix(b *strings.Builder, verbose bool) {
	title := fmt.Sprintf("\n%s:\n", r.Name())
	line := func(format string, args ...any) {
		b.WriteString(title)
		title = ""
		fmt.Fprintf(b, "  "+format+"\n", args...)
	}
	for _, c := range r.Checks {
		switch {
		case c.Outcome == judge.Fail:
			line("F %s  %s  %s", c.ID, c.Level, c.Requirement)
			for _, v := range c.Verdicts {
				if len(v.Findings) > 0 {
					line("    %s: expected %s, got %s", v.Part, v.Findings[0].Expected, v.Findings[0].Actual)
				}
			}
		case c.Outcome == judge.Known && verbose:
			line("k %s  %s  %s", c.ID, c.Level, c.Reason)
		}
	}
	if r.Partial != "" {
		line("! %s", interrupted(r))
	}
	said := map[string]bool{}
	for _, p := range r.Parts {
		switch {
		case p.Error != "" && !said[p.Error]:
			said[p.Error] = true
			line("! %s: %s", p.Name, indented(p.Error))
		case p.Skipped != "" && verbose && !said[p.Skipped]:
			said[p.Skipped] = true
			line("- %s: %s", p.Name, p.Skipped)
		}
		for _, problem := range p.Problems {
			line("! %s: %s", p.Name, indented(problem))
		}
	}
	for _, s := range r.unknownSensitivities() {
		sign := "~"
		if r.counts(s) {
			sign = "F"
		}
		line("%s %s", sign, s.line())
	}
	for _, k := range r.staleSensitivities() {
		line("! %s", staleLine(k))
	}
	for _, d := range r.Stale {
		line("! %s is listed as a known deviation of %s %s to %s, but it passes: %s", d.Check, d.Implementation, d.From, d.To, d.Reason)
	}
}
