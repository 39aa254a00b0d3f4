package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// matrix is the parts of all reports: a row for each subject, with each peer or capture, a column
// for each role and dialect.
type (
	matrix struct {
		Roles    []matrixRole
		Dialects bool
		Columns  []matrixColumn
		Rows     []matrixRow
		Notes    []matrixNote
	}
	matrixRole struct {
		Name string
		Span int
	}
	matrixColumn struct{ Role, Dialect string }
	matrixRow    struct {
		Name, About string
		Cells       []matrixCell
	}
	matrixCell struct {
		Part                      *Part
		Index                     int
		Class, Main, Small, Label string
	}
	matrixNote struct {
		Text string
		Bad  bool
	}
)

// partIndex numbers the parts of a document.
type partIndex struct {
	index map[*Part]int
	names []string
}

func (x *partIndex) matrix(d *Document) *matrix {
	x.index = map[*Part]int{}
	m := new(matrix)
	several, serializer := false, ""
	for _, r := range d.Reports {
		for _, p := range r.Parts {
			several = several || p.Serializer != cmp.Or(serializer, p.Serializer)
			serializer = cmp.Or(serializer, p.Serializer)
			name := p.Name
			if len(d.Reports) > 1 {
				name = r.Subject + ", " + name
			}
			x.index[p] = len(x.names)
			x.names = append(x.names, name)
			m.column(p)
			m.notes(name, p)
		}
	}
	slices.SortStableFunc(m.Columns, func(a, b matrixColumn) int { return roleOrder(a.Role) - roleOrder(b.Role) })
	for _, c := range m.Columns {
		if n := len(m.Roles); n == 0 || m.Roles[n-1].Name != c.Role {
			m.Roles = append(m.Roles, matrixRole{Name: c.Role})
		}
		m.Roles[len(m.Roles)-1].Span++
		m.Dialects = m.Dialects || c.Dialect != ""
	}
	for _, r := range d.Reports {
		x.rows(m, r, several)
	}
	if len(m.Rows) == 0 {
		return nil
	}
	return m
}

func roleOrder(role string) int {
	return slices.Index([]string{"server", "client", "clientlite"}, role)
}

func (m *matrix) column(p *Part) {
	if c := (matrixColumn{p.Role, p.Dialect}); !slices.Contains(m.Columns, c) {
		m.Columns = append(m.Columns, c)
	}
}

func (m *matrix) notes(name string, p *Part) {
	for _, text := range append([]string{p.Error}, p.Problems...) {
		if text != "" {
			m.Notes = append(m.Notes, matrixNote{name + ": " + text, true})
		}
	}
	for _, text := range p.Notes {
		m.Notes = append(m.Notes, matrixNote{name + ": " + text, false})
	}
}

// rows adds those of a report. Parts of a run stand in one row, or in one for each of several
// serializers; those of captures in one for each file.
func (x *partIndex) rows(m *matrix, r *Report, serializers bool) {
	at := map[string]int{}
	for _, p := range r.Parts {
		name := r.Subject
		var about []string
		if r.Identity != nil {
			about = append(about, identity(r.Identity))
		}
		if p.Peer != "" {
			about = append(about, "with "+p.Peer)
		}
		if serializers && p.Serializer != "" {
			about = append(about, p.Serializer[strings.LastIndexByte(p.Serializer, ':')+1:])
		}
		if p.Dialect == "" && p.Capture != "" {
			name = filepath.Base(p.Capture)
		}
		column := slices.Index(m.Columns, matrixColumn{p.Role, p.Dialect})
		key := name + "\x00" + strings.Join(about, ", ")
		i, ok := at[key]
		if !ok || m.Rows[i].Cells[column].Part != nil {
			i = len(m.Rows)
			at[key] = i
			row := matrixRow{Name: name, About: strings.Join(about, ", "), Cells: make([]matrixCell, len(m.Columns))}
			for k := range row.Cells {
				row.Cells[k] = matrixCell{Main: "–", Label: "not tried"}
			}
			m.Rows = append(m.Rows, row)
		}
		m.Rows[i].Cells[column] = x.cell(p)
	}
}

func (x *partIndex) cell(p *Part) matrixCell {
	if p.Skipped != "" {
		return matrixCell{Main: "–", Label: "skipped: " + p.Skipped}
	}
	s := p.Summary
	c := matrixCell{Part: p, Index: x.index[p], Class: "pass", Main: fmt.Sprintf("✓ %d", s.Passed+s.Seen)}
	switch {
	case s.Failed > 0:
		c.Class, c.Main = "fail", fmt.Sprintf("✕ %d", s.Failed)
		c.Small = fmt.Sprintf("of %d", s.Total()-s.Inconclusive-s.Skipped)
	case p.Error != "" || len(p.Problems) > 0:
		c.Class, c.Main, c.Small = "known", "! broke", fmt.Sprintf("%d passed", s.Passed+s.Seen)
	case s.Known > 0:
		c.Class, c.Small = "known", fmt.Sprintf("%d known", s.Known)
	case s.Seen > 0:
		c.Class, c.Small = "known", "as far as seen"
	case s.Passed == 0:
		c.Class, c.Main = "open", "?"
	}
	if c.Small == "" && s.Inconclusive > 0 {
		c.Small = fmt.Sprintf("%d open", s.Inconclusive)
	}
	c.Label = p.Name + ":"
	for i, o := range shownOutcomes(s, judge.Pass, judge.Seen, judge.Fail, judge.Known, judge.Inconclusive, judge.Skipped) {
		if n := s.Of(o); n > 0 || i < 2 {
			c.Label += fmt.Sprintf(" %d %s,", n, signs(o).Word)
		}
	}
	c.Label = c.Label[:len(c.Label)-1]
	return c
}
