package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func TestMain(m *testing.M) {
	switch os.Getenv("DRIVER_TEST_ROLE") {
	case "":
		goleak.VerifyTestMain(m)
	case "stubborn": // closes nothing, ends never, and has a child that does the same
		child := exec.Command("sleep", "1000")
		if err := child.Start(); err != nil {
			os.Exit(9)
		}
		fmt.Printf("{\"event\":\"child\",\"pid\":%d}\n", child.Process.Pid)
		time.Sleep(1000 * time.Second)
	case "leaves": // ends at the end of its input, but a child in another session holds its output
		child := exec.Command("setsid", "sleep", "20")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			os.Exit(9)
		}
		fmt.Printf("{\"event\":\"child\",\"pid\":%d}\n", child.Process.Pid)
		_, _ = io.Copy(io.Discard, os.Stdin)
		fmt.Println(`{"event":"last"}`)
	case "dies":
		var line string
		fmt.Scanln(&line)
		fmt.Fprintln(os.Stderr, "No kernel in !")
		os.Exit(22)
	case "babbles":
		fmt.Println("Hello there")
		time.Sleep(1000 * time.Second)
	case "floods":
		for {
			if _, err := fmt.Print(strings.Repeat("x", 1<<16)); err != nil {
				os.Exit(0)
			}
		}
	}
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// self starts this test binary in one of the roles of TestMain.
func self(t *testing.T, ctx context.Context, role string, opts driver.Options) *driver.Driver {
	t.Helper()
	d, err := driver.Start(ctx, driver.Command{Path: os.Args[0], Env: []string{"DRIVER_TEST_ROLE=" + role}, Options: opts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// wired connects a Driver with a Server in this process.
func wired(t *testing.T, opts driver.Options, setup func(*driver.Server)) (*driver.Driver, chan error) {
	t.Helper()
	here, there := net.Pipe()
	s := driver.NewServer(there)
	setup(s)
	served := make(chan error, 1)
	go func() {
		err := s.Serve(context.Background(), there)
		there.Close()
		served <- err
	}()
	d := driver.New(here, opts)
	t.Cleanup(func() { d.Close() })
	return d, served
}

func TestCommands(t *testing.T) {
	ctx := testContext(t)
	d, served := wired(t, driver.Options{}, func(s *driver.Server) {
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) {
			return driver.Hello{Protocol: 1, Driver: "test", Capabilities: []string{"server"}}, nil
		})
		s.Handle("post", func(_ context.Context, r *driver.Request) (any, error) {
			var p driver.Post
			if err := r.Decode(&p); err != nil {
				return nil, err
			}
			if err := s.Event(driver.Event{Kind: driver.EventState, Session: "me", State: "run", Args: []*perl.Value{p.Params.V}, Sender: true}); err != nil {
				return nil, err
			}
			return driver.Sent{}, nil
		})
		s.Handle("session", func(_ context.Context, r *driver.Request) (any, error) {
			return nil, r.Decode(&struct {
				Session int `json:"session"`
			}{})
		})
		s.Handle("connect", func(context.Context, *driver.Request) (any, error) {
			return driver.Later(func(ctx context.Context) (any, error) { return nil, context.DeadlineExceeded }), nil
		})
		s.Handle("shutdown", func(context.Context, *driver.Request) (any, error) { return nil, errors.New("no") })
	})

	h, err := d.Hello(ctx)
	if err != nil || h.Driver != "test" || !h.Has("server") || h.Has("client") {
		t.Errorf("Hello: %+v, %v", h, err)
	}
	n, err := d.Post(ctx, driver.Post{To: "poe://K/s/t", Params: typed.Value{V: perl.NewText("ü")}})
	if err != nil || n != -1 {
		t.Errorf("Post: %d, %v", n, err)
	}
	e, err := d.WaitState(ctx, "me", "run")
	if err != nil || len(e.Args) != 1 || e.Args[0].Str() != "ü" || !e.Sender {
		t.Errorf("WaitState: %+v, %v", e, err)
	}
	for _, c := range []struct {
		cmd  string
		code driver.Code
	}{
		{"frobnicate", driver.Unsupported},
		{"session", driver.Usage},
		{"connect", driver.Timeout},
		{"shutdown", driver.Failed},
	} {
		err := d.Do(ctx, c.cmd, map[string]string{"session": "x"}, nil)
		var de *driver.Error
		if !errors.As(err, &de) || de.Code != c.code || de.Command != c.cmd {
			t.Errorf("%s: got %v, want code %s", c.cmd, err, c.code)
		}
	}
	if err := d.Quit(ctx); err != nil {
		t.Errorf("Quit: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := d.Do(ctx, "hello", nil, nil); !errors.Is(err, driver.ErrGone) {
		t.Errorf("after quit: %v", err)
	}
	d.Close()
	if _, err := d.Hello(ctx); err == nil {
		t.Error("Hello works after Close")
	}
}

// Commands after one that takes its time are carried out meanwhile.
func TestLater(t *testing.T) {
	ctx := testContext(t)
	release := make(chan struct{})
	d, _ := wired(t, driver.Options{}, func(s *driver.Server) {
		s.Handle("connect", func(context.Context, *driver.Request) (any, error) {
			return driver.Later(func(context.Context) (any, error) { <-release; return driver.Connected{Kernel: "k"}, nil }), nil
		})
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) { return driver.Hello{}, nil })
	})
	var wg sync.WaitGroup
	var kernel string
	wg.Go(func() { kernel, _ = d.Connect(ctx, driver.Connect{Name: "C"}) })
	if _, err := d.Hello(ctx); err != nil {
		t.Fatal(err)
	}
	close(release)
	wg.Wait()
	if kernel != "k" {
		t.Errorf("kernel %q", kernel)
	}
}

