package harness_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestMain sees to it that tests fetch nothing: images of real Perl are used, but not made.
func TestMain(m *testing.M) {
	if err := os.Setenv("IKC_PERL_BUILD", "never"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func target(t *testing.T, spec string) *targets.Target {
	t.Helper()
	target, err := targets.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// TestRealPerl: the original is what the catalogue was written after.
func TestRealPerl(t *testing.T) {
	t.Parallel()
	perl := target(t, "perl")
	d, hello, err := perl.Start(context.Background(), driver.Options{})
	if errors.Is(err, targets.ErrUnusable) {
		t.Skipf("the real POE::Component::IKC is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	if hello.Release != "0.2402" {
		t.Skipf("the catalogue is of POE::Component::IKC 0.2402, the one here is %s", hello.Release)
	}
	conforms(t, perl)
}

// TestReference: so does the Go reference.
func TestReference(t *testing.T) {
	t.Parallel()
	conforms(t, target(t, "reference"))
}

// otherSerializer tells whether a check is about images that the cells with Storable do not have.
func otherSerializer(id string) bool { return id == "SER-007" || id == "SER-008" }

// conforms runs all cells on a target that can be everything, and expects nothing to be wanting.
func conforms(t *testing.T, target *targets.Target) {
	t.Helper()
	dir := t.TempDir()
	r, err := harness.Run(context.Background(), target, harness.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	deviations, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	rep := report.FromRun(r, judge.Should, deviations) // of the Perl, which may be any
	if rep.Exit != report.ExitConformant {
		t.Errorf("expected exit status 0, got %d: failing %v, problems %v", rep.Exit, rep.Failed(), rep.Problems())
	}
	cells := map[string]bool{}
	for _, c := range r.Cells {
		if c.Skipped != "" || c.Err != nil {
			t.Errorf("%v: expected it to be tried, skipped %q, error %v", c.Cell, c.Skipped, c.Err)
			continue
		}
		cells[c.Cell.String()] = true
		sameFromFile(t, c)
	}
	if len(cells) != len(cell.Cells()) {
		t.Errorf("expected %d cells, got %v", len(cell.Cells()), cells)
	}
	for _, c := range rep.Checks {
		if c.Outcome != judge.Pass && c.Outcome != judge.Known && !hostileOnly(c.ID) && !otherSerializer(c.ID) {
			t.Errorf("%s %s: expected pass, got %s: %s", c.Level, c.ID, c.Outcome, c.Reason)
		}
	}
	if len(rep.Checks) != len(checks.Catalogue()) {
		t.Errorf("expected all %d checks to be applied, got %d", len(checks.Catalogue()), len(rep.Checks))
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.pcapng"))
	if err != nil || len(left) != len(r.Cells) {
		t.Errorf("expected a capture for each of %d cells, got %v, %v", len(r.Cells), left, err)
	}
}

// hostileOnly tells whether a check takes a hostile run.
func hostileOnly(id string) bool {
	selected, err := checks.Select(id)
	return err == nil && selected[0].Aftermath
}

// TestHostile: the Go reference survives what ends the original, and of the original it is known.
func TestHostile(t *testing.T) {
	t.Parallel()
	deviations, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"reference", "perl"} {
		t.Run(spec, func(t *testing.T) {
			cells := []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}, {Role: cell.AsServer, Dialect: cell.IKC}}
			r, err := harness.Run(context.Background(), target(t, spec), harness.Options{Hostile: true, Cells: cells})
			if err == nil {
				err = r.Cells[0].Err
			}
			if errors.Is(err, targets.ErrUnusable) && spec == "perl" {
				t.Skipf("the real POE::Component::IKC is not here: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			rep := report.FromRun(r, judge.Should, deviations)
			if rep.Exit != report.ExitConformant {
				t.Errorf("expected exit status 0, got %d: failing %v, problems %v", rep.Exit, rep.Failed(), rep.Problems())
			}
			for _, c := range rep.Checks {
				switch {
				case !hostileOnly(c.ID):
				case spec == "reference" && c.Outcome != judge.Pass:
					t.Errorf("%s: expected pass, got %s: %s", c.ID, c.Outcome, c.Reason)
				case spec == "perl" && (c.ID == "ROB-001" || c.ID == "ROB-002") && c.Outcome != judge.Known:
					t.Errorf("%s: expected a known deviation, got %s: %s", c.ID, c.Outcome, c.Reason)
				case spec == "perl" && c.ID == "ROB-003" && c.Outcome != judge.Pass:
					t.Errorf("%s: expected pass, though others ended servers, got %s: %s", c.ID, c.Outcome, c.Reason)
				}
			}
		})
	}
}

// sameFromFile checks that the recording, judged as anybody's, says what the run said.
func sameFromFile(t *testing.T, c *cell.Result) {
	t.Helper()
	f, err := judge.File(c.Capture, checks.Catalogue(), dialogue.Options{}, c.Cell.Role.Side())
	if err != nil {
		t.Error(err)
		return
	}
	live := map[string]judge.Outcome{}
	for _, v := range c.Verdicts {
		live[v.Check.ID] = v.Outcome
	}
	for _, v := range f.Verdicts {
		if want, ok := live[v.Check.ID]; ok && want != v.Outcome && want != judge.Skipped {
			t.Errorf("%v: %s: %v in the run, %v of the file", c.Cell, v.Check.ID, want, v.Outcome)
		}
	}
}

// recording collects what connections of a server received.
type recording struct {
	mu    sync.Mutex
	conns [][]byte
}

func (r *recording) add(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, b)
}

// TestDefaultRunIsSafe looks at every octet that a run without options sends to a server in use.
func TestDefaultRunIsSafe(t *testing.T) {
	t.Parallel()
	for _, onlyIKC := range []bool{false, true} {
		var got recording
		s, err := server.Start(server.Options{Tee: got.add, OnlyIKC: onlyIKC, Bare: true})
		if err != nil {
			t.Fatal(err)
		}
		r, err := harness.Run(context.Background(), target(t, "tcp:"+s.Addr()), harness.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep := report.FromRun(r, judge.Should, nil); rep.Exit != report.ExitConformant {
			t.Errorf("only IKC %v: expected exit status 0, got %d: %v %v", onlyIKC, rep.Exit, rep.Failed(), rep.Problems())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if len(got.conns) < 4 {
			t.Errorf("expected a few connections, got %d", len(got.conns))
		}
		requests := 0
		for _, b := range got.conns {
			requests += wellBehaved(t, b, onlyIKC)
		}
		if requests < 10 {
			t.Errorf("expected a few requests, got %d", requests)
		}
	}
}

// TestHostileRunIsNot makes sure that the test above can fail.
func TestHostileRunIsNot(t *testing.T) {
	t.Parallel()
	var got recording
	s, err := server.Start(server.Options{Tee: got.add})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := harness.Run(context.Background(), target(t, "tcp:"+s.Addr()),
		harness.Options{Hostile: true, Patience: probe.DefaultTimeout}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	bad := 0
	for _, b := range got.conns {
		if _, err := behaviour(b, false); err != nil {
			bad++
		}
	}
	if bad < 3 {
		t.Errorf("expected a hostile run to break the rules a few times, got %d", bad)
	}
}

func wellBehaved(t *testing.T, b []byte, onlyIKC bool) int {
	t.Helper()
	n, err := behaviour(b, onlyIKC)
	if err != nil {
		t.Errorf("%v, in %q", err, b[:min(len(b), 300)])
	}
	return n
}

// behaviour tells how many requests a connection made, and what in it no peer in its right mind
// would send.
func behaviour(b []byte, onlyIKC bool) (requests int, err error) {
	dialect := wire.IKC0
	if onlyIKC {
		dialect = wire.IKC
	}
	n := wire.NewNegotiator(wire.NegotiatorConfig{Role: wire.Server, Dialect: dialect,
		KernelID: "id", Names: []string{"name", "127.0.0.1:1"}, Serializers: []string{"Storable"}})
	var lines wire.LineScanner
	lines.Write(b)
	if !bytes.Contains(b, []byte("\r\n")) {
		return 0, errors.New("no line")
	}
	for !n.Done() {
		line, ok, err := lines.Next()
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, errors.New("the negotiation was not completed")
		}
		reply, err := n.Receive(line)
		if err != nil {
			return 0, err
		}
		if slices.Contains(reply, "NOT") && !(onlyIKC && strings.HasPrefix(line, "SETUP ")) || len(reply) == 0 && line != "DONE" {
			return 0, errors.New("a line without sense: " + line)
		}
	}
	frames := lines.Frames(0)
	for {
		image, ok, err := frames.Next()
		if err != nil {
			return requests, err
		}
		if !ok {
			break
		}
		v, err := storable.Thaw(image)
		if err != nil {
			return requests, err
		}
		m, err := wire.ParseMessage(v)
		if err != nil {
			return requests, err
		}
		requests++
		if m.Event.Err != nil || m.From.Err != nil || m.RSVP.Err != nil || len(m.Other) > 0 || m.IsError {
			return requests, errors.New("an odd message")
		}
		switch to := m.Event; to.Session {
		case wire.SessionIKC:
			if !slices.Contains([]string{wire.StatePing, wire.StateHave, "no_such_state", "PING", "pin"}, to.State) {
				return requests, errors.New("a request to " + to.String())
			}
		case contract.AbsentSession:
		default:
			return requests, errors.New("a request to " + to.String())
		}
	}
	if frames.Buffered() > 0 {
		return requests, errors.New("half a frame")
	}
	return requests, nil
}

// TestUnusableTargets: what cannot be had is the harness's problem, not the target's.
func TestUnusableTargets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"unix:" + filepath.Join(dir, "none"), "unix:" + file, "cmd:" + filepath.Join(dir, "none"), "cmd:true"} {
		r, err := harness.Run(context.Background(), target(t, spec), harness.Options{Patience: probe.DefaultTimeout, Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		rep := report.FromRun(r, judge.Should, nil)
		if rep.Exit != report.ExitBroken {
			t.Errorf("%s: expected exit status %d, got %d: %v", spec, report.ExitBroken, rep.Exit, rep.Problems())
		}
	}
	for _, spec := range []string{"", "tcp:", "tcp:host", "unix:", "cmd:", "cmd:driver 'x", "cmd:driver | tee log", "container:x $y", "perl@", "perl@/none", "http:x", "referenc"} {
		if _, err := targets.Parse(spec); err == nil {
			t.Errorf("%q: expected an error", spec)
		}
	}
}

// TestNobodyListens: a server that is not there is no conformant one.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s, err := server.Start(server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	address := s.Addr()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := harness.Run(context.Background(), target(t, "tcp:"+address), harness.Options{})
	if err != nil {
		t.Fatal(err)
	}
	deviations, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	rep := report.FromRun(r, judge.Should, deviations) // of the Perl, which may be any
	if rep.Exit == report.ExitConformant || rep.Exit == report.ExitNotConformant {
		t.Errorf("expected no verdict, got exit status %d: %v", rep.Exit, rep.Problems())
	}
}

// TestNothingToCheck: checks that a target gives no occasion for are not passed.
func TestNothingToCheck(t *testing.T) {
	t.Parallel()
	s, err := server.Start(server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	values, err := checks.Select("VAL-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, opts := range []harness.Options{
		{Checks: values}, // without the session
		{Cells: []cell.Cell{{Role: cell.AsClient, Dialect: cell.IKC0}}},
		{Checks: []*judge.Check{}},
	} {
		r, err := harness.Run(context.Background(), target(t, "tcp:"+s.Addr()), opts)
		if err != nil {
			t.Fatal(err)
		}
		if rep := report.FromRun(r, judge.Should, nil); rep.Exit != report.ExitNothing {
			t.Errorf("expected exit status %d, got %d", report.ExitNothing, rep.Exit)
		}
	}
}

// TestPairRecords: what the Makefile records captures with.
func TestPairRecords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pair.pcapng")
	for _, d := range []cell.Dialect{cell.IKC0, cell.IKC, cell.Fallback} {
		p := harness.Pair{Server: target(t, "reference"), Client: target(t, "reference"), Role: cell.AsClient, Dialect: d, Path: path}
		if _, _, err := p.Record(context.Background()); err != nil {
			t.Fatal(err)
		}
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		passed := 0
		for _, v := range f.Verdicts {
			switch v.Outcome {
			case judge.Fail:
				t.Errorf("%s: %s fails for the %s: %+v", d, v.Check.ID, v.Side, v.Findings[0])
			case judge.Pass:
				passed++
			}
		}
		if f.Err != nil || passed < 60 {
			t.Errorf("%s: expected many checks to pass, got %d, error %v", d, passed, f.Err)
		}
	}
}
