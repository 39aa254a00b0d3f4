package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perl-ikc/ikc-conform/conformance/config"
)

// TestConfigExample: the file that the help of config shows can be read, and its flags are there.
func TestConfigExample(t *testing.T) {
	var text strings.Builder
	for line := range strings.Lines(configCommand().Long) {
		if example, ok := strings.CutPrefix(line, "  "); ok {
			text.WriteString(example)
		}
	}
	path := filepath.Join(t.TempDir(), config.Name)
	must(t, os.WriteFile(path, []byte(text.String()), 0o600))
	f, err := config.Read(path)
	must(t, err)
	if len(f.Targets) != 2 {
		t.Errorf("expected two targets, got %q", f.Targets)
	}
	run := runCommand()
	flags := f.Flags("run")
	for _, flag := range flags {
		if run.Flags().Lookup(flag.Name) == nil {
			t.Errorf("%s: no such flag of run", flag.Name)
		}
		for _, v := range flag.Values {
			if err := run.Flags().Set(flag.Name, v); err != nil {
				t.Errorf("%s: %v", flag.Name, err)
			}
		}
	}
	if len(flags) != 4 {
		t.Errorf("expected 4 flags of run, got %d", len(flags))
	}
}

// TestConfigSchema: the schema has the flags of each command, with the types that they were defined
// with; -update writes them.
func TestConfigSchema(t *testing.T) {
	const path = "../../conformance/config/schema.json"
	var schema map[string]any
	must(t, json.Unmarshal(config.Schema, &schema))
	got := schema["properties"].(map[string]any)
	for name, c := range map[string]*cobra.Command{"run": runCommand(), "matrix": matrixCommand(), "check": checkCommand()} {
		flags := map[string]any{}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				flags[f.Name] = typeOf(f).schema
			}
		})
		got[name] = map[string]any{"description": "Flags of this command by their long names, without the dashes.",
			"type": "object", "additionalProperties": false, "properties": flags}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	must(t, enc.Encode(schema))
	if *update {
		must(t, os.WriteFile(path, b.Bytes(), 0o644))
	} else if !bytes.Equal(b.Bytes(), config.Schema) {
		t.Error("the flags are not those of conformance/config/schema.json: 'go test ./cmd/ikc-conform -run TestConfigSchema -update' writes them")
	}
}
