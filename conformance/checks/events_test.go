package checks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

var mutations = flag.Int("mutations", 3000, "how many conversations TestMutatedEvents makes")

// said is one thing that happened to a connection of a recording: a line, a frame or a line of a
// driver's conversation as a whole, or its end.
type said struct {
	conn   *capture.Conn
	from   capture.Direction
	octets []byte // nil: the side closed
	at     time.Time
}

// recording is what was said in a capture, in order.
type recording []said

func loadRecording(t testing.TB, path string) (out recording) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := capture.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	type half struct {
		conn *capture.Conn
		from capture.Direction
	}
	rest := map[half][]byte{}
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *capture.Data:
			h := half{ev.Conn, ev.From}
			rest[h] = append(rest[h], ev.Bytes...)
			for n := whole(rest[h]); n > 0; n = whole(rest[h]) {
				out = append(out, said{ev.Conn, ev.From, bytes.Clone(rest[h][:n]), ev.At.Time})
				rest[h] = rest[h][n:]
			}
		case *capture.Closed:
			h := half{ev.Conn, ev.From}
			if len(rest[h]) > 0 {
				out = append(out, said{ev.Conn, ev.From, rest[h], ev.At.Time})
			}
			out = append(out, said{ev.Conn, ev.From, nil, ev.At.Time})
		}
	}
	return out
}

// whole is how long the line or the frame at the front is, 0 if it is not whole.
func whole(b []byte) int {
	head, _, ok := bytes.Cut(b[:min(len(b), 12)], []byte{0})
	var n int
	if _, err := fmt.Sscanf(string(head), "%d", &n); ok && err == nil && n >= 0 {
		if size := len(head) + 1 + n; size <= len(b) {
			return size
		}
		return 0
	}
	return bytes.IndexByte(b, '\n') + 1
}

// mutated carries out a program: two octets say which stretch of the recording is kept besides the
// beginnings of its connections; then eight each change something.
func (rec recording) mutated(program []byte) recording {
	if len(program) < 4 {
		return rec
	}
	from, size := int(binary.BigEndian.Uint16(program)), int(program[2])+30
	first, most := map[*capture.Conn]int{}, 4+int(program[3]%16)
	var out recording
	for i, s := range rec {
		first[s.conn]++
		if first[s.conn] <= most || uint(i-from%len(rec)) < uint(size) || s.octets == nil {
			out = append(out, s)
		}
	}
	for op := range slices.Chunk(program[4:], 8) {
		if len(op) < 8 || len(out) == 0 {
			break
		}
		a, b := int(binary.BigEndian.Uint16(op[1:]))%len(out), int(binary.BigEndian.Uint16(op[3:]))%len(out)
		n := int(binary.BigEndian.Uint16(op[5:]))
		x := out[a]
		switch op[0] % 20 {
		case 0:
			out = slices.Delete(out, a, a+1)
		case 1:
			out = slices.Delete(out, a, min(a+n%16, len(out)))
		case 2: // the one at the other's place and time
			out[a], out[b] = out[b], out[a]
			out[a].at, out[b].at = out[b].at, out[a].at
		case 3, 17, 18, 19: // with one of those that follow on the same connection
			c, left := a, 1+n%3
			for left > 0 && c+1 < len(out) {
				if c++; out[c].conn == x.conn {
					left--
				}
			}
			out[a], out[c] = out[c], out[a]
			out[a].at, out[c].at = out[c].at, out[a].at
		case 4: // times no longer in order
			out[a], out[b] = out[b], out[a]
		case 5: // again
			x.at = out[b].at
			out = slices.Insert(out, b, x)
		case 6:
			out = slices.Insert(slices.Delete(out, a, a+1), min(b, len(out)-1), x)
		case 7:
			out[a].octets = x.octets[:min(n%64, len(x.octets))]
		case 8:
			out[a].octets = x.octets[min(n%64, len(x.octets)):]
		case 9: // on another connection
			out[a].conn, out[a].from = out[b].conn, out[b].from
		case 10:
			out[a].from = x.from.Reverse()
		case 11: // later or earlier
			out[a].at = x.at.Add(time.Duration(n-1<<15) * time.Millisecond)
		case 12:
			if len(x.octets) > 0 {
				out[a].octets = bytes.Clone(x.octets)
				out[a].octets[n%len(x.octets)] ^= op[7] | 1
			}
		case 13: // a word of the other: a field of a driver's line, a name, a number
			out[a].octets = replaced(x.octets, out[b].octets, n, int(op[7]))
		case 14: // the octets of the other
			out[a].octets = out[b].octets
		case 15, 16:
			out = slices.DeleteFunc(out, func(s said) bool {
				return s.conn == x.conn && s.from == x.from && n%4 == 0 || s.conn == x.conn && s.octets == nil
			})
		}
	}
	return out
}

// replaced is a text with one of its words replaced by one of another text. Frames keep the length
// that they announce.
func replaced(octets, other []byte, i, j int) []byte {
	cut := func(b []byte) [][]byte { return bytes.SplitAfter(b, []byte(`"`)) }
	words, others := cut(octets), cut(other)
	words = slices.Clone(words)
	words[i%len(words)] = others[j%len(others)]
	out := bytes.Join(words, nil)
	head, image, ok := bytes.Cut(out, []byte{0})
	if ok && len(head) < 10 && len(bytes.TrimLeft(head, "0123456789")) == 0 {
		return append(fmt.Appendf(nil, "%d\x00", len(image)), image...)
	}
	return out
}

