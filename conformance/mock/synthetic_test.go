package mock_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/mock"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func newKernel(t *testing.T, cfg ikc.Config) *ikc.Kernel {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	k, err := ikc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = k.Shutdown(limit)
	})
	return k
}

// service is a server that does what servers do.
func service(t *testing.T) *ikc.Kernel {
	k := newKernel(t, ikc.Config{Name: "Svc", Serializers: []wire.Serializer{freezethaw.Serializer{}}})
	n := 0
	s, err := k.NewSession("svc", map[string]ikc.State{
		"echo":  func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"fail":  func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("no luck") },
		"pair":  func(context.Context, *ikc.Request) (any, error) { return ikc.List{"a", "b"}, nil },
		"quiet": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
		"count": func(context.Context, *ikc.Request) (any, error) { n++; return n, nil },
		"who": func(_ context.Context, r *ikc.Request) (any, error) {
			return []string{k.ID(), r.Channel.Peer().ID}, nil
		},
		"slow": func(ctx context.Context, r *ikc.Request) (any, error) {
			d := r.Detach(ctx)
			time.AfterFunc(400*time.Millisecond, func() { _ = d.Answer("slow", nil) })
			return nil, nil
		},
		"back": func(ctx context.Context, r *ikc.Request) (any, error) {
			v, err := r.Session.Call(ctx, "poe://"+r.Channel.Peer().ID+"/cl/double", 21)
			if err == nil {
				_, err = r.Session.Post(ctx, "poe://"+r.Channel.Peer().ID+"/cl/heard", []any{"back", v})
			}
			return v, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("echo", "fail", "pair", "quiet", "count", "who", "slow", "back")
	return k
}

// client does what clients do, and tells what came of it.
func client(t *testing.T, address string) string {
	t.Helper()
	k := newKernel(t, ikc.Config{Name: "Cl", Serializers: []wire.Serializer{freezethaw.Serializer{}}})
	heard := make(chan string, 1)
	s, err := k.NewSession("cl", map[string]ikc.State{
		"double": func(_ context.Context, r *ikc.Request) (any, error) { return 2 * r.Arg(0).Int(), nil },
		"heard": func(_ context.Context, r *ikc.Request) (any, error) {
			heard <- perl.Format(r.Arg(0), perl.FormatOptions{})
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("double", "heard")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ch, err := k.Dial(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	show := func(state string, v *perl.Value, err error) {
		var remote *ikc.RemoteError
		if errors.As(err, &remote) {
			err = errors.New(strings.Split(remote.Message, ".  Request")[0])
		}
		text := strings.NewReplacer(ch.Peer().ID, "SERVER", k.ID(), "CLIENT").Replace(perl.Format(v, perl.FormatOptions{}))
		fmt.Fprintf(&b, "%s: %s %v\n", state, text, err)
	}
	for _, call := range []struct {
		state string
		param any
	}{{"echo", "x"}, {"echo", []int{1, 2}}, {"fail", 1}, {"hidden", 1}, {"count", nil}, {"count", nil}, {"who", nil}, {"back", nil}} {
		v, err := s.Call(ctx, "poe://Svc/svc/"+call.state, call.param)
		show(call.state, v, err)
	}
	list, err := s.CallList(ctx, "poe://Svc/svc/pair", nil)
	fmt.Fprintf(&b, "pair: %d %v\nheard: %s\n", len(list), err, <-heard)
	short, done := context.WithTimeout(ctx, 100*time.Millisecond)
	v, err := s.Call(short, "poe://Svc/svc/quiet", nil)
	done()
	fmt.Fprintf(&b, "quiet: %v %t\n", v, errors.Is(err, context.DeadlineExceeded))
	slow := make(chan string, 2) // the second call is not kept waiting by the first
	go func() {
		_, err := s.Call(ctx, "poe://Svc/svc/slow", nil)
		slow <- fmt.Sprint("slow ", err)
	}()
	time.Sleep(50 * time.Millisecond)
	_, err = s.Call(ctx, "poe://Svc/svc/echo", "y")
	slow <- fmt.Sprint("quick ", err)
	fmt.Fprintln(&b, <-slow, <-slow)
	_ = ch.Close()
	return b.String()
}

// recording has a client talk to a service, and records that.
func recording(t *testing.T) (path, said string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := service(t)
	go func() { _ = k.Serve(context.Background(), l) }()
	path = filepath.Join(t.TempDir(), "service.pcapng")
	w, err := capture.CreateNew(path, capture.Meta{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	between, err := relay.Start(relay.Options{ListenNetwork: "tcp", ListenAddress: "127.0.0.1:0", TargetNetwork: "tcp", TargetAddress: l.Addr().String(), Writer: w})
	if err != nil {
		t.Fatal(err)
	}
	said = client(t, between.Addr().String())
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(between.Close(limit), w.Close()); err != nil {
		t.Fatal(err)
	}
	return path, said
}

func readFile(t *testing.T, path string, opts mock.Options) *mock.Recording {
	t.Helper()
	in, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := mock.Read(in.Events(capture.Limits{}), opts)
	if err != nil || len(r.Kernels) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	return r
}

// TestMock: a client cannot tell a mock from the server, though calls of its own, errors, lists,
// silence, counters and ids are among what is said; twice, at once and at the recorded times.
func TestMock(t *testing.T) {
	path, said := recording(t)
	r := readFile(t, path, mock.Options{Side: wire.Server})
	for _, speed := range []float64{1, 0} {
		m := start(t, r.Kernels[0], mock.Manner{Speed: speed, Strict: true})
		for n := range 2 {
			if got := client(t, "127.0.0.1:"+serve(t, m)); speed == 1 && got != said || n == 0 && !strings.HasPrefix(got, strings.SplitAfter(said, "quiet")[0]) {
				t.Errorf("speed %v: expected\n%sgot\n%s", speed, said, got)
			}
		}
		asked(t, m, 2)
	}
}

// TestUnlike: params that are like none recorded get the next answer of their shape, or else of the
// state, each in turn; strict, they are refused. Noise makes them alike.
func TestUnlike(t *testing.T) {
	path, _ := recording(t)
	r := readFile(t, path, mock.Options{Side: wire.Server})
	noise, err := compare.ReadNoise(strings.NewReader("svc/echo params [1]\n"))
	if err != nil {
		t.Fatal(err)
	}
	const refused = "refused"
	for _, test := range []struct {
		manner mock.Manner
		params []any
		want   string
	}{
		{mock.Manner{}, []any{"x", "y", "x"}, "'x' 'y' 'x'"},
		{mock.Manner{}, []any{"z", "z", "z", []int{5, 6}}, "'x' 'y' 'x' ['1', '2']"},
		{mock.Manner{}, []any{map[string]int{"a": 1}, nil, 1.5, 2.5}, "'x' ['1', '2'] 'x' 'y'"},
		{mock.Manner{Strict: true}, []any{"x", "z", []int{1, 3}}, "'x' refused refused"},
		{mock.Manner{Strict: true, Noise: noise}, []any{[]int{1, 3}, []int{3, 2}}, "['1', '2'] refused"},
	} {
		m := start(t, r.Kernels[0], test.manner)
		k := newKernel(t, ikc.Config{})
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		if _, err := k.Dial(ctx, "tcp", "127.0.0.1:"+serve(t, m)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range test.params {
			v, err := k.Call(ctx, "poe://Svc/svc/echo", p)
			text := perl.Format(v, perl.FormatOptions{})
			if err != nil {
				text = refused
			}
			got = append(got, text)
		}
		cancel()
		if strings.Join(got, " ") != test.want {
			t.Errorf("%v: expected %s, got %s\n%s", test.params, test.want, got, show(t, mock.NewReport(r, m)))
		}
		if p := m.Played(); p.Refused() != strings.Count(test.want, refused) {
			t.Errorf("%v: expected %d refused, got\n%s", test.params, strings.Count(test.want, refused), show(t, mock.NewReport(r, m)))
		}
	}
}

// TestRoom: of a recording that is too large the first messages are there, and the others counted.
func TestRoom(t *testing.T) {
	path, _ := recording(t)
	all, some := readFile(t, path, mock.Options{Side: wire.Server}), readFile(t, path, mock.Options{Side: wire.Server, MaxOctets: 4096})
	if all.LeftOut != 0 || some.LeftOut == 0 || some.Kernels[0].Requests == 0 || some.Kernels[0].Requests >= all.Kernels[0].Requests {
		t.Errorf("expected some of %d requests, got %d and %d messages left out", all.Kernels[0].Requests, some.Kernels[0].Requests, some.LeftOut)
	}
}
