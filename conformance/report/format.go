package report

import (
	"fmt"
	"io"
	"strings"
)

// Format is a form that a document can be written in.
type Format struct {
	// Name is short, such as "junit".
	Name string
	// About says in a few words what it is.
	About string
	// Suffix is how names of files in it usually end.
	Suffix string
	Write  func(io.Writer, *Document) error
}

// Formats are all forms but the text of WriteText.
func Formats() []Format {
	return []Format{
		{Name: "json", About: "a stored run, for programs and for 'ikc-conform report'", Suffix: ".json",
			Write: func(w io.Writer, d *Document) error { return d.WriteJSON(w) }},
		{Name: "junit", About: "JUnit XML, for CI services", Suffix: ".xml", Write: WriteJUnit},
		{Name: "tap", About: "TAP, for prove", Suffix: ".tap", Write: WriteTAP},
		{Name: "sarif", About: "SARIF 2.1.0, for code scanning", Suffix: ".sarif", Write: WriteSARIF},
		{Name: "html", About: "one page that needs nothing else", Suffix: ".html", Write: WriteHTML},
		{Name: "markdown", About: "a summary, for pull requests and step summaries", Suffix: ".md", Write: WriteMarkdown},
		{Name: "codequality", About: "a GitLab code quality report", Suffix: ".json", Write: WriteCodeQuality},
		{Name: "annotations", About: "annotations of GitHub Actions, one for each failure", Suffix: ".txt", Write: WriteAnnotations},
		{Name: "badge", About: "a badge, as SVG", Suffix: ".svg", Write: WriteBadge},
	}
}

// WriteText writes every report of the document for people, as Report.WriteText does.
func (d *Document) WriteText(w io.Writer, verbose bool) error {
	for i, r := range d.Reports {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := r.WriteText(w, verbose); err != nil {
			return err
		}
	}
	return nil
}

// headline is the result of a whole document in a few words.
func (d *Document) headline() string {
	s := d.Summary()
	switch d.Exit {
	case ExitInterrupted:
		return fmt.Sprintf("interrupted: %s passed so far, %d failed", plural(s.Passed+s.Seen, "check"), s.Failed)
	case ExitConformant:
		return fmt.Sprintf("conformant, %s passed", plural(s.Passed, "check"))
	case ExitNotConformant:
		for _, r := range d.Reports {
			s.Failed += r.failedCut()
		}
		return plural(s.Failed, "check") + " failed"
	case ExitSeen:
		return fmt.Sprintf("conformant as far as seen, %s passed", plural(s.Passed+s.Seen, "check"))
	case ExitStale:
		return "known " + stale(d.Reports...) + " are stale"
	case ExitNothing:
		return "nothing was checked"
	}
	return "no verdict, something broke"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// detail is a verdict's findings as text: what was expected, what came, where, and the exchange.
func (v *PartVerdict) detail() string {
	var b strings.Builder
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "expected: %s\n  actual: %s\n   where: %s", f.Expected, f.Actual, f.Where())
		if v.Capture != "" {
			b.WriteString(" of " + v.Capture)
		}
		b.WriteString("\n")
		for _, step := range f.Exchange {
			fmt.Fprintf(&b, "    | %s\n", step)
		}
	}
	if v.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", v.More)
	}
	return b.String()
}

// brief is a verdict's first finding in a line.
func (v *PartVerdict) brief() string {
	if len(v.Findings) == 0 {
		return v.Reason
	}
	f := v.Findings[0]
	s := fmt.Sprintf("expected %s; got %s (%s)", f.Expected, f.Actual, f.Where())
	if n := len(v.Findings) + v.More; n > 1 {
		s += fmt.Sprintf(" and %d more", n-1)
	}
	return s
}
