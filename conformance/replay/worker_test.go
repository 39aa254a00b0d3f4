package replay_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// joined replays the board to workers that start has connect to an address.
func joined(t *testing.T, name string, opts replay.Options, start func(address string)) *replay.Report {
	t.Helper()
	path := filepath.Join("testdata", name+".pcapng")
	opts.Side, opts.StartWithin = wire.Server, time.Minute
	if opts.Patience == 0 {
		opts.Patience = 20 * time.Second
	}
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

// TestPerlWorker: the workers that were recorded do what they did: one, or three at a time.
func TestPerlWorker(t *testing.T) {
	for name, workers := range map[string][]string{
		"board": {""},
		"long":  {"day long"},
		"crew": {"name Ann day long", "name Bob day long serializers FreezeThaw protocol IKC",
			"name Cid day long serializers POE::Component::IKC::Freezer"},
	} {
		t.Run(name, func(t *testing.T) {
			for range again(t) {
				same(t, joined(t, name, replay.Options{}, func(address string) {
					_, port, _ := net.SplitHostPort(address)
					for _, args := range workers {
						if err := perl(t, "join.pl", append([]string{port}, strings.Fields(args)...)...).Start(); err != nil {
							t.Fatal(err)
						}
					}
				}), compared[name])
			}
		})
	}
}

// worker is join.pl in Go, with a deviation or without. It connects to an address, for a long day
// or a short one.
func worker(t *testing.T, deviation string, long bool, address string) {
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
			done := []int64{r.Arg(0).Target().Get("n").Int()}
			switch {
			case deviation == "silence" && done[0] == 3, deviation == "order" && done[0] == 2:
				return nil, nil
			case deviation == "order" && done[0] == 3:
				done = []int64{3, 2}
			}
			for _, n := range done {
				if _, err := r.Session.Post(ctx, "poe://Board/board/done", []any{"Worker", n}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
		"run": func(_ context.Context, r *ikc.Request) (any, error) {
			words := any(len(strings.Fields(r.Arg(0).Target().Get("text").Str())))
			switch deviation {
			case "value":
				words = 3
			case "type":
				words = "two"
			case "lateness":
				time.Sleep(late)
			}
			return map[string]any{"by": "Worker", "words": words}, nil
		},
		"bye": func(ctx context.Context, r *ikc.Request) (any, error) {
			if !long {
				return nil, nil
			}
			if _, err := r.Session.Post(ctx, "poe://Board/board/secret", 1); err != nil {
				return nil, err
			}
			_, err := r.Session.Call(ctx, "poe://Board/board/score", "Worker")
			return nil, err
		},
		"hidden": func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("hidden") },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("job", "run", "bye")
	if deviation == "error text" {
		s.Publish("hidden")
	}
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
		join := any("Worker")
		if long {
			join = []any{"Worker", "long"}
		}
		if _, err := s.Post(ctx, "poe://Board/board/join", join); err != nil {
			t.Error(err)
		}
	}()
}

// TestGoWorker: a port of a worker to Go does not differ; what one does otherwise is named, at the
// right place, and nothing else is.
func TestGoWorker(t *testing.T) {
	for _, name := range []string{"board", "long"} {
		same(t, joined(t, name, replay.Options{}, func(address string) { worker(t, "", name == "long", address) }), compared[name])
	}
	for _, d := range []deviant{
		{"value", "worker/run", "value", "{'words'}"},
		{"type", "worker/run", "type", "{'words'}"},
		{"order", "board/done", "value", "[1]"},
		{"silence", "board/done", compare.Silence, ""},
		{"error text", "worker/hidden", "value", ""},
		{"lateness", "worker/run", compare.Late, ""},
	} {
		d.named(t, joined(t, "long", d.options(), func(address string) { worker(t, d.deviation, true, address) }))
	}
}