// file is a capture of what was said.
func (rec recording) file(t testing.TB) []byte {
	var file bytes.Buffer
	must := func(err error) {
		if err != nil && !errors.Is(err, capture.ErrOver) {
			t.Fatal(err)
		}
	}
	w, err := capture.NewWriter(&file, capture.Meta{})
	must(err)
	iface, err := w.Interface("test", "")
	must(err)
	open := map[*capture.Conn]*capture.Recorder{}
	for i, s := range rec {
		r := open[s.conn]
		if r == nil {
			client := netip.AddrPortFrom(s.conn.Client.Addr(), uint16(20000+i))
			r, err = w.Open(iface, client, s.conn.Server, s.at)
			must(err)
			open[s.conn] = r
		}
		if s.octets == nil {
			must(r.CloseWrite(s.from, s.at))
		} else {
			must(r.Data(s.from, s.octets, s.at))
		}
	}
	must(w.Close())
	return file.Bytes()
}

// judged holds a capture to what is true of every judgement, and of every form of inspect.
func judged(t testing.TB, file []byte, opts dialogue.Options, inspect bool) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	j := judge.Capture(r, catalogue, opts)
	if err := j.Failed(); err != nil {
		t.Errorf("expected a judgement, got %v", err)
	}
	for _, v := range j.Verdicts {
		n := len(v.Findings) + v.More
		passed := v.Outcome == judge.Pass || v.Outcome == judge.Seen
		if n > v.Evidence || (v.Outcome == judge.Fail) != (n > 0) ||
			passed != (n == 0 && v.Evidence > 0) && !strings.Contains(v.Reason, "may explain") || v.Outcome == judge.Inconclusive && v.Reason == "" {
			t.Errorf("%s of the %v: %v with %d pieces of evidence, %d findings, reason %q", v.Check.ID, v.Side, v.Outcome, v.Evidence, n, v.Reason)
		}
	}
	if !inspect {
		return
	}
	stats := dialogue.NewStats(nil)
	forms := []func(*dialogue.Part) error{
		dialogue.NewPrinter(io.Discard, dialogue.WriteOptions{Values: true}).Part, dialogue.NewJSONPrinter(io.Discard, nil).Part, stats.Part,
		dialogue.NewPrinter(io.Discard, dialogue.WriteOptions{Sequence: true, Filter: &dialogue.Filter{Slower: time.Millisecond}}).Part,
	}
	if r, err = capture.NewReader(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	err = dialogue.ReadParts(r.Events(capture.Limits{}), opts, dialogue.Window{Items: 16}, func(p *dialogue.Part) {
		for i, form := range forms {
			if err := form(p); err != nil {
				t.Errorf("form %d of inspect: %v", i, err)
			}
		}
	})
	if err := errors.Join(err, stats.Write(io.Discard)); err != nil {
		t.Error(err)
	}
}

var catalogue = Catalogue()

// recordingsToMutate are captures, those with drivers' conversations in front: driven of them.
func recordingsToMutate(t testing.TB) (all []recording, driven int) {
	for _, pattern := range []string{"driven/*.pcapng", "perl-server-*.pcapng", "releases/perl-0.2402-*.pcapng"} {
		paths, err := filepath.Glob(filepath.Join("../../captures", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no captures %s: %v", pattern, err)
		}
		for _, path := range paths {
			all = append(all, loadRecording(t, path))
		}
		if driven == 0 {
			driven = len(all)
		}
	}
	return all, driven
}

// TestMutatedEvents: whatever is left out, swapped, said twice, cut, moved, said by another or at
// another time in a recorded conversation, no check panics, outcomes agree with their evidence, and
// inspect shows it. With -mutations=N, N such conversations.
func TestMutatedEvents(t *testing.T) {
	all, driven := recordingsToMutate(t)
	seed := uint64(1)
	if *mutations > 3000 {
		seed = uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
	}
	rng := rand.New(rand.NewPCG(seed, 14))
	n := *mutations
	if testing.Short() {
		n = min(n, 300)
	}
	for i := range n {
		program := make([]byte, 4+8*(1+rng.IntN(12)))
		for k := range program {
			program[k] = byte(rng.Uint32())
		}
		rec := rng.IntN(len(all))
		if i%2 == 0 {
			rec = rng.IntN(driven)
		}
		judged(t, all[rec].mutated(program).file(t), dialogue.Options{AssumeIKC: i%3 == 0}, i%8 == 0)
		if t.Failed() {
			t.Fatalf("recording %d, program %x", rec, program)
		}
	}
}

// FuzzEvents is TestMutatedEvents with the programs of a fuzzer.
func FuzzEvents(f *testing.F) {
	all, _ := recordingsToMutate(f)
	for i := range all {
		f.Add(uint8(i), []byte(strings.Repeat(string(rune('a'+i)), 36)))
	}
	f.Fuzz(func(t *testing.T, rec uint8, program []byte) {
		program = program[:min(len(program), 4+8*32)]
		judged(t, all[int(rec)%len(all)].mutated(program).file(t), dialogue.Options{AssumeIKC: rec&64 != 0}, rec&128 != 0)
	})
}
