package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// documents are runs that show each outcome, and texts that must not mean anything in any format.
func documents(t testing.TB) map[string]*report.Document {
	good, bad := stored(t)
	nasty := "a # b \\ \"c\" <d> & 'e' | `f` ::error::g %0A\r\nok 99 - \x00\x1b[31m ]]> --> \xff"
	hostile := &judge.Check{ID: "A-009", Level: judge.Must, Requirement: "Must be " + nasty, Source: nasty}
	violated := verdict(hostile, judge.Fail)
	violated.Findings[0].Expected, violated.Findings[0].Actual = nasty, nasty
	undecided := verdict(should, judge.Inconclusive)
	undecided.Reason = nasty
	known := known.Deviations{{Check: must.ID, Releases: known.Releases{Implementation: "impl", From: "0", To: "9"}, Reason: nasty},
		{Check: may.ID, Releases: known.Releases{Implementation: "impl", From: "0", To: "9"}, Reason: "stale"}}
	cells := []*cell.Result{
		{Verdicts: []judge.Verdict{violated, undecided, verdict(must, judge.Fail), verdict(may, judge.Pass)}, Notes: []string{nasty}},
		{Cell: cell.Cell{Role: "client"}, Skipped: nasty},
		{Cell: cell.Cell{Role: "clientlite"}, Problems: []string{nasty, "again"}},
	}
	mixed := report.FromRun(&cell.TargetResult{Target: "cmd:./x '" + nasty + "'",
		Identity: &driver.Hello{Implementation: "impl", Release: "1"}, Cells: cells}, judge.Should, known)
	lenient := report.FromRun(&cell.TargetResult{Target: "y",
		Cells: []*cell.Result{{Verdicts: []judge.Verdict{verdict(may, judge.Fail)}}}}, judge.Must, nil)
	return map[string]*report.Document{
		"good": good, "bad": bad, "mixed": report.NewDocument("v0.0.0", mixed, lenient), "empty": report.NewDocument("v0.0.0"),
		"sensitive": report.NewDocument("v0.0.0", swept(nasty, "all")), "stale": report.NewDocument("v0.0.0", swept("reason", "stale")),
	}
}

