package recordings_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// forged gives the packets with one of data sent again, with its last octet another.
func forged(t *testing.T, all []packet) []packet {
	t.Helper()
	i := slices.IndexFunc(all, func(p packet) bool { return bytes.Contains(p.tcp.Payload, []byte("PING")) })
	if i < 0 {
		t.Fatal("expected a packet with PING")
	}
	other := bytes.Clone(all[i].tcp.Payload)
	other[len(other)-1] ^= 1
	return slices.Insert(slices.Clone(all), i+1, all[i].with(t, all[i].tcp.Seq, other))
}

// TestForged: where octets were captured twice with different contents, nobody knows what was
// received: nothing fails by them, and nothing passes but as far as seen. Inspect shows what came
// first, and both.
func TestForged(t *testing.T) {
	for _, name := range []string{"broken/booleans.pcapng", "perl-server-perl-client-ikc0.pcapng"} {
		file := open(t, name)
		verdicts := verdictsOf(t, file)
		again := pcap(forged(t, packets(t, file)))
		after := verdictsOf(t, again)
		if err := after.Failed(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(after.Lacks) != 1 || !strings.Contains(after.Lacks[0], "captured twice") {
			t.Errorf("%s: expected to be told what was captured twice, got %q", name, after.Lacks)
		}
		for i, v := range after.Verdicts {
			w := verdicts.Verdicts[i].Outcome
			if v.Outcome == judge.Pass || v.Outcome == judge.Fail && w != judge.Fail || w == judge.Fail && v.Outcome == judge.Seen {
				t.Errorf("%s: %s of the %v: expected it not to pass, and not to fail for that; before it was %v, now %v", name, v.Check.ID, v.Side, w, v.Outcome)
			}
		}
		var text, forProgram, plain strings.Builder
		for out, of := range map[*strings.Builder][]byte{&text: again, &plain: file} {
			for _, c := range connections(t, of) {
				if err := dialogue.Write(out, c, dialogue.WriteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, c := range connections(t, again) {
			if err := dialogue.WriteJSON(&forProgram, c); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(text.String(), "captured twice") || !strings.Contains(forProgram.String(), "captured twice") {
			t.Errorf("%s: expected inspect to tell, got %s", name, text.String())
		}
		var kept []string
		for line := range strings.Lines(text.String()) {
			if !strings.Contains(line, "captured twice") && !strings.Contains(line, "got no answer") {
				kept = append(kept, line)
			}
		}
		var before []string
		for line := range strings.Lines(plain.String()) {
			if !strings.Contains(line, "got no answer") {
				before = append(before, line)
			}
		}
		if !slices.Equal(kept, before) {
			t.Errorf("%s: expected what came first to be shown as without the other", name)
		}
	}
}

// TestForgedFrame: a violation whose own octets were captured twice with different contents is
// none for certain, one beside them is.
func TestForgedFrame(t *testing.T) {
	all := packets(t, open(t, "broken/booleans.pcapng"))
	for _, test := range []struct {
		what, of string
		want     judge.Outcome
	}{{"the frame itself", "wantarray", judge.Inconclusive}, {"a line before it", "SETUP", judge.Fail}} {
		i := slices.IndexFunc(all, func(p packet) bool { return bytes.Contains(p.tcp.Payload, []byte(test.of)) })
		if i < 0 {
			t.Fatalf("expected a packet with %s", test.of)
		}
		other := bytes.Clone(all[i].tcp.Payload)
		other[len(other)-1] ^= 1
		f := verdictsOf(t, pcap(slices.Insert(slices.Clone(all), i+1, all[i].with(t, all[i].tcp.Seq, other))))
		for _, v := range f.Verdicts {
			if v.Check.ID == "SER-004" && v.Side == wire.Client && v.Outcome != test.want {
				t.Errorf("%s: expected SER-004 to be %v, got %v: %s %+v", test.what, test.want, v.Outcome, v.Reason, v.Findings)
			}
		}
	}
}
