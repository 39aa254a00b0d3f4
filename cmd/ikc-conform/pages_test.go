package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// pages are those for people, as paths from the root of the repository, but for the specification,
// which is made.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/guides/*.md", "conformance/*.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no pages, %v", pattern, err)
		}
		for _, p := range found {
			if p = filepath.ToSlash(strings.TrimPrefix(p, filepath.Clean(repository)+string(filepath.Separator))); p != "docs/specification.md" {
				list = append(list, p)
			}
		}
	}
	return list
}

// tree lists the files of the repository, as paths from its root.
func tree(t *testing.T) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(repository), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "." && d.Name() != ".ci":
			return fs.SkipDir
		case !d.IsDir():
			files = append(files, p)
		}
		return nil
	})
	if err != nil || len(files) < 500 {
		t.Fatalf("expected the files of the repository, got %d, %v", len(files), err)
	}
	return files
}

var (
	codeIn  = regexp.MustCompile("`([^`\n]+)`")
	linkIn  = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	blockIn = regexp.MustCompile("(?ms)^```.*?^```|^    [^\n]*$")
	fileIn  = regexp.MustCompile(`^[\w./-]+(\.(go|pm|pl|md|json|yaml|yml|txt|txtar)|/)$`)
	// madeLater are files that pages speak of and readers make.
	madeLater = []string{"mydriver.go", "run.json", "report.html", "known.json", "ikc.json", "all.html", "worker.pcapng"}
)

// columns is how wide a page is.
const columns = 120

// TestPages: the files that pages speak of exist, and no line is too wide. A name without a folder
// may be in any.
func TestPages(t *testing.T) {
	files := tree(t)
	exists := func(name string) bool {
		return slices.ContainsFunc(files, func(f string) bool {
			if dir, ok := strings.CutSuffix(name, "/"); ok {
				return strings.HasPrefix(f, dir+"/") || strings.Contains(f, "/"+dir+"/")
			}
			return f == name || strings.HasSuffix(f, "/"+name)
		})
	}
	found := 0
	for _, page := range pages(t) {
		b, err := os.ReadFile(filepath.Join(repository, page))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		prose := blockIn.ReplaceAllString(text, "")
		for line := range strings.Lines(prose) {
			if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > columns && !strings.HasPrefix(line, "|") {
				t.Errorf("%s: expected lines of %d columns at most, but for tables and code, got %d: %.60s...", page, columns, n, line)
			}
		}
		for _, m := range linkIn.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(repository, path.Dir(page), m[1])); err != nil {
				t.Errorf("%s: a link to %s: %v", page, m[1], err)
			}
		}
		if strings.HasPrefix(page, "docs/guides/") || page == "CHANGELOG.md" {
			continue // readers make files there; the past had others
		}
		for _, m := range codeIn.FindAllStringSubmatch(text, -1) {
			if !fileIn.MatchString(m[1]) || slices.Contains(madeLater, m[1]) || strings.HasPrefix(m[1], "./") || strings.HasPrefix(m[1], "/") {
				continue
			}
			found++
			if !exists(m[1]) {
				t.Errorf("%s: there is no file or folder `%s`", page, m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("expected many links and names of files in the pages, found %d", found)
	}
}

// TestArchitectureHasAllPackages: the map in ARCHITECTURE.md has every package, by its path or by
// the last part of it beside a package of the same folder, and its tables name files and constants
// that exist.
func TestArchitectureHasAllPackages(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repository, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	start, end := strings.Index(page, "## Packages"), strings.Index(page, "## Three walks")
	if start < 0 || end < start {
		t.Fatal("expected a section of packages, and walks behind it")
	}
	table := page[start:end]
	for _, f := range tree(t) {
		dir := path.Dir(f)
		if path.Ext(f) != ".go" || strings.HasSuffix(f, "_test.go") || strings.HasPrefix(f, "examples/") ||
			strings.Contains(dir, "internal/") && strings.HasPrefix(dir, "reference/") {
			continue
		}
		if !strings.Contains(table, "`"+dir+"`") && !strings.Contains(table, "`"+path.Base(dir)+"`") {
			t.Errorf("ARCHITECTURE.md: there is no package %s in the table of packages", dir)
		}
	}
	for _, m := range regexp.MustCompile("`([\\w/]+\\.go)` `(\\w+)`").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(sourceOf(t, m[1]), m[2]) {
			t.Errorf("ARCHITECTURE.md: there is no %s in %s", m[2], m[1])
		}
	}
}

// sourceOf reads all files of a name, which may lack the folder conformance or reference.
func sourceOf(t *testing.T, name string) string {
	var b strings.Builder
	for _, f := range tree(t) {
		if f == name || strings.HasSuffix(f, "/"+name) {
			text, err := os.ReadFile(filepath.Join(repository, f))
			if err != nil {
				t.Fatal(err)
			}
			b.Write(text)
		}
	}
	return b.String()
}

// TestMakefile: 'make help' says of every target what it is for.
func TestMakefile(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := 0
	for line := range strings.Lines(string(b)) {
		name, rest, ok := strings.Cut(line, ":")
		if !ok || !regexp.MustCompile(`^[a-z]+$`).MatchString(name) {
			continue
		}
		targets++
		if _, about, ok := strings.Cut(rest, " ## "); !ok || len(strings.TrimSpace(about)) < 10 {
			t.Errorf("Makefile: %s: expected what it is for, after ##", name)
		}
		if !regexp.MustCompile(`(?m)^\.PHONY:.*\b` + name + `\b`).Match(b) {
			t.Errorf("Makefile: %s is not among .PHONY", name)
		}
	}
	if targets < 10 {
		t.Errorf("Makefile: expected ten targets or more, got %d", targets)
	}
}

// TestGenerate: 'make generate' has each test here that writes what it checks.
func TestGenerate(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	must(t, err)
	var runs []*regexp.Regexp
	for _, m := range regexp.MustCompile(`(?m)^\tgo test ./cmd/ikc-conform -run '(.*)' -update$`).FindAllStringSubmatch(string(b), -1) {
		runs = append(runs, regexp.MustCompile(m[1]))
	}
	paths, err := filepath.Glob("*_test.go")
	must(t, err)
	writing := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		for _, f := range strings.Split(string(text), "\nfunc ")[1:] {
			name, _, _ := strings.Cut(f, "(")
			body, _, _ := strings.Cut(f, "\n}\n")
			if !strings.HasPrefix(name, "Test") || !strings.Contains(body, "*update") || name == "TestGenerate" {
				continue
			}
			writing++
			if !slices.ContainsFunc(runs, func(r *regexp.Regexp) bool { return r.MatchString(name) }) {
				t.Errorf("%s: expected 'make generate' to run %s with -update", path, name)
			}
		}
	}
	if writing < 2 {
		t.Errorf("expected two tests with -update or more, got %d", writing)
	}
}
