package mock_test

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/mock"
	"github.com/perl-ikc/ikc-conform/internal/perltest"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// recorded is where the captures and programs are that are played.
var recorded = filepath.Join("..", "replay", "testdata")

// read reads a side of a capture, which has one kernel there.
func read(t *testing.T, name string, side wire.Role) *mock.Kernel {
	t.Helper()
	in, err := capture.Open(filepath.Join(recorded, name+".pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := mock.Read(in.Events(capture.Limits{}), mock.Options{Side: side})
	if err != nil || r.Left > 0 || r.LeftOut > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Kernels) != 1 {
		t.Fatalf("%s: expected one kernel, got %d", name, len(r.Kernels))
	}
	return r.Kernels[0]
}

// start plays a kernel until the test ends.
func start(t *testing.T, k *mock.Kernel, manner mock.Manner) *mock.Mock {
	t.Helper()
	m, err := mock.Start(k, ikc.Config{}, manner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = m.Close(limit)
	})
	return m
}

// serve has a mock serve, and returns its port.
func serve(t *testing.T, m *mock.Mock) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = m.Kernel().Serve(context.Background(), l) }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// program runs a Perl program of the recording to its end, and returns what it printed.
func program(t *testing.T, script string, args ...string) string {
	t.Helper()
	cmd := perltest.Program(t, filepath.Join(recorded, script), args...)
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", script, args, err, out, errs.Bytes())
	}
	return string(out)
}

// perlServer starts a Perl program of the recording that listens, and returns its address.
func perlServer(t *testing.T, program string) string {
	t.Helper()
	return perltest.Listening(t, filepath.Join(recorded, program))
}

func show(t *testing.T, r *mock.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// asked demands that all was asked so often as it was recorded, times n, and as it was recorded.
func asked(t *testing.T, m *mock.Mock, n int) {
	t.Helper()
	r := mock.NewReport(&mock.Recording{}, m)
	p := r.Kernels[0]
	bad := r.Missed() > 0 || p.Strangers > 0 || r.Asked() == 0
	for _, s := range p.States {
		bad = bad || s.Near+s.Other > 0 || s.Asked != n*s.Recorded
	}
	if bad {
		t.Errorf("expected all %d times as recorded, got\n%s", n, show(t, r))
	}
}

// TestPerlClients: programs that were recorded run against the mock of their server as they did
// against the server.
func TestPerlClients(t *testing.T) {
	for _, test := range []struct{ name, file, prints string }{{"stock", "ask.pl", "asked\n"}, {"board", "join.pl", "joined\n"}} {
		for _, speed := range []float64{0, 1} {
			m := start(t, read(t, test.name, wire.Server), mock.Manner{Speed: speed, Strict: true})
			port := serve(t, m)
			for range 2 {
				if out := program(t, test.file, port); out != test.prints {
					t.Errorf("%s: expected %q, got %q", test.file, test.prints, out)
				}
			}
			asked(t, m, 2)
		}
	}
}

// TestPerlServer: a server that was recorded has the mock of a worker do what the worker did.
func TestPerlServer(t *testing.T) {
	for _, speed := range []float64{0, 1} {
		m := start(t, read(t, "board", wire.Client), mock.Manner{Speed: speed, Strict: true})
		address := perlServer(t, "board.pl")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { _ = m.Kernel().KeepConnected(ctx, "tcp", address, ikc.Backoff{}) }()
		for end := time.Now().Add(20 * time.Second); mock.NewReport(&mock.Recording{}, m).Asked() < 5 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		asked(t, m, 1)
	}
}