// A context that ends leaves the Driver usable, and the late answer is nobody's.
func TestContext(t *testing.T) {
	ctx := testContext(t)
	release := make(chan struct{})
	d, _ := wired(t, driver.Options{}, func(s *driver.Server) {
		s.Handle("connect", func(context.Context, *driver.Request) (any, error) {
			return driver.Later(func(context.Context) (any, error) { <-release; return nil, nil }), nil
		})
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) { return driver.Hello{Driver: "x"}, nil })
	})
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := d.Connect(short, driver.Connect{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Connect: %v", err)
	}
	if _, err := d.Wait(short, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait: %v", err)
	}
	close(release)
	if h, err := d.Hello(ctx); err != nil || h.Driver != "x" {
		t.Errorf("Hello: %+v, %v", h, err)
	}
}

func TestWaitKeepsOthers(t *testing.T) {
	ctx := testContext(t)
	d, _ := wired(t, driver.Options{}, func(s *driver.Server) {
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) {
			for _, state := range []string{"a", "b", "a", "c"} {
				if err := s.Event(driver.Event{Kind: driver.EventState, Session: "s", State: state}); err != nil {
					return nil, err
				}
			}
			return driver.Hello{}, nil
		})
	})
	if _, err := d.Hello(ctx); err != nil {
		t.Fatal(err)
	}
	if e, err := d.WaitState(ctx, "s", "c"); err != nil || e.State != "c" {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := d.WaitState(ctx, "s", "a"); err != nil || e.State != "a" {
		t.Errorf("%+v, %v", e, err)
	}
	var rest []string
	for _, e := range d.TakeEvents() {
		rest = append(rest, e.State)
	}
	if got := strings.Join(rest, " "); got != "b a" {
		t.Errorf("left: %s", got)
	}
}

func TestTap(t *testing.T) {
	ctx := testContext(t)
	var lines []string
	d, _ := wired(t, driver.Options{Tap: func(l driver.Line) {
		lines = append(lines, fmt.Sprint(l.FromDriver, " ", string(l.Text)))
	}}, func(s *driver.Server) {
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) { return nil, nil })
	})
	if err := d.Do(ctx, "hello", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Do(ctx, "hello", map[string]int{"n": 1}, nil); err != nil {
		t.Fatal(err)
	}
	d.Close()
	want := []string{`false {"id":1,"cmd":"hello"}`, `true {"id":1,"ok":{}}`, `false {"id":2,"cmd":"hello","n":1}`, `true {"id":2,"ok":{}}`}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("tap saw\n%s", got)
	}
}

