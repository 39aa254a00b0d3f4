package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// statusOf runs ikc-conform in the script's directory and environment and demands an exit status:
// status N ARGS... What it prints is left in the files stdout and stderr.
func statusOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	self, err := os.Executable()
	ts.Check(err)
	var out, errs bytes.Buffer
	cmd := exec.Command(self, args[1:]...)
	cmd.Args[0] = "ikc-conform" // by which testscript.Main knows what to be
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), &out, &errs
	if in := ts.MkAbs(stdinFile); fileExists(in) {
		// What feedStdin left is for one command.
		given, err := os.ReadFile(in)
		ts.Check(err)
		cmd.Stdin = bytes.NewReader(given)
		ts.Check(os.Remove(in))
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "PERL5LIB", "IKC_RELEASES", "IKC_PERLS", "DOCKER_HOST", "WORK", "CAPTURES", "GITHUB_STEP_SUMMARY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	err = cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		ts.Fatalf("ikc-conform: %v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), out.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), errs.Bytes(), 0o644))
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("ikc-conform %v: exit status %d, expected %d\n%s%s", args[1:], got, want, out.String(), errs.String())
	}
}

// await waits until a file holds a text: await FILE TEXT.
func await(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	for range 1200 {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(b), args[1]) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b, _ := os.ReadFile(ts.MkAbs(args[0]))
	ts.Fatalf("%s never held %q, but %q", args[0], args[1], b)
}

const stdinFile = ".stdin"

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// feedStdin gives the next status command a file as standard input: feed FILE.
func feedStdin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: feed FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(stdinFile), []byte(ts.ReadFile(args[0])), 0o644))
}

// stdoutIs demands all that the last status command printed: stdout_is TEXT, in which \n is a line
// end and \\ a backslash.
func stdoutIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stdout_is TEXT")
	}
	want := strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(args[0])
	got, err := os.ReadFile(ts.MkAbs("stdout")) // not ts.ReadFile, to which "stdout" means that of exec
	ts.Check(err)
	if string(got) != want {
		ts.Fatalf("expected\n%sgot\n%s", want, got)
	}
}
