package recordings_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// pipelined writes a capture with n calls of echo under way at the same time, beside other
// connections that are open.
func pipelined(t testing.TB, n, others int, rsvp func(i int) string) []byte {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	w, err := capture.NewWriter(&b, capture.Meta{})
	must(err)
	iface, err := w.Interface("test", "")
	must(err)
	now := time.Unix(1_700_000_000, 0)
	server := netip.MustParseAddrPort("192.0.2.1:603")
	dial := func(i int) *capture.Recorder {
		c, err := w.Open(iface, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 20000), server, now)
		must(err)
		must(c.Data(capture.FromClient, []byte(fmt.Sprintf("SETUP KERNEL=c-%d,Client%d,10.0.0.1:4000;FREEZER=Storable;PID=%d\r\n", i, i, i+1)), now))
		must(c.Data(capture.FromServer, []byte("SETUP KERNEL=s-1,Server,192.0.2.1:603;FREEZER=Storable;PID=1\r\n"), now))
		return c
	}
	for i := range others {
		dial(i + 1)
	}
	c := dial(0)
	say := func(from capture.Direction, m *wire.Message) {
		image, err := storable.Freeze(m.ToValue())
		must(err)
		now = now.Add(time.Millisecond)
		must(c.Data(from, wire.AppendFrame(nil, image), now))
	}
	at := func(kernel, session, state string) wire.Address {
		return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
	}
	own := contract.SessionAlias
	for i := range n {
		say(capture.FromClient, &wire.Message{Event: at("s-1", own, "echo"), Params: perl.NewInt(int64(i)),
			From: at("c-0", own, specifier.ProxyState), RSVP: at("c-0", own, rsvp(i))})
	}
	for i := range n {
		say(capture.FromServer, &wire.Message{Event: at("c-0", own, rsvp(i)), Params: perl.NewInt(int64(i)), From: at("s-1", own, specifier.ProxyState)})
	}
	must(c.CloseWrite(capture.FromClient, now))
	must(c.CloseWrite(capture.FromServer, now))
	must(w.Close())
	return b.Bytes()
}

// TestManyUnderWay: more calls under way than are kept do not make a kernel fail that answers them
// all.
func TestManyUnderWay(t *testing.T) {
	for _, test := range []struct {
		name      string
		n, others int
		rsvp      func(int) string
	}{
		{"one rsvp", 10_000, 0, func(int) string { return "done" }},
		{"an rsvp each", 20_000, 0, func(i int) string { return fmt.Sprintf("done-%d", i) }},
		{"one rsvp, among many", 1_000, 2_000, func(int) string { return "done" }},
		{"an rsvp each, among many", 1_000, 2_000, func(i int) string { return fmt.Sprintf("done-%d", i) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if passes := noFailure(t, test.name, pipelined(t, test.n, test.others, test.rsvp)); passes < 20 {
				t.Errorf("expected 20 verdicts that pass at least, got %d", passes)
			}
		})
	}
}