// What a driver may not write ends the conversation with an error that shows it.
func TestBrokenProtocol(t *testing.T) {
	for _, c := range []struct{ name, line, reason string }{
		{"text", "hello there\n", "not a JSON object"},
		{"neither", "{}\n", "neither id nor event"},
		{"both", `{"id":1,"ok":{},"error":{"code":"failed"}}` + "\n", "either ok or error"},
		{"no command", `{"id":77,"ok":{}}` + "\n", "an answer to no command"},
		{"long", strings.Repeat("x", 1025), "a line of more than 1024 octets"},
		{"cut", `{"id":1`, "ends within a line"},
		{"bad value", `{"event":"state","args":[{"i":"x"}]}` + "\n", "a bad event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := testContext(t)
			here, there := net.Pipe()
			d := driver.New(here, driver.Options{MaxLine: 1024})
			defer d.Close()
			var wg sync.WaitGroup
			wg.Go(func() {
				_, _ = io.WriteString(there, c.line)
				if c.name == "cut" {
					there.Close()
				}
				_, _ = io.Copy(io.Discard, there)
			})
			_, err := d.Hello(ctx)
			var exit *driver.ExitError
			var broken *driver.LineError
			if !errors.As(err, &exit) && !errors.As(d.Err(), &exit) || !errors.As(d.Err(), &broken) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(broken.Error(), c.reason) {
				t.Errorf("got %v, want %s", broken, c.reason)
			}
			there.Close()
			wg.Wait()
		})
	}
}

