package capture

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

// TestWithheld: what a relay says that it keeps to itself is known of the side that said it, until
// the relay says that it goes on. Where nothing was said, nothing was kept.
func TestWithheld(t *testing.T) {
	for _, test := range []struct {
		name     string
		comments []string
		want     string
		from     int64
	}{
		{"swallows", []string{"why", Withholding(RelaySwallows, 3)}, RelaySwallows, 3},
		{"holds", []string{Withholding(RelayHolds, 7)}, RelayHolds, 7},
		{"swallows nothing", []string{Withholding(RelaySwallows, 8)}, "", 0},
		{"goes on", []string{Withholding(RelayHolds, 7), RelayGoesOn}, "", 0},
		{"somebody else", []string{RelayHolds + ", as it was told: from octet x on"}, "", 0},
	} {
		var file bytes.Buffer
		w, err := NewWriter(&file, Meta{})
		if err != nil {
			t.Fatal(err)
		}
		iface, err := w.Interface("relay", "")
		if err != nil {
			t.Fatal(err)
		}
		r, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:603"), time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Data(FromServer, []byte("8 octets"), time.Unix(2, 0)); err != nil {
			t.Fatal(err)
		}
		for _, comment := range test.comments {
			if err := r.Comment(FromServer, time.Unix(2, 0), comment); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		in, err := NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		var sides [2]TransportSide
		for ev, err := range in.Events(Limits{}) {
			if err != nil {
				t.Fatal(err)
			}
			if tr, ok := ev.(*Transport); ok {
				sides = tr.Sides
			}
		}
		if s := sides[FromServer]; s.Withheld != test.want || s.WithheldFrom != test.from || sides[FromClient].Withheld != "" {
			t.Errorf("%s: expected %q from %d of the server, got %+v", test.name, test.want, test.from, sides)
		}
	}
}
