package report

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// kindSigns says how each kind of change looks.
func kindSigns(k Kind) tally {
	switch k {
	case Broke:
		return tally{Class: "fail", Key: "broke", Mark: "!", Word: "broke"}
	case Failure:
		return tally{Class: "fail", Key: "failure", Mark: "✕", Word: "new failures"}
	case Lost:
		return tally{Class: "known", Key: "lost", Mark: "?", Word: "no longer decided"}
	case Fixed:
		return tally{Class: "pass", Key: "fixed", Mark: "✓", Word: "fixed"}
	}
	return tally{Class: "open", Key: "changed", Mark: "≠", Word: "changed"}
}

// WriteComparisonHTML writes a comparison as one page that needs nothing else, as WriteHTML does
// for a document.
func WriteComparisonHTML(w io.Writer, c *Comparison) error {
	c = visible.Copy(c)
	for i := range c.Changes {
		ch := &c.Changes[i]
		ch.result, ch.verdict, ch.part = visible.Copy(ch.result), visible.Copy(ch.verdict), visible.Copy(ch.part)
	}
	m := newPage("comparison of two runs", c.New.Tool, c.Pages)
	p := m.page
	p.Things, p.List = "changes", "Changes"
	switch {
	case c.Worse:
		p.Tone, p.Icon, p.Heading = "fail", "✕", "Worse than before"
	case len(c.Changes) == 0:
		p.Tone, p.Icon, p.Heading = "pass", "=", "Nothing changed"
	case c.Count(Fixed) > 0:
		p.Tone, p.Icon, p.Heading = "pass", "✓", "Better than before"
	default:
		p.Tone, p.Icon, p.Heading = "open", "≠", "Not worse than before"
	}
	p.Lead = c.Verdict()
	p.Title = p.Icon + " " + p.Heading + " · IKC conformance"
	for i, v := range []Version{c.Old, c.New} {
		p.Versus = append(p.Versus, side{
			[]string{"Before", "Now"}[i], v.Name, v.Started.UTC().Format(time.DateTime+" UTC") + ", " + v.Tool.Name + " " + v.Tool.Version, tallies(v.Summary),
		})
	}
	g := group{}
	for _, k := range Kinds() {
		p.Chips = append(p.Chips, kindSigns(k))
		for _, changes := range c.groups(k) {
			g.Entries = append(g.Entries, m.changes(k, changes))
		}
	}
	p.Groups = []group{g}
	p.Areas = areas(p.Groups)
	p.Footer = []string{fmt.Sprintf("%d verdicts are alike and not listed. Made by %s.", c.Same, p.Tool)}
	return m.write(w)
}

// changes shows the changes of a kind to one check.
func (m *pageMaker) changes(k Kind, changes []Change) *entry {
	first := changes[0]
	e := &entry{tally: kindSigns(k), Requirement: first.Requirement, ID: first.Check, Where: "Part: before → now"}
	e.Word = string(k)
	if first.Check != "" {
		e.Level, e.Area, e.Meta = first.Level.String(), area(first.Check), meta(first.result)
		e.Anchor, e.Page = m.anchor(first.Check, 0), template.URL(m.pages.Check(first.Check))
	} else {
		e.ID, e.Requirement = "—", first.Subject+": "+strings.SplitN(first.Detail, "\n", 2)[0]
		e.Anchor = m.anchor("run", 0)
	}
	for _, ch := range changes {
		part := ch.Part
		if part == "" {
			part = ch.Subject
		}
		v := verdictView{tally: kindSigns(k), Part: part, Reason: ch.Detail}
		v.Word = ch.Old + " → " + ch.New
		e.Strip = append(e.Strip, e.Class)
		if ch.verdict != nil {
			v.Evidence = ch.verdict.Evidence
			if ch.verdict.Outcome == judge.Fail && ch.part != nil && len(ch.verdict.Findings) > 0 {
				e.Parts = append(e.Parts, m.part(ch.part, ch.verdict))
			}
		}
		e.add(v)
	}
	return e
}
