package site_test

import (
	"bytes"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/conformance/site"
)

// repository is the root of the repository.
const repository = "../.."

// build makes the site of the repository.
func build(t *testing.T) *site.Site {
	t.Helper()
	s, err := site.Build(os.DirFS(repository), "v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// built is the site of the repository, made once.
var built = sync.OnceValues(func() (*site.Site, error) { return site.Build(os.DirFS(repository), "v0.0.0") })

func whole(t *testing.T) *site.Site {
	t.Helper()
	s, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// element is a beginning of an element of a page.
type element struct {
	name  string
	attrs map[string]string
}

// parse reads a page strictly: each element that takes an end has one, in its place, and an id
// stands once.
func parse(t *testing.T, name string, text []byte) (elements []element, ids map[string]bool, words string) {
	t.Helper()
	void := []string{"meta", "link", "input", "br", "hr", "img"}
	ids = map[string]bool{}
	var open []string
	z := html.NewTokenizer(bytes.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.TextToken:
			words += token.Data
		case html.StartTagToken, html.SelfClosingTagToken:
			e := element{token.Data, map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Key] = a.Val
			}
			elements = append(elements, e)
			if id := e.attrs["id"]; id != "" {
				if ids[id] {
					t.Errorf("%s: the id %q stands twice", name, id)
				}
				ids[id] = true
			}
			if kind == html.StartTagToken && !slices.Contains(void, token.Data) {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s: the end of %s where %q are open", name, token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: no end of %q", name, open)
	}
	return elements, ids, words
}

// hosts are those that pages may link to.
var hosts = []string{"https://github.com/", "https://keepachangelog.com/", "https://semver.org"}

// inRepository is a link to a file of the repository.
var inRepository = regexp.MustCompile(`^https://github\.com/perl-ikc/ikc-conform/(?:blob|tree)/main/(.*)$`)

// TestLinks: every link and anchor of every page leads somewhere, to a page of the site, to a file
// that the repository has, or to a host that is named; nothing is loaded from elsewhere; and every
// page is HTML.
func TestLinks(t *testing.T) {
	s := whole(t)
	anchors, pages := map[string]map[string]bool{}, map[string][]element{}
	for _, name := range s.Files() {
		if path.Ext(name) == ".html" {
			pages[name], anchors[name], _ = parse(t, name, s.File(name))
		}
	}
	if len(pages) < len(checks.Catalogue())+15 {
		t.Errorf("expected a page for each check and some more, got %d", len(pages))
	}
	links := 0
	reached := map[string]bool{"index.html": true}
	for name, elements := range pages {
		for _, e := range elements {
			loads := e.attrs["src"]
			if e.name == "link" {
				loads = e.attrs["href"]
			}
			if loads != "" && loads != "data:," && s.File(path.Join(path.Dir(name), loads)) == nil {
				t.Errorf("%s: %s loads %q, which the site does not have", name, e.name, loads)
			}
			if e.name != "a" {
				continue
			}
			links++
			href := e.attrs["href"]
			if strings.Contains(href, "://") {
				if !slices.ContainsFunc(hosts, func(h string) bool { return strings.HasPrefix(href, h) }) {
					t.Errorf("%s: a link to %s: expected a host of %q", name, href, hosts)
				}
				if m := inRepository.FindStringSubmatch(href); m != nil {
					if _, err := os.Stat(filepath.Join(repository, m[1])); err != nil {
						t.Errorf("%s: a link to %s: %v", name, href, err)
					}
				}
				continue
			}
			to, anchor, _ := strings.Cut(href, "#")
			target := name
			if to != "" {
				target = path.Join(path.Dir(name), to)
			}
			reached[target] = true
			if s.File(target) == nil {
				t.Errorf("%s: a link to %q, which the site does not have", name, href)
			} else if anchor != "" && !anchors[target][anchor] {
				t.Errorf("%s: a link to %q, which has no such anchor", name, href)
			}
		}
	}
	if links < 10000 {
		t.Errorf("expected more than 10,000 links, got %d", links)
	}
	for name := range pages {
		if !reached[name] {
			t.Errorf("%s: no page links to it", name)
		}
	}
	for _, name := range []string{"style.css", "search.js"} {
		if text := string(s.File(name)); text == "" || strings.Contains(text, "://") || strings.Contains(text, "url(") || strings.Contains(text, "@import") {
			t.Errorf("%s: expected it to load nothing", name)
		}
	}
}

// TestCheckPages: the page of a check has what is known of it.
func TestCheckPages(t *testing.T) {
	s := whole(t)
	for _, c := range checks.Catalogue() {
		_, _, words := parse(t, c.ID, s.File(page.OfCheck(c.ID)))
		for what, want := range map[string]string{"requirement": c.Requirement, "source": c.Source, "reason": c.Rationale, "evidence": c.Needs, "level": c.Level.String()} {
			if !strings.Contains(words, want) {
				t.Errorf("%s: expected its %s, %q", c.ID, what, want)
			}
		}
	}
	text := string(s.File(page.OfCheck("ERR-004")))
	for _, want := range []string{
		`<a href="../specification.html#6.1">`, "0.1801 to ", `<h2 id="example">`, "C&gt;S", "captures/releases", ">perl-0.1801-client-ikc</a>",
		`it is a known deviation in `, `it passes in `, `<a href="../checks.html#ERR">ERR</a>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("ERR-004: expected %q in\n%s", want, text)
		}
	}
}

// TestIdentifiers: an id leads to its page wherever it stands, but on that page and in links.
func TestIdentifiers(t *testing.T) {
	s := whole(t)
	for name, want := range map[string]string{
		"guides/diagnose.html":    `explain <a href="../notices.html#NOTE-012">NOTE-012</a>`,
		"readme.html":             `<a href="checks/ERR-002.html">ERR-002</a>`,
		"matrix.html":             `<a href="checks/SER-004.html">SER-004</a>`,
		page.OfCheck("ERR-001"):   `href="../checks/ERR-002.html">ERR-002 →</a>`,
		"guides/captures.html":    `<a href="../checks/MSG-007.html">MSG-007</a>`,
		"changelog.html":          `<a href="security.html#who-is-who">SECURITY</a>`,
		"guides/ten-minutes.html": `<a href="../readme.html`,
		page.OfCheck("ERR-002"):   `<h1><code>ERR-002</code> `,
		"notices.html":            `<h2 id="NOTE-012">`,
		"checks.html":             `<h2 id="HS-IKC0">HS-IKC0</h2>`,
	} {
		if !strings.Contains(string(s.File(name)), want) {
			t.Errorf("%s: expected %q", name, want)
		}
	}
	for _, k := range diagnosis.Kinds() {
		if !strings.Contains(string(s.File("notices.html")), `id="`+k.ID+`"`) {
			t.Errorf("notices.html: expected %s", k.ID)
		}
	}
}

// TestDeterministic: the same repository and version make the same octets.
func TestDeterministic(t *testing.T) {
	one, two := build(t), build(t)
	if !slices.Equal(one.Files(), two.Files()) {
		t.Fatalf("expected the same files, got %q and %q", one.Files(), two.Files())
	}
	for _, name := range one.Files() {
		if !bytes.Equal(one.File(name), two.File(name)) {
			t.Errorf("%s: made twice, it differs", name)
		}
	}
}

// TestHostileMarkdown: HTML in a page of the repository does not reach the site.
func TestHostileMarkdown(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"README.md", "CHANGELOG.md", "SECURITY.md", "docs/benchmarks.md", "docs/stability.md", "conformance/DRIVER.md",
		"docs/guides/a.md", "captures/outcomes.txt", "captures/releases/matrix.txt", "captures/perls/matrix.txt"} {
		files[name] = &fstest.MapFile{Data: []byte("# T\n\n<script>alert(1)</script> `<b>` [x](javascript:alert(1)) ![p](http://x.example/p.png)\n")}
	}
	if _, err := site.Build(files, "v"); err == nil || !strings.Contains(err.Error(), "table of outcomes") {
		t.Errorf("expected an error about the table of outcomes, got %v", err)
	}
	files["captures/outcomes.txt"] = &fstest.MapFile{Data: []byte("x\n\n    1  a.pcapng\n\nPING-001  server  +\n")}
	s, err := site.Build(files, "<i>")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"readme.html", "guides/a.html", "matrix.html"} {
		elements, _, _ := parse(t, name, s.File(name))
		scripts := 0
		for _, e := range elements {
			if e.name == "script" {
				scripts++
			}
			if e.name == "b" && len(e.attrs) > 0 || e.name == "img" || e.name == "i" || strings.HasPrefix(e.attrs["href"], "javascript:") {
				t.Errorf("%s: expected text, got an element %+v", name, e)
			}
		}
		if scripts != 1 {
			t.Errorf("%s: expected the one script of the search, got %d", name, scripts)
		}
	}
	delete(files, "docs/stability.md")
	if _, err := site.Build(files, "v"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "docs/stability.md") {
		t.Errorf("expected an error that names the page that is missing, got %v", err)
	}
}
