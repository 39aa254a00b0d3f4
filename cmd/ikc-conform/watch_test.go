//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWatch: run --watch tries again for each change, also for one while it was being tried, but
// not for that alone twice: what is tried may write it. Each round is held until the test lets it
// go on, so that nothing depends on who is faster.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	work := filepath.Join(dir, "work")
	must(t, os.Mkdir(work, 0o700))
	script := filepath.Join(dir, "driver.sh")
	must(t, os.WriteFile(script, fmt.Appendf(nil, `cd %s
echo >>begun
until [ -e go.$(wc -l <begun) ]; do sleep 0.05; done
exec %s driver
`, dir, filepath.Join(asCommand(t), "ikc-conform")), 0o600))
	s := startCommand(t, nil, nil, "run", "cmd:sh "+script, "--watch", work, "--cells", "server/IKC0", "--checks", "PING-*",
		"--config", "", "--json", filepath.Join(work, "run.json"))
	begun := func(round int) {
		t.Helper()
		for range 2400 {
			if b, err := os.ReadFile(filepath.Join(dir, "begun")); err == nil && len(b) >= round {
				if len(b) > round {
					t.Fatalf("expected round %d, got %d of them\n%s", round, len(b), s.errs.String())
				}
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
		t.Fatalf("round %d never began\n%s", round, s.errs.String())
	}
	letGo := func(round int) { must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("go.%d", round)), nil, 0o600)) }
	write := func(name, text string) { must(t, os.WriteFile(filepath.Join(work, name), []byte(text), 0o600)) }
	watching := func(times int) {
		t.Helper()
		for range 2400 {
			if strings.Count(s.errs.String(), "watching "+work) >= times {
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
		t.Fatalf("expected it to watch for the %d. time\n%s", times, s.errs.String())
	}

	begun(1)
	write("a", "1")
	letGo(1)
	begun(2) // for a, which changed meanwhile
	write("a", "22")
	letGo(2)
	watching(1) // that alone is no reason again
	write("b", "new")
	begun(3)
	letGo(3)
	watching(2)
	must(t, os.Remove(filepath.Join(work, "b")))
	begun(4)
	letGo(4)
	watching(3)
	must(t, s.Process.Signal(syscall.SIGINT))
	s.within(t, promptly)
	var said []string
	for line := range strings.Lines(s.errs.String()) {
		if strings.Contains(line, "change") || strings.Contains(line, "watching") {
			said = append(said, strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(line), work, "DIR"), "ikc-conform: "))
		}
	}
	want := []string{
		"DIR/a changed: again", "DIR/a changes while it is tried; that alone does not make it be tried again", "watching DIR; Ctrl-C ends it",
		"DIR/b changed: again", "watching DIR; Ctrl-C ends it", "DIR/b changed: again", "watching DIR; Ctrl-C ends it",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") || s.ProcessState.ExitCode() != 0 {
		t.Errorf("exit status %d; expected 0 and\n%s\ngot\n%s", s.ProcessState.ExitCode(), strings.Join(want, "\n"), s.errs.String())
	}
}
