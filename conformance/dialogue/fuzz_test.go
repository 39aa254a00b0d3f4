package dialogue_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// FuzzSplit reads a conversation as it was said, cut into pieces, and in parts: what was read must
// be the same. A script is turns, each the varint of twice the number of octets, odd for the
// server, and the octets.
func FuzzSplit(f *testing.F) {
	for _, path := range recordings(f) {
		f.Add(recorded(f, path, 6<<10), uint8(0), uint8(0))
		f.Add(recorded(f, path, 3<<10), uint8(6), uint8(1))
	}
	f.Add(script(said{from: c, octets: `{"id": 1, "cmd": "hello"}` + "\n"}, said{from: v, octets: `{"id": 1, "ok": {}}` + "\n"}), uint8(0), uint8(0))
	names := strings.Repeat(",a-name-of-many", 100)
	f.Add(script(said{from: c, octets: "SETUP KERNEL=client-1" + names + ";FREEZER=Storable\r\n"}, said{from: v, octets: setupS}), uint8(255), uint8(0))
	f.Add(script(said{from: c, octets: names + "\r\n"}, said{from: c, octets: setupC}, said{from: v, octets: setupS}), uint8(255), uint8(0))
	f.Fuzz(func(t *testing.T, program []byte, piece, mode uint8) {
		whole := turns(program)
		var pieces []said
		for _, s := range whole {
			for rest := s.octets; rest != ""; {
				n := min(int(piece)+1, len(rest))
				pieces = append(pieces, said{from: s.from, octets: rest[:n]})
				rest = rest[n:]
			}
		}
		fin := mode&1 != 0
		opts := dialogue.Options{AssumeIKC: mode&2 != 0, MaxFrame: 1 << 16}
		want := account(read(t, events(false, fin, whole...), opts))
		if got := account(read(t, events(false, fin, pieces...), opts)); got != want {
			t.Errorf("in pieces of %d; - whole, + in pieces:\n%s", int(piece)+1, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
		var observed []dialogue.Item
		read(t, events(false, fin, whole...), dialogue.Options{AssumeIKC: opts.AssumeIKC, MaxFrame: opts.MaxFrame,
			Observe: func(_ *dialogue.Connection, i dialogue.Item) { observed = append(observed, i) }})
		var items, inParts []string
		for _, i := range observed { // the end of a line may come after the line
			items = append(items, shown(i))
		}
		err := dialogue.ReadParts(events(false, fin, pieces...), opts,
			dialogue.Window{Items: 4, Octets: 4 << 10, Total: 8 << 10}, func(p *dialogue.Part) {
				for _, i := range p.Items {
					inParts = append(inParts, shown(i))
				}
			})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(items, inParts); diff != "" {
			t.Errorf("- as observed, + in parts:\n%s", diff)
		}
	})
}

// account is all that was read, but for when it came.
func account(c *dialogue.Connection) string {
	var b strings.Builder
	n := c.Negotiation
	fmt.Fprintf(&b, "IKC %v, control %v, complete %v, %v, fallback %v, %q, %q of %q\n", c.IsIKC, c.Control != nil, n.Complete, n.Dialect, n.Fallback, n.Peers, n.Serializer, n.Offered)
	for _, i := range c.Items {
		fmt.Fprintln(&b, shown(i))
	}
	for _, x := range shape(c) {
		fmt.Fprintln(&b, x)
	}
	for _, p := range c.Broken {
		if p != nil {
			fmt.Fprintf(&b, "broken: %v at %d (%d)\n", p.From, p.Offset, p.Announced) // the text quotes what was at hand
		}
	}
	for _, p := range c.Notes {
		fmt.Fprintf(&b, "note: %v at %d: %s\n", p.From, p.Offset, p.Text)
	}
	return b.String()
}

func shown(i dialogue.Item) string {
	switch i := i.(type) {
	case *dialogue.Line:
		return fmt.Sprintf("%v at %d: %q %q", i.From, i.Offset, i.Text, i.End)
	case *dialogue.Frame:
		kind := "no message"
		if i.Message != nil {
			kind = i.Message.Kind.String()
		}
		return fmt.Sprintf("%v at %d: frame %d, early %v, %s: %q %q %v", i.From, i.Offset, i.Number, i.Early, kind, i.Head, i.Image, i.Err)
	case *dialogue.ControlLine:
		return fmt.Sprintf("%v at %d: %d octets, command %v, answer %v, event %v, %v", i.From, i.Offset, i.Octets, i.Command != nil, i.Answer != nil, i.Event != nil, i.Err)
	}
	return "?"
}

func script(parts ...said) (program []byte) {
	for _, s := range parts {
		program = binary.AppendUvarint(program, uint64(2*len(s.octets)+int(s.from)))
		program = append(program, s.octets...)
	}
	return program
}

func turns(program []byte) (parts []said) {
	for len(program) > 0 {
		head, n := binary.Uvarint(program)
		if n <= 0 {
			break
		}
		program = program[n:]
		size := int(min(head/2, uint64(len(program))))
		if size > 0 {
			parts = append(parts, said{from: capture.Direction(head & 1), octets: string(program[:size])})
		}
		program = program[size:]
	}
	return parts
}

// recordings are some captures of each kind.
func recordings(f *testing.F) (paths []string) {
	for _, pattern := range []string{"perl-server-*-ikc*.pcapng", "driven/*-clientlite-ikc.pcapng", "broken/a*.pcapng", "releases/perl-0.2402-client-ikc-freez*.pcapng"} {
		some, err := filepath.Glob(filepath.Join("../../captures", pattern))
		if err != nil || len(some) == 0 {
			f.Fatalf("no captures %s: %v", pattern, err)
		}
		paths = append(paths, some...)
	}
	return paths
}

// recorded is the script of the first octets of each connection of a capture, one after the other.
func recorded(f *testing.F, path string, most int) (program []byte) {
	file, err := os.Open(path)
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	r, err := capture.NewReader(file)
	if err != nil {
		f.Fatal(err)
	}
	left := map[*capture.Conn]int{}
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			f.Fatal(err)
		}
		switch ev := ev.(type) {
		case *capture.Opened:
			left[ev.Conn] = most / 2
		case *capture.Data:
			n := min(left[ev.Conn], len(ev.Bytes))
			left[ev.Conn] -= n
			if len(program) < most && n > 0 {
				program = append(program, script(said{from: ev.From, octets: string(ev.Bytes[:n])})...)
			}
		}
	}
	return program
}
