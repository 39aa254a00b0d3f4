package ikc_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// Each fault costs its own connection, is told to monitors and to the log, and touches nobody else.
func TestFaultsAreToldOf(t *testing.T) {
	frame := func(image string) string { return fmt.Sprintf("%d\x00%s", len(image), image) }
	write := func(octets string) func(*testing.T, net.Conn) {
		return func(_ *testing.T, conn net.Conn) { _, _ = io.WriteString(conn, octets) }
	}
	stay := func(*testing.T, net.Conn) {}
	for _, tt := range []struct {
		name         string
		negotiated   string // name of the peer; "" if it does not get that far
		do           func(*testing.T, net.Conn)
		hangUp       bool   // the peer closes; else the server does
		told, logged string // told: the error's operation and the beginning of its message
		stays        bool   // the connection is not to end
	}{
		{name: "a bad frame", negotiated: "Bad", do: write("garbage"), told: "channel-read: ", logged: "bad data from peer"},
		{name: "a bad image", negotiated: "Bad", do: write(frame("no image")), told: "channel-read: ", logged: "bad data from peer"},
		{name: "no message", negotiated: "Bad", do: write(frame("\x05\x0b\x02\x00\x00\x00\x00")), told: "channel-read: ", logged: "bad data from peer"},
		{name: "half a frame", negotiated: "Bad", do: write("100\x00abc"), hangUp: true, told: "channel-read: ", logged: "bad data from peer"},
		{name: "half a negotiation", do: write("HELLO\r\nOK\r\n"), told: "channel-negotiate: [110] ", logged: "connection failed"},
		{name: "half a negotiation, then gone", do: write("HELLO\r\n"), hangUp: true, told: "channel-negotiate: ", logged: "connection failed"},
		{name: "garbage for a negotiation", do: write(strings.Repeat("garbage", 20000)), told: "channel-negotiate: ", logged: "connection failed"},
		{name: "a peer that vanishes", negotiated: "Gone", hangUp: true, told: "channel-read: [104] ", logged: "connection lost",
			do: func(t *testing.T, conn net.Conn) { must(t, conn.(*net.TCPConn).SetLinger(0)) }},
		{name: "a reader that never reads", negotiated: "Deaf", told: "channel-write: ", logged: "write queue is full",
			do: func(_ *testing.T, conn net.Conn) {
				image, _ := storable.Freeze(callMessage("poe://Server/me/echo", "Deaf", "r", perl.NewBytes(strings.Repeat("x", 100_000))).ToValue())
				all := wire.AppendFrame(nil, image)
				for range 300 {
					if _, err := conn.Write(all); err != nil {
						return
					}
				}
			}},
		{name: "a peer that says nothing", negotiated: "Idle", do: stay, told: "channel-read: ", logged: "idle"},
		{name: "a name already taken", negotiated: "Good", do: stay, stays: true, told: "register: Remote kernel 'Good' already exists", logged: "already exists"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := new(journal)
			cfg := ikc.Config{Name: "Server", MaxQueue: 1 << 20, MaxFrame: 1 << 20,
				HandshakeTimeout: time.Second, Logger: slog.New(slog.NewTextHandler(log, nil))}
			if tt.negotiated == "Idle" {
				cfg.IdleTimeout = 300 * time.Millisecond
			}
			server := kernel(t, cfg)
			session(t, server, "me", map[string]ikc.State{"echo": echo})
			var told story
			server.Monitor("*", ikc.Monitor{Error: func(_ context.Context, e *ikc.MonitorEvent) {
				told.mu.Lock()
				defer told.mu.Unlock()
				told.lines = append(told.lines, e.Operation+": "+e.Message)
			}})
			address := serve(t, server)
			good := rawPeer(t, address, "Good")
			settled(t, "the good peer is known", func() bool { return server.Channel("Good") != nil })
			answers := func() {
				t.Helper()
				good.send(callMessage("poe://Server/me/echo", "Good", "r", perl.NewInt(7)))
				if m, err := good.receive(); err != nil || m.Params.Int() != 7 {
					t.Fatalf("the good peer: got %+v, %v", m, err)
				}
			}
			answers()
			var conn net.Conn
			if tt.negotiated != "" {
				conn = rawPeer(t, address, tt.negotiated).Conn
			} else {
				var err error
				conn, err = net.Dial("tcp", address)
				must(t, err)
				defer conn.Close()
			}
			tt.do(t, conn)
			if tt.hangUp {
				if tt.negotiated == "Gone" {
					settled(t, "the peer is known", func() bool { return server.Channel("Gone") != nil })
				}
				conn.Close()
			}
			left := 1
			if tt.stays {
				left = 2
			}
			for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && !(server.Stats().Connections == left && told.has(tt.told)); {
				if tt.negotiated == "Idle" {
					answers() // who is not idle stays
				}
				time.Sleep(10 * time.Millisecond)
			}
			if n := server.Stats().Connections; n != left {
				t.Errorf("%d connections are left, want %d", n, left)
			}
			if !told.has(tt.told) {
				t.Errorf("monitors were told %q, want %q", told.lines, tt.told)
			}
			if !strings.Contains(log.String(), tt.logged) {
				t.Errorf("logged: %s\nwant %q", log, tt.logged)
			}
			answers()
			if server.Channel("Good") == nil {
				t.Error("the good peer is not known any more")
			}
		})
	}
}
