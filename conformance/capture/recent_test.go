package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
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
			[]string{`0 client@0 "abcdef"`, `0 client@2 conflict of 1: "cd", again "Xd"`, `0 client@5 conflict of 1: "f", again "Y"`}},
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
				`0 client@10 conflict of 1: "f", again "F"`, `0 client@3 conflict of 2: "lo", again "LO"`}},
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

// onlyReads is a file that cannot be read again, such as a pipe.
type onlyReads struct{ io.Reader }

// TestConflictsFarBack: what was sent first is found wherever in the file it is, if the file can be
// read again, and if it is a pipe, as long as it is near; up to a number of segments.
func TestConflictsFarBack(t *testing.T) {
	for _, test := range []struct {
		between, segments int // octets on another connection, segments on this one
		pipe              bool
		want              int64
	}{
		{0, 0, false, 1}, {0, 0, true, 1}, {400 << 10, 0, false, 1}, {400 << 10, 0, true, 0},
		{400 << 10, recentSegments - 1, false, 1}, {0, recentSegments, false, 0},
	} {
		trace := handshake + "1c:syn 1s:syn 1c:ack c1:'hello' "
		for range test.between / 1000 {
			trace += "1c:'" + strings.Repeat("x", 1000) + "' "
		}
		trace += strings.Repeat("c:'y' ", test.segments) + "c1:'hellO'"
		file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, trace, traceOptions{})))
		ahead := append([]byte("not of the capture"), file...)
		var in io.Reader = bytes.NewReader(ahead)
		_, err := io.CopyN(io.Discard, in, int64(len(ahead)-len(file)))
		must(t, err)
		if test.pipe {
			in = onlyReads{in}
		}
		r, err := NewReader(in)
		must(t, err)
		for ev, err := range r.Events(Limits{}) {
			must(t, err)
			if end, ok := ev.(*End); ok && end.Stats.Conflicts != test.want {
				t.Errorf("%+v: expected %d conflicts, got %d", test, test.want, end.Stats.Conflicts)
			}
		}
	}
}
