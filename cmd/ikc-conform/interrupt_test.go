//go:build unix

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/oracle"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// interruptible commands, one case or more for each: what keeps it busy, and the status that it
// ends with when it is interrupted.
type interruptCase struct {
	args   []string
	stdin  bool // a pipe that nothing comes from
	status int
	// full: standard output is a pipe that nobody reads, and that is full.
	full bool
	// await: wait for this text; ready: or for this. Neither: it is tried again until it was not
	// too early.
	await string
	ready chan struct{}
}

// TestInterrupt: an interrupt ends any command at once, whatever it waits for.
func TestInterrupt(t *testing.T) {
	answering, ready := mute(t, goodSetup)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	manual := filepath.Join(dir, "man")
	must(t, syscall.Mkfifo(fifo, 0o600))
	must(t, os.Mkdir(manual, 0o700))
	must(t, syscall.Mkfifo(filepath.Join(manual, "ikc-conform.1"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "debootstrap"), []byte("#!/bin/sh\necho I: Beginning; sleep 60\n"), 0o700))
	slow := filepath.Join(dir, "perls", "slow", "bin")
	must(t, os.MkdirAll(slow, 0o700))
	must(t, os.WriteFile(filepath.Join(slow, "perl"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	t.Setenv("IKC_PERLS", filepath.Join(dir, "perls"))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	cases := []interruptCase{
		{args: []string{"call", answering + "/s/t"}, ready: ready, status: 3},
		{args: []string{"respond", answering + "/s/t"}, ready: ready, status: 3},
		{args: []string{"post", answering + "/s/t"}, ready: ready, status: 3},
		{args: []string{"ping", answering}, ready: ready, status: 3},
		{args: []string{"subscribe", answering + "/s"}, ready: ready, status: 3},
		{args: []string{"monitor", answering, "--ping", "100ms"}, ready: ready},
		{args: []string{"monitor", goneServer(t), "--reconnect"}, await: "trying again"},
		{args: []string{"serve", "--listen", "127.0.0.1:0"}, await: "listens"},
		{args: []string{"serve", "--from", fifo}, status: 130},
		{args: []string{"serve", "--from", "../../captures/perl-server-perl-client-ikc0.pcapng", "--listen", "127.0.0.1:0"}, await: "listens", status: 5},
		{args: []string{"serve", "schema"}, full: true, status: 3},
		{args: []string{"record", "--to", answering, "-o", filepath.Join(dir, "c.pcapng"), "--force"}, await: "recording"},
		{args: []string{"shadow", "--to", answering, "--also", answering}, await: "passing on", status: 5},
		{args: []string{"shadow", "schema"}, full: true, status: 3},
		{args: []string{"driver"}, stdin: true, status: 3},
		{args: []string{"driver", "--listen", "127.0.0.1:0"}, await: "listening"},
		{args: []string{"driver-check", "cmd:sleep 60"}, status: 3},
		{args: []string{"run", "cmd:sleep 60"}, status: 130},
		{args: []string{"run", "cmd:sh -c 'setsid sleep 60 & sleep 60'"}, status: 130}, // a grandchild holds its output
		{args: []string{"run", "tcp:" + answering}, ready: ready, status: 130},
		{args: []string{"run", "tcp:" + answering, "--debug"}, ready: ready, status: 130},
		{args: []string{"run", "cmd:sleep 60", "--watch", manual}, status: 130},
		{args: []string{"run", "tcp:127.0.0.1:1", "--watch", manual}, await: "watching", status: 3},
		{args: []string{"run", "cmd:sleep 60", "--repeat", "5"}, status: 130},
		{args: []string{"matrix", "cmd:sleep 60", "-q"}, status: 130},
		{args: []string{"oracle", "cmd:sleep 60", "reference"}, status: 130},
		{args: []string{"model", "cmd:sleep 60"}, status: 130},
		{args: []string{"mutants"}, status: 130},
		{args: []string{"check", fifo}, status: 130},
		{args: []string{"diagnose", fifo}, status: 130},
		{args: []string{"diagnose", "schema"}, full: true, status: 3},
		{args: []string{"diff", fifo, "../../captures/field/b12-undef.pcap"}, status: 130},
		{args: []string{"diff", "schema"}, full: true, status: 3},
		{args: []string{"replay", "../../captures/perl-server-perl-client-ikc0.pcapng", "--to", "tcp:" + answering, "--yes"}, ready: ready, status: 130},
		{args: []string{"replay", boardCapture, "--listen", "127.0.0.1:0", "--yes"}, await: "listens", status: 130},
		{args: []string{"replay", boardCapture, "--listen", "127.0.0.1:0", "--yes", "--run", "sleep 60"}, await: "listens", status: 130},
		{args: []string{"replay", boardCapture, "--listen", "127.0.0.1:0", "--yes", "--run", "sh -c 'trap \"\" TERM; sleep 60'"}, await: "listens", status: 130},
		{args: []string{"replay", boardCapture, "--to", "tcp:127.0.0.1:0", "--yes", "--run", "sh -c 'echo begun; sleep 60'"}, await: "begun", status: 130},
		{args: []string{"replay", "schema"}, full: true, status: 3},
		{args: []string{"anonymise", fifo, "-o", filepath.Join(dir, "a.pcapng")}, status: 130},
		{args: []string{"anonymise", "schema"}, full: true, status: 3},
		{args: []string{"reduce", fifo, "-o", filepath.Join(dir, "a.pcapng"), "--notice", "NOTE-001"}, status: 130},
		{args: []string{"gen", "go", fifo, "-o", filepath.Join(dir, "gen")}, status: 130},
		{args: []string{"reduce", "schema"}, full: true, status: 3},
		{args: []string{"report", fifo}, status: 3},
		{args: []string{"report", "compare", fifo, fifo}, status: 3},
		{args: []string{"report", "schema"}, full: true, status: 3},
		{args: []string{"config", "schema"}, full: true, status: 3},
		{args: []string{"oracle", "schema"}, full: true, status: 3},
		{args: []string{"upgrade", "cmd:sleep 60", "reference"}, status: 130},
		{args: []string{"upgrade", "schema"}, full: true, status: 3},
		{args: []string{"inspect", fifo}, status: 130},
		{args: []string{"inspect", "-"}, stdin: true, status: 130},
		{args: []string{"inspect", "--follow", "-"}, stdin: true},
		{args: []string{"inspect", "--follow", "../../captures/perl-server-perl-client-ikc0.pcapng"}, await: "connection 0"},
		{args: []string{"list"}, full: true, status: 3},
		{args: []string{"explain", "PING-001"}, full: true, status: 3},
		{args: []string{"spec"}, full: true, status: 3},
		{args: []string{"version"}, full: true, status: 3},
		{args: []string{"wireshark"}, full: true, status: 3},
		{args: []string{"doctor"}, status: 3},
		{args: []string{"perls"}, status: 3},
		{args: []string{"perls", "add", "trixie"}, await: "Beginning", status: 3},
		{args: []string{"man", manual}, status: 3},
		{args: []string{"site", filepath.Join(dir, "site")}, full: true, status: 3},
	}
	for path, c := range commandPaths(newRoot()) {
		if c.Runnable() && !slices.ContainsFunc(cases, func(i interruptCase) bool { return strings.HasPrefix(strings.Join(i.args, " ")+" ", path+" ") }) {
			t.Errorf("%s: expected a case of how an interrupt ends it", path)
		}
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for _, c := range cases {
			t.Run(signal.String()+" "+strings.ReplaceAll(strings.Join(c.args, " "), dir, ""), func(t *testing.T) {
				if c.ready == nil { // which the cases share
					t.Parallel()
				}
				c.try(t, signal)
			})
		}
	}
}

// commandPaths are the commands below one, by what one types for them.
func commandPaths(root *cobra.Command) map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	for _, c := range descendants(root) {
		if c.Name() != "help" && c.Name() != "completion" && c.Parent().Name() != "completion" && !c.Hidden {
			all[strings.TrimPrefix(c.CommandPath(), "ikc-conform ")] = c
		}
	}
	return all
}

// try interrupts the command. If it was too early, before the command had begun, it tries again.
func (c *interruptCase) try(t *testing.T, signal syscall.Signal) {
	for wait := 250 * time.Millisecond; wait < 20*time.Second; wait *= 2 {
		if c.once(t, signal, wait) {
			return
		}
	}
	t.Error("expected the command to begin some time")
}

// fill writes to a pipe until it takes no more, however long that takes.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	raw, err := w.SyscallConn()
	must(t, err)
	must(t, raw.Write(func(fd uintptr) bool {
		for err == nil || err == syscall.EINTR {
			_, err = syscall.Write(int(fd), make([]byte, 4096))
		}
		return true
	}))
	if err != syscall.EAGAIN {
		t.Fatalf("expected a pipe that is full, got %v", err)
	}
}

func (c *interruptCase) once(t *testing.T, signal syscall.Signal, wait time.Duration) (inTime bool) {
	for len(c.ready) > 0 {
		<-c.ready
	}
	var stdin io.Reader
	var stdout io.Writer
	if c.stdin {
		r, w, err := os.Pipe()
		must(t, err)
		defer r.Close()
		defer w.Close()
		stdin = r
	}
	if c.full {
		r, w, err := os.Pipe()
		must(t, err)
		defer r.Close()
		defer w.Close()
		fill(t, w)
		stdout = w
	}
	s := startCommand(t, stdin, stdout, c.args...)
	switch {
	case c.await != "":
		s.until(t, c.await)
	case c.ready != nil:
		select {
		case <-c.ready:
		case <-time.After(30 * time.Second):
			t.Fatalf("it never said anything to the server\n%s", s.errs.String())
		}
	default:
		time.Sleep(wait)
	}
	select {
	case <-s.ended:
		t.Fatalf("expected it to go on, it ended with %v\n%s%s", s.ProcessState, s.out.String(), s.errs.String())
	default:
	}
	must(t, s.Process.Signal(signal))
	s.within(t, promptly)
	if status := s.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() && status.Signal() == signal {
		return false // it had not begun
	}
	if got := s.ProcessState.ExitCode(); got != c.status {
		t.Errorf("exit status %d, expected %d\n%s%s", got, c.status, s.out.String(), s.errs.String())
	}
	return true
}

// TestInterruptWhileNegotiating: a negotiation with a server that is running is finished, since a
// Perl server ends if it breaks off. That is said, is over after --timeout, and a second interrupt
// ends it at once.
func TestInterruptWhileNegotiating(t *testing.T) {
	t.Parallel()
	silent, ready := mute(t, "")
	for _, command := range [][]string{{"ping", silent}, {"run", "tcp:" + silent}} {
		for _, twice := range []bool{false, true} {
			timeout := "3s"
			if twice {
				timeout = "10m"
			}
			s := startCommand(t, nil, nil, append(command, "--timeout", timeout)...)
			<-ready
			must(t, s.Process.Signal(syscall.SIGINT))
			s.until(t, "interrupted, but not ended yet: a Perl server ends if its negotiation breaks off")
			if twice {
				must(t, s.Process.Signal(syscall.SIGINT))
			}
			s.within(t, 3*time.Second+promptly)
			status, last := 3, "ikc-conform: interrupted\n"
			if command[0] == "run" {
				status, last = 130, "ikc-conform: interrupted: the report is of what was tried to the end by then\n"
			}
			if twice {
				status = 3
				last = "ikc-conform: interrupted again: ended at once\n"
			}
			if got := s.ProcessState.ExitCode(); got != status {
				t.Errorf("%v: exit status %d, expected %d", command, got, status)
			}
			if said := s.errs.String(); !strings.HasSuffix(said, last) {
				t.Errorf("%v: expected it to end with %q, got %q", command, last, said)
			}
		}
	}
}

// TestInterruptKeepsWhatWasTried: run and matrix report on the combinations that were tried to the
// end, in every form, and the report says that it is partial.
func TestInterruptKeepsWhatWasTried(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{{"run", "reference", "--progress"}, {"matrix", "reference", "--jobs", "1"}} {
		t.Run(command[0], func(t *testing.T) {
			dir := t.TempDir()
			stored := filepath.Join(dir, "run.json")
			s := startCommand(t, nil, nil, append(command, "--json", stored, "--html", filepath.Join(dir, "run.html"))...)
			s.until(t, "done")
			must(t, s.Process.Signal(syscall.SIGINT))
			s.within(t, promptly)
			if got := s.ProcessState.ExitCode(); got != report.ExitInterrupted {
				t.Errorf("exit status %d, expected 130\n%s%s", got, s.out.String(), s.errs.String())
			}
			d, err := report.ReadFile(stored)
			must(t, err)
			r := d.Reports[0]
			if d.Exit != report.ExitInterrupted || r.Partial == "" || len(r.Parts) == 0 || r.Summary.Passed == 0 || len(r.Problems()) > 0 {
				t.Errorf("exit %d, partial %q, %d parts, %+v, problems %q: expected a partial report of what was tried to the end",
					d.Exit, r.Partial, len(r.Parts), r.Summary, r.Problems())
			}
			page, err := os.ReadFile(filepath.Join(dir, "run.html"))
			must(t, err)
			for where, text := range map[string]string{"standard output": s.out.String(), "the page": string(page)} {
				if !strings.Contains(strings.ToLower(text), "interrupt") {
					t.Errorf("%s does not say that it was interrupted:\n%.300s", where, text)
				}
			}
		})
	}
}

// TestInterruptedComparisons: model, mutants and oracle show what they had found, marked as
// partial; upgrade shows nothing, and says why.
func TestInterruptedComparisons(t *testing.T) {
	t.Parallel()
	stored := filepath.Join(t.TempDir(), "oracle.json")
	for _, c := range []struct {
		args []string
		done int // of --progress, before it is interrupted
		says string
	}{
		{[]string{"mutants"}, 0, `(?m)^Interrupted: \d+ of \d{3} defects tried to the end\.$`},
		{[]string{"model", "reference", "--runs", "1000000", "--seed", "7"}, 0,
			`^Interrupted: \d+ of 1000000 runs, from seed 7 on, of reference: these went as the model says\.\n$`},
		{[]string{"oracle", "reference", "reference", "--progress", "--json", stored}, 11,
			`(?m)^Interrupted: 0 of 1 targets compared to the end; so far, connections that differ: 0\.$`},
		{[]string{"upgrade", "cmd:sleep 60", "reference"}, 0, `^$`},
	} {
		t.Run(c.args[0], func(t *testing.T) {
			s := startCommand(t, nil, nil, c.args...)
			for range 1200 {
				if c.done > 0 && strings.Count(s.errs.String(), ": done") >= c.done {
					break
				}
				if time.Sleep(25 * time.Millisecond); c.done == 0 {
					time.Sleep(time.Second)
					break
				}
			}
			must(t, s.Process.Signal(syscall.SIGINT))
			s.within(t, promptly)
			if got := s.ProcessState.ExitCode(); got != report.ExitInterrupted || !regexp.MustCompile(c.says).MatchString(s.out.String()) {
				t.Errorf("exit status %d, %q: expected 130, and %s\n%s", got, s.out.String(), c.says, s.errs.String())
			}
		})
	}
	text, err := os.ReadFile(stored)
	must(t, err)
	var r oracle.Report
	must(t, json.Unmarshal(text, &r))
	if r.Partial == "" || r.Compared == 0 || len(r.Targets) != 1 {
		t.Errorf("expected what was compared by then, marked as partial, got %s", text)
	}
}

// TestInterruptedCheck: what passed in a capture whose reading was interrupted did so as far as
// seen.
func TestInterruptedCheck(t *testing.T) {
	whole, err := os.ReadFile("../../captures/perl-server-perl-client-ikc0.pcapng")
	must(t, err)
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	stored := filepath.Join(t.TempDir(), "check.json")
	s := startCommand(t, r, nil, "check", "-", "--json", stored)
	for range 5 { // more than a pipe holds: the first has been read when this returns
		_, err = w.Write(whole)
		must(t, err)
	}
	must(t, s.Process.Signal(syscall.SIGINT))
	s.within(t, promptly)
	d, err := report.ReadFile(stored)
	must(t, err)
	if sum := d.Summary(); d.Exit != report.ExitInterrupted || sum.Seen < 50 || sum.Passed > 0 {
		t.Errorf("exit %d, %+v: expected 130, and checks that passed as far as seen\n%s%s", d.Exit, sum, s.out.String(), s.errs.String())
	}
}

// TestSilenceToSETUP: who says nothing to SETUP may be an old release, which is said first of all;
// not if HELLO was tried.
func TestSilenceToSETUP(t *testing.T) {
	address, _ := mute(t, "")
	const hint = "say nothing to the SETUP of IKC0: add --protocol IKC; else, is it a kernel"
	for _, args := range [][]string{{"--hello-after", "0"}, {"--protocol", "IKC"}, {"--hello-after", "100ms"}} {
		status, _, errs := command(t, append([]string{"ping", address, "--timeout", "500ms"}, args...)...)
		if status != report.ExitBroken || strings.Contains(errs, hint) != (args[1] == "0") {
			t.Errorf("%v: expected status 3, and the hint if HELLO was not tried, got %d, %s", args, status, errs)
		}
	}
}
