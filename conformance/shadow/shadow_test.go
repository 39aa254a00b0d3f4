package shadow_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/shadow"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen is a listener, and its address.
func listen(t testing.TB) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l, l.Addr().String()
}

// server is a kernel with the session svc, and its address.
func server(t testing.TB, name string, states map[string]ikc.State) string {
	t.Helper()
	k, err := ikc.New(ikc.Config{Name: name, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	s, err := k.NewSession("svc", states)
	must(t, err)
	for state := range states {
		s.Publish(state)
	}
	l, address := listen(t)
	go func() { _ = k.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = k.Shutdown(limit)
	})
	return address
}

// echo is a server that returns what it is given.
func echo(t testing.TB, name string) string {
	return server(t, name, map[string]ikc.State{
		"echo": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"fail": func(context.Context, *ikc.Request) (any, error) { return nil, fmt.Errorf("it failed") },
	})
}

// shadowed is a shadow before a server.
func shadowed(t testing.TB, first, also string, opts shadow.Options) (*shadow.Shadow, *bytes.Buffer) {
	t.Helper()
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, capture.Meta{})
	must(t, err)
	opts.Relay = relay.Options{TargetAddress: first, Writer: w}
	opts.AlsoAddress = also
	s, err := shadow.Start(opts)
	must(t, err)
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, _ = s.Close(limit) // what is to be demanded was, by finish
		_ = w.Close()
	})
	return s, &file
}

// finish ends a shadow, and gives what it found.
func finish(t testing.TB, s *shadow.Shadow) *shadow.Report {
	t.Helper()
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := s.Close(limit)
	must(t, err)
	s.Flush() // the last of the copies ended after the relay
	must(t, keeps(t, r))
	return r
}

// keeps tells whether a report keeps its schema.
func keeps(t testing.TB, r *shadow.Report) error {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(shadow.Schema))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource(shadow.SchemaID, schema))
	compiled, err := c.Compile(shadow.SchemaID)
	must(t, err)
	var b bytes.Buffer
	must(t, r.WriteJSON(&b))
	doc, err := jsonschema.UnmarshalJSON(&b)
	must(t, err)
	return compiled.Validate(doc)
}

func show(t testing.TB, r *shadow.Report) string {
	t.Helper()
	var b strings.Builder
	must(t, r.WriteText(&b))
	return b.String()
}

// calls has a client make n calls that are answered rightly, and returns the longest of them.
func calls(t testing.TB, address string, n int, padding ...string) (longest time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: address, Name: "Caller"})
	must(t, err)
	defer c.Disconnect()
	for i := range n {
		began := time.Now()
		want := fmt.Sprintf("this is number %d%s", i, strings.Join(padding, ""))
		v, err := c.Call(ctx, "svc/echo", want)
		must(t, err)
		if v.Str() != want {
			t.Fatalf("expected %q, got %q", want, v.Str())
		}
		longest = max(longest, time.Since(began))
	}
	return longest
}

// TestSame: a server of another name that does the same does not differ; what fails does so alike.
func TestSame(t *testing.T) {
	s, file := shadowed(t, echo(t, "Real"), echo(t, "Other"), shadow.Options{})
	for range 3 {
		calls(t, s.Addr().String(), 100)
	}
	ctx := t.Context()
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: s.Addr().String(), Name: "Failing"})
	must(t, err)
	for _, state := range []string{"svc/fail", "svc/none", "none/none"} {
		if _, err := c.Call(ctx, state, 1); err == nil {
			t.Errorf("%s: expected an error", state)
		}
	}
	c.Disconnect()
	r := finish(t, s)
	if r.Connections != 4 || r.Copied != 4 || r.Calls != 303 || r.Compared != 303 || r.Different != 0 || r.Unsure != 0 || r.Lost() != 0 {
		t.Errorf("expected 303 compared without a difference, got\n%s", show(t, r))
	}
	if !strings.Contains(file.String(), "also: copy of connection 3") {
		t.Error("expected the copies in the capture")
	}
	if closed, resets := ends(t, file); closed != 8 || resets != 0 {
		t.Errorf("expected 8 clients that closed, 4 of them of copies, and nothing reset, got %d and %d", closed, resets)
	}
}

// ends counts the clients that closed their side in a capture, and the connections that were reset.
func ends(t testing.TB, file *bytes.Buffer) (closed, resets int) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file.Bytes()))
	must(t, err)
	for event := range r.Events(capture.Limits{}) { // its end is missing: the writer is open
		switch end, ok := event.(*capture.Closed); {
		case !ok:
		case end.How == capture.RST:
			resets++
		case end.From == capture.FromClient:
			closed++
		}
	}
	return closed, resets
}

