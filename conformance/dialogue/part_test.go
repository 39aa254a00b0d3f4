package dialogue

import (
	"fmt"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestRoom: a connection may keep more than its share until octets are for another.
func TestRoom(t *testing.T) {
	image, err := storable.Freeze((&wire.Message{Event: wire.AtString("poe://s-1/worker/note"), Params: perl.NewBytes("x")}).ToValue())
	if err != nil {
		t.Fatal(err)
	}
	parts := 0
	b := NewBuilder(Options{}, Window{}, func(*Part) { parts++ })
	conns := make([]*capture.Conn, 10_000)
	for i := range conns {
		conns[i] = &capture.Conn{Index: i, SYNSeen: true}
		b.Take(&capture.Opened{Conn: conns[i]})
	}
	say := func(c *capture.Conn, from capture.Direction, octets []byte) {
		b.Take(&capture.Data{Conn: c, From: from, Bytes: octets})
	}
	for i, c := range conns[:2] {
		say(c, capture.FromClient, []byte(fmt.Sprintf("SETUP KERNEL=c-%d,Client,10.0.0.1:4000;FREEZER=Storable;PID=1\r\n", i)))
		say(c, capture.FromServer, []byte("SETUP KERNEL=s-1,Server,192.0.2.1:603;FREEZER=Storable;PID=1\r\n"))
	}
	s := b.open[conns[0]]
	share := s.share()
	most := 0
	for range 1000 {
		say(conns[0], capture.FromClient, wire.AppendFrame(nil, image))
		most = max(most, s.parts.octets)
	}
	if most < 10*share || most > 2*activeOctets+1<<12 {
		t.Errorf("expected more than the share of %d octets, and %d at most, got %d", share, 2*activeOctets, most)
	}
	if parts > 20 {
		t.Errorf("expected few parts, got %d", parts)
	}
	say(conns[1], capture.FromClient, wire.AppendFrame(nil, image))
	if got := s.parts.octets; got >= 2*share && len(s.parts.costs) >= 2 {
		t.Errorf("expected less than %d octets when octets were for another, got %d", 2*share, got)
	}
}
