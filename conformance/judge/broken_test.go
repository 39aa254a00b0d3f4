package judge_test

import (
	"bytes"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// connections is a capture of so many connections with a line of each side and three frames of the
// client, which are no messages.
func connections(t *testing.T, n int) *capture.Reader {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, capture.Meta{})
	must(err)
	iface, err := w.Interface("test", "")
	must(err)
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for range n {
		r, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:603"), at)
		must(err)
		must(r.Data(capture.FromClient, []byte("SETUP KERNEL=c;FREEZER=Storable\r\n"), at))
		must(r.Data(capture.FromServer, []byte("SETUP KERNEL=s;FREEZER=Storable\r\n"), at))
		must(r.Data(capture.FromClient, []byte("1\x00a1\x00b1\x00c"), at))
		must(r.CloseWrite(capture.FromClient, at))
		must(r.CloseWrite(capture.FromServer, at))
	}
	must(w.Close())
	c, err := capture.NewReader(&file)
	must(err)
	return c
}

// TestPanicInACheck: a check that panics is inconclusive, and says where; the others see all there
// is, whatever way of looking it was.
func TestPanicInACheck(t *testing.T) {
	for _, test := range []struct {
		name  string
		place string
		looks judge.Predicate
	}{
		{"frames", "connection 0, client, frame 3, octet 39, packet 8", judge.OnFrames(func(_ *judge.Trial, f *dialogue.Frame) { _ = "a"[len(f.Image)*(f.Number-1):][:2-f.Number] })},
		{"start", "connection 0, client, octet 0, packet 1", judge.OnStart(func(*judge.Trial) { panic("wrong") })},
		{"end", "connection 0, client, octet 0, packet 1", judge.OnConnection(func(t *judge.Trial) { _ = t.Conn.Items[99] })},
	} {
		for _, aftermath := range []bool{false, true} {
			var frames, ends atomic.Int32
			checks := []*judge.Check{
				{ID: "T-1", Party: judge.TheSender, Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) { frames.Add(1); t.Pass(f) })},
				{ID: "T-2", Party: judge.TheSender, Judge: test.looks, Aftermath: aftermath && test.name == "end"},
				{ID: "T-3", Party: judge.TheSender, Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) { frames.Add(1); t.Pass(f) })},
				{ID: "T-4", Party: judge.TheSender, Judge: judge.OnConnection(func(t *judge.Trial) { ends.Add(1); t.Pass(nil) })},
			}
			j := judge.Capture(connections(t, 2), checks, dialogue.Options{}, wire.Client)
			if frames.Load() != 12 || ends.Load() != 2 {
				t.Errorf("%s: expected the others to look at 6 frames each, and at 2 ends; they did at %d in all, and %d", test.name, frames.Load(), ends.Load())
			}
			if len(j.Broken) != 1 || !strings.Contains(j.Broken[0], "T-2 of the client") || !strings.Contains(j.Broken[0], test.place) ||
				!strings.Contains(j.Broken[0], "broken_test.go:") {
				t.Errorf("%s: expected what broke at %s and in which line, got %q", test.name, test.place, j.Broken)
			}
			if j.Failed() == nil {
				t.Errorf("%s: expected the judgement to have failed", test.name)
			}
			for i, want := range []judge.Outcome{judge.Pass, judge.Inconclusive, judge.Pass, judge.Pass} {
				if v := j.Verdicts[i]; v.Outcome != want || want == judge.Inconclusive && !strings.Contains(v.Reason, test.place) {
					t.Errorf("%s: %s: expected %v, got %v: %s", test.name, v.Check.ID, want, v.Outcome, v.Reason)
				}
			}
		}
	}
}

// TestPanicInReading: what cannot be read because the reading itself panics costs that connection,
// and all that passed.
func TestPanicInReading(t *testing.T) {
	for _, where := range []int{0, 4} { // the items of a connection: two lines, three frames
		seen := 0
		opts := dialogue.Options{Observe: func(c *dialogue.Connection, _ dialogue.Item) {
			if c.Conn.Index > 0 {
				return
			}
			if seen++; seen == where+1 {
				panic("cannot read on")
			}
		}}
		checks := []*judge.Check{{ID: "T-1", Party: judge.TheSender, Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) { t.Pass(f) })}}
		j := judge.Capture(connections(t, 2), checks, opts, wire.Client)
		if len(j.Broken) != 1 || !strings.Contains(j.Broken[0], "connection 0 (192.0.2.1:50000 to 192.0.2.2:603)") || j.Failed() == nil {
			t.Errorf("at item %d: expected that connection 0 was given up, got %q", where, j.Broken)
		}
		if v := j.Verdicts[0]; v.Outcome != judge.Seen || v.Evidence != 3 {
			t.Errorf("at item %d: expected a pass as far as seen of the 3 frames of the other connection, got %v with %d", where, v.Outcome, v.Evidence)
		}
	}
}
