package report

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	sheet "github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// maxAnnotations is how many of a kind GitHub shows of a step.
const maxAnnotations = 10

// WriteAnnotations writes a document as commands of GitHub Actions that show annotations: an error
// for each check that failed, as sent or with a segmentation, a warning for each that failed and
// does not count, for each whose verdicts depend on the segmentation and are not known to, for what
// a capture lacks, for what is stale, and for a report that an interrupt ended. GitHub shows ten of
// each; what is beyond is summed up in the last.
func WriteAnnotations(w io.Writer, d *Document) error {
	d = visible.Copy(d)
	var b strings.Builder
	for _, r := range d.Reports {
		var lists [2][]string // errors, warnings
		for _, p := range r.Parts {
			if p.Error != "" || len(p.Problems) > 0 {
				problem := strings.TrimSpace(p.Error + "\n" + strings.Join(p.Problems, "\n"))
				lists[0] = append(lists[0], annotation("error", r.Subject+", "+p.Name, problem))
			}
		}
		for _, c := range r.Checks {
			if c.Outcome != judge.Fail {
				continue
			}
			kind, i := "error", 0
			if !c.Counts(r.Gate) {
				kind, i = "warning", 1
			}
			lists[i] = append(lists[i], annotation(kind, fmt.Sprintf("%s %v: %s", c.ID, c.Level, r.Subject), c.Requirement+"\n"+c.where()))
		}
		if r.Partial != "" {
			lists[1] = append(lists[1], annotation("warning", r.Subject, interrupted(r)))
		}
		for _, p := range r.Parts {
			if len(p.Lacks) > 0 {
				lists[1] = append(lists[1], annotation("warning", r.Subject+", "+p.Name, "not in the capture: "+strings.Join(p.Lacks, "\n")))
			}
		}
		for _, s := range r.Stale {
			lists[1] = append(lists[1], annotation("warning", s.Check+": "+r.Subject, "listed as a known deviation, but it passes"))
		}
		for i, kind := range []string{"error", "warning"} {
			of := map[string][]string{} // by check
			var ids []string
			for _, s := range r.unknownSensitivities() {
				if r.counts(s) != (kind == "error") {
					continue
				}
				if of[s.Check] == nil {
					ids = append(ids, s.Check)
				}
				of[s.Check] = append(of[s.Check], s.Part+": "+s.change())
			}
			for _, id := range ids {
				lists[i] = append(lists[i], annotation(kind, id+" depends on the segmentation: "+r.Subject, strings.Join(of[id], "\n")))
			}
		}
		for _, k := range r.staleSensitivities() {
			lists[1] = append(lists[1], annotation("warning", "segmentation: "+r.Subject, staleLine(k)))
		}
		for i, kind := range []string{"error", "warning"} {
			list := lists[i]
			if n := len(list); n > maxAnnotations {
				list = append(list[:maxAnnotations-1], annotation(kind, r.Subject, fmt.Sprintf("and %d more", n-maxAnnotations+1)))
			}
			b.WriteString(strings.Join(list, ""))
		}
	}
	return visible.Print(visible.Commands(w), b.String())
}

// where says for each part in which a check failed what was wrong first.
func (c *CheckResult) where() string {
	var lines []string
	for _, v := range c.Verdicts {
		if v.Outcome == judge.Fail {
			lines = append(lines, v.Part+": "+v.brief())
		}
	}
	return strings.Join(lines, "\n")
}

// annotation is a command of GitHub Actions. A newline would end it, and a comma or colon a
// property.
func annotation(kind, title, text string) string {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer(":", "%3A", ",", "%2C")
	return fmt.Sprintf("::%s title=%s::%s\n", kind, property.Replace(escape.Replace(title)), escape.Replace(text))
}

// maxMarkdown is how many failures a summary shows at length. GitHub takes 1 MiB.
const maxMarkdown = 50

// outcomes in the order that tables show them, with a sign for each.
var outcomes = []struct {
	Outcome judge.Outcome
	Sign    string
	Name    string
}{
	{judge.Pass, "✅", "passed"},
	{judge.Seen, "☑", "passed as far as seen"},
	{judge.Fail, "❌", "failed"},
	{judge.Known, "⚠", "known deviations"},
	{judge.Inconclusive, "❔", "inconclusive"},
	{judge.Skipped, "⏭", "skipped"},
}

