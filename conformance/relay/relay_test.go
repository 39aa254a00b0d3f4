package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// server accepts connections and runs handle on each, until the test ends.
type server struct {
	net.Listener
	accepted atomic.Int64
}

func serve(t *testing.T, network, address string, handle func(conn net.Conn)) *server {
	t.Helper()
	ln, err := net.Listen(network, address)
	must(t, err)
	s := &server{Listener: ln}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			running.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		running.Wait()
	})
	return s
}

// bench is a relay in front of a server, and its capture.
type bench struct {
	*relay.Relay
	w   *capture.Writer
	buf bytes.Buffer
}

func start(t *testing.T, opts relay.Options) *bench {
	t.Helper()
	b := &bench{}
	var err error
	b.w, err = capture.NewWriter(&b.buf, capture.Meta{Application: "relay test"})
	must(t, err)
	opts.Writer = b.w
	b.Relay, err = relay.Start(opts)
	must(t, err)
	t.Cleanup(func() { _ = b.finish(t) })
	return b
}

// finish closes the relay and the capture. It gives the error of the relay.
func (b *bench) finish(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := b.Close(ctx)
	must(t, b.w.Close())
	return err
}

func (b *bench) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial(b.Addr().Network(), b.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

// said gives the events of the capture in words, one a line; octets of one direction are joined if
// nothing came between them.
func (b *bench) said(t *testing.T) []string {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(b.buf.Bytes()))
	must(t, err)
	var lines []string
	var last time.Time
	for ev, err := range r.Events(capture.Limits{}) {
		must(t, err)
		if at := ev.Stamp().Time; at.Before(last) {
			t.Errorf("expected times in order, got %v after %v", at, last)
		} else {
			last = at
		}
		switch ev := ev.(type) {
		case *capture.Opened:
			lines = append(lines, fmt.Sprintf("%d opened", ev.Conn.Index))
		case *capture.Data:
			prefix := fmt.Sprintf("%d %v: ", ev.Conn.Index, ev.From)
			if n := len(lines) - 1; n >= 0 && strings.HasPrefix(lines[n], prefix) {
				lines[n] += string(ev.Bytes)
			} else {
				lines = append(lines, prefix+string(ev.Bytes))
			}
		case *capture.Gap:
			lines = append(lines, fmt.Sprintf("%d %v gap %d", ev.Conn.Index, ev.From, ev.Octets))
		case *capture.Closed:
			lines = append(lines, fmt.Sprintf("%d %v %v", ev.Conn.Index, ev.From, ev.How))
		}
	}
	return lines
}

func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

func TestForwardsAndRecords(t *testing.T) {
	for _, networks := range [][2]string{{"tcp", "tcp"}, {"unix", "tcp"}, {"tcp", "unix"}, {"unix", "unix"}} {
		for _, eager := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s to %s, eager %v", networks[0], networks[1], eager), func(t *testing.T) {
				g := NewWithT(t)
				address := func(network, name string) string {
					if network == "unix" {
						return filepath.Join(t.TempDir(), name)
					}
					return "127.0.0.1:0"
				}
				s := serve(t, networks[1], address(networks[1], "target"), func(conn net.Conn) {
					all, err := io.ReadAll(conn) // sees the half-close
					if err == nil {
						_, _ = fmt.Fprintf(conn, "you said %s", all)
					}
				})
				var tapped []string
				var mu sync.Mutex
				b := start(t, relay.Options{
					ListenNetwork: networks[0], ListenAddress: address(networks[0], "listen"),
					TargetNetwork: networks[1], TargetAddress: s.Addr().String(), EagerDial: eager,
					Tap: func(c relay.Chunk) {
						mu.Lock()
						defer mu.Unlock()
						tapped = append(tapped, fmt.Sprintf("%d %v %s", c.Conn, c.From, c.Bytes))
					},
				})
				conn := b.dial(t)
				_, err := io.WriteString(conn, "hello")
				must(t, err)
				must(t, conn.(interface{ CloseWrite() error }).CloseWrite())
				answer, err := io.ReadAll(conn)
				must(t, err)
				g.Expect(string(answer)).To(Equal("you said hello"))
				must(t, conn.Close())
				g.Expect(b.finish(t)).To(Succeed())
				g.Expect(b.said(t)).To(Equal([]string{
					"0 opened", "0 client: hello", "0 client FIN", "0 server: you said hello", "0 server FIN"}))
				g.Expect(tapped).To(Equal([]string{"0 client hello", "0 server you said hello"}))
			})
		}
	}
}

