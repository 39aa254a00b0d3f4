package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// conflicts reads a trace and returns what came but for the opening.
func conflicts(t *testing.T, trace string, limits Limits) []string {
	t.Helper()
	packets := frames(t, parseTrace(t, trace, traceOptions{isn: [2]uint32{4_000_000_000, 7}}))
	got, err := script(t, pcapng(binary.LittleEndian, linkEthernet, packets), limits)
	must(t, err)
	_, rest, _ := strings.Cut(got, "\n")
	return strings.Split(rest, "\n")
}

// TestConflicts: what is sent again with other octets is told, with both; what came first is what
// is given out.
func TestConflicts(t *testing.T) {
	for _, test := range []struct {
		name, trace string
		want        []string
	}{
		{"sent again", handshake + "c1:'hello' c1:'hellO' c6:'!'",
			[]string{`0 client@0 "hello"`, `0 client@4 conflict of 1: "o", again "O"`, `0 client@5 "!"`}},
		{"with more", handshake + "c1:'hello' c3:'LLo,you'",
			[]string{`0 client@0 "hello"`, `0 client@2 conflict of 2: "llo", again "LLo"`, `0 client@5 ",you"`}},
		{"several segments at once", handshake + "c1:'ab' c3:'cd' c5:'ef' c1:'abXdeY'",
			[]string{`0 client@0 "abcdef"`, `0 client@2 conflict of 2: "cdef", again "XdeY"`}},
		{"overlap while waiting", handshake + "c5:'efg' c4:'dEfgh' c9:'ij' c3:'cdefghiJk' c1:'abcD'",
			[]string{`0 client@4 conflict of 1: "efg", again "Efg"`, `0 client@9 conflict of 1: "j", again "J"`,
				`0 client@3 conflict of 1: "d", again "D"`, `0 client@0 "abcdefghijk"`}},
		{"the other side", handshake + "s1:'hello' c1a6:ack s1:'jello'",
			[]string{`0 server@0 "hello"`, `0 server@0 conflict of 1: "hello", again "jello"`}},
		{"behind a FIN", handshake + "c1:'hello'fin c1:'jello'fin",
			[]string{`0 client@0 "hello"`, `0 client@5 FIN`}}, // it may be of another connection
		{"the same again", handshake + "c1:'hello' c1:'hello' c2:'ell'", []string{`0 client@0 "hello"`}},
		{"a keep-alive", handshake + "c1:'hello' c5:'x' c6:'!'", []string{`0 client@0 "hello!"`}},
		{"before and behind a gap", handshake + "c1:'hello' c9:'def' s1a12:ack c9:'dEf' c1:'hello'" + strings.Repeat(" s1a12:ack", ackPatience+2) + " c9:'deF' c4:'LO'",
			[]string{`0 client@0 "hello"`, `0 client@9 conflict of 1: "ef", again "Ef"`, `0 client@5 gap of 3: not captured`, `0 client@8 "def"`,
				`0 client@10 conflict of 1: "f", again "F"`}},
		{"cut by the snapshot length", handshake + "c~2:'hello' c1:'heLLO' c1:'hEllo'",
			[]string{`0 client@0 "hel"`, `0 client@3 gap of 2: packet cut short by the snapshot length of the capture`,
				`0 client@2 conflict of 1: "l", again "L"`, `0 client@1 conflict of 1: "el", again "El"`}},
	} {
		if got := conflicts(t, test.trace, Limits{}); !equalLines(got, test.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", test.name, got, test.want)
		}
	}
	if got := conflicts(t, handshake+"c1:'hello' c1:'hellO'", Limits{RecentOctets: -1}); len(got) != 1 {
		t.Errorf("without memory for it: expected nothing to be compared, got %q", got)
	}
}

func equalLines(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

// TestConflictsAreCounted: of one connection, sixteen are told, and the last says that it is.
func TestConflictsAreCounted(t *testing.T) {
	trace := handshake + "c1:'hello'"
	for i := range 100 {
		trace += fmt.Sprintf(" c1:'h%03do'", i)
	}
	r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, trace, traceOptions{})))))
	must(t, err)
	var told []*Conflict
	for ev, err := range r.Events(Limits{}) {
		must(t, err)
		switch ev := ev.(type) {
		case *Conflict:
			told = append(told, ev)
		case *End:
			if ev.Stats.Conflicts != 100 || ev.Stats.Retransmits != 100 {
				t.Errorf("expected 100 conflicts to be counted, got %+v", ev.Stats)
			}
		}
	}
	if n := len(told); n != maxConflicts || !told[n-1].Last || told[n-2].Last {
		t.Errorf("expected %d to be told, and of the last that it is, got %d", maxConflicts, n)
	}
}

// TestRecent: the ring holds what was given out last, whatever the sizes.
func TestRecent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a := newAssembler(Limits{RecentOctets: 1 << 20}, nil)
		var r recent
		var all []byte
		start := int64(rng.IntN(100_000))
		for range 1 + rng.IntN(60) {
			piece := make([]byte, 1+rng.IntN(1<<rng.IntN(16)))
			for i := range piece {
				piece[i] = byte(rng.Uint32())
			}
			a.remember(&r, start+int64(len(all)), piece)
			all = append(all, piece...)
		}
		if want := min(len(all), recentOctets); r.to != start+int64(len(all)) || int(r.to-r.from) < want || a.recent != len(r.ring) || len(r.ring) > recentOctets {
			t.Fatalf("expected the last %d of %d octets, got %d in a ring of %d", want, len(all), r.to-r.from, len(r.ring))
		}
		for at := r.from; at < r.to; {
			piece := r.piece(at, int(r.to-at))
			if !bytes.Equal(piece, all[at-start:][:len(piece)]) {
				t.Fatalf("expected the octets from %d on, got others", at)
			}
			at += int64(len(piece))
		}
	}
}
