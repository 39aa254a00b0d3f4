package diagnosis

import (
	_ "embed" // schema.json
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/diagnosis/schema.json"

// Schema is the JSON Schema (draft 2020-12) of that.
//
//go:embed schema.json
var Schema []byte

// Document is what was noticed of captures that were read as one.
type Document struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Captures are the files, as they were named.
	Captures []string `json:"captures"`
	Counts
	// Notes say what is odd about the captures: what they hold besides TCP, that they go back in time.
	Notes []string `json:"notes,omitempty"`
	// Error says why they were not read to the end.
	Error    string     `json:"error,omitempty" visible:"lines"`
	Findings []*Finding `json:"findings"`
}

// NewDocument makes a Document of what was collected.
func NewDocument(captures []string, c *Collector) *Document {
	return &Document{Schema: SchemaID, Captures: captures, Counts: c.Counts(), Findings: append([]*Finding{}, c.Findings()...)}
}

// WriteJSON writes it for programs.
func (d *Document) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "diagnosis", d) }

// maxLines is how many lines WriteText writes, if it is not to write all, and maxOfKind how many
// findings of a kind.
const (
	maxLines  = 20
	maxOfKind = 2
)

// WriteText writes it for people: each finding with the first place where it shows, and the
// commands that show more. What follows from another finding is told with that. Unless all are to
// be written, there are 20 lines at most.
func (d *Document) WriteText(w io.Writer, all bool) error {
	d = visible.Copy(d)
	lines := []string{d.headline()}
	left, shown := 0, 0
	ofKind := map[string]int{}
	for _, f := range d.own() {
		block := f.block(shown+1, shellWords(d.Captures))
		ofKind[f.ID]++
		if !all && (ofKind[f.ID] > maxOfKind || len(lines)+len(block)+1 > maxLines) {
			left++
			continue
		}
		shown++
		lines = append(lines, block...)
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("%d more: --all shows them", left))
	}
	return visible.Print(w, strings.Join(lines, "\n")+"\n")
}

// own are the findings that do not follow from others.
func (d *Document) own() (out []*Finding) {
	for _, f := range d.Findings {
		if f.Because == "" {
			out = append(out, f)
		}
	}
	return out
}

func (d *Document) headline() string {
	name := strings.Join(d.Captures, ", ")
	if len(d.Captures) > maxNamed {
		name = fmt.Sprintf("%s and %d more", d.Captures[0], len(d.Captures)-1)
	}
	of := fmt.Sprintf("%s, %d of IKC", plural(d.Connections, "connection"), d.IKC)
	return fmt.Sprintf("%s: %s; %s", name, of, Summary(d.own()))
}

// Summary counts findings by severity, in a few words.
func Summary(list []*Finding) string {
	var count [Note + 1]int
	for _, f := range list {
		count[f.Severity]++
	}
	var parts []string
	for s, n := range count {
		if n > 0 {
			parts = append(parts, plural(n, Severity(s).String()))
		}
	}
	if len(parts) == 0 {
		return "nothing was noticed"
	}
	return strings.Join(parts, ", ")
}

// block is what is said of a finding.
func (f *Finding) block(n int, captures string) []string {
	p := f.First[0]
	out := []string{fmt.Sprintf("%d. %s %s: %s%s", n, f.Severity, f.ID, f.Title, f.often())}
	out = append(out, fmt.Sprintf("   %s: %s", p.where(), p.Text))
	if f.Then != "" {
		out = append(out, "   "+f.Then)
	}
	look := ""
	if f.kind.Look != "" {
		look = " " + f.kind.Look
	}
	return append(out, fmt.Sprintf("   $ ikc-conform inspect %s --connection %d%s; ikc-conform explain %s", captures, p.Connection, look, f.ID))
}

// often says how many times a finding was made, if it was more than once.
func (f *Finding) often() string {
	switch {
	case f.Count <= 1:
		return ""
	case f.Connections > 1:
		return fmt.Sprintf(" (%d times, on %d connections)", f.Count, f.Connections)
	}
	return fmt.Sprintf(" (%d times)", f.Count)
}

// where says where in the capture a place is.
func (p Place) where() string {
	s := fmt.Sprintf("connection %d, %.6f", p.Connection, p.Seconds)
	if p.Packet > 0 {
		s += fmt.Sprintf(", packet %d", p.Packet)
	}
	return s
}

// Line is the finding for people, on a line.
func (f *Finding) Line() string { return fmt.Sprintf("%-8s %s  %s", f.Severity, f.ID, f.Say()) }

// Say says what was noticed first, where, how often, and what followed from it.
func (f *Finding) Say() string {
	p := f.First[0]
	s := p.Text + f.often()
	if f.Then != "" {
		s += "; " + f.Then
	}
	return fmt.Sprintf("%s (%s)", s, p.where())
}

// maxNamed is how many captures are named one by one.
const maxNamed = 3

// shellWords names captures as arguments of a command.
func shellWords(captures []string) string {
	if len(captures) > maxNamed {
		return "FILE..."
	}
	var out []string
	for _, c := range captures {
		if strings.ContainsFunc(c, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._/+,:@%", r))
		}) || c == "" {
			c = "'" + strings.ReplaceAll(c, "'", `'\''`) + "'"
		}
		out = append(out, c)
	}
	return strings.Join(out, " ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
