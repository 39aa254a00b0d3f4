package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// WriteText writes the report for people: a line for each part, every failure with its evidence,
// what could not be decided, the result, and what depends on the segmentation, if that was tried.
// verbose also lists what passed, and what could not be decided however much it is.
func (r *Report) WriteText(w io.Writer, verbose bool) error {
	r = visible.Copy(r)
	var b strings.Builder
	b.WriteString(r.Subject)
	if id := r.Identity; id != nil {
		fmt.Fprintf(&b, ": %s %s", id.Implementation, id.Release)
		for _, name := range []string{"perl", "POE", "Storable", "go"} {
			if v := id.Versions[name]; v != "" {
				fmt.Fprintf(&b, ", %s %s", name, v)
			}
		}
	}
	b.WriteString("\n\n")
	r.parts(&b)
	r.failures(&b)
	if verbose && r.Summary.Passed+r.Summary.Seen > 0 {
		b.WriteString("\nPassed:\n\n")
		for _, c := range r.Checks {
			if c.Outcome == judge.Pass || c.Outcome == judge.Seen {
				fmt.Fprintf(&b, "  %-12s %-6s %s\n", c.ID, c.Level, c.Requirement)
			}
		}
	}
	r.known(&b)
	r.noticed(&b, verbose)
	r.undecided(&b, verbose)
	r.flapped(&b)
	b.WriteString("\n")
	if short := r.noticedInShort(); short != "" {
		b.WriteString(short + "\n")
	}
	fmt.Fprintf(&b, "%s\n", r.Verdict())
	switch r.Exit {
	case ExitBroken, ExitStale, ExitNothing, ExitSeen, ExitInterrupted:
		fmt.Fprintf(&b, "'ikc-conform explain %d' says what leads to this, and what to do.\n", r.Exit)
	}
	if r.Segmentation != nil {
		b.WriteString("\n")
		r.sensitivities(&b)
	}
	return visible.Print(w, b.String())
}

// Verdict is the result in one line.
func (r *Report) Verdict() string {
	s := r.Summary
	counts := fmt.Sprintf("%s passed, %d failed", plural(s.Passed+s.Seen, "check"), s.Failed)
	if n := r.failedCut(); n > 0 {
		counts += fmt.Sprintf(", %d failed with a segmentation", n)
	}
	if s.Known > 0 {
		counts += ", " + plural(s.Known, "known deviation")
	}
	counts += fmt.Sprintf(", %d inconclusive", s.Inconclusive)
	if s.Skipped > 0 {
		counts += fmt.Sprintf(", %d skipped", s.Skipped)
	}
	switch r.Exit {
	case ExitInterrupted:
		return fmt.Sprintf("Interrupted: %s; so far %s.", r.Partial, counts)
	case ExitConformant:
		if s.Failed > 0 {
			return fmt.Sprintf("Conformant at level %s: %s.", r.Gate, counts)
		}
		return "Conformant: " + counts + "."
	case ExitSeen:
		return "Conformant as far as seen: " + counts + "."
	case ExitNotConformant:
		return "Not conformant: " + counts + "."
	case ExitBroken:
		return "No verdict, since the target, the capture or the harness broke: " + counts + "."
	}
	if r.Exit == ExitStale {
		return "Known " + stale(r) + " are stale, remove them: " + counts + "."
	}
	return "Nothing was checked: " + counts + "."
}

// interrupted says of a partial report what it is.
func interrupted(r *Report) string { return "an interrupt ended this: " + r.Partial }

func (r *Report) parts(b *strings.Builder) {
	width := 0
	for _, p := range r.Parts {
		width = max(width, len(p.Name))
	}
	said := map[string]string{} // errors, and of which part
	for _, p := range r.Parts {
		fmt.Fprintf(b, "  %-*s  ", width, p.Name)
		switch {
		case p.Skipped != "":
			fmt.Fprintf(b, "skipped: %s\n", p.Skipped)
			continue
		default:
			fmt.Fprintf(b, "%3d passed  %3d failed  %3d inconclusive", p.Summary.Passed+p.Summary.Seen, p.Summary.Failed, p.Summary.Inconclusive)
			if p.Summary.Known > 0 {
				fmt.Fprintf(b, "  %d known", p.Summary.Known)
			}
		}
		if p.Took > 0 {
			fmt.Fprintf(b, "  %6v", p.Took.Round(10*time.Millisecond))
		}
		b.WriteString("\n")
		switch first, again := said[p.Error]; {
		case p.Error == "":
		case again:
			fmt.Fprintf(b, "    ! as %s\n", first)
		default:
			said[p.Error] = p.Name
			fmt.Fprintf(b, "    ! %s\n", indented(p.Error))
		}
		for _, problem := range p.Problems {
			fmt.Fprintf(b, "    ! %s\n", indented(problem))
		}
		for _, lack := range p.Lacks {
			fmt.Fprintf(b, "    not in the capture: %s\n", lack)
		}
		for _, line := range p.fitLines() {
			fmt.Fprintf(b, "    %s\n", line)
		}
		for _, note := range p.Notes {
			fmt.Fprintf(b, "    note: %s\n", note)
		}
	}
}

