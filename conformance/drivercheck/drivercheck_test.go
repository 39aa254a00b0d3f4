package drivercheck_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/drivercheck"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder keeps every line of the conversations of a starter.
type recorder struct {
	start drivercheck.Starter
	mu    sync.Mutex
	lines []driver.Line
}

func (r *recorder) Start(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
	tap := opts.Tap
	opts.Tap = func(l driver.Line) {
		r.mu.Lock()
		r.lines = append(r.lines, l)
		r.mu.Unlock()
		tap(l)
	}
	return r.start(ctx, opts)
}

func check(t *testing.T, start drivercheck.Starter, limit time.Duration) *drivercheck.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := drivercheck.Run(ctx, t.Name(), start, limit)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ids(r *drivercheck.Report, what drivercheck.Outcome) (ids []string) {
	for _, res := range r.Results {
		if res.Outcome == what {
			ids = append(ids, res.ID)
		}
	}
	return
}

func text(r *drivercheck.Report) string {
	var b strings.Builder
	_ = r.WriteText(&b)
	return b.String()
}

// conversation holds what was recorded against the schema: the harness's lines as well, but for
// those that a check makes wrong on purpose.
func conversation(t *testing.T, r *recorder) {
	t.Helper()
	v, err := drivercheck.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, l := range r.lines {
		err := v.Line(l.Text, l.FromDriver)
		if err != nil && l.FromDriver {
			t.Errorf("%s: %v", l.Text, err)
		}
		if err == nil && !l.FromDriver {
			commands++
		}
	}
	if commands < 50 {
		t.Errorf("%d of the harness's commands conform to the schema, expected more", commands)
	}
}

func startReference(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
	return refdriver.Start(ctx, refdriver.Config{}, opts), nil
}

func TestReference(t *testing.T) {
	rec := &recorder{start: startReference}
	r := check(t, rec.Start, 0)
	if failed := ids(r, drivercheck.Failed); len(failed) > 0 {
		t.Errorf("failed: %v\n%s", failed, text(r))
	}
	conversation(t, rec)
}

func TestPerl(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	root := driver.ReleasesDir()
	releases := driver.Releases(root)
	if len(releases) == 0 {
		t.Skipf("no releases of POE::Component::IKC in %s", root)
	}
	for _, release := range slices.Compact([]string{releases[0], releases[len(releases)-1]}) {
		t.Run(release, func(t *testing.T) {
			p, err := driver.FindPerlIn(ctx, root+"/"+release)
			if err != nil {
				t.Skip(err)
			}
			rec := &recorder{start: p.Start}
			r := check(t, rec.Start, 0)
			if !r.Conformant() {
				t.Error(text(r))
			}
			conversation(t, rec)
		})
	}
}

// spoiled is the reference's driver with its lines changed on the way; nil loses a line.
func spoiled(in, out func(line string) []string) drivercheck.Starter {
	same := func(line string) []string { return []string{line} }
	if in == nil {
		in = same
	}
	if out == nil {
		out = same
	}
	return func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		ours, theirs := net.Pipe()
		toDriver, fromUs := io.Pipe()
		toUs, fromDriver := io.Pipe()
		go func() {
			defer fromUs.Close()
			change(theirs, fromUs, in)
		}()
		go func() {
			_ = refdriver.Config{}.Serve(ctx, toDriver, fromDriver)
			fromDriver.Close()
			toDriver.Close()
		}()
		go func() {
			defer theirs.Close()
			change(toUs, theirs, out)
			toUs.Close()
		}()
		return driver.New(ours, opts), nil
	}
}

func change(from io.Reader, to io.Writer, how func(string) []string) {
	s := bufio.NewScanner(from)
	s.Buffer(nil, driver.MaxLine)
	for s.Scan() {
		for _, line := range how(s.Text()) {
			if _, err := io.WriteString(to, line+"\n"); err != nil {
				return
			}
		}
	}
}

func replace(old, with string) func(string) []string {
	return func(line string) []string { return []string{strings.ReplaceAll(line, old, with)} }
}

// TestDefects spoils a good driver in one way and looks which checks notice.
func TestDefects(t *testing.T) {
	for _, c := range []struct {
		name    string
		in, out func(string) []string
		want    string // a check that must fail
	}{
		{"another protocol", nil, replace(`"protocol":1`, `"protocol":2`), "DRV-001"},
		{"no release", nil, replace(`"release"`, `"edition"`), "DRV-001"},
		{"all errors are failures", nil, replace(`"code":"unsupported"`, `"code":"failed"`), "DRV-002"},
		{"usage is failure", nil, replace(`"code":"usage"`, `"code":"failed"`), "DRV-003"},
		{"no field is missed", nil, replace(`"code":"usage"`, `"code":"failed"`), "DRV-004"},
		{"fields it does not know", func(line string) []string {
			if strings.Contains(line, "colour") {
				line = "what is that?"
			}
			return []string{line}
		}, nil, "DRV-005"},
		{"two answers", nil, func(line string) []string {
			if strings.Contains(line, `"id":3,`) {
				return []string{line, line}
			}
			return []string{line}
		}, "DRV-014"},
		{"an answer is lost", nil, func(line string) []string {
			if strings.Contains(line, "make-tea") {
				return nil
			}
			return []string{line}
		}, "DRV-006"},
		{"integers become strings", nil, replace(`{"i":"42"}`, `{"b":"42"}`), "DRV-009"},
		{"no events", nil, func(line string) []string {
			if strings.Contains(line, `"event":"state"`) && strings.Contains(line, `"echo"`) {
				return nil
			}
			return []string{line}
		}, "DRV-010"},
		{"no words for the context", nil, replace(`"context":"scalar"`, `"context":"SCALAR"`), "DRV-014"},
		{"no quitting", replace(`"cmd":"quit"`, `"cmd":"hello"`), nil, "DRV-012"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, spoiled(c.in, c.out), 2*time.Second)
			if !slices.Contains(ids(r, drivercheck.Failed), c.want) {
				t.Errorf("expected %s to fail\n%s", c.want, text(r))
			}
		})
	}
}

