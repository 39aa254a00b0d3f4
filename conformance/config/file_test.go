package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const good = `# yaml-language-server: $schema=https://github.com/perl-ikc/ikc-conform/conformance/config/schema.json
targets: [reference, "cmd:./driver --quiet"]
gate: must
cells:
  - server
  - client/IKC
run:
  patience: 10s
  session: true
check: {side: server}
`

// TestFile: what a file says, and that the schema takes it.
func TestFile(t *testing.T) {
	f, err := parse("f", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := []Flag{{"gate", []string{"must"}, 3, false, true}, {"cells", []string{"server", "client/IKC"}, 4, true, true},
		{"patience", []string{"10s"}, 8, false, false}, {"session", []string{"true"}, 9, false, false}}
	if got := f.Flags("run"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, expected %+v", got, want)
	}
	if got := f.Flags("matrix"); !reflect.DeepEqual(got, want[:2]) {
		t.Errorf("of matrix: got %+v, expected %+v", got, want[:2])
	}
	if want := []string{"reference", "cmd:./driver --quiet"}; !reflect.DeepEqual(f.Targets, want) {
		t.Errorf("targets %q, expected %q", f.Targets, want)
	}
	if err := bySchema(t, good); err != nil {
		t.Error(err)
	}
}

// TestWrongFiles: what is wrong is said, and where; the schema refuses it, too, if it is YAML.
func TestWrongFiles(t *testing.T) {
	for text, expected := range map[string]string{
		"gates: must":                         `f:1: "gates": expected targets, baseline, gate`,
		"gate: must\ntarget: x":               `f:2: "target": expected targets`,
		"gate: must\ngate: may":               `f:2: "gate": expected the name of a key, each once`,
		"targets: {a: b}":                     "f:1: targets: expected a value, or a list of values",
		"targets:":                            "f:1: targets: expected a value, or a list of values",
		"- reference":                         "f:1: expected keys with values",
		"run: 3":                              "f:1: expected keys with values",
		"run:\n  cells:\n    - a: b":          "f:3: run.cells: expected a value, or a list of values",
		"gate: &a must\nbaseline: [*a]":       "f:2: baseline: expected a value",
		"gate: must\n---\ngate: may":          "f: expected one document, got more",
		"gate: [":                             "f: yaml:",
		"run: {a: [[[[[[[[[[[[1]]]]]]]]]]]]}": "f:1: run.a: expected a value, or a list of values",
	} {
		_, err := parse("f", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), expected) {
			t.Errorf("%q: got %v, expected %s", text, err, expected)
		}
	}
	for _, text := range []string{"gates: must", "targets: {a: b}", "- reference", "run: 3", "run: {cells: [{a: b}]}",
		"run: {patience: soon}", "run: {patience: 5}", "run: {patience: 0}",
		"run: {patience: '0'}", "run: {timeout: 0.0s}", "run: {timeout: -1s}", "run: {session: 3}", "run: {repeat: often}", "run: {gates: must}", "check: {captures: x}"} {
		if bySchema(t, text) == nil {
			t.Errorf("%q: expected the schema to refuse it", text)
		}
	}
	for _, text := range []string{"run: {patience: 1h0m}", "run: {patience: .5s}", "run: {timeout: +10ms}"} {
		if err := bySchema(t, text); err != nil {
			t.Errorf("%q: expected the schema to take it: %v", text, err)
		}
	}
	path := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(path, []byte("gate: "+strings.Repeat("m", MaxSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "at most 1048576 octets") {
		t.Errorf("of a file that is too long: %v", err)
	}
	if f, err := parse("f", nil); err != nil || len(f.Flags("run")) > 0 {
		t.Errorf("of an empty file: %v", err)
	}
}

// bySchema holds a text against the schema.
func bySchema(t *testing.T, text string) error {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(string(Schema)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema")
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if v, err = jsonschema.UnmarshalJSON(strings.NewReader(string(b))); err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(v)
}
