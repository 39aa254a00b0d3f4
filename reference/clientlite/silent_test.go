package clientlite_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestSilentServer: where SETUP gets no answer, HELLO follows, and comes first from then on; a
// server that was only slow is connected to once more.
func TestSilentServer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		late    bool
		dialect wire.Dialect
		words   string // that connections begin with
		logged  bool
	}{
		{"silent", false, wire.IKC, "SETUP HELLO", true},
		{"late", true, wire.IKC0, "SETUP SETUP SETUP", false},
	} {
		dialect := wire.IKC
		if tt.late {
			dialect = wire.IKC0
		}
		_, address := server(t, ikc.Config{Dialect: dialect}, "")
		d := newDeaf(t, address, tt.late)
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, nil))
		c := spawn(t, clientlite.Config{Name: "Lite", Address: d.address, HelloAfter: 20 * time.Millisecond, Logger: log})
		if c.Dialect() != tt.dialect {
			t.Errorf("%s: expected %v, got %v", tt.name, tt.dialect, c.Dialect())
		}
		c.Disconnect()
		v, err := c.Call(soon(t), "me/echo", "x")
		if err != nil || v.Str() != "x" {
			t.Errorf("%s: got %v, %v", tt.name, v, err)
		}
		if got := d.words(); !strings.HasPrefix(got, tt.words) || !tt.late && got != tt.words {
			t.Errorf("%s: expected connections to begin with %q, got %q", tt.name, tt.words, got)
		}
		if strings.Contains(logged.String(), "says nothing to SETUP") != tt.logged {
			t.Errorf("%s: logged %q", tt.name, &logged)
		}
	}
}

// TestSilentServerOfKernel is the same of a kernel.
func TestSilentServerOfKernel(t *testing.T) {
	for _, tt := range []struct {
		name    string
		late    bool
		dialect wire.Dialect
		words   string
	}{
		{"silent", false, wire.IKC, "SETUP HELLO"},
		{"late", true, wire.IKC0, "SETUP SETUP SETUP"},
	} {
		dialect := wire.IKC
		if tt.late {
			dialect = wire.IKC0
		}
		_, address := server(t, ikc.Config{Dialect: dialect}, "")
		d := newDeaf(t, address, tt.late)
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, nil))
		k, err := ikc.New(ikc.Config{HelloAfter: 20 * time.Millisecond, Logger: log, OnError: func(string, error) {}})
		must(t, err)
		for range 2 {
			c, err := k.Dial(soon(t), "tcp", d.address)
			must(t, err)
			if v, err := k.Call(soon(t), "poe://Server/me/echo", "x"); err != nil || v.Str() != "x" || c.Dialect() != tt.dialect {
				t.Errorf("%s: got %v, %v by %v", tt.name, v, err, c.Dialect())
			}
			must(t, c.Close())
		}
		must(t, k.Shutdown(soon(t)))
		if got := d.words(); !strings.HasPrefix(got, tt.words) || !tt.late && got != tt.words {
			t.Errorf("%s: expected connections to begin with %q, got %q", tt.name, tt.words, got)
		}
		if strings.Contains(logged.String(), "says nothing to SETUP") == tt.late {
			t.Errorf("%s: logged %q", tt.name, &logged)
		}
	}
	// Over a connection that exists already there is no second try.
	_, address := server(t, ikc.Config{}, "")
	d := newDeaf(t, address, true)
	k, err := ikc.New(ikc.Config{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	conn, err := net.Dial("tcp", d.address)
	must(t, err)
	if _, err := k.DialConn(soon(t), conn, "", ikc.WithHelloAfter(20*time.Millisecond)); !errors.Is(err, wire.ErrLateSetup) {
		t.Errorf("expected %v, got %v", wire.ErrLateSetup, err)
	}
	must(t, k.Shutdown(soon(t)))
}

// deaf is a server before another one. Of what clients say first, SETUP is lost; with late, it is
// passed on when the client has said more, on the first connection only.
type deaf struct {
	address string
	mu      sync.Mutex
	opened  []string // the first word of each connection
}

func newDeaf(t testing.TB, server string, late bool) *deaf {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	d := &deaf{address: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go d.pass(conn, server, late)
		}
	}()
	return d
}

func (d *deaf) pass(conn net.Conn, server string, late bool) {
	defer conn.Close()
	to, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer to.Close()
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	if err != nil {
		return
	}
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	d.mu.Lock()
	d.opened = append(d.opened, word)
	first := len(d.opened) == 1
	d.mu.Unlock()
	if late && first {
		more, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line += more
	}
	if late || word != "SETUP" {
		if _, err := io.WriteString(to, line); err != nil {
			return
		}
	}
	go func() { _, _ = io.Copy(conn, to); _ = conn.Close() }()
	_, _ = io.Copy(to, in)
}

// words are the first words so far.
func (d *deaf) words() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.opened, " ")
}
