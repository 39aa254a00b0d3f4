package checks

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestOneIDOneKernel: two clients of one id are told where it shows that they are two, and that
// both were there.
func TestOneIDOneKernel(t *testing.T) {
	const (
		poe1   = "SETUP KERNEL=client-1,Client;FREEZER=Storable;PID=1"
		poe1of = "SETUP KERNEL=client-1,Client;FREEZER=Storable;PID=11"
		poe2   = "SETUP KERNEL=client-2,Client;FREEZER=Storable;PID=11"
		lite   = "SETUP KERNEL=Client1;FREEZER=Storable;PID=1"
		liteOf = "SETUP KERNEL=Client1;FREEZER=Storable;PID=11"
		child  = "SETUP KERNEL=server-1,Server,192.0.2.2:603;FREEZER=Storable;PID=22"
	)
	for _, test := range []struct {
		name, a, b, server string
		order              string // who calls, and is answered; "x" is that a ends
		want               judge.Outcome
		says               string
	}{
		{"two processes", lite, liteOf, setupS, "abaa", judge.Fail, "pid 1 where"},
		{"a fork", poe1, poe1of, setupS, "abaa", judge.Fail, "pid 1 where"},
		{"two ClientLites of PID 1", lite, lite, setupS, "abaa", judge.Fail, "another ClientLite"},
		{"two kernels", poe1, poe2, setupS, "abaa", judge.Pass, ""},
		{"a kernel with two connections", poe1, poe1, setupS, "abaa", judge.Inconclusive, ""},
		{"another process after the end", lite, liteOf, setupS, "axb", judge.Inconclusive, ""},
		{"another process, and the end was not seen", lite, liteOf, setupS, "aba", judge.Inconclusive, ""},
		{"a ClientLite that came back, the end later", lite, lite, setupS, "abxb", judge.Inconclusive, ""},
		{"at two children of a server", lite, liteOf, child, "abaa", judge.Inconclusive, ""},
	} {
		var file bytes.Buffer
		w, err := capture.NewWriter(&file, capture.Meta{})
		if err != nil {
			t.Fatal(err)
		}
		iface, err := w.Interface("test", "")
		if err != nil {
			t.Fatal(err)
		}
		addr := func(kernel, session, state string) wire.Address {
			return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
		}
		at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
		conns := map[rune]*capture.Recorder{}
		say := func(r *capture.Recorder, from capture.Direction, octets []byte) {
			at = at.Add(time.Millisecond)
			if err := r.Data(from, octets, at); err != nil {
				t.Fatal(err)
			}
		}
		setups, servers := map[rune]string{'a': test.a, 'b': test.b}, map[rune]string{'a': setupS, 'b': test.server}
		connect := func(who rune) *capture.Recorder {
			client, server := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), 50000+uint16(who)), netip.MustParseAddrPort("192.0.2.2:603")
			r, err := w.Open(iface, client, server, at)
			if err != nil {
				t.Fatal(err)
			}
			conns[who] = r
			say(r, capture.FromClient, wire.AppendLine(nil, setups[who]))
			say(r, capture.FromServer, wire.AppendLine(nil, servers[who]))
			return r
		}
		send := func(r *capture.Recorder, from capture.Direction, m *wire.Message) {
			image, err := storable.Freeze(m.ToValue())
			if err != nil {
				t.Fatal(err)
			}
			say(r, from, wire.AppendFrame(nil, image))
		}
		for _, who := range test.order {
			if who == 'x' {
				for _, from := range []capture.Direction{capture.FromClient, capture.FromServer} {
					if err := conns['a'].CloseWrite(from, at.Add(time.Millisecond)); err != nil {
						t.Fatal(err)
					}
				}
				continue
			}
			r := conns[who]
			if r == nil {
				r = connect(who)
			}
			session := "worker"
			if !strings.Contains(setups[who], "client-") {
				session = wire.SessionIKCLite
			}
			rsvp := addr("Client1", session, "response")
			send(r, capture.FromClient, &wire.Message{Event: addr("server-1", "IKC", "ping"), Params: perl.NewBytes("PING"),
				RSVP: rsvp, From: addr("Client1", session, "")})
			send(r, capture.FromServer, &wire.Message{Event: rsvp, Params: perl.NewBytes("PONG")})
		}
		for _, r := range conns { // but for those that were
			for _, from := range []capture.Direction{capture.FromClient, capture.FromServer} {
				if err := r.CloseWrite(from, at.Add(time.Second)); err != nil && !errors.Is(err, capture.ErrOver) {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		list, err := Select("HC-NAME-001")
		if err != nil {
			t.Fatal(err)
		}
		r, err := capture.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		v := judge.Capture(r, list, dialogue.Options{}, wire.Client).Verdicts[0]
		if v.Outcome != test.want || test.says != "" && !strings.Contains(v.Findings[0].Actual, test.says) {
			t.Errorf("%s: expected %v %q, got %v, %s %+v", test.name, test.want, test.says, v.Outcome, v.Reason, v.Findings)
		}
	}
}
