package site

import (
	"bytes"
	_ "embed" // the templates
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/page"
)

var (
	//go:embed page.tmpl
	pageText string
	//go:embed site.css
	style string
	//go:embed search.js
	script string
)

// Site is a site that was made: files by their paths in its folder, with slashes.
type Site struct {
	files map[string][]byte
}

// Files are the paths of the files, in order.
func (s *Site) Files() []string {
	var list []string
	for name := range s.files {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// File is what a file of the site holds, nil if there is none.
func (s *Site) File(name string) []byte { return s.files[name] }

// source is a page of the repository, and what becomes of it.
type source struct{ file, page string }

// sources are the pages of the repository that the site has, but for the guides.
var sources = []source{
	{"README.md", "readme.html"}, {"CHANGELOG.md", "changelog.html"}, {"SECURITY.md", "security.html"},
	{"docs/benchmarks.md", "benchmarks.html"}, {"docs/stability.md", "stability.html"}, {"conformance/DRIVER.md", "driver.html"},
}

// maker makes the pages of a site.
type maker struct {
	site     *Site
	template *template.Template
	version  string
	targets  map[string]string // where ids lead
	pages    map[string]string // by file of the repository
	index    []found
}

// show is what the template of a page is given.
type show struct {
	Name, Root, Title, Version string
	// Contents are the headings of a long page.
	Contents []part
	Body     template.HTML
}

// tab is a link of the navigation.
type tab struct {
	Link, Title string
	Here        bool
}

// newTab is the link from a page to one of those that the navigation has.
func newTab(page, root, to, title string) tab {
	return tab{root + to, title, page == to || strings.TrimSuffix(to, ".html") == path.Dir(page)}
}

// Build makes the site. repository has the pages of the repository, by their paths there, and
// version is that of what makes the site. The same two make the same octets.
func Build(repository fs.FS, version string) (*Site, error) {
	m := &maker{site: &Site{files: map[string][]byte{}}, version: version, targets: map[string]string{}, pages: map[string]string{
		"docs/specification.md": "specification.html", "conformance/known/deviations.json": "matrix.html#deviations",
		"captures/releases/matrix.txt": "matrix.html#releases", "captures/perls/matrix.txt": "matrix.html#perls",
	}}
	t, err := template.New("site").Funcs(template.FuncMap{"tab": newTab}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	m.template = t
	for _, c := range checks.Catalogue() {
		m.targets[c.ID] = page.OfCheck(c.ID)
		m.targets[area(c.ID)+"-*"] = "checks.html#" + area(c.ID)
	}
	m.targets["NOTE-*"] = "notices.html"
	for _, k := range diagnosis.Kinds() {
		m.targets[k.ID] = page.OfNotice(k.ID)
	}
	guides, err := fs.Glob(repository, "docs/guides/*.md")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	all := slices.Clone(sources)
	for _, g := range guides {
		all = append(all, source{g, strings.TrimSuffix(strings.TrimPrefix(g, "docs/"), ".md") + ".html"})
	}
	for _, s := range all {
		m.pages[s.file] = s.page
	}
	if err := m.all(repository, all); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	m.site.files["style.css"] = []byte(page.Style + style)
	m.site.files["search.js"] = []byte(script)
	m.site.files["index.js"], err = m.searchIndex()
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	return m.site, nil
}

// all makes all pages.
func (m *maker) all(repository fs.FS, sources []source) error {
	if err := m.checkPages(repository); err != nil {
		return err
	}
	if err := m.notices(); err != nil {
		return err
	}
	if err := m.specification(); err != nil {
		return err
	}
	if err := m.matrix(repository); err != nil {
		return err
	}
	var guides []guideView
	for _, s := range sources {
		text, err := fs.ReadFile(repository, s.file)
		if err != nil {
			return err
		}
		d := readMarkdown(s.file, text, m.pages)
		if strings.HasPrefix(s.page, "guides/") {
			guides = append(guides, guideView{s.page, d.Title, sentence(d.About)})
		}
		if err := m.document(s.page, d); err != nil {
			return err
		}
	}
	if err := m.filled("guides.html", "guides", show{Title: "Guides"}, guides); err != nil {
		return err
	}
	return m.home(guides)
}

// longPage is how many headings make a page long: then it has contents.
const longPage = 4

// document makes a page of one in Markdown.
func (m *maker) document(name string, d *document) error {
	body, err := d.html()
	if err != nil {
		return err
	}
	s := show{Title: d.Title}
	for i, p := range d.parts() {
		title := d.Title
		if i > 0 {
			title += ": " + p.Title
		}
		m.find(name+"#"+p.Anchor, title, "page", p.Text)
		if p.Level == 2 {
			s.Contents = append(s.Contents, p)
		}
	}
	if len(s.Contents) < longPage {
		s.Contents = nil
	}
	return m.page(name, s, template.HTML(body))
}

// fill fills a part of the template in.
func (m *maker) fill(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	err := m.template.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err
}

// page makes a page of what stands in it.
func (m *maker) page(name string, s show, body template.HTML) error {
	s.Name, s.Root, s.Version = name, root(name), m.version
	s.Body = template.HTML(finish(string(body), name, m.targets))
	text, err := m.fill("page", s)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m.site.files[name] = []byte(text)
	return nil
}

// filled makes a page of a part of the template.
func (m *maker) filled(name, part string, s show, data any) error {
	body, err := m.fill(part, data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return m.page(name, s, body)
}

// area is the id of a check without its number.
func area(id string) string { return id[:strings.LastIndexByte(id, '-')] }

// sentence is the first sentence of a text.
func sentence(text string) string {
	first, _, more := strings.Cut(text, ". ")
	if more {
		first += "."
	}
	return first
}
