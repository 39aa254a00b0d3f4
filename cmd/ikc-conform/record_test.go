//go:build unix

package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// TestRecordGoesOn: when the capture cannot be written any more, connections go on, new ones as
// well; it is said from when on, and in the end by the exit status. The capture is a FIFO here
// whose reader goes away, which is to a writer as a disk that is full.
func TestRecordGoesOn(t *testing.T) {
	echo := hostileServer(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
	fifo := filepath.Join(t.TempDir(), "capture")
	must(t, syscall.Mkfifo(fifo, 0o600))
	reader, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	defer reader.Close()
	record := startCommand(t, nil, nil, "record", "--listen", "127.0.0.1:0", "--to", echo, "-o", fifo)
	record.until(t, "recording")
	relay := regexp.MustCompile(`recording (\S+)`).FindStringSubmatch(record.out.String())[1]
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", relay)
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
		return conn
	}
	say := func(conn net.Conn) {
		t.Helper()
		_, err := conn.Write([]byte("hello"))
		must(t, err)
		_, err = io.ReadFull(conn, make([]byte, 5))
		must(t, err)
	}
	before := dial()
	say(before)
	must(t, reader.Close())
	record.until(t, "on nothing is recorded, traffic goes on: capture: write")
	say(before)
	say(dial())
	must(t, record.Process.Signal(syscall.SIGINT))
	record.within(t, promptly)
	if got := record.ProcessState.ExitCode(); got != 3 {
		t.Errorf("exit status %d, expected 3\n%s", got, record.errs.String())
	}
}
