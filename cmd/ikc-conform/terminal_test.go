package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// TestTerminal shows a capture on a terminal, which script(1) makes: lines are as wide as it is,
// and coloured, unless the environment says otherwise; a pager gets neither.
func TestTerminal(t *testing.T) {
	need(t, "script", "bsdutils")
	need(t, "stty", "coreutils")
	capture, err := filepath.Abs(filepath.Join(repository, "captures", "perl-server-perl-client-ikc0.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(asCommand(t), "ikc-conform") + " inspect " + capture + " --errors"
	for _, test := range []struct {
		name, run    string
		colour, fits bool
		columns      int
	}{
		{"a terminal", "stty cols 60; " + command, true, true, 60},
		{"a wide one", "stty cols 200; " + command, true, true, 200},
		{"arrows", "stty cols 70; " + command + " --sequence", true, true, 70},
		{"NO_COLOR", "stty cols 60; NO_COLOR=1 " + command, false, true, 60},
		{"a dumb terminal", "stty cols 60; TERM=dumb " + command, false, true, 60},
		{"--color never", "stty cols 60; " + command + " --color never", false, true, 60},
		{"a pager", "stty cols 60; " + command + " | cat", false, false, 60},
		{"a pager with colour", "stty cols 60; " + command + " --color always | cat", true, false, 60},
	} {
		cmd := exec.Command("script", "-qec", test.run, "/dev/null")
		cmd.Env = append(cmd.Environ(), "TERM=xterm")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "error on #34") {
			t.Errorf("%s: expected the errors in the capture, got %v\n%s", test.name, err, out)
			continue
		}
		if got := escapes.Match(out); got != test.colour {
			t.Errorf("%s: expected colour %v, got %q", test.name, test.colour, out)
		}
		longest := 0
		for line := range strings.Lines(escapes.ReplaceAllString(string(out), "")) {
			longest = max(longest, utf8.RuneCountInString(strings.TrimRight(line, "\r\n")))
		}
		if fits := longest <= test.columns; fits != test.fits {
			t.Errorf("%s: expected lines that fit %d columns to be %v, the longest has %d", test.name, test.columns, test.fits, longest)
		}
	}
	// A pager that is left ends the command without a word.
	quit := exec.Command("bash", "-c", "set -o pipefail; "+command+" -v --color always | head -1 >/dev/null")
	if out, err := quit.CombinedOutput(); len(out) > 0 {
		t.Errorf("expected silence when the pager is left, got %v, %q", err, out)
	}
}
