package capture

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	testClient = netip.MustParseAddrPort("192.0.2.1:40001")
	testServer = netip.MustParseAddrPort("192.0.2.2:603")
	testTime   = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)
)

// script reads a capture and tells its events in words, one a line. Data that follow each other in
// one direction of one connection are joined.
func script(t testing.TB, file []byte, limits Limits) (string, error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return "", err
	}
	var lines []string
	var run []byte
	var runOf *Data
	flush := func() {
		if runOf != nil {
			lines = append(lines, fmt.Sprintf("%d %v@%d %q", runOf.Conn.Index, runOf.From, runOf.Offset, run))
		}
		runOf, run = nil, nil
	}
	var last Stamp
	ended := false
	for ev, err := range r.Events(limits) {
		if err != nil {
			return strings.Join(lines, "\n"), err
		}
		if ended {
			t.Errorf("expected nothing after End, got %T", ev)
		}
		if s := ev.Stamp(); s.Packet < last.Packet {
			t.Errorf("expected packets in order, got %d after %d", s.Packet, last.Packet)
		} else {
			last = s
		}
		if d, ok := ev.(*Data); ok {
			if runOf != nil && runOf.Conn == d.Conn && runOf.From == d.From && runOf.Offset+int64(len(run)) == d.Offset {
				run = append(run, d.Bytes...)
				continue
			}
			flush()
			whole := *d // it is valid until the next only
			runOf, run = &whole, bytes.Clone(d.Bytes)
			continue
		}
		flush()
		switch ev := ev.(type) {
		case *Opened:
			how := "opened"
			if !ev.Conn.SYNSeen {
				how = "joined"
			}
			lines = append(lines, fmt.Sprintf("%d %s %v -> %v", ev.Conn.Index, how, ev.Conn.Client, ev.Conn.Server))
		case *Gap:
			lines = append(lines, fmt.Sprintf("%d %v@%d gap of %d: %v", ev.Conn.Index, ev.From, ev.Offset, ev.Octets, ev.Reason))
		case *Conflict:
			lines = append(lines, fmt.Sprintf("%d %v@%d conflict of %d: %q, again %q", ev.Conn.Index, ev.From, ev.Offset, ev.Octets, ev.First, ev.Again))
		case *Closed:
			lines = append(lines, fmt.Sprintf("%d %v@%d %v", ev.Conn.Index, ev.From, ev.Offset, ev.How))
		case *End:
			ended = true
		}
	}
	if !ended {
		t.Error("expected an End event, got none")
	}
	return strings.Join(lines, "\n"), nil
}

// recording makes a capture of one interface and returns the file.
func recording(t testing.TB, fill func(w *Writer)) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Meta{Hardware: "test bench", OS: "none", Application: "capture test", Comments: []string{"first", "second"}})
	must(t, err)
	_, err = w.Interface("server-under-test", "what the test made up")
	must(t, err)
	fill(w)
	must(t, w.Close())
	return buf.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
