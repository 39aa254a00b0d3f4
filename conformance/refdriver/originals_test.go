package refdriver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// The tests that the original brings along run a client in a process of its own: test-client and
// test-thunk, POE clients, test-lite, a ClientLite, or what a test forks for. Here these are in Go;
// and those of the original talk to a server in Go. IKC_ORIGINALS names a git repository with a tag
// cpan_version/RELEASE for each release. Nothing of it is kept.

// asOriginal names the environment variable that has this program be such a client: its kind, and
// the release whose it stands for.
const asOriginal = "IKC_AS_ORIGINAL"

// originalReleases are those whose tests are run.
var originalReleases = []string{"0.1802", "0.1904", "0.2102", "0.2305", "0.2402"}

func TestOriginals(t *testing.T) {
	repository := os.Getenv("IKC_ORIGINALS")
	if repository == "" {
		t.Skip("IKC_ORIGINALS names no repository with the releases")
	}
	for _, release := range originalReleases {
		t.Run(release, func(t *testing.T) {
			o := unpack(t, repository, release)
			for _, test := range ownTests {
				t.Run(test.name+", clients in Go", func(t *testing.T) { o.ownTest(t, test) })
			}
			for _, kind := range o.kinds() {
				t.Run("test-client "+kind+", server in Go", func(t *testing.T) { o.ownClient(t, kind) })
			}
			t.Run("test-lite, server in Go", o.ownLite)
			t.Run("eg", o.examples)
		})
	}
}

// original is a release that was unpacked.
type original struct {
	dir, release string
}

func unpack(t *testing.T, repository, release string) *original {
	t.Helper()
	if _, err := os.Stat(filepath.Join(driver.ReleasesDir(), release)); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	dir, err := os.MkdirTemp("", "ikc") // short, since a Unix socket is made there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	archive, err := exec.Command("git", "-C", repository, "archive", "cpan_version/"+release).Output()
	if err != nil {
		t.Fatalf("git archive cpan_version/%s: %v", release, err)
	}
	tar := exec.Command("tar", "x", "-C", dir)
	tar.Stdin = bytes.NewReader(archive)
	if out, err := tar.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	return &original{dir, release}
}

// old tells whether a release has ports of its own, and says nothing to SETUP.
func (o *original) old() bool { return o.release < "0.2000" }

// kinds are the clients that its test-client can be.
func (o *original) kinds() []string {
	if o.release < "0.2300" {
		return []string{"unix", "inet", "ikc"}
	}
	return []string{"unix", "unix0", "inet", "inet0", "ikc", "ikc0"}
}