// TestDeviants: what the other does otherwise is named, at its place, and nothing else; the client
// gets what the real one said.
func TestDeviants(t *testing.T) {
	answer := func(v any) ikc.State {
		return func(context.Context, *ikc.Request) (any, error) { return v, nil }
	}
	first := server(t, "Same", map[string]ikc.State{"get": answer(map[string]any{"n": 1, "list": []string{"a", "b"}})})
	for _, test := range []struct {
		name, kind, path string
		state            ikc.State
	}{
		{"value", "value", "{'list'}[1]", answer(map[string]any{"n": 1, "list": []string{"a", "c"}})},
		{"type", "type", "{'n'}", answer(map[string]any{"n": "1", "list": []string{"a", "b"}})},
		{"missing", "missing", "{'n'}", answer(map[string]any{"list": []string{"a", "b"}})},
		{"silence", compare.Silence, "", answer(nil)},
		{"error", compare.Outcome, "", func(context.Context, *ikc.Request) (any, error) { return nil, fmt.Errorf("no") }},
		{"late", compare.Late, "", func(context.Context, *ikc.Request) (any, error) {
			time.Sleep(200 * time.Millisecond)
			return map[string]any{"n": 1, "list": []string{"a", "b"}}, nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := shadowed(t, first, server(t, "Same", map[string]ikc.State{"get": test.state}), shadow.Options{Slower: 3, Patience: 2 * time.Second})
			c, err := clientlite.Spawn(t.Context(), clientlite.Config{Address: s.Addr().String(), Name: "Getter"})
			must(t, err)
			v, err := c.Call(t.Context(), "svc/get", 1)
			must(t, err)
			if n, _ := v.Target().Get("n").AsString(); n != "1" {
				t.Errorf("expected what the real server says, got %v", v)
			}
			c.Disconnect()
			until := time.Now().Add(20 * time.Second)
			for s.Report().Compared == 0 && time.Now().Before(until) {
				time.Sleep(20 * time.Millisecond)
			}
			r := finish(t, s)
			if len(r.Deviations) != 1 || r.Deviations[0].Kind != test.kind || r.Deviations[0].Path != test.path || r.Deviations[0].State != "svc/get" {
				t.Errorf("expected %s at %q only, got\n%s", test.kind, test.path, show(t, r))
			}
		})
	}
}

// TestLearned: what differs in answers of the real server to like requests may differ, and is told;
// what is of another type there may not.
func TestLearned(t *testing.T) {
	counting := func(name string, from int, what func(int) any) string {
		return server(t, name, map[string]ikc.State{"count": func(context.Context, *ikc.Request) (any, error) {
			from++
			return map[string]any{"n": what(from), "same": 1}, nil
		}})
	}
	number := func(n int) any { return n }
	for _, test := range []struct {
		name string
		what func(int) any
		want int
	}{{"the same", number, 0}, {"another type", func(n int) any { return fmt.Sprint(n) }, 10}} {
		s, _ := shadowed(t, counting("Counter", 0, number), counting("Counter", 1000, test.what), shadow.Options{})
		c, err := clientlite.Spawn(t.Context(), clientlite.Config{Address: s.Addr().String(), Name: "Counting"})
		must(t, err)
		for range 10 {
			_, err := c.Call(t.Context(), "svc/count", 1)
			must(t, err)
		}
		c.Disconnect()
		r := finish(t, s)
		if r.Compared != 10 || r.Different != test.want || r.Ignored.Learned != 10-test.want {
			t.Errorf("%s: expected 10 compared, of which %d differ, got\n%s", test.name, test.want, show(t, r))
		}
		if learned := "svc/count answer {'n'}  # integer"; !strings.Contains(show(t, r), learned) {
			t.Errorf("%s: expected %q, got\n%s", test.name, learned, show(t, r))
		}
	}
}

