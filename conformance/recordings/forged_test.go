package recordings_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
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
// received: nothing fails by them, and nothing passes. Inspect shows what came first, and both.
func TestForged(t *testing.T) {
	for _, name := range []string{"broken/booleans.pcapng", "perl-server-perl-client-ikc0.pcapng"} {
		file := open(t, name)
		before := verdictsOf(t, file)
		again := pcap(forged(t, packets(t, file)))
		after := verdictsOf(t, again)
		if err := after.Failed(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(after.Notes) != 1 || !strings.Contains(after.Notes[0], "captured twice") {
			t.Errorf("%s: expected a note on what was captured twice, got %q", name, after.Notes)
		}
		changed := 0
		for i, v := range after.Verdicts {
			if v.Outcome != judge.Inconclusive {
				t.Errorf("%s: %s of the %v: expected it to be inconclusive, got %v", name, v.Check.ID, v.Side, v.Outcome)
			}
			if w := before.Verdicts[i].Outcome; w != judge.Inconclusive && strings.Contains(v.Reason, "captured twice with different contents") {
				changed++
			}
		}
		if changed == 0 {
			t.Errorf("%s: expected reasons that say why", name)
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
			if !strings.Contains(line, "captured twice") {
				kept = append(kept, line)
			}
		}
		if strings.Join(kept, "") != plain.String() {
			t.Errorf("%s: expected what came first to be shown as without the other", name)
		}
	}
}

// TestForgedBesideSound: a violation on a connection whose octets are doubtful keeps the check from
// passing by others; where there is none, the others decide.
func TestForgedBesideSound(t *testing.T) {
	bad, good := packets(t, open(t, "broken/booleans.pcapng")), packets(t, open(t, "perl-server-perl-client-ikc0.pcapng"))
	f := verdictsOf(t, pcap(slices.Concat(forged(t, bad), good)))
	outcomes := map[string]judge.Verdict{}
	for _, v := range f.Verdicts {
		outcomes[v.Check.ID+" "+v.Side.String()] = v
	}
	if v := outcomes["SER-004 client"]; v.Outcome != judge.Inconclusive || !strings.HasPrefix(v.Reason, "1 violations are") {
		t.Errorf("SER-004: expected it to be inconclusive because of one violation, got %v: %s", v.Outcome, v.Reason)
	}
	if v := outcomes["PING-001 server"]; v.Outcome != judge.Pass || v.Example == nil || v.Example.Connection != 1 {
		t.Errorf("PING-001: expected it to pass by the connection that is sound, got %v: %s %+v", v.Outcome, v.Reason, v.Example)
	}
}