// WriteMarkdown writes a document as a summary in GitHub's Markdown: the result, a table of the
// parts, and the failures, folded, as is what depends on the segmentation.
func WriteMarkdown(w io.Writer, d *Document) error {
	d = visible.Copy(d)
	var b strings.Builder
	for _, r := range d.Reports {
		sign := "❌"
		switch r.Exit {
		case ExitConformant:
			sign = "✅"
		case ExitSeen:
			sign = "☑"
		case ExitInterrupted:
			sign = "⚠"
		}
		fmt.Fprintf(&b, "### %s %s\n\n%s\n\n| |", sign, markdown(r.Name()), markdown(r.Verdict()))
		columns := outcomes
		if r.Summary.Seen == 0 {
			columns = slices.Concat(outcomes[:1], outcomes[2:])
		}
		for _, o := range columns {
			fmt.Fprintf(&b, " %s |", o.Name)
		}
		b.WriteString("\n|:--|" + strings.Repeat("--:|", len(columns)) + "\n")
		for _, p := range r.Parts {
			fmt.Fprintf(&b, "| %s |", markdown(p.Name))
			for _, o := range columns {
				switch n := p.Summary.Of(o.Outcome); {
				case p.Skipped != "":
					b.WriteString(" – |")
				case n > 0:
					fmt.Fprintf(&b, " %s %d |", o.Sign, n)
				default:
					b.WriteString(" 0 |")
				}
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
		for _, p := range r.Parts {
			for _, problem := range append([]string{p.Error}, p.Problems...) {
				if problem != "" {
					fmt.Fprintf(&b, "> ❗ %s: %s\n>\n", markdown(p.Name), markdown(problem))
				}
			}
			for _, lack := range p.Lacks {
				fmt.Fprintf(&b, "> ☑ %s: not in the capture: %s\n>\n", markdown(p.Name), markdown(lack))
			}
		}
		for _, s := range r.Stale {
			fmt.Fprintf(&b, "> ⚠ %s is listed as a known deviation, but it passes: %s\n>\n", s.Check, markdown(s.Reason))
		}
		seen := 0
		for _, c := range r.Checks {
			if c.Outcome != judge.Fail {
				continue
			}
			if seen++; seen > maxMarkdown {
				continue
			}
			fmt.Fprintf(&b, "<details><summary>❌ %s %v %s</summary>\n\n%s\n\n</details>\n", linked(c.ID, d.Pages), c.Level, markdown(c.Requirement), fence(c.Explain()))
		}
		if seen > maxMarkdown {
			fmt.Fprintf(&b, "\nand %d more failures\n", seen-maxMarkdown)
		}
		if s := r.Segmentation; s != nil && len(s.Sensitive)+len(s.Stale) == 0 {
			fmt.Fprintf(&b, "No verdict depends on the segmentation: %s.\n", s.tried())
		} else if s != nil {
			var text strings.Builder
			r.sensitivities(&text)
			sign := "⚠"
			if len(r.unknownSensitivities())+len(s.Stale) == 0 {
				sign = "✅"
			}
			if slices.ContainsFunc(r.unknownSensitivities(), r.counts) {
				sign = "❌"
			}
			fmt.Fprintf(&b, "<details><summary>%s Segmentation: verdicts that depend on it: %d</summary>\n\n%s\n\n</details>\n", sign, len(s.Sensitive), fence(text.String()))
		}
		b.WriteString("\n")
	}
	return visible.Print(w, b.String())
}

// linked is the id of a check, as a link if its page is known.
func linked(id string, pages sheet.Pages) string {
	code := "<code>" + id + "</code>"
	if to := pages.Check(id); to != "" {
		return fmt.Sprintf(`<a href="%s">%s</a>`, html.EscapeString(to), code)
	}
	return code
}

// markdown keeps a text on one line and from meaning something.
func markdown(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]").Replace(token(s))
}

// fence makes a block of code of a text, whatever is in it. Long ones are cut.
func fence(s string) string {
	const most = 4000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "\n[...]\n"
	}
	marks := "```"
	for strings.Contains(s, marks) {
		marks += "`"
	}
	return marks + "\n" + strings.TrimRight(s, "\n") + "\n" + marks
}