// TestHarm: nothing that the other server does reaches the client of the real one.
func TestHarm(t *testing.T) {
	setup := "SETUP KERNEL=harm-1,Harm;FREEZER=Storable;PID=1\r\n"
	hello := func(c net.Conn) *bufio.Reader {
		in := bufio.NewReader(c)
		_, _ = in.ReadString('\n')
		_, _ = io.WriteString(c, setup)
		return in
	}
	for name, handle := range map[string]func(net.Conn){
		"refuses": nil,
		"hangs":   func(c net.Conn) { time.Sleep(time.Minute) },
		"hangs later": func(c net.Conn) {
			_, _ = io.Copy(io.Discard, hello(c))
		},
		"never reads": func(c net.Conn) {
			hello(c)
			time.Sleep(time.Minute)
		},
		"dies": func(c net.Conn) {
			_, _ = hello(c).ReadByte()
			_ = c.(*net.TCPConn).SetLinger(0)
		},
		"says garbage": func(c net.Conn) {
			in := hello(c)
			_, _ = io.WriteString(c, strings.Repeat("garbage ", 1000))
			_, _ = io.Copy(io.Discard, in)
		},
		"says garbage first": func(c net.Conn) {
			_, _ = io.WriteString(c, strings.Repeat("garbage ", 100000))
			time.Sleep(time.Minute)
		},
		"floods": func(c net.Conn) {
			in := hello(c)
			go func() { _, _ = io.Copy(io.Discard, in) }()
			for {
				if _, err := io.WriteString(c, strings.Repeat("5\x00abcde", 5000)); err != nil {
					return
				}
			}
		},
		"announces much": func(c net.Conn) {
			in := hello(c)
			_, _ = io.WriteString(c, "16000000\x00")
			go func() { _, _ = io.Copy(io.Discard, in) }()
			for {
				if _, err := c.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, also := listen(t)
			stop := make(chan struct{})
			defer close(stop)
			if handle == nil {
				_ = l.Close()
			} else {
				go func() {
					for {
						c, err := l.Accept()
						if err != nil {
							return
						}
						go func() { <-stop; _ = c.Close() }()
						go func() { handle(c); _ = c.Close() }()
					}
				}()
			}
			first := echo(t, "Real")
			s, _ := shadowed(t, first, also, shadow.Options{Patience: 300 * time.Millisecond})
			padding := ""
			if name == "never reads" { // until no buffer takes more
				padding = strings.Repeat(" and so on", 4000)
			}
			for range 5 {
				if longest := calls(t, s.Addr().String(), 400, padding); longest > time.Minute/2 { // who waits does so for a minute
					t.Errorf("a call took %v", longest)
				}
			}
			limit, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			r, err := s.Close(limit)
			must(t, err)
			if r.Connections != 5 || r.Lost() == 0 && r.Different == 0 && r.Unsure == 0 {
				t.Errorf("expected it to be told, got\n%s", show(t, r))
			}
			t.Log(show(t, r))
		})
	}
}

// program starts a Perl program that listens, and returns its address.
func program(t *testing.T, name string) string {
	t.Helper()
	l, address := listen(t)
	_, port, _ := net.SplitHostPort(address)
	must(t, l.Close())
	cmd := perl(t, name, port)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "listens\n" {
		t.Fatalf("%s: expected it to listen, got %q, %v", name, line, err)
	}
	return address
}

// perl is a program of the tests of package replay.
func perl(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat(filepath.Join(driver.ReleasesDir(), "0.2402")); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "perl", append([]string{filepath.Join("..", "replay", "testdata", name)}, args...)...)
	cmd.Env = append(os.Environ(), "PERL5LIB="+filepath.Join(driver.ReleasesDir(), "0.2402"))
	return cmd
}

// TestPerl: real servers, real clients, a request-answer server and one that posts to and calls its
// workers: the same program beside it says the same.
func TestPerl(t *testing.T) {
	for _, test := range []struct {
		server, client, prints string
		compared               int
	}{
		{"stock.pl", "ask.pl", "asked\n", 13},
		{"board.pl", "join.pl", "joined\n", 6},
	} {
		t.Run(test.server, func(t *testing.T) {
			s, _ := shadowed(t, program(t, test.server), program(t, test.server), shadow.Options{})
			_, port, _ := net.SplitHostPort(s.Addr().String())
			for range 2 {
				out, err := perl(t, test.client, port).CombinedOutput()
				if string(out) != test.prints || err != nil {
					t.Errorf("%s: expected %q, got %q, %v", test.client, test.prints, out, err)
				}
				time.Sleep(200 * time.Millisecond)
			}
			r := finish(t, s)
			if r.Compared != 2*test.compared || r.Different != 0 || r.Lost() != 0 || r.Unsure != 0 {
				t.Errorf("expected %d compared without a difference, got\n%s", 2*test.compared, show(t, r))
			}
		})
	}
}

// TestEndedEarly: what had not been looked at when the shadow was ended is no agreement.
func TestEndedEarly(t *testing.T) {
	s, _ := shadowed(t, echo(t, "Real"), echo(t, "Other"), shadow.Options{})
	const n = 5000
	calls(t, s.Addr().String(), n)
	limit, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	r, _ := s.Close(limit) // a connection may be cut
	if r.Calls < n && r.Lost() == 0 {
		t.Errorf("expected it to be told that not all was compared, got\n%s", show(t, r))
	}
	t.Log(show(t, r))
}
