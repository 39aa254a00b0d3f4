package relay_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// reads tells a test of every read of a server.
func reads(t *testing.T) (*server, <-chan string) {
	got := make(chan string, 1000)
	return serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		buf := make([]byte, 1<<16)
		for {
			n, err := conn.Read(buf)
			if n > 0 {
				got <- string(buf[:n])
				if _, err := conn.Write([]byte(".")); err != nil {
					got <- "RESET" // it tells the writer, and only once
					return
				}
			}
			if err != nil {
				got <- ended(err)
				return
			}
		}
	}), got
}

func ended(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "EOF"
	case errors.Is(err, syscall.ECONNRESET):
		return "RESET"
	}
	return err.Error()
}

func fault(from capture.Direction, f relay.Fault) func(int, capture.Direction) relay.Fault {
	return func(_ int, d capture.Direction) relay.Fault {
		if d == from {
			return f
		}
		return relay.Fault{}
	}
}

func TestSplit(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String(),
		Fault: fault(capture.FromClient, relay.Fault{Split: 1, Pause: 2 * time.Millisecond})})
	conn := b.dial(t)
	_, err := conn.Write([]byte("abcdef"))
	must(t, err)
	var all string
	pieces := 0
	for len(all) < 6 {
		all += <-got
		pieces++
	}
	g.Expect(all).To(Equal("abcdef"))
	g.Expect(pieces).To(BeNumerically(">", 1), "it came at once")
	must(t, conn.(*net.TCPConn).CloseWrite())
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("EOF")))
}

// TestSplitLineEnds: a CR comes before its LF, and nothing else is cut.
func TestSplitLineEnds(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String(),
		Fault: fault(capture.FromClient, relay.Fault{SplitLineEnds: true, Pause: 50 * time.Millisecond})})
	conn := b.dial(t)
	_, err := conn.Write([]byte("HELLO\r\nOK\rOK\nDONE\r\n"))
	must(t, err)
	for _, piece := range []string{"HELLO\r", "\nOK\rOK\nDONE\r", "\n"} {
		g.Eventually(got, 5*time.Second).Should(Receive(Equal(piece)))
	}
	must(t, conn.(*net.TCPConn).CloseWrite())
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("EOF")))
}

func TestCoalesce(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String(),
		Fault: fault(capture.FromClient, relay.Fault{Coalesce: 300 * time.Millisecond})})
	conn := b.dial(t)
	for _, piece := range []string{"ab", "cd", "ef"} {
		_, err := conn.Write([]byte(piece))
		must(t, err)
		time.Sleep(5 * time.Millisecond)
	}
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("abcdef")))
	must(t, conn.(*net.TCPConn).CloseWrite())
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("EOF")))
}

func TestDelay(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String(),
		Fault: fault(capture.FromServer, relay.Fault{Delay: 100 * time.Millisecond})})
	conn := b.dial(t)
	began := time.Now()
	_, err := conn.Write([]byte("x"))
	must(t, err)
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("x")))
	_, err = io.ReadFull(conn, make([]byte, 1))
	must(t, err)
	g.Expect(time.Since(began)).To(BeNumerically(">=", 100*time.Millisecond))
}

// Each way to end a connection, after exactly so many octets.
func TestEnds(t *testing.T) {
	for _, test := range []struct {
		how      relay.End
		server   string // what it reads behind the octets
		client   string // what it reads behind the answer; "" for nothing
		recorded string // how the capture ends
	}{
		{relay.Cut, "EOF", "EOF", "cut by the relay"},
		{relay.Reset, "RESET", "RESET", "reset by the relay"},
		{relay.HalfClose, "EOF", "EOF", "half-close by the relay"},
		{relay.Blackhole, "", "", ""},
	} {
		t.Run(test.how.String(), func(t *testing.T) {
			g := NewWithT(t)
			s, got := reads(t)
			b := start(t, relay.Options{TargetAddress: s.Addr().String(), Fault: fault(capture.FromClient, relay.Fault{End: test.how, After: 5})})
			conn := b.dial(t)
			_, err := conn.Write([]byte("abc"))
			must(t, err)
			g.Eventually(got, 5*time.Second).Should(Receive(Equal("abc")))
			_, err = io.ReadFull(conn, make([]byte, 1))
			must(t, err)
			_, err = conn.Write([]byte("defg"))
			must(t, err)
			if test.server == "" {
				g.Eventually(got, 5*time.Second).Should(Receive(Equal("de")))
				g.Consistently(got, 50*time.Millisecond).ShouldNot(Receive())
				return
			}
			// A reset may overtake what came before it; and a server whose answer meets a socket that is
			// closed is told by one.
			ends := []string{test.server}
			if test.how == relay.Cut {
				ends = append(ends, "RESET")
			}
			var last string
			for !slices.Contains(ends, last) {
				g.Eventually(got, 5*time.Second).Should(Receive(&last))
				g.Expect(last).To(BeElementOf(append([]string{"de"}, ends...)))
			}
			rest, err := io.ReadAll(conn)
			switch {
			case test.client == "RESET":
				g.Expect(err).To(MatchError(syscall.ECONNRESET))
			default:
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(rest)).To(Or(BeEmpty(), Equal(".")))
			}
			_ = conn.Close()
			_ = b.finish(t)
			g.Expect(b.buf.String()).To(ContainSubstring(test.recorded))
		})
	}
}

func TestResetAtEnd(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String(), Fault: fault(capture.FromClient, relay.Fault{ResetAtEnd: true})})
	conn := b.dial(t)
	_, err := conn.Write([]byte("x"))
	must(t, err)
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("x")))
	must(t, conn.(*net.TCPConn).CloseWrite())
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("RESET")))
}

func TestInterrupt(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	for range 2 {
		conn := b.dial(t)
		_, err := conn.Write([]byte("x"))
		must(t, err)
		g.Eventually(got, 5*time.Second).Should(Receive(Equal("x")))
	}
	g.Expect(b.Interrupt(relay.Reset)).To(Equal(2))
	for range 2 {
		g.Eventually(got, 5*time.Second).Should(Receive(Equal("RESET")))
	}
	g.Eventually(func() int { return b.Interrupt(relay.Cut) }, 5*time.Second).Should(Equal(0))
	again := b.dial(t)
	_, err := again.Write([]byte("y"))
	must(t, err)
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("y")))
}

func TestHold(t *testing.T) {
	g := NewWithT(t)
	s, got := reads(t)
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	conn := b.dial(t)
	_, err := conn.Write([]byte("a"))
	must(t, err)
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("a")))
	release := b.Hold()
	_, err = conn.Write([]byte("b"))
	must(t, err)
	g.Consistently(got, 50*time.Millisecond).ShouldNot(Receive())
	release()
	release()
	g.Eventually(got, 5*time.Second).Should(Receive(Equal("b")))
	release = b.Hold() // and a relay that is closed meanwhile comes to an end
	_, err = conn.Write([]byte("c"))
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	g.Expect(b.Close(ctx)).To(MatchError(ContainSubstring("still open")))
	release()
}
