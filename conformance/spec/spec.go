// Package spec is the specification of IKC: clauses in files of their own, each with the checks of
// the catalogue that decide it.
//
// A file of clauses/ is a section: a title after "# ", then clauses, each with a heading after "##
// " and at its end a line "Checks: " with ids, or patterns as checks.Select takes them. Clauses are
// numbered by their order.
package spec

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
)

//go:embed clauses/*.md
var files embed.FS

// Section is a part of the specification.
type Section struct {
	Number  string // such as "3"
	Title   string
	Clauses []*Clause
}

// Clause is what is numbered, and what checks decide.
type Clause struct {
	Number string // such as "3.2"
	Title  string
	Text   string // Markdown
	Checks []*judge.Check
}

// ErrClause is wrapped by every error about a file of clauses.
var ErrClause = errors.New("specification")

// Read reads the specification that comes with this package.
func Read() ([]*Section, error) {
	dir, err := fs.Sub(files, "clauses")
	if err != nil {
		return nil, err
	}
	return read(dir)
}

// read reads sections from the files of a directory, in the order of their names.
func read(dir fs.FS) (sections []*Section, err error) {
	names, err := fs.Glob(dir, "*.md")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		s, err := parse(string(text), fmt.Sprint(len(sections)+1))
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrClause, name, err)
		}
		sections = append(sections, s)
	}
	return sections, nil
}

func parse(text, number string) (*Section, error) {
	s := &Section{Number: number}
	var c *Clause
	for line := range strings.Lines(text) {
		title, isSection := strings.CutPrefix(line, "# ")
		heading, isClause := strings.CutPrefix(line, "## ")
		listed, isChecks := strings.CutPrefix(line, "Checks: ")
		switch {
		case isSection && s.Title == "":
			s.Title = strings.TrimSpace(title)
		case isClause:
			c = &Clause{Number: fmt.Sprintf("%s.%d", number, len(s.Clauses)+1), Title: strings.TrimSpace(heading)}
			s.Clauses = append(s.Clauses, c)
		case isChecks && c != nil:
			list, err := checks.Select(strings.Fields(listed)...)
			if err != nil {
				return nil, fmt.Errorf("clause %s: %w", c.Number, err)
			}
			c.Checks = append(c.Checks, list...)
		case c != nil:
			c.Text += line
		case strings.TrimSpace(line) != "":
			return nil, fmt.Errorf("expected a title and then clauses, got %q", line)
		}
	}
	for _, c := range s.Clauses {
		c.Text = strings.TrimRight(strings.TrimLeft(c.Text, "\n"), " \n") // a first line may be indented: it is code
	}
	if s.Title == "" || len(s.Clauses) == 0 {
		return nil, errors.New("expected a title and clauses, got none")
	}
	return s, nil
}

// Clauses returns the clauses that a check decides.
func Clauses(sections []*Section, check string) (list []*Clause) {
	for _, s := range sections {
		for _, c := range s.Clauses {
			if slices.ContainsFunc(c.Checks, func(k *judge.Check) bool { return k.ID == check }) {
				list = append(list, c)
			}
		}
	}
	return list
}

// Write writes the whole document as Markdown: the sections with their checks, and how releases
// differ.
func Write(w io.Writer, sections []*Section, known known.Deviations) error {
	var b strings.Builder
	b.WriteString("# IKC, the inter-kernel communication of POE: protocol specification\n\nMade by `ikc-conform spec` from conformance/spec and the catalogue of checks.\n\n")
	for _, s := range sections {
		fmt.Fprintf(&b, "%s. %s\n", s.Number, s.Title)
		for _, c := range s.Clauses {
			fmt.Fprintf(&b, "   - %s %s\n", c.Number, c.Title)
		}
	}
	next := len(sections) + 1
	fmt.Fprintf(&b, "%d. Differences between releases\n", next)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s. %s\n", s.Number, s.Title)
		for _, c := range s.Clauses {
			fmt.Fprintf(&b, "\n### %s %s\n\n%s\n", c.Number, c.Title, c.Text)
			if len(c.Checks) == 0 {
				continue
			}
			b.WriteString("\nChecks:\n\n")
			for _, k := range c.Checks {
				fmt.Fprintf(&b, "- `%s` %s, %s: %s\n", k.ID, k.Level, k.Party, k.Requirement)
			}
		}
	}
	fmt.Fprintf(&b, "\n## %d. Differences between releases\n\nWhat releases of the original are known to do otherwise.\n\n| releases | check | what they do |\n|---|---|---|\n", next)
	for _, d := range known {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", d.Releases, d.Check, strings.ReplaceAll(d.Reason, "|", `\|`))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
