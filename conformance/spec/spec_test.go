package spec

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
)

var update = flag.Bool("update", false, "write the document anew")

// document is where the rendered specification is, from here.
const document = "../../docs/specification.md"

// Every check is in a clause, and every clause with a MUST has a check.
func TestClausesAndChecks(t *testing.T) {
	sections, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.Catalogue() {
		if len(Clauses(sections, c.ID)) == 0 {
			t.Errorf("%s is in no clause: %s", c.ID, c.Requirement)
		}
	}
	for _, s := range sections[1:] { // the first says what MUST means
		for _, c := range s.Clauses {
			if strings.Contains(c.Text, "MUST") && len(c.Checks) == 0 {
				t.Errorf("clause %s (%s) says MUST, and no check decides it", c.Number, c.Title)
			}
			must := false
			for _, k := range c.Checks {
				must = must || k.Level == judge.Must
			}
			if strings.Contains(c.Text, "MUST") && !must {
				t.Errorf("clause %s (%s) says MUST, and none of its checks does", c.Number, c.Title)
			}
		}
	}
}

// The document in the tree is what the clauses and the catalogue make today: go test
// ./conformance/spec -update.
func TestDocument(t *testing.T) {
	sections, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	known, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Write(&b, sections, known); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(document, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is not what 'ikc-conform spec' prints; write it anew by go test ./conformance/spec -update", document)
	}
}

func TestBadClauses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "expected a title",
		"# T\n":                              "expected a title and clauses",
		"words\n":                            "expected a title",
		"# T\nwords\n":                       "got \"words",
		"# T\n## C\n\nChecks: NO-SUCH-001\n": "NO-SUCH-001",
	} {
		_, err := read(fstest.MapFS{"01.md": {Data: []byte(text)}})
		if !errors.Is(err, ErrClause) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected an error with %q, got %v", text, want, err)
		}
	}
}

// A clause that begins with code keeps the indentation that makes it code.
func TestCodeFirst(t *testing.T) {
	sections, err := read(fstest.MapFS{"01.md": {Data: []byte("# T\n\n## C\n\n    a = b\n    c = d\n\nwords\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sections[0].Clauses[0].Text, "    a = b\n    c = d\n\nwords"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}
