package judge_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// said is what a real ClientLite and its server said to each other: two SETUPs, a call, its answer,
// another call.
func said(t *testing.T) (octets [][]byte) {
	t.Helper()
	r, err := capture.Open("../diagnosis/testdata/blackhole.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for s, err := range r.Segments() {
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Payload) > 0 {
			octets = append(octets, bytes.Clone(s.Payload))
		}
	}
	if len(octets) != 5 {
		t.Fatalf("expected 5 pieces, got %d", len(octets))
	}
	return octets
}

// TestWithheld: a side that did not get what a relay kept to itself has violated nothing by not
// reacting to it, and the relay is named, nobody else. Without the relay's comment it would be.
func TestWithheld(t *testing.T) {
	const client, server = capture.FromClient, capture.FromServer
	s := said(t)
	hello := []byte("HELLO\r\n")
	type step struct {
		from   capture.Direction
		octets []byte // nil: the relay's comment
	}
	var none []byte
	for _, test := range []struct {
		name             string
		steps            []step
		comment          string
		without, noticed []string // what fails, and what is noticed, without the comment
	}{
		{"SETUP swallowed", []step{{client, s[0]}, {client, none}, {client, hello}},
			capture.Withholding(capture.RelaySwallows, 20), []string{"HS-IKC-001", "HS-IKC-010", "HS-IKC0-001"}, []string{"NOTE-003"}},
		{"answer to SETUP swallowed", []step{{client, s[0]}, {server, s[1]}, {server, none}, {client, hello}},
			capture.Withholding(capture.RelaySwallows, 0), []string{"FR-001"}, []string{"NOTE-011"}},
		{"call swallowed", []step{{client, s[0]}, {server, s[1]}, {client, s[2]}, {client, none}},
			capture.Withholding(capture.RelaySwallows, 100), nil, []string{"NOTE-017"}},
		{"answer held", []step{{client, s[0]}, {server, s[1]}, {client, s[2]}, {server, s[3]}, {server, none}, {client, s[4]}},
			capture.Withholding(capture.RelayHolds, 100), nil, []string{"NOTE-017"}},
	} {
		for _, told := range []bool{false, true} {
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
			rec, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:603"), at)
			for _, step := range test.steps {
				at = at.Add(time.Second / 10)
				switch {
				case step.octets != nil:
					err = rec.Data(step.from, step.octets, at)
				case told:
					err = rec.Comment(step.from, at, test.comment)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := rec.CloseWrite(client, at.Add(2*time.Second)); err != nil {
				t.Fatal(err)
			}
			if err := rec.CloseWrite(server, at.Add(3*time.Second)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := capture.NewReader(&file)
			if err != nil {
				t.Fatal(err)
			}
			f := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
			var failed, noticed []string
			for _, v := range f.Verdicts {
				if v.Outcome == judge.Fail {
					failed = append(failed, v.Check.ID)
				}
			}
			for _, n := range f.Noticed {
				noticed = append(noticed, n.ID)
			}
			slices.Sort(failed)
			wantFailed, wantNoticed := test.without, test.noticed
			if told {
				wantFailed, wantNoticed = nil, []string{"NOTE-033"}
			}
			if !slices.Equal(failed, wantFailed) || !slices.Equal(noticed, wantNoticed) {
				t.Errorf("%s, told %v: expected %v to fail and %v to be noticed, got %v and %v", test.name, told, wantFailed, wantNoticed, failed, noticed)
			}
		}
	}
}
