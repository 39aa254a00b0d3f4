package replay_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// joined replays the board to a worker that start has connect to an address.
func joined(t *testing.T, patience time.Duration, start func(address string)) *replay.Report {
	t.Helper()
	path := filepath.Join("testdata", "board.pcapng")
	opts := replay.Options{Side: wire.Server, Patience: patience, StartWithin: time.Minute}
	first, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	plan, err := replay.Survey(first.Events(capture.Limits{}), opts)
	if err != nil {
		t.Fatal(err)
	}
	if opts.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	start(opts.Listener.Addr().String())
	second, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	r, err := replay.Play(context.Background(), second.Events(capture.Limits{}), plan, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ofWorker is what is compared of a worker of the board: a subscription, that it joins, three jobs
// done, and an answer.
const ofWorker = 6

// TestPerlWorker: the worker that was recorded does what it did.
func TestPerlWorker(t *testing.T) {
	lib := filepath.Join(driver.ReleasesDir(), "0.2402")
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	for range 2 {
		same(t, joined(t, 20*time.Second, func(address string) {
			_, port, _ := net.SplitHostPort(address)
			cmd := exec.Command("perl", filepath.Join("testdata", "join.pl"), port)
			cmd.Env = append(os.Environ(), "PERL5LIB="+lib)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			})
		}), ofWorker)
	}
}

// worker is join.pl in Go, with a deviation or without. It connects to an address.
func worker(t *testing.T, deviation, address string) {
	t.Helper()
	k, err := ikc.New(ikc.Config{Name: "Worker", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = k.Shutdown(limit)
	})
	s, err := k.NewSession("worker", map[string]ikc.State{
		"job": func(ctx context.Context, r *ikc.Request) (any, error) {
			if deviation == "silence" && r.Arg(0).Target().Get("n").Int() == 3 {
				return nil, nil
			}
			_, err := r.Session.Post(ctx, "poe://Board/board/done", []any{"Worker", r.Arg(0).Target().Get("n").Int()})
			return nil, err
		},
		"run": func(_ context.Context, r *ikc.Request) (any, error) {
			words := any(len(strings.Fields(r.Arg(0).Target().Get("text").Str())))
			if deviation == "type" {
				words = "two"
			}
			return map[string]any{"by": "Worker", "words": words}, nil
		},
		"bye": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("job", "run", "bye")
	go func() {
		ctx := context.Background()
		if _, err := k.Dial(ctx, "tcp", address); err != nil {
			t.Error(err)
			return
		}
		if _, err := k.Subscribe(ctx, "poe://Board/board"); err != nil {
			t.Error(err)
			return
		}
		if _, err := s.Post(ctx, "poe://Board/board/join", "Worker"); err != nil {
			t.Error(err)
		}
	}()
}

// TestGoWorker: a port to Go does not differ; one that does is named at the right place.
func TestGoWorker(t *testing.T) {
	for _, test := range []struct{ deviation, state, kind, path string }{
		{},
		{"type", "worker/run", "type", "{'words'}"},
		{"silence", "board/done", compare.Silence, ""},
	} {
		patience := 20 * time.Second
		if test.deviation == "silence" {
			patience = time.Second
		}
		r := joined(t, patience, func(address string) { worker(t, test.deviation, address) })
		if test.deviation == "" {
			same(t, r, ofWorker)
			continue
		}
		if d := r.Deviations; len(d) != 1 || d[0].State != test.state || d[0].Kind != test.kind || d[0].Path != test.path {
			t.Errorf("%s: expected %s of %s%s only, got\n%s", test.deviation, test.kind, test.state, test.path, show(t, r))
		}
	}
}