// TestBothKindsOfAddress: where one listener is for IPv4 and IPv6, an address of IPv4 is shown as
// such in the log and by the capture, also beside one of IPv6.
func TestBothKindsOfAddress(t *testing.T) {
	var log bytes.Buffer
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	b := start(t, relay.Options{ListenAddress: "[::]:0", TargetAddress: s.Addr().String(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	_, port, err := net.SplitHostPort(b.Addr().String())
	must(t, err)
	var clients []string
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Skipf("no IPv6 here, or no listener for both: %v", err)
		}
		clients = append(clients, conn.LocalAddr().String())
		_, err = io.WriteString(conn, "hello")
		must(t, err)
		_, err = io.ReadFull(conn, make([]byte, 5))
		must(t, err)
		must(t, conn.Close())
	}
	must(t, b.finish(t))
	r, err := capture.NewReader(bytes.NewReader(b.buf.Bytes()))
	must(t, err)
	var ends []string
	for ev, err := range r.Events(capture.Limits{}) {
		must(t, err)
		if opened, ok := ev.(*capture.Opened); ok {
			ends = append(ends, fmt.Sprintf("%v -> %v", opened.Conn.Client, opened.Conn.Server))
		}
	}
	for i, client := range clients {
		if want := client + " -> " + s.Addr().String(); i >= len(ends) || ends[i] != want {
			t.Errorf("expected %s in the capture, got %v", want, ends)
		}
	}
	if strings.Contains(log.String(), "::ffff") || strings.Count(log.String(), "server="+s.Addr().String()) != 2 {
		t.Errorf("expected addresses without ::ffff, got\n%s", log.String())
	}
}

// A bare connect and close kills a Perl server, so that it must not see it.
func TestSilentClientNeverReachesTarget(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	var ended atomic.Int64
	b := start(t, relay.Options{TargetAddress: s.Addr().String(), Logger: slog.New(counter{"relay: done", &ended})})
	must(t, b.dial(t).Close())
	reset := b.dial(t)
	must(t, reset.(*net.TCPConn).SetLinger(0))
	must(t, reset.Close())
	g.Eventually(ended.Load).Should(BeEquivalentTo(2))
	g.Expect(b.finish(t)).To(Succeed())
	g.Expect(s.accepted.Load()).To(BeZero())
	said := b.said(t)
	g.Expect(said).To(ContainElements("0 client FIN", "0 server FIN", "1 client RST"))
}

// counter is a log handler that counts one message.
type counter struct {
	message string
	n       *atomic.Int64
}

func (c counter) Enabled(context.Context, slog.Level) bool { return true }
func (c counter) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c counter) WithGroup(string) slog.Handler            { return c }
func (c counter) Handle(_ context.Context, r slog.Record) error {
	if r.Message == c.message {
		c.n.Add(1)
	}
	return nil
}

func TestEagerDialLetsServerSpeakFirst(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) { _, _ = io.WriteString(conn, "welcome") })
	b := start(t, relay.Options{TargetAddress: s.Addr().String(), EagerDial: true})
	conn := b.dial(t)
	all, err := io.ReadAll(conn)
	must(t, err)
	g.Expect(string(all)).To(Equal("welcome"))
	must(t, conn.Close())
	g.Expect(b.finish(t)).To(Succeed())
	g.Expect(b.said(t)).To(Equal([]string{"0 opened", "0 server: welcome", "0 server FIN", "0 client FIN"}))
}

