package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checkID is the form of an id: an area and a number.
var checkID = regexp.MustCompile(`^[A-Z]+(-IKC0?|-LINE|-NAME|-TURN)?-\d\d\d$`)

// TestCatalogue: each check says what a reader needs to know, once, under an id of its own.
func TestCatalogue(t *testing.T) {
	ids, texts := map[string]bool{}, map[string]bool{}
	for _, c := range Catalogue() {
		if !checkID.MatchString(c.ID) || ids[c.ID] {
			t.Errorf("%s: expected an id of its own, AREA-nnn", c.ID)
		}
		if texts[c.Requirement] || !strings.HasSuffix(c.Requirement, ".") {
			t.Errorf("%s: expected a sentence of its own, got %q", c.ID, c.Requirement)
		}
		if c.Source == "" || c.Needs == "" || c.Judge == nil {
			t.Errorf("%s: expected a source, what it needs, and a predicate", c.ID)
		}
		ids[c.ID], texts[c.Requirement] = true, true
	}
	if len(ids) < 150 {
		t.Errorf("expected at least 150 checks, got %d", len(ids))
	}
}

func TestSelect(t *testing.T) {
	all, err := Select()
	if err != nil || len(all) != len(Catalogue()) {
		t.Errorf("expected all checks, got %d, %v", len(all), err)
	}
	some, err := Select("CTX-00[12]", "ping-001")
	var ids []string
	for _, c := range some {
		ids = append(ids, c.ID)
	}
	if err != nil || !slices.Equal(ids, []string{"CTX-001", "CTX-002", "PING-001"}) {
		t.Errorf("expected three checks, got %v, %v", ids, err)
	}
	for _, bad := range []string{"NONE-*", "[", "CTX-01", ""} {
		if got, err := Select("CTX-001", bad); err == nil {
			t.Errorf("%q: expected an error, got %d checks", bad, len(got))
		}
	}
}

// numbered are the areas whose checks are one for each of contract.ValueKinds.
var numbered = map[string]bool{"VAL-": true, "ANS-": true}

// TestEachAreaHasItsFile: the check HAVE-003 stands in have.go, and nowhere else.
func TestEachAreaHasItsFile(t *testing.T) {
	ids := map[string]string{} // of checks, or what those of an area begin with, with the file that they stand in
	paths, err := filepath.Glob("*/*.go")
	if err != nil || len(paths) < 30 {
		t.Fatalf("expected files of areas, got %d, %v", len(paths), err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") { // tests name checks of all areas
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if id := strings.Trim(lit.Value, `"`); checkID.MatchString(id) || numbered[id] {
					ids[id] = path
				}
			}
			return true
		})
	}
	for _, c := range Catalogue() {
		area := c.ID[:strings.LastIndexByte(c.ID, '-')]
		want := strings.ToLower(strings.ReplaceAll(area, "-", "_")) + ".go"
		id := c.ID
		if begin := area + "-"; numbered[begin] {
			id = begin
		}
		if got := ids[id]; filepath.Base(got) != want {
			t.Errorf("%s: expected it in a file %s, got %q", c.ID, want, got)
		}
	}
}
