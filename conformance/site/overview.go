package site

import (
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

type (
	// guideView is a guide as the first page lists it.
	guideView struct{ Link, Title, About string }
	homeView  struct {
		Checks, Notices, Must, Should, May int
		Guides                             []guideView
	}
	sectionView struct {
		Number, Title string
		Clauses       []clauseView
	}
)

// home makes the first page.
func (m *maker) home(guides []guideView) error {
	v := homeView{Guides: guides, Notices: len(diagnosis.Kinds())}
	for _, c := range checks.Catalogue() {
		v.Checks++
		*[]*int{&v.Must, &v.Should, &v.May}[c.Level]++
	}
	return m.filled("index.html", "home", show{Title: "IKC conformance"}, v)
}

// notices makes the page of what 'ikc-conform diagnose' notices.
func (m *maker) notices() error {
	kinds := diagnosis.Kinds()
	for _, k := range kinds {
		m.find(page.OfNotice(k.ID), k.ID+" "+k.Title, "notice", k.Why+" "+k.Next)
	}
	return m.filled("notices.html", "notices", show{Title: "Notices"}, kinds)
}

// specification makes the page of all clauses, and of how releases differ.
func (m *maker) specification() error {
	sections, err := spec.Read()
	if err != nil {
		return err
	}
	var views []sectionView
	for _, s := range sections {
		v := sectionView{Number: s.Number, Title: s.Title}
		for _, c := range s.Clauses {
			clause, err := m.clause(c)
			if err != nil {
				return err
			}
			v.Clauses = append(v.Clauses, clause)
			text := readMarkdown("conformance/spec/clauses", []byte(c.Text), m.pages)
			m.find(clause.Link, c.Number+" "+c.Title, "specification", text.plain(text.tree))
		}
		views = append(views, v)
	}
	return m.filled("specification.html", "specification", show{Title: "Specification"}, views)
}
