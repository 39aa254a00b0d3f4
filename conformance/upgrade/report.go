package upgrade

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/upgrade/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Count is how many findings there are of a weight.
func (r *Report) Count(w Weight) (n int) {
	for _, f := range r.Findings {
		if f.Weight == w {
			n++
		}
	}
	return n
}

// Safe tells whether nothing breaks and nothing changes for programs, as far as was seen.
func (r *Report) Safe() bool { return r.Count(Breaks)+r.Count(Changes) == 0 }

// Whole tells whether all was seen: all that the old shows, the new shows as well, and each talked
// to the other.
func (r *Report) Whole() bool {
	skipped := func(m Mixed) bool { return m.Skipped != "" }
	return r.Compared > 0 && len(r.Broken)+len(r.Undecided) == 0 && !slices.ContainsFunc(r.Mixed, skipped)
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "upgrade", r) }

// headings are what stands before the findings of each weight.
var headings = [...]string{"It breaks", "It changes for programs", "It differs, for kernels and in captures only", "It gets better"}

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	fmt.Fprintf(&b, "from %s\nto   %s\n", r.From.Name, r.To.Name)
	for weight, heading := range headings {
		if r.Count(Weight(weight)) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", heading)
		for _, f := range r.Findings {
			if f.Weight != Weight(weight) {
				continue
			}
			fmt.Fprintf(&b, "\n  %s\n", capital(f.Whom))
			for _, line := range fold(f.Text, 92) {
				fmt.Fprintf(&b, "    %s\n", line)
			}
			for _, e := range f.Evidence {
				fmt.Fprintf(&b, "      seen: %s\n", cut(e))
			}
		}
	}
	r.writeMixed(&b)
	if len(r.Broken) > 0 {
		b.WriteString("\nNot tried to the end, so what it would have shown is not known:\n\n")
		for _, line := range r.Broken {
			fmt.Fprintf(&b, "  %s\n", cut(line))
		}
	}
	r.writeUndecided(&b)
	b.WriteString("\n")
	if r.Different > 0 {
		fmt.Fprintf(&b, "In %d of the same scenarios' connections the new says something else; 'ikc-conform oracle %s %s' shows what.\n", r.Different, r.From.Target, r.To.Target)
	}
	if !r.Hostile {
		b.WriteString("What strangers can do was not tried: --hostile does, on processes of its own.\n")
	}
	seen := ""
	if !r.Whole() {
		seen = "As far as seen, which is not all: "
	}
	fmt.Fprintf(&b, "%s%d break, %d change for programs, %d differ, %d get better.\n", seen, r.Count(Breaks), r.Count(Changes), r.Count(Differs), r.Count(Better))
	return visible.Print(w, b.String())
}

// writeUndecided lists the checks that only the old decides.
func (r *Report) writeUndecided(b *strings.Builder) {
	if len(r.Undecided) == 0 {
		return
	}
	var ids []string
	for _, u := range r.Undecided {
		ids = append(ids, u.Check)
	}
	fmt.Fprintf(b, "\nOnly the old shows what these %d checks are about, so what becomes of it is not known:\n\n", len(ids))
	for _, line := range fold(strings.Join(ids, " "), 96) {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

// cut shortens what does not fit a line or two of a terminal; --json has all of it.
func cut(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// fold breaks a text into lines of so many columns.
func fold(text string, columns int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > columns {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// writeMixed writes the table of conversations of the old with the new: a line for each way, a
// column for each serializer.
func (r *Report) writeMixed(b *strings.Builder) {
	if len(r.Mixed) == 0 {
		return
	}
	b.WriteString("\nThe old with the new:\n\n")
	var names []string
	words := map[string]map[cell.Serializer]string{}
	serializers := cell.Serializers()
	for _, m := range r.Mixed {
		if m.Skipped != "" {
			fmt.Fprintf(b, "  %s\n", m.Skipped)
			continue
		}
		server := "new"
		if m.Client == "new" {
			server = "old"
		}
		name := fmt.Sprintf("%s %s, %s server, %s", m.Client, m.Role, server, m.Dialect)
		if words[name] == nil {
			names, words[name] = append(names, name), map[cell.Serializer]string{}
		}
		word := "works"
		switch {
		case m.Problem != "":
			word = "breaks"
		case len(m.Failed) > 0:
			word = strings.Join(m.Failed, ",")
		}
		words[name][m.Serializer] = word
	}
	serializers = slices.DeleteFunc(serializers, func(s cell.Serializer) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return words[name][s] != "" })
	})
	if len(names) == 0 {
		return
	}
	row := func(name string, word func(cell.Serializer) string) {
		line := fmt.Sprintf("  %-38s", name)
		for _, s := range serializers {
			line += fmt.Sprintf("  %-12s", word(s))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	row("", func(s cell.Serializer) string { return string(s[strings.LastIndexByte(string(s), ':')+1:]) })
	for _, name := range names {
		row(name, func(s cell.Serializer) string { return cmp.Or(words[name][s], "-") })
	}
}
