// Package perltest is what the differential tests of the serializers share: a Perl process that
// answers requests, and the comparison of a serializer of texts with the module of Perl whose texts
// it reads and writes.
package perltest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// Process is a Perl process that answers requests: with a line of the lengths of some strings, in
// octets, and the strings. Not safe for concurrent use.
type Process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader

	// Served counts the requests.
	Served int
}

// Start has a Perl run a script.
func Start(t testing.TB, perl driver.Perl, script string) *Process {
	t.Helper()
	p := &Process{cmd: perl.Cmd(context.Background(), script)} // it ends with its input
	p.cmd.Stderr = os.Stderr
	in, err1 := p.cmd.StdinPipe()
	out, err2 := p.cmd.StdoutPipe()
	if err := p.cmd.Start(); err1 != nil || err2 != nil || err != nil {
		t.Fatal(err1, err2, err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 1<<16)
	return p
}

// Stop ends the process.
func (p *Process) Stop() {
	p.in.Close()
	p.cmd.Wait()
}

// Ask writes a request and reads the answer into the strings.
func (p *Process) Ask(request string, answer ...*string) error {
	p.Served++
	if _, err := io.WriteString(p.in, request); err != nil {
		return err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return err
	}
	lengths := strings.Fields(line)
	if len(lengths) != len(answer) {
		return fmt.Errorf("expected %d lengths, got %q", len(answer), line)
	}
	for i, s := range answer {
		var n int
		if _, err := fmt.Sscan(lengths[i], &n); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(p.out, b); err != nil {
			return err
		}
		*s = string(b)
	}
	return nil
}
