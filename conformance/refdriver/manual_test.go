package refdriver_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
)

// TestManual: every statement of the manual names what shows it, all of which exists, or says why
// nothing can.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("MANUAL.md")
	if err != nil {
		t.Fatal(err)
	}
	known := evidence(t)
	used := map[string]bool{}
	pages := map[string]int{}
	for n, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| Page |") || strings.HasPrefix(line, "|---") {
			continue
		}
		if len(cells) != 4 {
			t.Errorf("line %d: %d columns, expected 4", n+1, len(cells))
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		page, says, seen := cells[0], cells[2], cells[3]
		pages[page]++
		if says == "" || seen == "" || seen == "no:" {
			t.Errorf("line %d: a statement without what shows it, or why nothing can", n+1)
		}
		if strings.HasPrefix(seen, "no: ") {
			continue
		}
		for _, name := range strings.Split(seen, ", ") {
			used[name] = true
			if !known[name] {
				t.Errorf("line %d: there is no %q", n+1, name)
			}
		}
	}
	for _, page := range []string{"IKC", "Server", "Client", "ClientLite", "Responder", "Channel", "Proxy", "Specifier", "Freezer", "Timing"} {
		if pages[page] == 0 {
			t.Errorf("nothing is said of the page %s", page)
		}
	}
	for _, s := range scenarios {
		if !used["scenario "+s.name] {
			t.Errorf("scenario %s shows nothing that the manual says", s.name)
		}
	}
}

// evidence is what a row of the table may name.
func evidence(t *testing.T) map[string]bool {
	known := map[string]bool{}
	for _, s := range scenarios {
		known["scenario "+s.name] = true
	}
	for _, c := range checks.Catalogue() {
		known["check "+c.ID] = true
	}
	for name, dir := range map[string]string{
		"reference": "../../reference", "clientlite": "../../reference/clientlite", "specifier": "../../reference/specifier",
		"storable": "../../reference/storable", "dumper": "../../reference/dumper", "driver": "../driver",
	} {
		tests := testsIn(t, dir)
		if len(tests) == 0 {
			t.Errorf("no tests in %s", dir)
		}
		for _, test := range tests {
			known[name+" "+test] = true
		}
	}
	return known
}

// testsIn are the tests of the package in a directory.
func testsIn(t *testing.T, dir string) (names []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
