package relay_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// told is a Disturbance of lines.
func told(t *testing.T, text string) relay.Disturbance {
	t.Helper()
	d, err := relay.Disturbance{}.Read(strings.NewReader(text))
	must(t, err)
	return d
}

// disturbed is a relay before a server that sends back what comes, with a connection through it.
func disturbed(t *testing.T, text string) (*bench, net.Conn) {
	t.Helper()
	s := serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
	b := start(t, relay.Options{TargetAddress: s.Addr().String()})
	d := told(t, text)
	b.Disturb(d.Fault, "told: "+d.String())
	conn := b.dial(t)
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return b, conn
}

func say(t *testing.T, conn net.Conn, text string) time.Duration {
	t.Helper()
	began := time.Now()
	_, err := conn.Write([]byte(text))
	must(t, err)
	got := make([]byte, len(text))
	_, err = io.ReadFull(conn, got)
	must(t, err)
	if string(got) != text {
		t.Errorf("expected %q back, got %q", text, got)
	}
	return time.Since(began)
}

// TestLatency: it is added to each way, and once however much is under way; it can be taken back.
func TestLatency(t *testing.T) {
	g := NewWithT(t)
	b, conn := disturbed(t, "latency 100ms\njitter 20ms\n")
	g.Expect(say(t, conn, "x")).To(BeNumerically(">=", 150*time.Millisecond))
	began := time.Now()
	go func() {
		for range 50 {
			_, _ = conn.Write([]byte("0123456789"))
			time.Sleep(2 * time.Millisecond)
		}
	}()
	got := make([]byte, 500)
	_, err := io.ReadFull(conn, got)
	must(t, err)
	g.Expect(string(got)).To(Equal(strings.Repeat("0123456789", 50)))
	g.Expect(time.Since(began)).To(BeNumerically("<", 5*time.Second), "50 pieces of 200 ms each would be 10 s")
	b.Disturb(relay.Disturbance{}.Fault, "told: nothing")
	say(t, conn, "y") // what was late is before it
	must(t, conn.Close())
	must(t, b.finish(t))
	g.Expect(b.buf.String()).To(And(ContainSubstring("told: latency 100ms, jitter 20ms, side both"), ContainSubstring("told: nothing")))
}

func TestBandwidth(t *testing.T) {
	g := NewWithT(t)
	_, conn := disturbed(t, "bandwidth 100000\nside client")
	g.Expect(say(t, conn, strings.Repeat("x", 50_000))).To(BeNumerically(">=", 400*time.Millisecond))
}

// TestStall: what is held goes on once it is told to; the other side is heard meanwhile.
func TestStall(t *testing.T) {
	g := NewWithT(t)
	b, conn := disturbed(t, "stall 3\nside client")
	say(t, conn, "ab")
	_, err := conn.Write([]byte("cd"))
	must(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = conn.Read(make([]byte, 1))
	g.Expect(err).To(MatchError(ContainSubstring("timeout")))
	must(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	d := told(t, "latency 1ms")
	b.Disturb(d.Fault, "")
	_, err = io.ReadFull(conn, make([]byte, 1))
	must(t, err)
	say(t, conn, "ef")
	must(t, conn.Close())
	must(t, b.finish(t))
	g.Expect(b.buf.String()).To(And(ContainSubstring("stall by the relay, as it was told: from octet 3 on"), ContainSubstring("goes on")))
}

// TestBlackhole: what is swallowed is in the capture, and the comment too.
func TestBlackhole(t *testing.T) {
	g := NewWithT(t)
	b, conn := disturbed(t, "blackhole 2\nlatency 1ms")
	_, err := conn.Write([]byte("ab"))
	must(t, err)
	_, err = io.ReadFull(conn, make([]byte, 2))
	must(t, err)
	_, err = conn.Write([]byte("swallowed octets"))
	must(t, err)
	must(t, conn.(*net.TCPConn).CloseWrite())
	rest, err := io.ReadAll(conn)
	must(t, err)
	g.Expect(rest).To(BeEmpty())
	must(t, b.finish(t))
	g.Expect(b.buf.String()).To(And(ContainSubstring("swallowed octets"), ContainSubstring("blackhole by the relay, as it was told: from octet")))
}

// TestWords: what makes no sense is refused.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"latency":                        "line 1: expected a name and a value",
		"latency -1s":                    "line 1: latency: expected a duration",
		"# x\n\nsplit x":                 "line 3: split: expected a number of octets",
		"reset-after 5\nhalf-close 7":    "line 2: half-close and reset-after: expected one of the two, or reset-after off before",
		"stall x":                        "got \"x\", or off",
		"side left":                      "expected client, server or both",
		"speed 1":                        "expected one of latency, jitter",
		strings.Repeat("split 1\n", 101): "at most 100 lines",
	} {
		if _, err := (relay.Disturbance{}).Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected %q, got %v", text, want, err)
		}
	}
	if got := told(t, "reset-after 5\nreset-after off\nhalf-close 0\nsplit 3").String(); got != "split 3, half-close 0, side both" {
		t.Errorf("got %q", got)
	}
}