func TestTooManyEvents(t *testing.T) {
	ctx := testContext(t)
	d, _ := wired(t, driver.Options{MaxEvents: 3}, func(s *driver.Server) {
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) {
			for range 5 {
				if err := s.Event(driver.Event{Kind: driver.EventError}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
	})
	if err := d.Do(ctx, "hello", nil, nil); err == nil || !strings.Contains(d.Err().Error(), "more than 3 events") {
		t.Errorf("got %v, %v", err, d.Err())
	}
}

// Events that nobody waits for are bounded in octets as well; those that were waited for, or taken,
// do not count.
func TestTooLargeEvents(t *testing.T) {
	ctx := testContext(t)
	d, _ := wired(t, driver.Options{MaxEventOctets: 10_000}, func(s *driver.Server) {
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) {
			return nil, s.Event(driver.Event{Kind: driver.EventError, Message: strings.Repeat("x", 4000)})
		})
	})
	say := func(n int) (err error) {
		for i := 0; i < n && err == nil; i++ {
			err = d.Do(ctx, "hello", nil, nil)
		}
		return err
	}
	for range 5 {
		if err := say(2); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Wait(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if n := len(d.TakeEvents()); n != 1 {
			t.Fatalf("expected one more event, got %d", n)
		}
	}
	if err := say(3); err == nil || !strings.Contains(d.Err().Error(), "more than 10000 octets of events") {
		t.Errorf("got %v, %v", err, d.Err())
	}
}

func TestEventLines(t *testing.T) {
	for _, line := range []string{
		`{"event":"state","args":[{"i":"1"},null],"session":"s","state":"x","context":"list","sender":true}`,
		`{"event":"monitor","args":[],"kernel":"*","about":"k","real":false,"what":"register"}`,
		`{"event":"error","args":null,"operation":"connect","number":111,"message":"refused"}`,
	} {
		var e driver.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if got, err := json.Marshal(e); err != nil || string(got) != line {
			t.Errorf("got %s, %v\nwant %s", got, err, line)
		}
	}
}

func TestServerLines(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"id":1,"cmd":"hello"}`, `{"id":1,"ok":{}}`},
		{`{"id":1,"cmd":"x"}`, `{"id":1,"error":{"code":"unsupported","message":"no command \"x\" in this driver"}}`},
		{`{"id":1}`, `{"id":1,"error":{"code":"usage","message":"cmd is a string"}}`},
		{`{"cmd":"hello"}`, `{"id":0,"error":{"code":"usage","message":"id is an integer"}}`},
		{`{"id":3,"cmd":"quit"}`, `{"id":3,"ok":{}}`},
	} {
		var out strings.Builder
		s := driver.NewServer(&out)
		s.Handle("hello", func(context.Context, *driver.Request) (any, error) { return nil, nil })
		if err := s.Serve(context.Background(), strings.NewReader(c.in+"\n\n")); err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestProcessThatDies(t *testing.T) {
	ctx := testContext(t)
	d := self(t, ctx, "dies", driver.Options{})
	_, err := d.Hello(ctx)
	var exit *driver.ExitError
	if !errors.As(err, &exit) || exit.Status != "exit status 22" || !strings.Contains(exit.Stderr, "No kernel in !") {
		t.Errorf("got %v", err)
	}
}

func TestProcessThatBabbles(t *testing.T) {
	ctx := testContext(t)
	d := self(t, ctx, "babbles", driver.Options{})
	_, err := d.Wait(ctx, nil)
	if err == nil || !strings.Contains(err.Error(), "not a JSON object") || !strings.Contains(err.Error(), "Hello there") {
		t.Errorf("got %v", err)
	}
	d = self(t, ctx, "floods", driver.Options{MaxLine: 1 << 20})
	if _, err = d.Wait(ctx, nil); err == nil || !strings.Contains(err.Error(), "a line of more than 1048576 octets") {
		t.Errorf("got %v", err)
	}
}

// Close, and the end of the context, leave neither the process nor its children.
func TestProcessThatStays(t *testing.T) {
	for _, by := range []string{"close", "context"} {
		t.Run(by, func(t *testing.T) {
			ctx, cancel := context.WithCancel(testContext(t))
			defer cancel()
			var cleaned atomic.Int32
			d, err := driver.Start(ctx, driver.Command{Path: os.Args[0], Env: []string{"DRIVER_TEST_ROLE=stubborn"},
				Cleanup: func() { cleaned.Add(1) }})
			if err != nil {
				t.Fatal(err)
			}
			e, err := d.Wait(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			var child struct{ PID int }
			if err := json.Unmarshal(e.Raw, &child); err != nil {
				t.Fatal(err)
			}
			if by == "context" {
				cancel()
				<-d.Done()
			}
			d.Close()
			d.Close()
			if cleaned.Load() != 1 {
				t.Errorf("cleaned up %d times", cleaned.Load())
			}
			for range 100 {
				// A zombie whose parent is gone has no command line either.
				if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child.PID)); err != nil || len(b) == 0 {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("the child %d is still there", child.PID)
		})
	}
}

func TestStartErrors(t *testing.T) {
	cleaned := 0
	c := driver.Command{Path: "/nonexistent/driver", Cleanup: func() { cleaned++ }}
	if _, err := driver.Start(context.Background(), c); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := driver.Start(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if cleaned != 2 {
		t.Errorf("cleaned up %d times", cleaned)
	}
}

func TestFindPerlErrors(t *testing.T) {
	t.Run("no perl", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := driver.FindPerl(context.Background())
		var pe *driver.PerlError
		if !errors.As(err, &pe) || pe.Missing != "perl" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no module", func(t *testing.T) {
		if _, err := exec.LookPath("perl"); err != nil {
			t.Skip(err)
		}
		t.Setenv("PERL5LIB", "")
		found, err := driver.FindPerl(context.Background())
		if err == nil {
			t.Skipf("this machine has %s where perl looks anyway", found)
		}
		var pe *driver.PerlError
		if !errors.As(err, &pe) || pe.Missing != "POE::Component::IKC" || pe.Install == "" {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzLines: whatever a driver writes, its harness comes to an end.
func FuzzLines(f *testing.F) {
	for _, line := range []string{`{"id":1,"ok":{}}`, `{"id":1,"error":{"code":"failed","message":"no"}}`,
		`{"event":"state","args":[{"ref":{"array":[]}}],"sender":true}`, `{"event":"monitor","real":null}`, "{\n", `{"id":null}`, `null`} {
		f.Add([]byte(line + "\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		here, there := net.Pipe()
		d := driver.New(here, driver.Options{MaxLine: 4096})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _ = there.Read(make([]byte, 1024))
			_, _ = there.Write(text)
			there.Close()
		})
		_ = d.Do(context.Background(), "hello", nil, nil)
		<-d.Done()
		for _, e := range d.TakeEvents() {
			if _, err := json.Marshal(e); err != nil {
				t.Errorf("%s: %v", e, err)
			}
		}
		d.Close()
		wg.Wait()
	})
}