func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n      ") }

func (r *Report) failures(b *strings.Builder) {
	if r.Summary.Failed == 0 {
		return
	}
	b.WriteString("\nFailures:\n")
	for _, c := range r.Checks {
		if c.Outcome != judge.Fail {
			continue
		}
		b.WriteString("\n" + c.Explain())
	}
	b.WriteString("\n'ikc-conform explain " + strings.Join(firstOf(r.Failed(), maxAlso), " ") + "' says what is demanded, and shows it done right.\n")
}

// firstOf are the first n of a list, or all if there are fewer.
func firstOf(list []string, n int) []string { return list[:min(n, len(list))] }

// Failed are the ids of the checks that failed, in the order of the catalogue.
func (r *Report) Failed() (ids []string) {
	for _, c := range r.Checks {
		if c.Outcome == judge.Fail {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// maxShown bounds how many violations of one part are shown with what led to them, maxAlso what is
// named without being shown, and maxReasons how many checks that were not decided are listed one by
// one: a capture may show little of all that there is.
const (
	maxShown   = 2
	maxAlso    = 5
	maxReasons = 24
)

// Explain writes a check that failed for people: the requirement, its source, and each violation
// with what was expected, what came, where, and what led to it.
func (c *CheckResult) Explain() string {
	c = visible.Copy(c)
	var b strings.Builder
	fmt.Fprintf(&b, "  %s  %s  %s\n", c.ID, c.Level, c.Requirement)
	fmt.Fprintf(&b, "    source: %s\n", c.Source)
	if c.Rationale != "" {
		fmt.Fprintf(&b, "    %s\n", c.Rationale)
	}
	for _, v := range c.Verdicts {
		if len(v.Findings) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n    %s: %d of %d pieces of evidence\n", v.Part, len(v.Findings)+v.More, v.Evidence)
		more := v.More
		for i, f := range v.Findings {
			if i >= maxShown+maxAlso {
				more += len(v.Findings) - i
				break
			}
			if i >= maxShown {
				fmt.Fprintf(&b, "      also: %s, %s\n", f.Actual, f.Where())
				continue
			}
			fmt.Fprintf(&b, "      expected: %s\n        actual: %s\n         where: %s", f.Expected, f.Actual, f.Where())
			if v.Capture != "" {
				fmt.Fprintf(&b, " of %s", v.Capture)
			}
			b.WriteString("\n")
			for _, step := range f.Exchange {
				fmt.Fprintf(&b, "          | %s\n", step)
			}
		}
		if more > 0 {
			fmt.Fprintf(&b, "      and %d more\n", more)
		}
	}
	if c.Reduced != "" {
		fmt.Fprintf(&b, "\n    the smallest capture that shows it: %s\n", c.Reduced)
	}
	return b.String()
}

// known lists the deviations that are known, and those that are known wrongly.
func (r *Report) known(b *strings.Builder) {
	if r.Summary.Known > 0 {
		b.WriteString("\nKnown deviations:\n\n")
	}
	for _, c := range r.Checks {
		if c.Outcome == judge.Known {
			fmt.Fprintf(b, "  %-12s %-6s %s\n", c.ID, c.Level, c.Reason)
		}
	}
	for _, d := range r.Stale {
		fmt.Fprintf(b, "\n  ! %s is listed as a known deviation of %s %s to %s, but it passes: %s\n", d.Check, d.Implementation, d.From, d.To, d.Reason)
	}
}

// undecided lists what could not be decided, or was not tried, and why; much of it only when
// verbose.
func (r *Report) undecided(b *strings.Builder, verbose bool) {
	if sum := r.Summary; sum.Passed+sum.Seen+sum.Failed+sum.Known == 0 {
		return // all of them, for one and the same reason
	}
	for _, o := range []judge.Outcome{judge.Inconclusive, judge.Skipped} {
		title, many := "\nInconclusive:\n\n", "%s  %d checks, which need more than this shows; -v lists them with what they need.\n"
		if o == judge.Skipped {
			title, many = "\nSkipped:\n\n", "%s  %d checks, which do not apply; -v lists them with the reason.\n"
		}
		if n := *r.Summary.counter(o); n > maxReasons && !verbose {
			fmt.Fprintf(b, many, title, n)
			continue
		}
		for _, c := range r.Checks {
			if c.Outcome == o {
				fmt.Fprintf(b, "%s  %-12s %-6s %s\n", title, c.ID, c.Level, c.Reason)
				title = ""
			}
		}
	}
}
