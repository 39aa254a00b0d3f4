package site

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

type (
	// checkView is a check as its page shows it.
	checkView struct {
		*judge.Check
		Area           string
		Previous, Next *judge.Check
		ByDriver       bool
		Clauses        []clauseView
		Deviations     known.Deviations
		Example        *exampleView
		Shown          []shownView
	}
	// clauseView is a clause of the specification.
	clauseView struct {
		Number, Title, Link string
		Text                template.HTML
		Checks              []*judge.Check
	}
	// exampleView is an exchange that agrees with a check.
	exampleView struct {
		Source, Link, Where string
		Text                string
	}
	// shownView is in which captures a check has an outcome for a side, those of a folder together.
	shownView struct {
		Tone, Mark, Word, Side string
		Count                  int
		Folders                []folderView
	}
	folderView struct {
		Link, Name string
		Captures   []captureView
	}
	captureView struct{ Link, Name string }
	// areaView is an area of checks.
	areaView struct {
		Name   string
		Checks []*judge.Check
	}
)

// checkPages makes a page for each check, and one that lists them.
func (m *maker) checkPages(repository fs.FS) error {
	table, err := fs.ReadFile(repository, "captures/"+recordings.OutcomesFile)
	if err != nil {
		return err
	}
	shown, err := recordings.ParseOutcomes(string(table))
	if err != nil {
		return err
	}
	sections, err := spec.Read()
	if err != nil {
		return err
	}
	examples, err := spec.Examples()
	if err != nil {
		return err
	}
	deviations, err := known.Load()
	if err != nil {
		return err
	}
	var areas []areaView
	catalogue := checks.Catalogue()
	for i, c := range catalogue {
		v := checkView{Check: c, Area: area(c.ID), ByDriver: c.ByDriver(), Shown: shownViews(shown[c.ID])}
		if i > 0 {
			v.Previous = catalogue[i-1]
		}
		if i+1 < len(catalogue) {
			v.Next = catalogue[i+1]
		}
		words := []string{c.Level.String(), c.Party.String(), c.Rationale, c.Source, c.Needs}
		for _, clause := range spec.Clauses(sections, c.ID) {
			view, err := m.clause(clause)
			if err != nil {
				return err
			}
			v.Clauses = append(v.Clauses, view)
			words = append(words, clause.Title)
		}
		for _, d := range deviations {
			if d.Check == c.ID {
				v.Deviations = append(v.Deviations, d)
				words = append(words, d.Reason)
			}
		}
		if e, ok := examples[c.ID]; ok {
			v.Example = newExample(e)
		}
		name := page.OfCheck(c.ID)
		if err := m.filled(name, "check", show{Title: c.ID + " " + c.Requirement}, v); err != nil {
			return err
		}
		m.find(name, c.ID+" "+c.Requirement, "check", strings.Join(words, " "))
		at := slices.IndexFunc(areas, func(a areaView) bool { return a.Name == v.Area })
		if at < 0 {
			at, areas = len(areas), append(areas, areaView{Name: v.Area})
		}
		areas[at].Checks = append(areas[at].Checks, c)
	}
	return m.filled("checks.html", "checks", show{Title: "Checks"}, areas)
}

// newExample shows an example. Examples name the captures of the repository from its folder, or
// from that of the captures.
func newExample(e spec.Example) *exampleView {
	v := &exampleView{Source: e.Capture, Where: e.Where, Text: unindented(e.Lines)}
	if path.Ext(e.Capture) == ".pcapng" {
		v.Source = "captures/" + strings.TrimPrefix(e.Capture, "captures/")
		v.Link = repositoryURL + "blob/main/" + v.Source
	}
	return v
}

// unindented are lines without what all of them begin with of spaces.
func unindented(lines []string) string {
	least := -1
	for _, l := range lines {
		if n := len(l) - len(strings.TrimLeft(l, " ")); least < 0 || n < least {
			least = n
		}
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l[least:] + "\n")
	}
	return b.String()
}

// shownViews shows in which captures a check has which outcome, those in which it is undecided
// without their names.
func shownViews(sides []recordings.Shown) (list []shownView) {
	for _, s := range sides {
		for _, o := range []struct {
			judge.Outcome
			tone       page.Tone
			mark, word string
		}{
			{judge.Pass, page.Pass, "✓", "passes in"}, {judge.Seen, page.Known, "✓", "passes as far as seen in"},
			{judge.Known, page.Known, "!", "is a known deviation in"}, {judge.Fail, page.Fail, "✕", "fails in"},
			{judge.Inconclusive, page.Open, "?", "is not shown by"},
		} {
			captures := s.Captures[o.Outcome]
			if len(captures) == 0 {
				continue
			}
			v := shownView{Tone: string(o.tone), Mark: o.mark, Word: o.word, Side: s.Side.String(), Count: len(captures)}
			for _, c := range captures {
				if o.Outcome == judge.Inconclusive {
					break
				}
				dir := path.Dir("captures/" + c)
				if n := len(v.Folders); n == 0 || v.Folders[n-1].Name != dir {
					v.Folders = append(v.Folders, folderView{Link: repositoryURL + "tree/main/" + dir, Name: dir})
				}
				f := &v.Folders[len(v.Folders)-1]
				f.Captures = append(f.Captures, captureView{repositoryURL + "blob/main/captures/" + c, strings.TrimSuffix(path.Base(c), ".pcapng")})
			}
			list = append(list, v)
		}
	}
	return list
}

// clause shows a clause.
func (m *maker) clause(c *spec.Clause) (clauseView, error) {
	d := readMarkdown("conformance/spec/clauses", []byte(c.Text), m.pages)
	text, err := d.html()
	if err != nil {
		return clauseView{}, fmt.Errorf("clause %s: %w", c.Number, err)
	}
	return clauseView{c.Number, c.Title, "specification.html#" + c.Number, template.HTML(text), c.Checks}, nil
}