// The capture is in causal order: what an echo server says was said to it before.
func TestAnswersFollowRequests(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	var all sync.WaitGroup
	for range 8 {
		conn := b.dial(t)
		all.Go(func() {
			defer conn.Close()
			for i := range 200 {
				msg := fmt.Sprintf("%d;", i)
				if _, err := io.WriteString(conn, msg); err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadFull(conn, make([]byte, len(msg))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	g.Expect(b.finish(t)).To(Succeed())
	balance := map[*capture.Conn][2]string{}
	r, err := capture.NewReader(bytes.NewReader(b.buf.Bytes()))
	must(t, err)
	for ev, err := range r.Events(capture.Limits{}) {
		must(t, err)
		if d, ok := ev.(*capture.Data); ok {
			said := balance[d.Conn]
			said[d.From] += string(d.Bytes)
			balance[d.Conn] = said
			if !strings.HasPrefix(said[capture.FromClient], said[capture.FromServer]) {
				t.Fatalf("expected answers after requests, got %q", said)
			}
		}
	}
	g.Expect(balance).To(HaveLen(8))
	for _, said := range balance {
		g.Expect(said[0]).To(Equal(said[1]))
		g.Expect(said[0]).To(HaveSuffix("198;199;"))
	}
}

func TestLargeTransfer(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	sent := make([]byte, 5<<20)
	for i := range sent {
		sent[i] = byte(i * i >> 8)
	}
	conn := b.dial(t)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	must(t, err)
	g.Expect(bytes.Equal(got, sent)).To(BeTrue(), "what came back is not what was sent")
	must(t, conn.Close())
	g.Expect(b.finish(t)).To(Succeed())
	var recorded [2][]byte
	r, err := capture.NewReader(bytes.NewReader(b.buf.Bytes()))
	must(t, err)
	for ev, err := range r.Events(capture.Limits{}) {
		must(t, err)
		if d, ok := ev.(*capture.Data); ok {
			recorded[d.From] = append(recorded[d.From], d.Bytes...)
		}
	}
	g.Expect(bytes.Equal(recorded[0], sent)).To(BeTrue(), "the capture does not hold what was sent")
	g.Expect(bytes.Equal(recorded[1], sent)).To(BeTrue(), "the capture does not hold what came back")
}

func TestResetByClient(t *testing.T) {
	g := NewWithT(t)
	seen := make(chan error, 1)
	s := serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		_, err := io.Copy(io.Discard, conn)
		seen <- err
	})
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	conn := b.dial(t)
	_, err := io.WriteString(conn, "hello")
	must(t, err)
	g.Eventually(s.accepted.Load).Should(BeEquivalentTo(1))
	must(t, conn.(*net.TCPConn).SetLinger(0))
	must(t, conn.Close())
	g.Eventually(seen).Should(Receive(MatchError(ContainSubstring("reset"))))
	g.Expect(b.finish(t)).To(Succeed())
	g.Expect(b.said(t)).To(Equal([]string{"0 opened", "0 client: hello", "0 client RST"}))
}

func TestResetByServer(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 5))
		_, _ = io.WriteString(conn, "no")
		time.Sleep(50 * time.Millisecond) // a reset discards what is under way
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	conn := b.dial(t)
	_, err := io.WriteString(conn, "hello")
	must(t, err)
	_, err = io.ReadFull(conn, make([]byte, 2))
	must(t, err)
	_, err = conn.Read(make([]byte, 1))
	g.Expect(err).To(MatchError(ContainSubstring("reset")))
	g.Expect(b.finish(t)).To(Succeed())
	g.Expect(b.said(t)).To(Equal([]string{"0 opened", "0 client: hello", "0 server: no", "0 server RST"}))
}

// The server goes away while the client keeps sending: the news comes from a failed write.
func TestServerGoneWhileClientSends(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 5))
		_, _ = io.WriteString(conn, "enough")
	})
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	conn := b.dial(t)
	var err error
	for err == nil { // until the relay passes the reset on
		_, err = conn.Write(make([]byte, 1000))
	}
	g.Expect(os.IsTimeout(err)).To(BeFalse(), "the relay did not pass the reset on")
	g.Expect(b.finish(t)).To(Succeed())
	said := b.said(t)
	g.Expect(said[len(said)-1]).To(HaveSuffix("server RST"))
	g.Expect(strings.Join(said, "\n")).To(ContainSubstring("server: enough"))
}

func TestTargetRefuses(t *testing.T) {
	g := NewWithT(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, ln.Close())
	b := start(t, relay.Options{TargetAddress: ln.Addr().String()})
	conn := b.dial(t)
	_, err = io.WriteString(conn, "hello")
	must(t, err)
	all, err := io.ReadAll(conn)
	must(t, err)
	g.Expect(all).To(BeEmpty())
	must(t, conn.Close())
	g.Expect(b.finish(t)).To(MatchError(ContainSubstring("connection refused")))
	g.Expect(b.said(t)).To(Equal([]string{"0 opened", "0 client: hello", "0 server FIN", "0 client FIN"}))
}

func TestCloseCutsWhatIsLeft(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	silent, talking := b.dial(t), b.dial(t)
	_, err := io.WriteString(talking, "hello")
	must(t, err)
	_, err = io.ReadFull(talking, make([]byte, 5))
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	g.Expect(b.Close(ctx)).To(MatchError(ContainSubstring("still open, and cut: 2")))
	for _, conn := range []net.Conn{silent, talking} {
		_, err := conn.Read(make([]byte, 1))
		g.Expect(err).To(MatchError(ContainSubstring("reset")))
	}
	// Everything is in the capture, which was flushed.
	must(t, b.w.Close())
	g.Expect(b.said(t)).To(ContainElements("1 client: hello", "1 server: hello", "0 server RST", "1 server RST"))
	_, err = net.Dial("tcp", b.Addr().String())
	g.Expect(err).To(HaveOccurred())
}

func TestCloseWaitsForTheirEnd(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	conn := b.dial(t)
	_, err := io.WriteString(conn, "hello")
	must(t, err)
	_, err = io.ReadFull(conn, make([]byte, 5))
	must(t, err)
	closed := make(chan error, 1)
	go func() { closed <- b.Close(context.Background()) }()
	g.Consistently(closed, "50ms").ShouldNot(Receive())
	must(t, conn.Close())
	g.Eventually(closed).Should(Receive(BeNil()))
	must(t, b.w.Close())
	g.Expect(b.said(t)).To(HaveLen(5))
}

