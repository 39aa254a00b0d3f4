package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// titles of the kinds of change.
var titles = map[Kind]string{
	Broke: "Broke", Failure: "New failures", Lost: "Passed before, no longer decided", Changed: "Changed", Fixed: "Fixed",
}

// Verdict is the result in one line.
func (c *Comparison) Verdict() string {
	counts := fmt.Sprintf("%s, %d fixed, %d no longer decided, %d changed, %d verdicts alike",
		plural(c.Count(Failure), "new failure"), c.Count(Fixed), c.Count(Lost), c.Count(Changed), c.Same)
	if n := c.Count(Broke); n > 0 {
		counts = fmt.Sprintf("%d broke, %s", n, counts)
	}
	switch {
	case c.Worse:
		return "Worse: " + counts + "."
	case len(c.Changes) == 0:
		return fmt.Sprintf("Nothing changed: %d verdicts are alike.", c.Same)
	}
	return "Not worse: " + counts + "."
}

// groups gives the changes of a kind, those of one check and subject together.
func (c *Comparison) groups(k Kind) (out [][]Change) {
	at := map[string]int{}
	for _, ch := range c.Changes {
		if ch.Kind != k {
			continue
		}
		key := ch.Subject + "\x00" + ch.Check
		if ch.Check == "" {
			key += "\x00" + ch.Part
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], ch)
	}
	return out
}

// WriteText writes the comparison for people: what got worse first.
func (c *Comparison) WriteText(w io.Writer) error {
	c = visible.Copy(c)
	var b strings.Builder
	for _, v := range []struct {
		name string
		Version
	}{{"old", c.Old}, {"new", c.New}} {
		fmt.Fprintf(&b, "%s: %s (%s)\n", v.name, v.Name, v.Started.UTC().Format(time.DateTime+" UTC"))
	}
	for _, k := range Kinds() {
		groups := c.groups(k)
		if len(groups) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n\n", titles[k])
		for _, g := range groups {
			if g[0].Check == "" {
				fmt.Fprintf(&b, "  %s\n", g[0].Subject)
			} else {
				fmt.Fprintf(&b, "  %-12s %-6v %s\n", g[0].Check, *g[0].Level, g[0].Requirement)
			}
			for _, ch := range g {
				part := ch.Part
				if part == "" {
					part = ch.Subject
				}
				fmt.Fprintf(&b, "    %s: %s -> %s", part, ch.Old, ch.New)
				if ch.Detail != "" {
					b.WriteString(": " + indented(ch.Detail))
				}
				b.WriteString("\n")
			}
		}
	}
	fmt.Fprintf(&b, "\n%s\n", c.Verdict())
	return visible.Print(w, b.String())
}

// WriteComparisonMarkdown writes a comparison as a summary in GitHub's Markdown.
func WriteComparisonMarkdown(w io.Writer, c *Comparison) error {
	c = visible.Copy(c)
	var b strings.Builder
	sign := "✅"
	if c.Worse {
		sign = "❌"
	}
	fmt.Fprintf(&b, "### %s %s\n\n%s → %s\n\n", sign, markdown(c.Verdict()), markdown(c.Old.Name), markdown(c.New.Name))
	for _, k := range Kinds() {
		groups := c.groups(k)
		if len(groups) == 0 {
			continue
		}
		fmt.Fprintf(&b, "**%s**\n\n| check | part | old | new | |\n|:--|:--|:--|:--|:--|\n", titles[k])
		for _, g := range groups[:min(len(groups), maxMarkdown)] {
			for _, ch := range g {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", linked(ch.Check, c.Pages), markdown(ch.Part), ch.Old, ch.New, markdown(ch.Detail))
			}
		}
		if n := len(groups) - maxMarkdown; n > 0 {
			fmt.Fprintf(&b, "\nand %d more checks\n", n)
		}
		b.WriteString("\n")
	}
	return visible.Print(w, b.String())
}
