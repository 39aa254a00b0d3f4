//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// TestReaderOfCaptureEnds: when whoever reads the capture of a relay from a pipe has ended,
// connections go on, and the exit status tells; a shadow reports all the same.
func TestReaderOfCaptureEnds(t *testing.T) {
	server, _ := mute(t, goodSetup)
	for _, test := range []struct {
		args        []string
		begun, last string
	}{
		{[]string{"record"}, "recording ", ""},
		{[]string{"shadow", "--also", server, "--every", "0s"}, "passing on ", "\nconnections 3, without a copy 0; calls 0"},
	} {
		t.Run(test.args[0], func(t *testing.T) {
			r, w, err := os.Pipe()
			must(t, err)
			s := startCommand(t, nil, w, append(test.args, "--listen", "127.0.0.1:0", "--to", server, "-o", "-")...)
			must(t, w.Close())
			s.until(t, test.begun)
			must(t, r.Close())
			address := regexp.MustCompile(test.begun + `(\S+) ->`).FindStringSubmatch(s.errs.String())[1]
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
			if got := s.ProcessState.ExitCode(); got != report.ExitBroken || !strings.Contains(s.errs.String(), test.last) {
				t.Errorf("exit status %d, expected %d and %q\n%s", got, report.ExitBroken, test.last, s.errs.String())
			}
		})
	}
}