// Roles of one run share a capture and are told apart by the interface.
func TestTwoRelaysOneCapture(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	var buf bytes.Buffer
	w, err := capture.NewWriter(&buf, capture.Meta{})
	must(t, err)
	for _, role := range []string{"server-under-test", "client-under-test"} {
		r, err := relay.Start(relay.Options{TargetAddress: s.Addr().String(), Writer: w, Interface: role, Comment: "a comment"})
		must(t, err)
		conn, err := net.Dial("tcp", r.Addr().String())
		must(t, err)
		_, err = io.WriteString(conn, role)
		must(t, err)
		must(t, conn.Close())
		must(t, r.Close(context.Background()))
	}
	must(t, w.Close())
	r, err := capture.NewReader(&buf)
	must(t, err)
	var roles []string
	for ev, err := range r.Events(capture.Limits{}) {
		must(t, err)
		if ev, ok := ev.(*capture.Opened); ok {
			roles = append(roles, ev.Conn.Interface.Name)
			g.Expect(ev.Comment).To(HaveSuffix("\na comment"))
			g.Expect(ev.Conn.Server.String()).To(Equal(s.Addr().String()))
		}
	}
	g.Expect(roles).To(Equal([]string{"server-under-test", "client-under-test"}))
}

// When the capture cannot be written, traffic goes on, of new connections too, and Close tells.
func TestCaptureFails(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	full := &fullDisk{room: 1000}
	w, err := capture.NewWriter(full, capture.Meta{})
	must(t, err)
	r, err := relay.Start(relay.Options{TargetAddress: s.Addr().String(), Writer: w})
	must(t, err)
	conn, err := net.Dial("tcp", r.Addr().String())
	must(t, err)
	sent := make([]byte, 1<<20)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	must(t, err)
	must(t, conn.Close())
	g.Expect(got).To(HaveLen(len(sent)))
	late, err := net.Dial("tcp", r.Addr().String()) // a connection that comes when it is full already
	must(t, err)
	_, err = late.Write([]byte("anybody there?"))
	must(t, err)
	must(t, late.(*net.TCPConn).CloseWrite())
	got, err = io.ReadAll(late)
	must(t, err)
	must(t, late.Close())
	g.Expect(string(got)).To(Equal("anybody there?"))
	r.Flush()
	g.Expect(r.Close(context.Background())).To(MatchError(errFull))
	g.Expect(w.Close()).To(MatchError(errFull))
}

// There are no more connections at a time than there may be: the next waits for the end of another,
// or of the relay.
func TestMaxConnections(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, "tcp", "127.0.0.1:0", echo)
	b := start(t, relay.Options{TargetAddress: s.Addr().String(), MaxConnections: 2})
	say := func(conn net.Conn) error {
		must(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		_, err := conn.Write([]byte("x"))
		must(t, err)
		_, err = io.ReadFull(conn, make([]byte, 1))
		return err
	}
	first, second, third := b.dial(t), b.dial(t), b.dial(t)
	must(t, say(first))
	must(t, say(second))
	_, err := third.Write([]byte("x"))
	must(t, err)
	must(t, third.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
	_, err = third.Read(make([]byte, 1))
	g.Expect(err).To(MatchError(os.ErrDeadlineExceeded))
	g.Expect(s.accepted.Load()).To(BeEquivalentTo(2))
	must(t, first.Close())
	must(t, say(third))
	fourth := b.dial(t) // which is never accepted
	must(t, second.Close())
	must(t, third.Close())
	must(t, fourth.Close())
	g.Expect(b.finish(t)).To(Succeed())

	b = start(t, relay.Options{TargetAddress: s.Addr().String(), MaxConnections: 1})
	must(t, say(b.dial(t)))
	at, cancel := context.WithCancel(context.Background())
	cancel()
	g.Expect(b.Close(at)).To(MatchError(ContainSubstring("connections still open, and cut: 1")))
}

var errFull = errors.New("no space left on device")

type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestOptionsAreChecked(t *testing.T) {
	w, err := capture.NewWriter(io.Discard, capture.Meta{})
	must(t, err)
	for _, bad := range []relay.Options{
		{TargetAddress: "127.0.0.1:1"},
		{Writer: w},
		{Writer: w, TargetNetwork: "udp", TargetAddress: "127.0.0.1:1"},
		{Writer: w, TargetAddress: "no port"},
		{Writer: w, TargetAddress: "127.0.0.1:1", ListenNetwork: "unix"},
		{Writer: w, TargetAddress: "127.0.0.1:1", ListenAddress: "127.0.0.1:none"},
	} {
		if r, err := relay.Start(bad); err == nil {
			t.Errorf("expected an error for %+v, got none", bad)
			_ = r.Close(context.Background())
		}
	}
}