func TestCannotStart(t *testing.T) {
	_, err := drivercheck.Run(t.Context(), "x", func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		return driver.Start(ctx, driver.Command{Path: "/no/such/program", Options: opts})
	}, 0)
	if err == nil {
		t.Error("no error for a driver that is not there")
	}
	_, err = drivercheck.Run(t.Context(), "x", func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		return driver.Start(ctx, driver.Command{Path: "false", Options: opts})
	}, 0)
	var exit *driver.ExitError
	if !errors.As(err, &exit) {
		t.Errorf("got %v, want an ExitError", err)
	}
}

// TestStubborn has a program that does not end with its input.
func TestStubborn(t *testing.T) {
	script := `while read -r line; do
	id=${line#*\"id\":}; id=${id%%,*}
	printf '{"id":%s,"ok":{"protocol":1,"driver":"d","implementation":"i","release":"1","capabilities":["client"]}}\n' "$id"
done; sleep 100`
	r := check(t, func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		return driver.Start(ctx, driver.Command{Path: "sh", Args: []string{"-c", script}, Options: opts})
	}, time.Second)
	failed := ids(r, drivercheck.Failed)
	for _, want := range []string{"DRV-002", "DRV-013"} {
		if !slices.Contains(failed, want) {
			t.Errorf("expected %s to fail\n%s", want, text(r))
		}
	}
	if slices.Contains(failed, "DRV-001") || r.Conformant() {
		t.Error(text(r))
	}
}

func TestSchema(t *testing.T) {
	v, err := drivercheck.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	state := func(value string) string {
		return fmt.Sprintf(`{"event":"state","session":"s","state":"t","args":[%s],"sender":true}`, value)
	}
	for _, c := range []struct {
		line       string
		fromDriver bool
		good       bool
	}{
		{`{"id":1,"ok":{}}`, true, true},
		{`{"id":1,"error":{"code":"failed","message":""}}`, true, true},
		{`{"id":1,"error":{"code":"broken","message":""}}`, true, false},
		{`{"id":1}`, true, false},
		{`{"id":1,"ok":{},"error":{"code":"failed","message":""}}`, true, false},
		{`{"id":"1","ok":{}}`, true, false},
		{`{"event":"of the future","x":1}`, true, true},
		{`{"event":"state"}`, true, false},
		{state(`null`), true, true},
		{state(`true`), true, true},
		{state(`7`), true, false},
		{state(`"text"`), true, false},
		{state(`{"i":"-12"}`), true, true},
		{state(`{"i":-12}`), true, false},
		{state(`{"i":"1.5"}`), true, false},
		{state(`{"n":"1.5e-300"}`), true, true},
		{state(`{"n":"-Inf"}`), true, true},
		{state(`{"b":"\u00ff"}`), true, true},
		{state(`{"b":"\u0100"}`), true, false},
		{state(`{"t":"\u0100"}`), true, true},
		{state(`{"array":[]}`), true, false},
		{state(`{"ref":{"array":[{"i":"1"},{"hole":true},null]}}`), true, true},
		{state(`{"ref":{"hash":[["k",{"i":"1"}],[{"t":"ü"},null,"placeholder"]],"restricted":true}}`), true, true},
		{state(`{"ref":{"hash":{"k":null}}}`), true, false},
		{state(`{"ref":{"id":1,"array":[{"ref":{"seen":1},"weak":true}]},"class":"X"}`), true, true},
		{state(`{"i":"1","b":"1"}`), true, false},
		{state(`{"i":"1","colour":"blue"}`), true, false},
		{state(`{"ref":{"tied":"hash"}}`), true, false},
		{`{"id":1,"cmd":"hello"}`, false, true},
		{`{"id":1,"cmd":"listen"}`, false, false},
		{`{"id":1,"cmd":"connect","name":"x"}`, false, false},
		{`{"id":1,"cmd":"connect","name":"x","unix":"/x"}`, false, true},
		{`{"id":1,"cmd":"session","session":"s","states":{"x":{"do":"return"}}}`, false, false},
		{`{"id":1,"cmd":"session","session":"s","states":{"x":{"do":"return","value":null}}}`, false, true},
		{`{"id":1,"cmd":"make-coffee"}`, false, true},
	} {
		if err := v.Line([]byte(c.line), c.fromDriver); (err == nil) != c.good {
			t.Errorf("%s: got %v, want good: %v", c.line, err, c.good)
		}
	}
}