// perl runs a program of the release to its end.
func (o *original) perl(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "perl", args...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "PERL5LIB="+filepath.Join(driver.ReleasesDir(), o.release), "TMPDIR="+o.dir)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("perl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// ownTest is a test of the original that has clients in processes of their own.
type ownTest struct {
	name string
	// child is what the test has in its own file and forks for, in Go; "": it starts test-client,
	// test-lite or test-thunk.
	child string
}

// ownTests are all such tests. t/30_local.t is one process that talks to itself; the rest are about
// files, specifiers and the Freezer.
var ownTests = []ownTest{
	{"10_server_client", ""}, {"15_concurrency", ""}, {"20_clientlite", ""}, {"32_thunk", ""},
	{"31_concurrency", "lite-of-the-crowd"}, {"33_thunklite", "thunk-lite"}, {"40_monitor", "monitors"},
}

var (
	planned  = regexp.MustCompile(`(?m)^1\.\.(\d+)`)
	reported = regexp.MustCompile(`(?m)^(not )?ok \d+`)
)

// ownTest runs a test of the release, whose clients are in Go.
func (o *original) ownTest(t *testing.T, test ownTest) {
	file := filepath.Join("t", test.name+".t")
	if _, err := os.Stat(filepath.Join(o.dir, file)); err != nil {
		t.Skipf("%s has no such test", o.release)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if test.child != "" {
		lib, err := filepath.Abs("testdata")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("IKC_CHILD", self)
		t.Setenv(asOriginal, test.child+" "+o.release)
		o.passes(t, o.perl(t, "-I"+lib, "-MGoChild", file))
		return
	}
	for _, kind := range []string{"client", "lite", "thunk"} {
		script := fmt.Sprintf("$ENV{%s} = '%s';\nexec '%s', @ARGV;\n", asOriginal, kind+" "+o.release, self)
		if err := os.WriteFile(filepath.Join(o.dir, "test-"+kind), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	defer func() { // the release's own again
		_ = exec.Command("git", "-C", os.Getenv("IKC_ORIGINALS"), "archive", "-o", filepath.Join(o.dir, "again.tar"), "cpan_version/"+o.release, "test-client", "test-lite").Run()
		_ = exec.Command("tar", "xf", filepath.Join(o.dir, "again.tar"), "-C", o.dir).Run()
	}()
	o.passes(t, o.perl(t, file))
}

// passes demands that a test has printed all that it planned, and that it was ok.
func (o *original) passes(t *testing.T, out string) {
	t.Helper()
	plan := planned.FindStringSubmatch(out)
	all := reported.FindAllString(out, -1)
	if plan == nil || fmt.Sprint(len(all)) != plan[1] || strings.Contains(out, "\nnot ok") {
		t.Errorf("expected all that was planned to be ok, got\n%s", out)
		return
	}
	t.Logf("%d ok", len(all))
}

// heard are the states that a server was asked for.
type heard struct {
	mu    sync.Mutex
	names []string
}

func (h *heard) state(name string, also func(context.Context, *ikc.Request) (any, error)) ikc.State {
	return func(ctx context.Context, r *ikc.Request) (any, error) {
		h.mu.Lock()
		h.names = append(h.names, name)
		h.mu.Unlock()
		if also == nil {
			return nil, nil
		}
		return also(ctx, r)
	}
}

// await demands that so much was heard.
func (h *heard) await(t *testing.T, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		h.mu.Lock()
		got = strings.Join(h.names, " ")
		h.mu.Unlock()
		if got == want {
			return
		}
	}
	t.Errorf("expected the states %s, got %s", want, got)
}

// server is the server of the original's tests, in Go, on a port of its own, the port that old
// releases have, and a Unix socket.
func (o *original) server(t *testing.T, fixed string) (h *heard, port string) {
	t.Helper()
	k, err := ikc.New(ikc.Config{Name: "Inet", Aliases: []string{"Ikc", "Unix"}, Serializers: allSerializers()})
	if err != nil {
		t.Fatal(err)
	}
	h = &heard{}
	s, err := k.NewSession("test", map[string]ikc.State{
		"posted": h.state("posted", nil), "done": h.state("done", nil), "here": h.state("here", nil),
		"called": h.state("called", func(context.Context, *ikc.Request) (any, error) { return 1, nil }),
		"method": h.state("method", func(ctx context.Context, r *ikc.Request) (any, error) { return nil, r.Sender.Post(ctx, "YOW") }),
		"fetchQ": h.state("fetchQ", func(context.Context, *ikc.Request) (any, error) { return 7, nil }),
		"add_1":  h.state("add_1", ikc.AnswersByPost(func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0).Int() + 1, nil })),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("posted", "called", "method", "done", "fetchQ", "add_1", "here")
	address := "127.0.0.1:0"
	if o.old() {
		address = "127.0.0.1:" + fixed
	}
	for network, at := range map[string]string{"tcp": address, "unix": filepath.Join(o.dir, "IKC-test.pl")} {
		l, err := net.Listen(network, at)
		if err != nil {
			t.Fatal(err)
		}
		if network == "tcp" {
			_, port, _ = net.SplitHostPort(l.Addr().String())
		}
		go func() { _ = k.Serve(context.Background(), l) }()
	}
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = k.Shutdown(limit)
	})
	return h, port
}

func allSerializers() []wire.Serializer {
	return []wire.Serializer{storable.Serializer{}, dumper.Serializer{}}
}

// ownClient runs the release's POE client.
func (o *original) ownClient(t *testing.T, kind string) {
	h, port := o.server(t, "1338")
	o.perl(t, "test-client", kind, port)
	h.await(t, "posted called method done")
}

// ownLite runs the release's ClientLite.
func (o *original) ownLite(t *testing.T) {
	h, port := o.server(t, "1337")
	o.perl(t, "test-lite", port)
	h.await(t, "fetchQ add_1 here")
}

// liteCount is how many ClientLites ask the preforking server at once.
const liteCount = 12

// examples has ClientLites, of Perl and of Go, ask the preforking server among the examples,
// through a relay that records. Of each request that got nothing the capture shows that, and why.
func (o *original) examples(t *testing.T) {
	if _, err := os.Stat(filepath.Join(o.dir, "eg", "server-1")); err != nil {
		t.Skip("it has no examples; eg/lite-1 of 0.2402 needs Data::Denter, so a ClientLite of our own asks")
	}
	const port = "6666" // of the example
	// Its processes end with it.
	server := exec.Command("setsid", "perl", filepath.Join("eg", "server-1"))
	server.Dir = o.dir
	server.Env = append(os.Environ(), "PERL5LIB="+filepath.Join(driver.ReleasesDir(), o.release))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("kill", "-KILL", "--", fmt.Sprintf("-%d", server.Process.Pid)).Run()
		_ = server.Wait()
	})
	path := filepath.Join(o.dir, "prefork.pcapng")
	w, err := capture.CreateNew(path, capture.Meta{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	between, err := relay.Start(relay.Options{ListenNetwork: "tcp", ListenAddress: "127.0.0.1:0", TargetNetwork: "tcp", TargetAddress: "127.0.0.1:" + port,
		Writer: w, StartWithin: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	_, at, _ := net.SplitHostPort(between.Addr().String())
	script, err := filepath.Abs(filepath.Join("testdata", "prefork_lite.pl"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for i := range liteCount {
		all.Go(func() {
			word := fmt.Sprintf("word%d", i)
			got := ""
			if i%2 == 0 {
				got = strings.TrimSpace(o.perl(t, script, at, word))
			} else if v, err := askPrefork(between.Addr().String(), word); err == nil {
				got = v.Target().Get("hello").Str()
			}
			mu.Lock()
			defer mu.Unlock()
			if got == word {
				answered++
			}
		})
	}
	all.Wait()
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(between.Close(limit), w.Close()); err != nil {
		t.Fatal(err)
	}
	in, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var noticed diagnosis.Collector
	asked, seen := 0, 0
	silent := map[int]bool{} // connections that were not negotiated in time, and so have no request
	var lost []int           // those with a request that got nothing
	err = dialogue.ReadParts(in.Events(capture.Limits{}), dialogue.Options{Related: true}, dialogue.Window{}, func(part *dialogue.Part) {
		noticed.Part(part)
		if part.First {
			silent[part.Conn.Index] = true
		}
		for _, x := range part.Begun {
			if x.Request.To.Session == "Service" {
				delete(silent, part.Conn.Index)
			}
		}
		for _, x := range part.Exchanges {
			if x.Request.To.Session != "Service" {
				continue
			}
			if asked++; x.Response != nil {
				seen++
			} else {
				lost = append(lost, part.Conn.Index)
			}
		}
	})
	if err != nil || answered != seen || asked+len(silent) < liteCount || asked < liteCount/2 {
		t.Errorf("expected %d answers in the capture, of %d requests or more, got %d of %d, and %d without a request, %v",
			answered, liteCount, seen, asked, len(silent), err)
	}
	t.Logf("%d of %d were answered, %d connections without a request", answered, asked, len(silent))
	for _, index := range lost {
		if why := reasonOf(noticed.Findings(), index); why == "" {
			t.Errorf("connection %d: a request got nothing, and no reason is told", index)
		} else {
			t.Logf("connection %d: a request got nothing: %s", index, why)
		}
	}
}

// reasonOf is what is told of requests without an answer on a connection.
func reasonOf(list []*diagnosis.Finding, connection int) string {
	for _, f := range list {
		if f.About != "Service/event" {
			continue
		}
		for _, place := range f.First {
			if place.Connection == connection {
				return f.ID + " " + f.Title
			}
		}
	}
	return ""
}

func askPrefork(address, word string) (*perl.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: address, Name: "Go" + word, Timeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	defer c.Disconnect()
	return c.PostRespond(ctx, "Service/event", map[string]string{"Hi": word})
}
