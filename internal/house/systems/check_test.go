package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCheck: what is wrong for another system is found, in what is for that one alone, in what is
// for all and in tests, and what go vet says of files that are not for this one.
func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		wrong            string // "" for nothing
		only             string // the system that it is wrong on; "" for both
	}{
		{"nothing", "a.go", "package a\n\nimport \"os\"\n\nfunc A() string { return os.DevNull }\n", "", ""},
		{"a type", "a.go", "package a\n\nimport \"os\"\n\nfunc A() int { return os.DevNull }\n", "cannot use os.DevNull", ""},
		{"a function of Unix", "a.go", "package a\n\nimport \"syscall\"\n\nfunc A() error { return syscall.Kill(1, 0) }\n", "undefined: syscall.Kill", "windows"},
		{"a file for Windows", "a_windows.go", "package a\n\nfunc A() int { return \"\" }\n", "cannot use \"\"", "windows"},
		{"a test", "a_test.go", "package a\n\nimport (\n\t\"syscall\"\n\t\"testing\"\n)\n\nfunc TestA(t *testing.T) { syscall.Getpgid(0) }\n", "undefined: syscall.Getpgid", "windows"},
		{"a test from without", "a_test.go", "package a_test\n\nimport (\n\t\"testing\"\n\n\t\"example.com/a\"\n)\n\nfunc TestA(t *testing.T) { a.B() }\n", "undefined: a.B", ""},
		{"a format", "a_windows.go", "package a\n\nimport \"fmt\"\n\nfunc A() { fmt.Printf(\"%d\", \"x\") }\n", "wrong type string", "windows"},
		{"no package", "a.go", "package a\n\nimport _ \"example.com/b\"\n", "example.com/b", ""},
		{"no Go", "a.go", "package a\n\nfunc {\n", "a.go:3", ""},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"go.mod": "module example.com/a\n\ngo 1.26.0\n", "doc.go": "package a\n", test.file: test.text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, system := range []string{"darwin", "windows"} {
			expected := test.wrong != "" && (test.only == "" || test.only == system)
			got := check(dir, system)
			if expected != slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, test.wrong) }) || !expected && len(got) > 0 {
				t.Errorf("%s on %s: expected %q (%v), got %q", test.name, system, test.wrong, expected, got)
			}
		}
	}
}
