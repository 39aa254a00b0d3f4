package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// transportText is what a Transport says, in words.
func transportText(ev *Transport) string {
	text := ""
	if !ev.Established {
		text += fmt.Sprintf(" not established after %d SYN", ev.SYNs)
	}
	for d, side := range ev.Sides {
		if side.Unacknowledged > 0 {
			text += fmt.Sprintf(" %v: %d unacknowledged, sent again %d times;", Direction(d), side.Unacknowledged, side.Repeats)
		}
		if side.Full > 0 {
			text += fmt.Sprintf(" %v: receiver full %d times", Direction(d), side.Full)
			if side.FullAt.Packet > 0 {
				text += fmt.Sprintf(", since packet %d", side.FullAt.Packet)
			}
			text += ";"
		}
	}
	return text
}

// What TCP shows besides octets is told when it is out of the ordinary, and only then.
func TestTransport(t *testing.T) {
	for _, tt := range []struct{ name, trace, want string }{
		{"ordinary", handshake + "c1a1:'ask' s1a4:'yes' c4a4:fin s4a5:fin c5a5:ack", ""},
		{"open at the end", handshake + "c1a1:'ask' s1a4:'yes' c4a4:ack", ""},
		{"the last was not acknowledged yet", handshake + "c1a1:'ask' s1a4:'yes'", ""},
		{"SYN without answer", "c0:syn c0:syn c0:syn", "not established after 3 SYN"},
		{"refused", "c0:syn s0a1:rst", "not established after 1 SYN"},
		{"the handshake was not captured", "c1a1:'ask' s1a4:'yes'", ""},
		{"gone", handshake + "c1a1:'ask' c1a1:'ask' c1a1:'ask'", "client: 3 unacknowledged, sent again 2 times;"},
		{"gone after an answer", handshake + "c1a1:'ask' s1a4:'yes' c4a4:'more' c4a4:'more'", "client: 4 unacknowledged, sent again 1 times;"},
		{"sent again, and acknowledged", handshake + "c1a1:'ask' c1a1:'ask' s1a4:ack", ""},
		{"acknowledged, then not", handshake + "c1a1:'ask' c1a1:'ask' s1a4:ack c4a1:'on' c4a1:'on'", "client: 2 unacknowledged, sent again 1 times;"},
		{"one direction only", "c1a1:'ask' c1a1:'ask' c1a1:'ask'", ""},
		{"full", handshake + "c1a1:'ask' s1a4w0:ack s1a4w0:ack c4a1:rst", "client: receiver full 1 times, since packet 5;"},
		{"full for a while", handshake + "c1a1:'ask' s1a4w0:ack s1a4:ack c4a1:fin s1a5w0:ack", "client: receiver full 2 times, since packet 8;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := transportOf(t, tt.trace, 300*time.Millisecond, false); got != tt.want {
				t.Errorf("got %q, expected %q", got, tt.want)
			}
			// Captured twice, as on the interface "any".
			if got := transportOf(t, tt.trace, 300*time.Millisecond, true); got != tt.want && !strings.Contains(tt.want, "since") {
				t.Errorf("captured twice: got %q, expected %q", got, tt.want)
			}
			// What comes again at once is no retransmission.
			if got := transportOf(t, tt.trace, time.Millisecond, false); strings.Contains(got, "again") {
				t.Errorf("at once: got %q", got)
			}
		})
	}
}

// transportOf is what is told of a trace, whose packets come at intervals.
func transportOf(t *testing.T, trace string, every time.Duration, double bool) string {
	list := frames(t, parseTrace(t, trace, traceOptions{double: double}))
	at := testTime
	for i := range list {
		if !double || i%2 == 0 {
			at = at.Add(every)
		}
		list[i].at = at
	}
	r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, list)))
	must(t, err)
	for ev, err := range r.Events(Limits{}) {
		must(t, err)
		if ev, ok := ev.(*Transport); ok {
			return strings.TrimSpace(transportText(ev))
		}
	}
	return ""
}
