package wire_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestNegotiate runs both sides over a pipe: the frame that a client sends right behind its last
// line is the server's to scan, and before is called ahead of all that is waited for.
func TestNegotiate(t *testing.T) {
	for _, d := range []wire.Dialect{wire.IKC0, wire.IKC} {
		near, far := net.Pipe()
		server := make(chan error, 1)
		go func() {
			defer far.Close()
			frames, err := wire.Negotiate(far, negotiator(wire.Server, d), 10, nil)
			for err == nil {
				var image []byte
				var ok bool
				if image, ok, err = frames.Next(); ok {
					if string(image) != "x" || frames.Max != 10 {
						err = errors.New("got another frame or limit")
					}
					break
				}
				buf := make([]byte, 8)
				var n int
				n, err = far.Read(buf)
				frames.Write(buf[:n])
			}
			server <- err
		}()
		waits := 0
		n := negotiator(wire.Client, d)
		frames, err := wire.Negotiate(near, n, 0, func() error { waits++; return nil })
		if err != nil || !n.Done() || frames == nil {
			t.Fatalf("%v: got %v", d, err)
		}
		if expected := map[wire.Dialect]int{wire.IKC0: 2, wire.IKC: 6}[d]; waits != expected {
			t.Errorf("%v: before was called %d times, expected %d", d, waits, expected)
		}
		if _, err := near.Write(wire.AppendFrame(nil, []byte("x"))); err != nil {
			t.Error(err)
		}
		if err := <-server; err != nil {
			t.Errorf("%v: server: %v", d, err)
		}
	}
}

func negotiator(r wire.Role, d wire.Dialect) *wire.Negotiator {
	return wire.NewNegotiator(wire.NegotiatorConfig{Role: r, Dialect: d, KernelID: r.String() + "-1", Serializers: []string{"Storable"}})
}

// script answers reads with what it has, and takes what is written.
type script struct {
	io.Reader
	wrote []byte
}

func (s *script) Write(p []byte) (int, error) { s.wrote = append(s.wrote, p...); return len(p), nil }

type reads []string

func (r *reads) Read(p []byte) (int, error) {
	if len(*r) == 0 {
		return 0, io.EOF
	}
	n := copy(p, (*r)[0])
	if *r = (*r)[1:]; len(*r) == 0 {
		return n, io.EOF // with the last octets, as readers may
	}
	return n, nil
}

func TestNegotiateErrors(t *testing.T) {
	stop := errors.New("stop")
	setup := "SETUP KERNEL=k;FREEZER=FreezeThaw\r\n"
	for _, tt := range []struct {
		name   string
		comes  []string
		before func() error
		err    error
	}{
		{"closed", nil, nil, io.ErrUnexpectedEOF},
		{"closed within a line", []string{"SETUP"}, nil, io.ErrUnexpectedEOF},
		{"refused", []string{setup[:9], setup[9:]}, nil, wire.ErrRefused},
		{"before", []string{setup}, func() error { return stop }, stop},
	} {
		r := reads(tt.comes)
		s := &script{Reader: &r}
		if _, err := wire.Negotiate(s, negotiator(wire.Client, wire.IKC0), 0, tt.before); !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v, expected %v", tt.name, err, tt.err)
		}
		if (tt.before == nil) != (len(s.wrote) > 0) {
			t.Errorf("%s: wrote %q", tt.name, s.wrote)
		}
	}
}

// TestSilence: a client that gets no answer to its SETUP goes on with HELLO, once; an answer that
// comes late is told.
func TestSilence(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string // "" is silence
		says  string
		err   error
	}{
		{"an old server", []string{"", "IAM server-1", "DONE", "OK", "OK", "UP"}, "HELLO OK IAM client-1 DONE FREEZER Storable WORLD", nil},
		{"silent later, too", []string{"", "", "IAM server-1", "", "DONE"}, "HELLO OK IAM client-1", nil},
		{"late, after all", []string{"", "SETUP KERNEL=server-1;FREEZER=Storable"}, "HELLO", wire.ErrLateSetup},
		{"refused late", []string{"", "NOT", "IAM server-1"}, "HELLO OK", nil},
		{"refused in time", []string{"NOT", ""}, "HELLO", nil},
	} {
		n := negotiator(wire.Client, wire.IKC0)
		n.Start()
		var said []string
		var err error
		for _, l := range tt.lines {
			reply := n.Silence
			if l != "" {
				reply = func() (r []string) { r, err = n.Receive(l); return r }
			}
			said = append(said, reply()...)
		}
		if got := strings.Join(said, " "); got != tt.says || !errors.Is(err, tt.err) || n.Silent() != (tt.lines[0] == "") {
			t.Errorf("%s: expected %q, %v, got %q, %v, silent %v", tt.name, tt.says, tt.err, got, err, n.Silent())
		}
	}
	for _, n := range []*wire.Negotiator{negotiator(wire.Server, wire.IKC0), negotiator(wire.Client, wire.IKC)} {
		n.Start()
		if lines := n.Silence(); lines != nil {
			t.Errorf("one that waits for no answer to SETUP says %q", lines)
		}
	}
}
