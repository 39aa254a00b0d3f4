package harness

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// The traces in testdata/wire are what POE::Component::IKC 0.2402 answered. To record them again:
//
//	PERL5LIB=/opt/ikc/0.2402 go test ./conformance/harness -run TestWire -update
var update = flag.Bool("update", false, "record the traces in testdata/wire again, from the POE::Component::IKC that perl finds")

// recordedRelease is the release that the traces are of.
const recordedRelease = "0.2402"

// startPerl starts the real module, or skips the test and says why.
func startPerl(t *testing.T) (*driver.Driver, *driver.Hello) {
	t.Helper()
	// Not in a container, whose addresses are not those of the traces.
	if _, err := driver.FindPerlIn(context.Background(), ""); err != nil && !*update {
		t.Skipf("the real POE::Component::IKC is not here: %v", err)
	}
	target, err := targets.Parse("perl")
	if err != nil {
		t.Fatal(err)
	}
	d, hello, err := target.Start(context.Background(), driver.Options{})
	if errors.Is(err, targets.ErrUnusable) && !*update {
		t.Skipf("the real POE::Component::IKC is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, hello
}

func startReference(t *testing.T) *driver.Driver {
	t.Helper()
	target, err := targets.Parse("reference")
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := target.Start(context.Background(), driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// traces plays the responder scenarios on a server in a dialect and gives what the server said in
// each, by the name of the scenario.
func traces(t *testing.T, server *driver.Driver, dialect cell.Dialect) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	address, err := listen(ctx, server, dialect)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, sc := range responderScenarios() {
		if sc.once { // too long for a trace
			continue
		}
		var file bytes.Buffer
		w, err := capture.NewWriter(&file, capture.Meta{})
		if err != nil {
			t.Fatal(err)
		}
		err = through(ctx, relay.Options{TargetAddress: address, Writer: w, Interface: "relay"}, func(relayed string) error {
			return sc.run(ctx, &prober{serializer: cell.Storable.Wire(), dialect: dialect.Client(),
				connect: func(ctx context.Context, cfg probe.Config, _ bool) (*probe.Conn, error) {
					return probe.Dial(ctx, "tcp", relayed, cfg)
				}})
		})
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatalf("scenario %q: %v", sc.name, err)
		}
		r, err := capture.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		var all []*dialogue.Connection
		err = dialogue.Read(r.Events(capture.Limits{}), dialogue.Options{AssumeIKC: true}, func(c *dialogue.Connection) { all = append(all, c) })
		if err != nil {
			t.Fatal(err)
		}
		// They come as they ended.
		slices.SortFunc(all, func(a, b *dialogue.Connection) int { return a.Conn.Index - b.Conn.Index })
		var b strings.Builder
		for _, c := range all {
			writeTrace(&b, c)
		}
		out[sc.name] = b.String()
	}
	return out
}

var (
	addresses = regexp.MustCompile(`\b127\.0\.0\.1:\d+\b`)
	pids      = regexp.MustCompile(`\bPID=\d+`)
)

// writeTrace writes what the server of a connection said, without what differs from run to run: its
// kernel id, addresses, process ids. Keys of hashes are sorted. Messages stand in order, except
// that what a state posts comes last: Perl only queues it, and whether the answer to the next call,
// which may have come meanwhile, goes out before it is left to chance.
func writeTrace(b *strings.Builder, c *dialogue.Connection) {
	plain := func(s string) string {
		if id := c.Negotiation.Peers[wire.Server].ID; id != "" {
			s = strings.ReplaceAll(s, id, "<kernel id>")
		}
		return pids.ReplaceAllString(addresses.ReplaceAllString(s, "<address>"), "PID=<pid>")
	}
	b.WriteString("connection\n")
	var posts strings.Builder
	for _, item := range c.Items {
		switch item := item.(type) {
		case *dialogue.Line:
			if item.From == wire.Server {
				fmt.Fprintf(b, "  %s%q\n", plain(item.Text), item.End)
			}
		case *dialogue.Frame:
			if item.From != wire.Server {
				continue
			}
			to, what := b, "no message"
			if item.Message != nil {
				what = item.Message.What()
				if item.Message.Kind == dialogue.Post {
					to = &posts
				}
			}
			fmt.Fprintf(to, "  %s: %s\n", what, plain(perl.Format(item.Value(), perl.FormatOptions{SortKeys: true})))
		}
	}
	b.WriteString(posts.String())
	if p := c.Broken[wire.Server]; p != nil {
		fmt.Fprintf(b, "  broken: %s\n", p.Text)
	}
}

func tracePath(dialect cell.Dialect, scenario string) string {
	return filepath.Join("testdata", "wire", strings.ToLower(string(dialect)), unsafeInName.ReplaceAllString(scenario, "-")+".txt")
}

var dialects = []cell.Dialect{cell.IKC0, cell.IKC, cell.Fallback}

// TestWireReference compares what the Go reference server answers with what the real one answered,
// message for message.
func TestWireReference(t *testing.T) {
	if !*update {
		t.Parallel()
	}
	for _, dialect := range dialects {
		t.Run(string(dialect), func(t *testing.T) {
			if *update {
				recordTraces(t, dialect)
			}
			compareTraces(t, dialect, traces(t, startReference(t), dialect))
		})
	}
}

// TestWirePerl compares what the real server answers now with what was recorded of it.
func TestWirePerl(t *testing.T) {
	if !*update {
		t.Parallel()
	}
	for _, dialect := range dialects {
		t.Run(string(dialect), func(t *testing.T) {
			server, hello := startPerl(t)
			if hello.Release != recordedRelease {
				t.Skipf("the traces are of POE::Component::IKC %s, the one here is %s", recordedRelease, hello.Release)
			}
			compareTraces(t, dialect, traces(t, server, dialect))
		})
	}
}

func recordTraces(t *testing.T, dialect cell.Dialect) {
	t.Helper()
	server, hello := startPerl(t)
	if hello.Release != recordedRelease {
		t.Fatalf("expected POE::Component::IKC %s to record, got %s", recordedRelease, hello.Release)
	}
	for name, trace := range traces(t, server, dialect) {
		path := tracePath(dialect, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(trace), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compareTraces holds traces against the recorded ones.
func compareTraces(t *testing.T, dialect cell.Dialect, got map[string]string) {
	t.Helper()
	if len(got) == 0 {
		t.Fatal("expected scenarios")
	}
	for name, trace := range got {
		want, err := os.ReadFile(tracePath(dialect, name))
		if err != nil {
			t.Errorf("scenario %q has no recorded trace: %v (record it with -update)", name, err)
			continue
		}
		if diff := firstDifference(string(want), trace); diff != "" {
			t.Errorf("scenario %q: %s", name, diff)
		}
	}
}

// firstDifference tells where two traces part.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d:\n  the real server: %s\n              got: %s", i+1, a, b)
		}
	}
	return ""
}

func TestFirstDifference(t *testing.T) {
	if d := firstDifference("a\nb\n", "a\nb\n"); d != "" {
		t.Errorf("expected no difference, got %s", d)
	}
	for _, other := range []string{"a\n", "a\nc\n", "a\nb\nc\n", ""} {
		if firstDifference("a\nb\n", other) == "" {
			t.Errorf("expected a difference between %q and %q", "a\nb\n", other)
		}
	}
}
