package diff_test

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/diff"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// summary reads a capture.
func summary(t *testing.T, path string, noise *compare.Noise) *diff.Summary {
	t.Helper()
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s := diff.NewSummary(filepath.Base(path), noise)
	if err := errors.Join(s.Read(r.Events(capture.Limits{})), r.Close()); err != nil {
		t.Fatal(err)
	}
	return s
}

func compared(t *testing.T, a, b string, noise *compare.Noise, opts diff.Options) *diff.Report {
	t.Helper()
	return diff.Compare(summary(t, a, noise), summary(t, b, noise), opts)
}

func show(t *testing.T, r *diff.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// step is what a side says, after what time.
type step struct {
	from  capture.Direction
	after time.Duration
	m     *wire.Message
}

func at(kernel, session, state string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
}

func call(n int, state string, params *perl.Value) step {
	return step{capture.FromClient, time.Millisecond, &wire.Message{Event: at("server-1", "svc", state), Params: params,
		From: at("client-1", "worker", "IKC:proxy"), RSVP: at("client-1", "worker", fmt.Sprintf("answer%d", n))}}
}

func answer(n int, v *perl.Value) step {
	return step{capture.FromServer, time.Millisecond, &wire.Message{Event: at("client-1", "worker", fmt.Sprintf("answer%d", n)), Params: v}}
}

func failure(text string) step {
	return step{capture.FromServer, time.Millisecond, &wire.Message{Event: at("client-1", "IKC", "remote_error"), IsError: true,
		Params: perl.ArrayRef(perl.NewBytes(text), perl.NewBytes("server-1"), perl.NewBytes("check"))}}
}

// recorded writes a capture of a conversation.
func recorded(t *testing.T, steps ...step) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "talk.pcapng")
	w, err := capture.Create(path, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	iface, err := w.Interface("relay", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	c, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:603"), now)
	for i, side := range []string{"client", "server"} {
		if err == nil {
			err = c.Data(capture.Direction(i), []byte("SETUP KERNEL="+side+"-1,"+side+";FREEZER=Storable;PID=1\r\n"), now)
		}
	}
	for _, s := range steps {
		image, frozen := storable.Freeze(s.m.ToValue())
		now = now.Add(s.after)
		if err = errors.Join(err, frozen); err == nil {
			err = c.Data(s.from, wire.AppendFrame(nil, image), now)
		}
	}
	if err == nil {
		err = errors.Join(c.CloseWrite(capture.FromClient, now), c.CloseWrite(capture.FromServer, now), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func status(load *perl.Value) *perl.Value {
	return perl.HashRef(perl.P("load", load), perl.P("name", perl.NewBytes("a")))
}

// TestDeviants: each kind of deviation is found, about the right state, and nothing else.
func TestDeviants(t *testing.T) {
	x, one := perl.NewBytes("x"), perl.NewInt(1)
	usual := []step{call(1, "status", x), answer(1, status(one)), call(2, "echo", x), answer(2, x)}
	right := recorded(t, usual...)
	late := answer(1, status(one))
	late.after = 20 * time.Millisecond
	for _, test := range []struct {
		name   string
		steps  []step
		weight diff.Weight
		about  string
		a, b   string // what the texts of the sides hold
	}{
		{"nothing", []step{call(1, "status", perl.NewBytes("y")), answer(1, status(perl.NewInt(7))), call(2, "echo", x), answer(2, x), call(3, "echo", x), answer(3, x)}, "", "", "", ""},
		{"type", []step{call(1, "status", x), answer(1, status(perl.NewBytes("1"))), usual[2], usual[3]}, diff.Changes, "svc/status", "'load' => integer", "'load' => byte string"},
		{"params", []step{call(1, "status", perl.ArrayRef(x)), usual[1], usual[2], usual[3]}, diff.Changes, "svc/status", "byte string", "[byte string]"},
		{"silence", []step{usual[0], usual[2], usual[3]}, diff.Breaks, "svc/status", "0 of 1 got no answer", "1 of 1 got no answer"},
		{"error", []step{usual[0], failure("check: Session 'svc' has not published state 'status'.  Request poe://server-1/svc/status sent by poe://client-1/worker/IKC:proxy"), usual[2], usual[3]},
			diff.Breaks, "svc/status", "0 of 1 got an error", "1 of 1 got an error"},
		{"gone", usual[:2], diff.Changes, "svc/echo", "1 calls", ""},
		{"new", append(usual[:4:4], call(3, "more", x), answer(3, x)), diff.Changes, "svc/more", "", "1 calls"},
		{"overtaken", []step{usual[0], usual[2], usual[3], usual[1]}, diff.Changes, "svc/echo", "", ""},
		{"order", []step{usual[2], usual[3], usual[0], usual[1]}, diff.Differs, "Order", "svc/status, svc/echo", "svc/echo, svc/status"},
		{"late", []step{usual[0], late, usual[2], usual[3]}, diff.Changes, "svc/status", "1ms", "20ms"},
	} {
		r := compared(t, right, recorded(t, test.steps...), nil, diff.Options{Slower: 5})
		if test.about == "" {
			if len(r.Findings) > 0 {
				t.Errorf("%s: expected no difference, got\n%s", test.name, show(t, r))
			}
			continue
		}
		if len(r.Findings) != 1 {
			t.Errorf("%s: expected one finding, about %s, got\n%s", test.name, test.about, show(t, r))
			continue
		}
		f := r.Findings[0]
		a, b := strings.Join(f.A, "\n"), strings.Join(f.B, "\n")
		if f.Weight != test.weight || f.About != test.about || !strings.Contains(a, test.a) || !strings.Contains(b, test.b) {
			t.Errorf("%s: expected %s about %s, %q and %q, got\n%s", test.name, test.weight, test.about, test.a, test.b, show(t, r))
		}
	}
}

// TestNoise: what is named may differ, and nothing beside it.
func TestNoise(t *testing.T) {
	x := perl.NewBytes("x")
	a := recorded(t, call(1, "status", x), answer(1, status(perl.NewInt(1))))
	b := recorded(t, call(1, "status", x), answer(1, status(perl.NewBytes("1"))))
	for line, differ := range map[string]int{"svc/status answer {'load'}": 0, "*/* * ...{'load'}": 0, "svc/status answer {'name'}": 1, "svc/status params {'load'}": 1} {
		n, err := compare.ReadNoise(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if r := compared(t, a, b, n, diff.Options{}); len(r.Findings) != differ {
			t.Errorf("%s: expected %d findings, got\n%s", line, differ, show(t, r))
		}
	}
}

// TestRecorded: a server in Go and one in Perl do not differ to a client in Perl, whatever is
// another every time; a negotiation of another dialect does.
func TestRecorded(t *testing.T) {
	at := func(name string) string {
		found, _ := filepath.Glob(filepath.Join("..", "..", "captures", name+".pcap*")) // fails for a bad pattern only
		if len(found) != 1 {
			t.Fatalf("expected one capture %s, found %q", name, found)
		}
		return found[0]
	}
	for _, dialect := range []string{"ikc0", "ikc", "fallback"} {
		r := compared(t, at("perl-server-perl-client-"+dialect), at("go-server-perl-client-"+dialect), nil, diff.Options{})
		if len(r.Findings) > 0 || !r.Whole() || r.A.Requests == 0 {
			t.Errorf("%s: expected no difference, got\n%s", dialect, show(t, r))
		}
	}
	r := compared(t, at("perl-server-perl-client-ikc0"), at("perl-server-perl-client-ikc"), nil, diff.Options{})
	if len(r.Findings) != 1 || r.Findings[0].About != "Negotiation" || r.Findings[0].Weight != diff.Differs {
		t.Errorf("expected a difference of the negotiation, got\n%s", show(t, r))
	}
	r = compared(t, at("perl-server-perl-client-ikc0"), at("perl-server-go-client-ikc0"), nil, diff.Options{})
	if len(r.Findings) != 1 || r.Findings[0].About != "IKC/do_you_have" || r.Findings[0].Weight != diff.Differs {
		t.Errorf("expected that kernels subscribe with parameters of another shape, got\n%s", show(t, r))
	}
	r = compared(t, at("broken/answers-twice"), at("field/b12-undef"), nil, diff.Options{})
	if r.Count(diff.Changes) == 0 {
		t.Errorf("expected that other states are asked for, got\n%s", show(t, r))
	}
}
