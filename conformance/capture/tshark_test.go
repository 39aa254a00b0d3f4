package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// Connections are numbered as Wireshark numbers them, so that people find them there.
func TestIndexIsWiresharks(t *testing.T) {
	var packets []tracePacket
	for i, c := range reassemblyCases {
		if c.name == "same port again, SYN lost" || strings.HasPrefix(c.name, "same port again, handshake lost") {
			continue // Wireshark takes it for the old connection
		}
		for _, p := range parseTrace(t, c.trace, traceOptions{isn: [2]uint32{1000, 2000}}) {
			host := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
			if p.spec.fromServer {
				p.spec.dst = netip.AddrPortFrom(host, p.spec.dst.Port())
			} else {
				p.spec.src = netip.AddrPortFrom(host, p.spec.src.Port())
			}
			packets = append(packets, p)
		}
	}
	file := pcapng(binary.LittleEndian, linkEthernet, frames(t, packets))
	var theirs []int
	for line := range strings.Lines(tshark(t, file, "-T", "fields", "-e", "tcp.stream")) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		must(t, err)
		theirs = append(theirs, n)
	}
	caseOf := func(packet int64) string {
		host := packets[packet-1].spec.src
		if packets[packet-1].spec.fromServer {
			host = packets[packet-1].spec.dst
		}
		return reassemblyCases[host.Addr().As4()[3]].name
	}
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	opened := 0
	for ev, err := range r.Events(Limits{}) {
		must(t, err)
		if ev, ok := ev.(*Opened); ok {
			opened++
			if want := theirs[ev.At.Packet-1]; want != ev.Conn.Index {
				t.Fatalf("%s: packet %d: expected Wireshark's stream %d, got %d", caseOf(ev.At.Packet), ev.At.Packet, want, ev.Conn.Index)
			}
		}
	}
	if opened < len(reassemblyCases)-3 {
		t.Errorf("expected at least %d connections, got %d", len(reassemblyCases)-3, opened)
	}
}
