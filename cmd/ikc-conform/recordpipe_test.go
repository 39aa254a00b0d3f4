//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// TestReaderOfRecordEnds: when whoever reads the capture from a pipe has ended, connections go on,
// and the exit status tells.
func TestReaderOfRecordEnds(t *testing.T) {
	server, _ := mute(t, goodSetup)
	r, w, err := os.Pipe()
	must(t, err)
	s := startCommand(t, nil, w, "record", "--listen", "127.0.0.1:0", "--to", server, "-o", "-")
	must(t, w.Close())
	s.until(t, "recording ")
	must(t, r.Close())
	address := regexp.MustCompile(`recording (\S+) ->`).FindStringSubmatch(s.errs.String())[1]
	for range 3 {
		conn, err := net.Dial("tcp", address)
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = io.WriteString(conn, "SETUP KERNEL=client;FREEZER=Storable;PID=1\r\n")
		must(t, err)
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != goodSetup {
			t.Fatalf("expected the answer of the server, got %q, %v\n%s", line, err, s.errs.String())
		}
		must(t, conn.Close())
	}
	s.until(t, "nothing is recorded, traffic goes on")
	must(t, s.Process.Signal(syscall.SIGINT))
	s.within(t, promptly)
	if got := s.ProcessState.ExitCode(); got != report.ExitBroken {
		t.Errorf("exit status %d, expected %d\n%s", got, report.ExitBroken, s.errs.String())
	}
}
