package checks

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestPairingAccusesNobody: real Perl programs that use one rsvp for several calls, one name for
// several processes, or another kernel's name in a rsvp, break no rule; also not if the capture
// begins while their calls are open.
func TestPairingAccusesNobody(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "dialogue", "testdata", "pairing", "*.pcapng"))
	if err != nil || len(paths) < 10 {
		t.Fatalf("expected captures, got %d, %v", len(paths), err)
	}
	slices := 0
	for _, path := range paths {
		octets, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, packets := blocks(octets)
		for first := range packets {
			slices++
			cut := append(bytes.Clone(head), bytes.Join(packets[first:], nil)...)
			r, err := capture.NewReader(bytes.NewReader(cut))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range judge.Capture(r, Catalogue(), dialogue.Options{}, wire.Client, wire.Server).Verdicts {
				// MSG-007 is about the caller, who names another kernel on purpose.
				if v.Outcome == judge.Fail && v.Check.ID != "MSG-007" {
					t.Errorf("%s from packet %d on: %s fails: expected %s, got %s", filepath.Base(path), first+1, v.Check.ID, v.Findings[0].Expected, v.Findings[0].Actual)
				}
			}
		}
	}
	if slices < 200 {
		t.Errorf("expected hundreds of slices, got %d", slices)
	}
}

// blocks takes a pcapng file apart: what comes before the packets, and these.
func blocks(octets []byte) (head []byte, packets [][]byte) {
	const enhancedPacket = 6
	for len(octets) >= 12 {
		n := binary.LittleEndian.Uint32(octets[4:])
		if binary.LittleEndian.Uint32(octets) == enhancedPacket {
			packets = append(packets, octets[:n])
		} else if len(packets) == 0 {
			head = append(head, octets[:n]...)
		}
		octets = octets[n:]
	}
	return head, packets
}
