package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// WriteTAP writes a document as TAP 13, a test for each check of each report. What could not be
// decided is skipped; a known deviation, or a failure that does not count, is a TODO. Something
// that broke, or that an interrupt ended, is a test that failed. Each segmentation that was tried
// is a test: one that failed if a check of level MUST does with it, a TODO if something else
// depends on it. So is each that is known and did not show: it failed.
func WriteTAP(w io.Writer, d *Document) error {
	d = visible.Copy(d)
	var b strings.Builder
	n := 0
	line := func(ok bool, name, directive, reason string) {
		n++
		if !ok {
			b.WriteString("not ")
		}
		fmt.Fprintf(&b, "ok %d - %s", n, tapText(name))
		if directive != "" {
			fmt.Fprintf(&b, " # %s %s", directive, tapText(reason))
		}
		b.WriteString("\n")
	}
	diagnose := func(text string) {
		for l := range strings.Lines(text) {
			fmt.Fprintf(&b, "# %s\n", strings.TrimRight(l, "\n"))
		}
	}
	for _, r := range d.Reports {
		diagnose(r.Name())
		if r.Partial != "" {
			line(false, r.Subject+" is tried to the end", "", "")
			diagnose(interrupted(r))
		}
		for _, p := range r.Parts {
			for _, problem := range append([]string{p.Error}, p.Problems...) {
				if problem != "" {
					line(false, fmt.Sprintf("%s, %s can be tried to the end", r.Subject, p.Name), "", "")
					diagnose(problem)
				}
			}
		}
		for _, p := range r.Parts {
			for _, lack := range p.Lacks {
				diagnose("not in the capture: " + lack)
			}
		}
		for _, c := range r.Checks {
			name := fmt.Sprintf("%s %v %s", c.ID, c.Level, c.Requirement)
			if len(d.Reports) > 1 {
				name = r.Subject + ": " + name
			}
			switch {
			case c.Counts(r.Gate):
				line(false, name, "", "")
			case c.Outcome == judge.Fail:
				line(false, name, "TODO", fmt.Sprintf("a %v does not count", c.Level))
			case c.Outcome == judge.Known:
				line(false, name, "TODO", "known deviation: "+c.Reason)
			case c.Outcome == judge.Seen:
				line(true, name+" (as far as seen)", "SKIP", c.Reason)
			case c.Outcome == judge.Pass:
				line(true, name, "", "")
			default:
				line(true, name, "SKIP", c.Reason)
			}
			if c.Outcome == judge.Fail {
				diagnose(c.Explain())
			}
		}
		for _, s := range r.Stale {
			line(false, fmt.Sprintf("%s deviates as is known of %s", s.Check, s.Implementation), "", "")
			diagnose("it passes; remove the known deviation: " + s.Reason)
		}
		if r.Segmentation == nil {
			continue
		}
		for _, how := range r.Segmentation.Tried {
			unknown, known := r.Segmentation.with(how, false), r.Segmentation.with(how, true)
			name := fmt.Sprintf("%s says the same with %s", r.Subject, how)
			switch {
			case slices.ContainsFunc(unknown, r.counts):
				line(false, name, "", "")
			case len(unknown) > 0:
				line(false, name, "TODO", fmt.Sprintf("verdicts that depend on it: %d", len(unknown)))
			case len(known) > 0:
				line(false, name, "TODO", "known: "+known[0].Known)
			default:
				line(true, name, "", "")
			}
			for _, text := range append(lines(unknown), summarized(known)...) {
				diagnose(text)
			}
		}
		for _, k := range r.Segmentation.Stale {
			line(false, r.Subject+" depends on the segmentation as is known", "", "")
			diagnose(staleLine(k))
		}
	}
	plan := fmt.Sprintf("TAP version 13\n1..%d", n)
	if n == 0 {
		plan += " # SKIP nothing was checked"
	}
	return visible.Print(w, plan+"\n"+b.String())
}

// tapText keeps a text from meaning something in TAP: # begins a directive, a line its own test.
func tapText(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token(s), `\`, `\\`), "#", `\#`)
}
