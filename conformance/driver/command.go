package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	stderrTail = 16 << 10               // octets of standard error kept for error reports
	grace      = 500 * time.Millisecond // between the end of a driver's input and its being killed
)

// Command is a driver program.
type Command struct {
	Path string
	Args []string // without the program itself
	Env  []string // added to the environment of this process
	Dir  string
	// Home is where the program is, if that is another directory each time: errors name what is in it
	// without it, so that they are the same for the same fault.
	Home string

	Options

	// Cleanup, if not nil, is called once after the program has ended, or could not be started.
	Cleanup func()
}

// String is the command as a shell would take it, roughly.
func (c Command) String() string { return strings.Join(append([]string{c.Path}, c.Args...), " ") }

// atHome is a text without Home.
func (c Command) atHome(s string) string {
	if c.Home == "" {
		return s
	}
	return strings.ReplaceAll(s, c.Home+string(filepath.Separator), "")
}

// Start runs a driver program in a process group of its own. When ctx ends the group is killed. It
// is the caller's to call Close.
func Start(ctx context.Context, c Command) (*Driver, error) {
	cleanup := func() {
		if c.Cleanup != nil {
			c.Cleanup()
		}
	}
	if err := ctx.Err(); err != nil {
		cleanup()
		return nil, fmt.Errorf("driver: start %s: %w", c, context.Cause(ctx))
	}
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.WaitDelay = grace / 2 // for grandchildren that hold standard error
	ownGroup(cmd)
	stderr := &tail{max: stderrTail}
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		cleanup()
		return nil, fmt.Errorf("driver: %w", err)
	}
	stdout, output, err := os.Pipe()
	if err != nil {
		cleanup()
		return nil, fmt.Errorf("driver: %w", err)
	}
	cmd.Stdout = output
	err = cmd.Start()
	output.Close()
	if err != nil {
		stdout.Close()
		cleanup()
		return nil, fmt.Errorf("driver: start: %w", err)
	}

	p := &process{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	go p.wait(stdout)
	d := newDriver(c.atHome(c.String()), c.Options)
	d.end = p.end
	d.endInput = func() { p.stdin.Close() }
	unhook := context.AfterFunc(ctx, p.kill)
	d.run(stdout, stdin, func() error {
		stdout.Close()
		err := p.reap()
		unhook()
		cleanup()
		return &ExitError{Driver: d.name, Status: status(err), Stderr: c.atHome(stderr.String())}
	})
	return d, nil
}

// process is a started program.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{} // closed when the program has ended, and err is set
	err   error
}

// wait waits for the program to end. Its output ends then too, though a grandchild may hold that
// open: there is grace to read what is in it.
func (p *process) wait(stdout *os.File) {
	p.err = p.cmd.Wait()
	p.kill() // what is left of its group
	// It fails if the output was read to its end, and closed.
	_ = stdout.SetReadDeadline(time.Now().Add(grace))
	close(p.ended)
}

// end closes the program's input, and kills it unless it ends by itself in time.
func (p *process) end(graceful bool) {
	p.stdin.Close()
	if graceful {
		select {
		case <-p.ended:
			return
		case <-time.After(grace):
		}
	}
	p.kill()
}

func (p *process) kill() { killGroup(p.cmd) }

// reap waits for the program to end when there is nothing more to read. One that has closed its
// output and stays is no use, and is killed.
func (p *process) reap() error {
	timer := time.AfterFunc(grace, p.kill)
	<-p.ended
	timer.Stop()
	return p.err
}

func status(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return "exit status 0"
	case errors.As(err, &exit):
		return exit.Error()
	}
	return err.Error()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	max int
	buf []byte
	cut bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
		t.cut = true
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cut {
		return "..." + string(t.buf)
	}
	return string(t.buf)
}
