package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// ownProgram is a program of the user that a command has started.
type ownProgram struct {
	ended chan struct{}
	end   context.CancelFunc
}

// programGrace is how long a program may take to end when it is told to.
const programGrace = time.Second

// startProgram starts a program, whose words may be quoted as for a shell. {address}, {host} and
// {port} in them are replaced. What it prints goes to out, with "| " before each line, so that
// nobody takes it for what we say. It is told to end when the command is interrupted, or by stop.
func startProgram(ctx context.Context, words string, address string, out io.Writer) (*ownProgram, error) {
	list, err := driver.Words(words)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	host, port := address, ""
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		host, port = address[:i], address[i+1:]
	}
	fill := strings.NewReplacer("{address}", address, "{host}", strings.Trim(host, "[]"), "{port}", port)
	for i, w := range list {
		list[i] = fill.Replace(w)
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, list[0], list[1:]...)
	said := &quoting{w: out}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = programGrace
	p := &ownProgram{ended: make(chan struct{}), end: cancel}
	switch err := cmd.Start(); {
	case errors.Is(err, context.Canceled): // interrupted before it began
		close(p.ended)
		return p, nil
	case err != nil:
		cancel()
		return nil, broken(fmt.Errorf("--run: %w", err))
	}
	go func() {
		_ = cmd.Wait() // how it ends is its own affair: what it said tells
		close(p.ended)
	}()
	return p, nil
}

// quoting writes "| " before each line.
type quoting struct {
	w      io.Writer
	inLine bool
}

func (q *quoting) Write(p []byte) (int, error) {
	var out []byte
	for line := range bytes.Lines(p) {
		if !q.inLine {
			out = append(out, "| "...)
		}
		out = append(out, line...)
		q.inLine = line[len(line)-1] != '\n'
	}
	if _, err := q.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// stop ends the program, and waits until it has.
func (p *ownProgram) stop() {
	p.end()
	<-p.ended
}
