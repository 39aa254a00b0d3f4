package compare

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestForgets: of requests without end a Learner keeps no more than it says, and what is asked
// again before twice as many others came is not forgotten.
func TestForgets(t *testing.T) {
	const often = 3500 // others in between, of which more than maxLike are looked at, and less than twice as many
	l := NewLearner()
	most := 0
	conversation(t, 8*often, often, func(n *dialogue.Negotiation, x *dialogue.Exchange) {
		l.Add(n, x.Request, x.Answers[0])
		most = max(most, len(l.now.like)+len(l.older.like), len(l.now.first)+len(l.older.first))
	})
	if most > 2*maxLike || most < maxLike {
		t.Errorf("expected up to %d requests to be kept, got %d", 2*maxLike, most)
	}
	if got := l.list(); len(got) != 1 || got[0].State != "stock/often" || got[0].Path != "{'late'}" {
		t.Errorf("expected what differs in answers to what was asked again, got %+v", got)
	}
}

// conversation has a client call many states of the session stock, each time with another number,
// and stock/often every so often with the same. What it hands over are the answers: what was asked,
// and whether that was in the second half.
func conversation(t *testing.T, requests, often int, each func(*dialogue.Negotiation, *dialogue.Exchange)) {
	t.Helper()
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	iface, err := w.Interface("test", "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	r, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:603"), at)
	if err != nil {
		t.Fatal(err)
	}
	say := func(from capture.Direction, octets []byte) {
		if err := r.Data(from, octets, at); err != nil {
			t.Fatal(err)
		}
	}
	send := func(from capture.Direction, m *wire.Message) {
		image, err := storable.Freeze(m.ToValue())
		if err != nil {
			t.Fatal(err)
		}
		say(from, wire.AppendFrame(nil, image))
	}
	place := func(kernel, session, state string) wire.Address {
		return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
	}
	say(capture.FromClient, []byte("SETUP KERNEL=client-1,Client;FREEZER=Storable;PID=1\r\n"))
	say(capture.FromServer, []byte("SETUP KERNEL=server-1,Server;FREEZER=Storable;PID=2\r\n"))
	for i := range requests {
		state, asked := fmt.Sprint("state", i%64), perl.NewInt(int64(i))
		if i%often == 0 {
			state, asked = "often", perl.NewBytes("again")
		}
		send(capture.FromClient, &wire.Message{Event: place("server-1", "stock", state), Params: asked,
			From: place("client-1", "app", "start"), RSVP: place("client-1", "app", "got")})
		send(capture.FromServer, &wire.Message{Event: place("client-1", "app", "got"), From: place("server-1", "stock", state),
			Params: perl.HashRef(perl.P("asked", asked), perl.P("late", perl.NewInt(int64(2*i/requests))))})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in, err := capture.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	err = dialogue.ReadParts(in.Events(capture.Limits{}), dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
		for _, x := range p.Exchanges {
			if len(x.Answers) == 1 {
				each(p.Negotiation, x)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
