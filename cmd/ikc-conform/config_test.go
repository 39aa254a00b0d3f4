package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
