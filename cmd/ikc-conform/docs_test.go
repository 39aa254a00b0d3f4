package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asCommand makes this test a program called ikc-conform, and returns the directory it is in.
func asCommand(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "ikc-conform")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// need skips a test where a program is missing.
func need(t *testing.T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("no %s here (Debian: apt-get install %s)", program, debian)
	}
}

func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(args, strings.NewReader(""), &out, &errs); status != 0 {
		t.Fatalf("%v: exit status %d: %s", args, status, errs.String())
	}
	return out.String()
}

func TestManPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	printed(t, "man", dir)
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 15 {
		t.Fatalf("expected a page for each command, got %d, %v", len(pages), err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "ikc-conform-run.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".SH NAME\nikc\\-conform\\-run \\- Test implementations\n", "  tcp:HOST:PORT        a server that is running; also HOST:PORT\n", "\\fB\\-\\-html\\fR \\fIFILE\\fR\n", ".SH EXIT STATUS\n"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("expected %q in\n%s", want, page)
		}
	}
	need(t, "mandoc", "mandoc")
	out, err := exec.Command("mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput()
	for l := range strings.Lines(string(out)) {
		if !strings.Contains(l, "missing date") { // that of the commit, which a test is not built with
			t.Errorf("mandoc: %s (%v)", l, err)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			script := printed(t, "completion", shell)
			need(t, shell, shell)
			path := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(shell, "-n", path).CombinedOutput(); err != nil {
				t.Errorf("expected a script that %s can read: %v: %s", shell, err, out)
			}
		})
	}
}

// What completion offers, by way of bash where that has its completion, else as bash would ask.
func TestCompletion(t *testing.T) {
	const lib = "/usr/share/bash-completion/bash_completion"
	_, err := os.Stat(lib)
	inBash := err == nil
	if !inBash {
		t.Log("bash itself is not asked: no " + lib + " here (Debian: apt-get install bash-completion)")
	}
	bin, script := asCommand(t), filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte(printed(t, "completion", "bash")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line []string
		want string
		not  string
	}{
		{[]string{"re"}, "report", "run"},
		{[]string{"report", "comp"}, "compare", "schema"},
		{[]string{"run", "re"}, "reference", "run"},
		{[]string{"run", "x", "--gate", ""}, "should", "reference"},
		{[]string{"run", "x", "--ht"}, "--html", "--json"},
		{[]string{"explain", "PING-"}, "PING-001", "ERR-002"},
		{[]string{"run", "x", "--checks", "PING-001,ERR-00"}, "PING-001,ERR-002", "PING-001,PING-001"},
		{[]string{"run", "x", "--cells", "client/"}, "client/IKC0", "server/IKC0"},
		{[]string{"check", "--side", "s"}, "server", "client"},
		{[]string{"oracle", "re"}, "reference", "report"},
		{[]string{"oracle", "perl", "perl@"}, "perl@", "schema"},
		{[]string{"run", "x", "--o"}, "", "--oracle"},
	} {
		var out []byte
		begun := ""
		if inBash {
			line := append([]string{"ikc-conform"}, test.line...)
			program := `source ` + lib + `; source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9
compopt() { :; }
__start_ikc-conform; printf '%s\n' "${COMPREPLY[@]}"`
			cmd := exec.Command("bash", append([]string{"--norc", "-c", program, "bash", script}, line...)...)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
			out, err = cmd.Output()
		} else {
			out, err = exec.Command(filepath.Join(bin, "ikc-conform"), append([]string{"__complete"}, test.line...)...).Output()
			begun = test.line[len(test.line)-1] // the shell leaves out what begins otherwise
		}
		offered := map[string]bool{}
		for l := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(l, "\t", " ")), " ")
			offered[word] = strings.HasPrefix(word, begun)
		}
		if err != nil || test.want != "" && !offered[test.want] || offered[test.not] {
			t.Errorf("%v: expected %q and not %q, got %q (%v)", test.line, test.want, test.not, out, err)
		}
	}
}
