package replay_test

import (
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
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	"github.com/perl-ikc/ikc-conform/internal/perltest"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	perlvalue "github.com/perl-ikc/ikc-conform/reference/perl"
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

// compared is how much is compared of each recording: long is a long day of a worker of the board,
// and crew are three of these at a time, one with each serializer, of which one speaks IKC.
var compared = map[string]int{"stock": 13, "board": 6, "long": 9, "crew": 27}

// perl is a Perl program of testdata that listens, or is to connect.
func perl(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	return perltest.Program(t, filepath.Join("testdata", name), args...)
}

// program starts a Perl program that listens, and returns its address.
func program(t testing.TB, name string, args ...string) string {
	t.Helper()
	return perltest.Listening(t, filepath.Join("testdata", name), args...)
}

// again is how often each recording is replayed to real Perl: twice, or 20 times with IKC_GRID=all.
func again(t *testing.T) int {
	if os.Getenv("IKC_GRID") == "all" {
		return 20
	}
	t.Log("twice each; IKC_GRID=all replays 20 times")
	return 2
}

// TestPerl: the programs that were recorded do what they did, and so does one that speaks IKC only.
func TestPerl(t *testing.T) {
	for _, test := range []struct {
		name, program string
		args          []string
	}{
		{"stock", "stock.pl", nil},
		{"board", "board.pl", nil},
		{"long", "board.pl", nil},
		{"crew", "board.pl", nil},
		{"crew", "board.pl", []string{"protocol", "IKC"}},
	} {
		t.Run(test.name+strings.Join(test.args, " "), func(t *testing.T) {
			times := again(t)
			address := program(t, test.program, test.args...)
			for i := range times {
				same(t, replayed(t, test.name, address, replay.Options{Speed: float64(i % 2)}), compared[test.name])
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
				time.Sleep(late)
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

// board is board.pl in Go, with a deviation or without.
func board(t *testing.T, deviation string) string {
	done := map[string]int{}
	long := map[string]bool{}
	post := func(ctx context.Context, r *ikc.Request, name, state string, v any) error {
		_, err := r.Session.Post(ctx, "poe://"+name+"/worker/"+state, v)
		return err
	}
	publish := []string{"join", "done", "score"}
	if deviation == "error text" {
		publish = append(publish, "secret")
	}
	return served(t, "Board", "board", map[string]ikc.State{
		"join": func(ctx context.Context, r *ikc.Request) (any, error) {
			name := r.Arg(0)
			if name.Kind() == perlvalue.Ref {
				name = name.Target().Elem(0)
				long[name.Str()] = true
			}
			jobs := []int{1, 2, 3}
			switch deviation {
			case "order":
				jobs = []int{2, 1, 3}
			case "silence":
				jobs = jobs[:2]
			}
			for _, n := range jobs {
				job := map[string]any{"n": n, "text": fmt.Sprintf("job %d", n)}
				switch {
				case deviation == "value" && n == 2:
					job["text"] = "job two"
				case deviation == "type":
					job["n"] = fmt.Sprint(n)
				}
				if err := post(ctx, r, name.Str(), "job", job); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
		"done": func(ctx context.Context, r *ikc.Request) (any, error) {
			name := r.Arg(0).Target().Elem(0).Str()
			if done[name]++; done[name] < 3 {
				return nil, nil
			}
			if long[name] {
				if _, err := r.Session.Call(ctx, "poe://"+name+"/worker/hidden", r.Arg(0).Target().Elem(1)); err == nil {
					t.Error("worker/hidden: expected an error")
				}
			}
			v, err := r.Session.Call(ctx, "poe://"+name+"/worker/run", map[string]any{"text": "two words"})
			if err != nil {
				return nil, err
			}
			return nil, post(ctx, r, name, "bye", v.Target().Get("words"))
		},
		"score": func(_ context.Context, r *ikc.Request) (any, error) {
			if deviation == "lateness" {
				time.Sleep(late)
			}
			return map[string]any{"of": r.Arg(0), "jobs": []int{1, 2, 3}}, nil
		},
		"secret": func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("secret") },
	}, publish...)
}

// TestPort: a port to Go does not differ from what was recorded of Perl.
func TestPort(t *testing.T) {
	same(t, replayed(t, "stock", stock(t, ""), replay.Options{}), compared["stock"])
	for _, name := range []string{"board", "long"} {
		same(t, replayed(t, name, board(t, ""), replay.Options{}), compared[name])
	}
}

// deviant is a port that does something otherwise, and what is found of it.
type deviant struct {
	deviation, state, kind string
	paths                  string // with blanks between them
}

// late is how long it takes what is late, and slower how many times as long as recorded that is at
// least: other answers take less, whatever the machine does meanwhile.
const (
	late   = 2 * time.Second
	slower = 1000
)

// options are how a recording is replayed to it.
func (d deviant) options() replay.Options {
	opts := replay.Options{}
	switch d.deviation {
	case "silence":
		opts.Patience = time.Second
	case "lateness":
		opts.Slower = slower
	}
	return opts
}

// named demands that a report names what it does otherwise, and nothing else.
func (d deviant) named(t *testing.T, r *replay.Report) {
	t.Helper()
	var paths []string
	for _, found := range r.Deviations {
		if found.State != d.state || found.Kind != d.kind {
			t.Errorf("%s: expected %s of %s only, got\n%s", d.deviation, d.kind, d.state, show(t, r))
		}
		paths = append(paths, found.Path)
	}
	if strings.Join(paths, " ") != d.paths || len(paths) == 0 || len(r.Lost) > 0 {
		t.Errorf("%s: expected %q, got %q\n%s", d.deviation, d.paths, paths, show(t, r))
	}
}

// TestDeviants: what a port of a server does otherwise is named, at the right place, and nothing
// else is.
func TestDeviants(t *testing.T) {
	for _, d := range []deviant{
		{"value", "stock/get", "value", "{'tags'}[1]"},
		{"type", "stock/get", "type", "{'count'}"},
		{"order", "stock/list", "value", "[0]{'count'} [0]{'name'}"},
		{"silence", "stock/get", compare.Silence, ""},
		{"error text", "stock/hidden", "value", ""},
		{"lateness", "stock/get", compare.Late, ""},
	} {
		d.named(t, replayed(t, "stock", stock(t, d.deviation), d.options()))
	}
	for _, d := range []deviant{
		{"value", "worker/job", "value", "{'text'}"},
		{"type", "worker/job", "type", "{'n'}"},
		{"order", "worker/job", "value", "{'n'} {'text'}"},
		{"silence", "worker/job", compare.Silence, ""},
		{"error text", "board/secret", "value", ""},
		{"lateness", "board/score", compare.Late, ""},
	} {
		d.named(t, replayed(t, "long", board(t, d.deviation), d.options()))
	}
}
