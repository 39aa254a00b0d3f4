//go:build unix

package relay_test

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// A target that does not answer must not keep Close waiting.
func TestCloseWhileDialing(t *testing.T) {
	g := NewWithT(t)
	// A listener that nobody accepts from, with a full queue, leaves a caller waiting.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	raw, err := ln.(*net.TCPListener).SyscallConn()
	must(t, err)
	must(t, raw.Control(func(fd uintptr) { _ = syscall.Listen(int(fd), 0) }))
	var queue []net.Conn
	for {
		conn, err := net.DialTimeout("tcp", ln.Addr().String(), 100*time.Millisecond)
		if err != nil {
			break
		}
		if queue = append(queue, conn); len(queue) > 1000 {
			t.Skip("this system's queues of connections do not fill: Close while dialing is not tested")
		}
		defer conn.Close()
	}
	b := start(t, relay.Options{TargetAddress: ln.Addr().String()})
	conn := b.dial(t)
	_, err = io.WriteString(conn, "hello")
	must(t, err)
	// Before that, its end would be that of a connection nobody had accepted.
	g.Eventually(func() string {
		must(t, b.w.Flush())
		return b.buf.String()
	}, 10*time.Second).Should(ContainSubstring("hello"))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = b.Close(ctx)
	g.Expect(err).To(MatchError(ContainSubstring("still open, and cut: 1")))
	g.Expect(err).NotTo(MatchError(ContainSubstring("target")))
	g.Expect(time.Since(began)).To(BeNumerically("<", 5*time.Second))
	must(t, b.w.Close())
	g.Expect(b.said(t)).To(Equal([]string{"0 opened", "0 client: hello", "0 server RST"}))
}