func write(t testing.TB, d *report.Document, format func(io.Writer, *report.Document) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := format(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// schemas are the XSDs that JUnit XML is held against: ours, and published ones where IKC_JUNIT_XSD
// names them.
func schemas(t *testing.T) []string {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("no xmllint here (Debian: apt-get install libxml2-utils)")
	}
	return append([]string{"testdata/junit.xsd"}, filepath.SplitList(os.Getenv("IKC_JUNIT_XSD"))...)
}

func valid(t *testing.T, schema, text string) (string, bool) {
	t.Helper()
	cmd := exec.Command("xmllint", "--nonet", "--noout", "--schema", schema, "-")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func TestJUnit(t *testing.T) {
	xsds := schemas(t)
	for name, d := range documents(t) {
		text := write(t, d, report.WriteJUnit)
		for _, xsd := range xsds {
			if out, ok := valid(t, xsd, text); !ok {
				t.Errorf("%s: expected it to keep %s: %s", name, xsd, out)
			}
		}
		// The counts of a suite are those of its cases.
		var suites struct {
			Suites []struct {
				Name                             string     `xml:"name,attr"`
				Tests, Failures, Errors, Skipped int        `xml:",attr"`
				Attrs                            []xml.Attr `xml:",any,attr"`
				Cases                            []struct {
					Failure *struct{} `xml:"failure"`
					Error   *struct{} `xml:"error"`
					Skipped *struct{} `xml:"skipped"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(text), &suites); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		failures, broken := 0, 0
		for _, s := range suites.Suites {
			count := map[string]int{"tests": len(s.Cases)}
			for _, c := range s.Cases {
				for kind, there := range map[string]bool{"failures": c.Failure != nil, "errors": c.Error != nil, "skipped": c.Skipped != nil} {
					if there {
						count[kind]++
					}
				}
			}
			for _, a := range s.Attrs {
				if want, ok := count[a.Name.Local]; ok && a.Value != fmt.Sprint(want) {
					t.Errorf("%s: %s: expected %s to be %d, got %s", name, s.Name, a.Name.Local, want, a.Value)
				}
			}
			failures += count["failures"]
			broken += count["errors"]
		}
		if want := d.Exit == report.ExitNotConformant; (failures > 0) != want {
			t.Errorf("%s: expected failures: %v, got %d", name, want, failures)
		}
		if name == "mixed" && broken != 1 {
			t.Errorf("%s: expected what broke to be one error, got %d", name, broken)
		}
	}
	// What the schema is for.
	text := write(t, documents(t)["bad"], report.WriteJUnit)
	for _, change := range []struct{ old, new string }{{` hostname="localhost"`, ""}, {` tests="`, ` tests="x`}, {"<failure ", "<failed "}, {"</properties>", "</properties><x/>"}} {
		broken := strings.Replace(text, change.old, change.new, 1)
		broken = strings.Replace(broken, strings.Replace(change.old, "<", "</", 1), strings.Replace(change.new, "<", "</", 1), 1)
		if _, ok := valid(t, xsds[0], broken); ok || broken == text {
			t.Errorf("expected the schema to refuse %q in place of %q", change.new, change.old)
		}
	}
}

func TestTAP(t *testing.T) {
	prove, err := exec.LookPath("prove")
	if err != nil {
		t.Skip("no prove here (Debian: apt-get install perl)")
	}
	for name, d := range documents(t) {
		text := write(t, d, report.WriteTAP)
		path := filepath.Join(t.TempDir(), name+".tap")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(prove, "--ext", ".tap", "--exec", "cat", path).CombinedOutput()
		want := d.Exit == report.ExitConformant || d.Exit == report.ExitNothing
		if (err == nil) != want || strings.Contains(string(out), "Parse errors") {
			t.Errorf("%s: expected prove to be content: %v, without parse errors; got\n%s", name, want, out)
		}
		tests := 0
		for _, r := range d.Reports {
			tests += len(r.Checks)
		}
		if name == "good" && !strings.Contains(string(out), fmt.Sprintf("Tests=%d,", tests)) {
			t.Errorf("%s: expected %d tests, got\n%s", name, tests, out)
		}
		if name == "mixed" && !regexp.MustCompile(`Failed tests?: +`).MatchString(string(out)) {
			t.Errorf("%s: expected failed tests to be named, got\n%s", name, out)
		}
		if name == "mixed" && strings.Count(text, " # TODO ") != 2 {
			t.Errorf("%s: expected a known deviation and a failure that does not count to be to do, got\n%s", name, text)
		}
	}
}

func TestSARIF(t *testing.T) {
	schema := sarifSchema(t)
	for name, d := range documents(t) {
		text := write(t, d, report.WriteSARIF)
		log := new(sarif.Report)
		strict := json.NewDecoder(strings.NewReader(text))
		strict.DisallowUnknownFields() // its types have all that the schema has
		if err := strict.Decode(log); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := keeps(schema, text); err != nil {
			t.Errorf("%s: expected it to keep the published schema: %v", name, err)
		}
		if len(log.Runs) != len(d.Reports) {
			t.Fatalf("%s: expected %d runs, got %d", name, len(d.Reports), len(log.Runs))
		}
		seen := map[string]bool{}
		for i, run := range log.Runs {
			for _, res := range run.Results {
				fingerprint := res.PartialFingerprints["check/v1"]
				if seen[fingerprint] || fingerprint == "" {
					t.Errorf("%s: expected fingerprints that differ, got %q twice", name, fingerprint)
				}
				seen[fingerprint] = true
				if rule := run.Tool.Driver.Rules[res.RuleIndex]; *rule.ID != *res.RuleID {
					t.Errorf("%s: expected the rule of %s, got %s", name, *res.RuleID, *rule.ID)
				}
			}
			want := 0
			for _, c := range d.Reports[i].Checks {
				for _, v := range c.Verdicts {
					if v.Outcome == judge.Fail || v.Outcome == judge.Known {
						want++
					}
				}
			}
			if name == "sensitive" {
				want += 3
			}
			if len(run.Results) != want {
				t.Errorf("%s: expected %d results, got %d", name, want, len(run.Results))
			}
		}
	}
	text := write(t, documents(t)["bad"], report.WriteSARIF)
	if keeps(schema, strings.Replace(text, `"kind": "fail"`, `"kind": "bad"`, 1)) == nil {
		t.Error("expected the schema to refuse a kind that is none")
	}
}

func keeps(schema *jsonschema.Schema, text string) error {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// sarifSchema is the schema that OASIS published, as the source of go-sarif holds it.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", reflect.TypeFor[sarif.Report]().PkgPath()).Output()
	if err != nil {
		t.Skipf("the module that has the schema of SARIF cannot be found: %v", err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(out)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && len(lit.Value) > len(text) {
			text = lit.Value
		}
		return true
	})
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Trim(text, "`")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// An annotation is a line that GitHub reads; nothing in it may end it, or begin another.
func TestAnnotations(t *testing.T) {
	line := regexp.MustCompile(`^::(error|warning) title=[^,:\r\n]*::[^\r\n]*$`)
	counts := map[string]int{}
	for name, d := range documents(t) {
		for l := range strings.Lines(write(t, d, report.WriteAnnotations)) {
			counts[name]++
			if !line.MatchString(strings.TrimSuffix(l, "\n")) {
				t.Errorf("%s: expected an annotation, got %q", name, l)
			}
		}
	}
	if counts["good"] != 0 || counts["bad"] == 0 || counts["mixed"] != 4 {
		t.Errorf("expected none for a good run, some for a bad one, 4 for the mixed one; got %v", counts)
	}
	many := documents(t)["good"]
	for _, c := range many.Reports[0].Checks {
		c.Outcome = judge.Fail
	}
	if text := write(t, many, report.WriteAnnotations); strings.Count(text, "\n") != 10 ||
		!strings.Contains(text, fmt.Sprintf("::and %d more", len(many.Reports[0].Checks)-9)) {
		t.Errorf("expected 10 annotations, the last of which counts the others; got\n%s", text)
	}
}

func TestMarkdown(t *testing.T) {
	fenced := regexp.MustCompile("(?s)\n```.*?\n```\n")
	for name, d := range documents(t) {
		text := write(t, d, report.WriteMarkdown)
		if strings.Contains(fenced.ReplaceAllString(text, ""), "<d>") || strings.Count(text, "<details>") != strings.Count(text, "</details>") || strings.Count(text, "\n```")%2 != 0 {
			t.Errorf("%s: expected what came from a peer to be text, got\n%s", name, text)
		}
		for _, r := range d.Reports {
			for _, c := range r.Checks {
				if c.Outcome == judge.Fail && !strings.Contains(text, "<code>"+c.ID+"</code>") {
					t.Errorf("%s: expected the failure of %s", name, c.ID)
				}
			}
		}
	}
}

func TestCodeQuality(t *testing.T) {
	for name, d := range documents(t) {
		var entries []struct {
			Description, Fingerprint, Severity string
			CheckName                          string `json:"check_name"`
			Location                           struct {
				Path  string
				Lines struct{ Begin int }
			}
		}
		if err := json.Unmarshal([]byte(write(t, d, report.WriteCodeQuality)), &entries); err != nil || entries == nil {
			t.Fatalf("%s: expected a list, got %v", name, err)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if e.Description == "" || e.CheckName == "" || e.Location.Path == "" ||
				e.Location.Lines.Begin != 1 || len(e.Fingerprint) != 32 || seen[e.Fingerprint] ||
				!regexp.MustCompile(`^(info|minor|major|critical|blocker)$`).MatchString(e.Severity) {
				t.Errorf("%s: expected an entry as GitLab reads them, got %+v", name, e)
			}
			seen[e.Fingerprint] = true
		}
		if (len(entries) > 0) != (name == "bad" || name == "mixed" || name == "sensitive") {
			t.Errorf("%s: expected entries for failures only, got %d", name, len(entries))
		}
	}
}

func TestBadge(t *testing.T) {
	for name, want := range map[string]string{"good": "conformant", "bad": "1 check failed", "empty": "nothing was checked"} {
		text := write(t, documents(t)[name], report.WriteBadge)
		if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: expected a badge that says %q, got %v in %s", name, want, err, text)
		}
	}
}

// A page stays small, and whole, however much there is to tell.
func TestHTMLIsBounded(t *testing.T) {
	bad, _ := stored(t) // all of which is going to fail
	var exchange []dialogue.Step
	for _, c := range bad.Reports[0].Checks {
		if c.Example != nil && len(c.Example.Exchange) > len(exchange) {
			exchange = c.Example.Exchange
		}
	}
	for _, c := range bad.Reports[0].Checks {
		for _, v := range c.Verdicts {
			v.Outcome = judge.Fail
			for len(v.Findings) < report.MaxKeptFindings {
				f := judge.Finding{Expected: "e", Actual: strings.Repeat("long ", 40), Side: "server"}
				if len(v.Findings) < report.MaxExchanges {
					f.Exchange = exchange
				}
				v.Findings = append(v.Findings, f)
			}
		}
	}
	bad = again(t, bad)
	text := write(t, bad, report.WriteHTML)
	if n := strings.Count(text, `class="seq wide`); n < 100 || n > 700 {
		t.Errorf("expected some hundred diagrams, got %d", n)
	}
	if len(text) > 24<<20 || !strings.Contains(text, "diagrams were left out") || !strings.HasSuffix(strings.TrimSpace(text), "</html>") {
		t.Errorf("expected a whole page of at most 24 MiB that says what it left out, got %d octets", len(text))
	}
	if regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).MatchString(text) {
		t.Error("expected a page that needs nothing else")
	}
}
