package capture

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// told is what happens in a capture, without the numbers of packets.
func told(t *testing.T, r *Reader) string {
	t.Helper()
	var b strings.Builder
	for ev, err := range r.Events(Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *Opened:
			fmt.Fprintln(&b, "opened", ev.Conn.Index, ev.Conn.Client, ev.Conn.Server, ev.Conn.SYNSeen, ev.At.Time)
		case *Data:
			fmt.Fprintf(&b, "data %d %v %d %x %v\n", ev.Conn.Index, ev.From, ev.Offset, ev.Bytes, ev.At.Time)
		case *Gap:
			fmt.Fprintln(&b, "gap", ev.Conn.Index, ev.From, ev.Offset, ev.Octets, ev.Reason)
		case *Closed:
			fmt.Fprintln(&b, "closed", ev.Conn.Index, ev.From, ev.How, ev.Offset, ev.At.Time)
		case *Transport:
			fmt.Fprintln(&b, "transport", ev.Conn.Index, ev.Established, ev.SYNs, ev.Sides[0].Repeats, ev.Sides[1].Repeats, ev.Sides[0].Full, ev.Sides[1].Full)
		}
	}
	return b.String()
}

// TestSegmentsCopied: a capture of the segments of another says the same, with what was sent again,
// what is missing and what came early.
func TestSegmentsCopied(t *testing.T) {
	for _, pattern := range []string{"../../captures/field/*", "testdata/tunnels/*", "../diagnosis/testdata/*.pcapng"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range files {
			if !strings.Contains(filepath.Ext(path), "pcap") {
				continue
			}
			t.Run(filepath.Base(path), func(t *testing.T) {
				var out bytes.Buffer
				w, err := NewWriter(&out, Meta{})
				must(t, err)
				r, err := Open(path)
				must(t, err)
				for s, err := range r.Segments() {
					must(t, err)
					iface, err := w.Interface("copy", "")
					must(t, err)
					var comments []string
					if s.Comment != "" {
						comments = strings.Split(s.Comment, "\n")
					}
					must(t, w.Segment(iface, s, comments...))
				}
				must(t, r.Close())
				must(t, w.Close())
				again, err := Open(path)
				must(t, err)
				defer again.Close()
				copied, err := NewReader(&out)
				must(t, err)
				if want, got := told(t, again), told(t, copied); got != want {
					t.Errorf("got\n%s\nexpected\n%s", got, want)
				}
			})
		}
	}
}

// TestSegmentCut: octets that were not captured are missing in the copy.
func TestSegmentCut(t *testing.T) {
	r, err := Open("../../captures/field/b12-undef.pcap")
	must(t, err)
	defer r.Close()
	var out bytes.Buffer
	w, err := NewWriter(&out, Meta{})
	must(t, err)
	iface, err := w.Interface("copy", "")
	must(t, err)
	cut := false
	for s, err := range r.Segments() {
		must(t, err)
		if !cut && len(s.Payload) > 100 {
			cut, s.Missing, s.Payload = true, 40, s.Payload[:len(s.Payload)-40]
		}
		must(t, w.Segment(iface, s))
	}
	must(t, w.Close())
	copied, err := NewReader(&out)
	must(t, err)
	if got := told(t, copied); !strings.Contains(got, " 40 "+CutBySnaplen.String()) {
		t.Errorf("expected a gap of 40 octets, got\n%s", got)
	}
}
