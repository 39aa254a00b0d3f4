package capture

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// A file that goes back in time is told, one with packets slightly out of order is not.
func TestBackInTime(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   []time.Duration // of the packets
		want string
	}{
		{"in order", []time.Duration{0, 1, 2, 3}, ""},
		{"slightly out of order", []time.Duration{0, 900 * time.Millisecond, 100 * time.Millisecond, time.Second}, ""},
		{"parts in the wrong order", []time.Duration{time.Minute, time.Minute + 1, 0, 1}, "goes back in time at packet 3, by 1m0s: its parts"},
		{"three parts", []time.Duration{2 * time.Minute, time.Minute, time.Minute + 1, 0}, "goes back in time at packet 2, by 1m0s, and 1 more times"},
	} {
		list := frames(t, parseTrace(t, handshake+"c1a1:'ask'", traceOptions{}))
		for i := range list {
			list[i].at = testTime.Add(tt.at[i])
		}
		r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, list)))
		must(t, err)
		for ev, err := range r.Events(Limits{}) {
			must(t, err)
			if end, ok := ev.(*End); ok {
				if got := strings.Join(end.Stats.Remarks(), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
					t.Errorf("%s: got %q, expected %q", tt.name, got, tt.want)
				}
			}
		}
	}
}
