package site

import (
	"io/fs"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/conformance/release"
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
	matrixView struct {
		Releases, Perls string // tables, as they were printed
		Deviating       []releaseView
		Others          known.Deviations
	}
	// releaseView is a release of the original, and what is known of it.
	releaseView struct {
		Name       string
		Deviations known.Deviations
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

// matrix makes the page of releases and Perls.
func (m *maker) matrix(repository fs.FS) error {
	deviations, err := known.Load()
	if err != nil {
		return err
	}
	var v matrixView
	for path, text := range map[string]*string{"captures/releases/matrix.txt": &v.Releases, "captures/perls/matrix.txt": &v.Perls} {
		b, err := fs.ReadFile(repository, path)
		if err != nil {
			return err
		}
		*text = strings.TrimRight(string(b), "\n")
	}
	for _, name := range release.AllReleases().Names() {
		if !strings.Contains(v.Releases, "perl@"+name+" ") {
			continue // it was not tried
		}
		r := releaseView{Name: name}
		for _, d := range deviations {
			if d.Has(release.Implementation, name) {
				r.Deviations = append(r.Deviations, d)
			}
		}
		v.Deviating = append(v.Deviating, r)
	}
	for _, d := range deviations {
		if d.Implementation != release.Implementation {
			v.Others = append(v.Others, d)
		}
	}
	m.find("matrix.html#releases", "The matrix of releases", "page", v.Releases)
	m.find("matrix.html#perls", "The matrix of Perls", "page", v.Perls)
	return m.filled("matrix.html", "matrix", show{Title: "Releases and Perls"}, v)
}
