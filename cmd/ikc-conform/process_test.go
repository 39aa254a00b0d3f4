package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// boardCapture is a recording of a server with a worker.
const boardCapture = "../../conformance/replay/testdata/board.pcapng"

// promptly is how long a command may take to end here after an interrupt. It is to be less than a
// second; this machine may have other things to do.
const promptly = 8 * time.Second

// started is a command that runs.
type started struct {
	*exec.Cmd
	out, errs lockedBuffer
	ended     chan struct{}
	peak      atomic.Int64 // of its memory, in KiB; see watchPeak
}

// lockedBuffer can be read while a process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startCommand starts ikc-conform as a process of its own.
func startCommand(t *testing.T, stdin io.Reader, stdout io.Writer, args ...string) *started {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &started{Cmd: exec.Command(self, args...), ended: make(chan struct{})}
	s.Args[0] = "ikc-conform"
	s.Stdin, s.Stdout, s.Stderr = stdin, stdout, &s.errs
	if stdout == nil {
		s.Stdout = &s.out
	}
	s.WaitDelay = time.Second
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go s.watchPeak()
	go func() {
		_ = s.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.Process.Kill()
		<-s.ended
	})
	return s
}

// within waits for the end of the command.
func (s *started) within(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(d):
		t.Fatalf("expected the end within %v\n%s%s", d, s.out.String(), s.errs.String())
	}
}

// until waits for a text on standard output or standard error.
func (s *started) until(t *testing.T, text string) {
	t.Helper()
	for range 1200 {
		if strings.Contains(s.out.String()+s.errs.String(), text) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("never said %q\n%s%s", text, s.out.String(), s.errs.String())
}

// mute is a server that answers SETUP if it has an answer, and says nothing else. ready is sent to
// when it has read something, of a connection whose SETUP it does not answer once: such a client
// goes on with HELLO.
func mute(t *testing.T, answer string) (address string, ready chan struct{}) {
	t.Helper()
	ready = make(chan struct{}, 1000)
	address = hostileServer(t, func(conn net.Conn) {
		buf := make([]byte, 4096)
		for first := true; ; first = false {
			if _, err := conn.Read(buf); err != nil {
				return
			}
			if first && answer != "" {
				_, _ = io.WriteString(conn, answer)
			}
			if first == (answer == "") {
				ready <- struct{}{}
			}
		}
	})
	return address, ready
}

// hostileServer accepts connections and has handle do with each what it wants.
func hostileServer(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			open.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		open.Wait()
	})
	return l.Addr().String()
}

// goneServer answers SETUP and closes the connection.
func goneServer(t *testing.T) string {
	return hostileServer(t, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 4096)); err == nil {
			_, _ = io.WriteString(conn, goodSetup)
		}
	})
}

const goodSetup = "SETUP KERNEL=mute-1,Mute;FREEZER=Storable;PID=1\r\n"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
