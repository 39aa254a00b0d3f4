package reduce_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/reduce"
)

// comments are those of a capture, by what the packet has.
func comments(t *testing.T, file []byte) (list []string) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for s, err := range r.Segments() {
		if err != nil {
			t.Fatal(err)
		}
		for said := range strings.Lines(s.Comment) {
			what := "remark: "
			switch {
			case s.SYN:
				what = "open: "
			case s.FIN || s.RST:
				what = "end: "
			case len(s.Payload) > 0:
				what = "data: "
			}
			list = append(list, what+strings.TrimSuffix(said, "\n"))
		}
	}
	return list
}

// TestRelayed: what a relay says that it did stays with what is left; where it counts octets, they
// are those that are left.
func TestRelayed(t *testing.T) {
	open := func() (*capture.Reader, error) { return capture.Open("../diagnosis/testdata/blackhole.pcapng") }
	wanted := reduce.Wanted{Notice: "NOTE-033"}
	file, result, err := reduce.Capture(context.Background(), open, wanted)
	if err != nil {
		t.Fatal(err)
	}
	shows(t, file, wanted)
	if result.After.Messages != 1 {
		t.Errorf("expected the message that was swallowed only, got %v", result.After)
	}
	// The client's SETUP has 39 octets. The call behind it was cut at its octet 45.
	want := []string{
		"open: relay: connection 0, target tcp 127.0.0.1:27411",
		"open: the relay disturbs from here on, as it was told: blackhole 300, side client",
		"remark: " + capture.Withholding(capture.RelaySwallows, 84),
	}
	if got := comments(t, file); !slices.Equal(got, want) {
		t.Errorf("expected the comments %q, got %q", want, got)
	}
}

// TestComments: a comment stays as long as what it is on, wherever that stands.
func TestComments(t *testing.T) {
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	iface, err := w.Interface("relay", "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1, 0)
	for i, port := range []uint16{5000, 5001, 5000, 5000} { // three have the same ends
		say := func(what string) string { return fmt.Sprintf("%s in %d", what, i) }
		withheld := say("nothing withheld")
		if i == 2 {
			withheld = capture.Withholding(capture.RelaySwallows, 14)
		}
		client := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port)
		rec, err := w.Open(iface, client, netip.MustParseAddrPort("192.0.2.2:603"), at, say("opened"))
		for _, err := range []error{
			err,
			rec.Data(capture.FromClient, []byte("HELLO\r\n"), at, say("said"), say("and said")),
			rec.Data(capture.FromClient, []byte("what?\r\n"), at, say("not needed")),
			rec.Data(capture.FromClient, []byte("where?\r\n"), at),
			rec.Comment(capture.FromClient, at, withheld),
			rec.Comment(capture.FromServer, at, say("remarked")),
			rec.CloseWrite(capture.FromClient, at, say("ended")),
			rec.CloseWrite(capture.FromServer, at),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open := func() (*capture.Reader, error) { return capture.NewReader(bytes.NewReader(file.Bytes())) }
	small, _, err := reduce.Capture(context.Background(), open, reduce.Wanted{Notice: "NOTE-033"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"open: opened in 2", "data: said in 2", "data: and said in 2",
		"remark: " + capture.Withholding(capture.RelaySwallows, 7), "remark: remarked in 2", "end: ended in 2",
	}
	if got := comments(t, small); !slices.Equal(got, want) {
		t.Errorf("expected the comments %q, got %q", want, got)
	}
}
