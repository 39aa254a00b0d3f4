package replay_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
)

// replayed replays a recording to a server.
func replayed(t testing.TB, name, address string, opts replay.Options) *replay.Report {
	t.Helper()
	return replayedFile(t, filepath.Join("testdata", name+".pcapng"), address, opts)
}

// replayedFile replays a capture to a server.
func replayedFile(t testing.TB, path, address string, opts replay.Options) *replay.Report {
	t.Helper()
	opts.Network, opts.Address = "tcp", address
	if opts.Patience == 0 {
		opts.Patience = 20 * time.Second
	}
	open := func() *capture.Reader {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	in := open()
	defer in.Close()
	r, err := replay.Play(context.Background(), in.Events(capture.Limits{}), nil, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func show(t testing.TB, r *replay.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// same demands that nothing differs, and that so much was compared.
func same(t *testing.T, r *replay.Report, compared int) {
	t.Helper()
	if r.Different > 0 || len(r.Lost) > 0 || r.Left > 0 || r.Unsure > 0 || r.Compared != compared {
		t.Errorf("expected %d compared without a difference, got\n%s", compared, show(t, r))
	}
}

// What is compared of each recording.
const ofStock, ofBoard = 13, 6

// program starts a Perl program of testdata that listens, and returns its address.
func program(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(driver.ReleasesDir(), "0.2402")); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	l.Close()
	cmd := exec.Command("perl", filepath.Join("testdata", name), port)
	cmd.Env = append(os.Environ(), "PERL5LIB="+filepath.Join(driver.ReleasesDir(), "0.2402"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "listens\n" {
		t.Fatalf("%s: expected it to listen, got %q, %v", name, line, err)
	}
	return address
}

// TestPerl: the programs that were recorded do what they did: twice, or 20 times with IKC_GRID=all.
func TestPerl(t *testing.T) {
	times := 2
	if os.Getenv("IKC_GRID") == "all" {
		times = 20
	} else {
		t.Log("twice each; IKC_GRID=all replays 20 times")
	}
	for name, compared := range map[string]int{"stock": ofStock, "board": ofBoard} {
		t.Run(name, func(t *testing.T) {
			address := program(t, name+".pl")
			for i := range times {
				same(t, replayed(t, name, address, replay.Options{Speed: float64(i % 2)}), compared)
			}
		})
	}
}

type item struct {
	Name  string   `perl:"name"`
	Count any      `perl:"count"`
	Tags  []string `perl:"tags,omitempty"`
}

// served serves sessions of a kernel, and returns the address.
func served(t testing.TB, name, session string, states map[string]ikc.State, publish ...string) string {
	t.Helper()
	k, err := ikc.New(ikc.Config{Name: name, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.NewSession(session, states)
	if err != nil {
		t.Fatal(err)
	}
	s.Publish(publish...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = k.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = k.Shutdown(limit)
	})
	return l.Addr().String()
}

// stock is stock.pl in Go, with a deviation or without.
func stock(t *testing.T, deviation string) string {
	asked := 0
	states := map[string]ikc.State{
		"get": func(_ context.Context, r *ikc.Request) (any, error) {
			it := item{r.Arg(0).Str(), 17, []string{"a", "b"}}
			switch deviation {
			case "value":
				it.Tags[1] = "c"
			case "type":
				it.Count = "17"
			case "silence":
				return nil, nil
			case "lateness":
				time.Sleep(300 * time.Millisecond)
			}
			return it, nil
		},
		"list": func(context.Context, *ikc.Request) (any, error) {
			list := []item{{"bolt", 17, nil}, {"nut", 4, nil}}
			if deviation == "order" {
				list[0], list[1] = list[1], list[0]
			}
			return list, nil
		},
		"status": func(context.Context, *ikc.Request) (any, error) {
			asked++
			return map[string]any{"time": time.Now().Unix(), "asked": asked + 40, "up": "yes"}, nil
		},
		"lookup": func(ctx context.Context, r *ikc.Request) (any, error) {
			job := r.Arg(0).Target().Elems()
			back := job[1].Target()
			to := fmt.Sprintf("poe://%s/%s/%s", back.Get("kernel").Str(), back.Get("session").Str(), back.Get("state").Str())
			_, err := r.Session.Post(ctx, to, []any{job[0].Str(), 4})
			return nil, err
		},
		"hidden": func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("hidden") },
	}
	publish := []string{"get", "list", "status", "lookup"}
	if deviation == "error text" {
		publish = append(publish, "hidden")
	}
	return served(t, "Stock", "stock", states, publish...)
}

// board is board.pl in Go.
func board(t *testing.T) string {
	done := map[string]int{}
	post := func(ctx context.Context, r *ikc.Request, name, state string, v any) error {
		_, err := r.Session.Post(ctx, "poe://"+name+"/worker/"+state, v)
		return err
	}
	return served(t, "Board", "board", map[string]ikc.State{
		"join": func(ctx context.Context, r *ikc.Request) (any, error) {
			for n := range 3 {
				if err := post(ctx, r, r.Arg(0).Str(), "job", map[string]any{"n": n + 1, "text": fmt.Sprintf("job %d", n+1)}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
		"done": func(ctx context.Context, r *ikc.Request) (any, error) {
			name := r.Arg(0).Target().Elems()[0].Str()
			if done[name]++; done[name] < 3 {
				return nil, nil
			}
			v, err := r.Session.Call(ctx, "poe://"+name+"/worker/run", map[string]any{"text": "two words"})
			if err != nil {
				return nil, err
			}
			return nil, post(ctx, r, name, "bye", v.Target().Get("words"))
		},
	}, "join", "done")
}

// TestPort: a port to Go does not differ from what was recorded of Perl.
func TestPort(t *testing.T) {
	same(t, replayed(t, "stock", stock(t, ""), replay.Options{}), ofStock)
	same(t, replayed(t, "board", board(t), replay.Options{}), ofBoard)
}

// TestDeviants: what a port does otherwise is named, at the right place, and nothing else is.
func TestDeviants(t *testing.T) {
	for _, test := range []struct{ deviation, state, kind, path string }{
		{"value", "stock/get", "value", "{'tags'}[1]"},
		{"type", "stock/get", "type", "{'count'}"},
		{"order", "stock/list", "value", "[0]{'count'} [0]{'name'}"},
		{"silence", "stock/get", compare.Silence, ""},
		{"error text", "stock/hidden", "value", ""},
		{"lateness", "stock/get", compare.Late, ""},
	} {
		opts := replay.Options{Slower: 2}
		if test.deviation == "silence" {
			opts.Patience = 500 * time.Millisecond
		}
		r := replayed(t, "stock", stock(t, test.deviation), opts)
		var paths []string
		for _, d := range r.Deviations {
			if d.State != test.state || d.Kind != test.kind {
				t.Errorf("%s: expected %s of %s only, got\n%s", test.deviation, test.kind, test.state, show(t, r))
			}
			paths = append(paths, d.Path)
		}
		if strings.Join(paths, " ") != test.path || len(paths) == 0 {
			t.Errorf("%s: expected %q, got %q\n%s", test.deviation, test.path, paths, show(t, r))
		}
	}
}
