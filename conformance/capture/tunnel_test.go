package capture

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func be16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }

// ipv4Around and ipv6Around are packets of IP with a body of a protocol.
func ipv4Around(proto byte, body []byte) []byte {
	return join([]byte{0x45, 0}, be16(20+len(body)), []byte{0, 1, 0x40, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, body)
}

func ipv6Around(proto byte, body []byte) []byte {
	return join([]byte{0x60, 0, 0, 0}, be16(len(body)), []byte{proto, 64}, bytes.Repeat([]byte{0xfd}, 32), body)
}

func udpAround(port int, body []byte) []byte {
	return join(be16(50000), be16(port), be16(8+len(body)), []byte{0, 0}, body)
}

func ethernetAround(etherType int, body []byte) []byte {
	return join([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, be16(etherType), body)
}

// wraps put a packet of IPv4 into a tunnel and give a packet of IPv4 or a frame of Ethernet.
var wraps = map[string]func(ip []byte) (linkType int, packet []byte){
	"VXLAN": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoUDP, udpAround(portVXLAN, join([]byte{8, 0, 0, 0, 0, 0, 7, 0}, ethernetAround(etherIPv4, ip))))
	},
	"VXLAN with VLAN, over IPv6": func(ip []byte) (int, []byte) {
		return linkRaw, ipv6Around(protoUDP, udpAround(portVXLANOld, join([]byte{8, 0, 0, 0, 0, 0, 7, 0},
			ethernetAround(etherVLAN, join([]byte{0, 5}, be16(etherIPv4), ip)))))
	},
	"VXLAN-GPE": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoUDP, udpAround(portVXLANGPE, join([]byte{0x0c, 0, 0, 1, 0, 0, 7, 0}, ip)))
	},
	"Geneve with options": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoUDP, udpAround(portGeneve, join([]byte{2, 0}, be16(etherTransparent), []byte{0, 0, 7, 0},
			make([]byte, 8), ethernetAround(etherIPv4, ip))))
	},
	"Geneve of IP": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoUDP, udpAround(portGeneve, join([]byte{0, 0}, be16(etherIPv4), []byte{0, 0, 7, 0}, ip)))
	},
	"GRE": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0, 0}, be16(etherIPv4), ip))
	},
	"GRE with checksum, key and number": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0xb0, 0}, be16(etherIPv4), make([]byte, 12), ip))
	},
	"GRETAP": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0, 0}, be16(etherTransparent), ethernetAround(etherIPv4, ip)))
	},
	"ERSPAN I": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0, 0}, be16(etherERSPAN), ethernetAround(etherIPv4, ip)))
	},
	"ERSPAN II": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0x10, 0}, be16(etherERSPAN), make([]byte, 4),
			[]byte{0x10, 1, 0, 2, 0, 0, 0, 3}, ethernetAround(etherIPv4, ip)))
	},
	"ERSPAN III": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0x10, 0}, be16(etherERSPAN3), make([]byte, 4),
			[]byte{0x20, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0}, ethernetAround(etherIPv4, ip)))
	},
	"ERSPAN III of a platform": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoGRE, join([]byte{0x10, 0}, be16(etherERSPAN3), make([]byte, 4),
			[]byte{0x20, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1}, make([]byte, 8), ethernetAround(etherIPv4, ip)))
	},
	"4in4": func(ip []byte) (int, []byte) { return linkRaw, ipv4Around(protoIPv4, ip) },
	"4in6": func(ip []byte) (int, []byte) { return linkRaw, ipv6Around(protoIPv4, ip) },
	"4in6in4": func(ip []byte) (int, []byte) {
		return linkEthernet, ethernetAround(etherIPv4, ipv4Around(protoIPv6, ipv6Around(protoIPv4, ip)))
	},
	"4in6in6": func(ip []byte) (int, []byte) { return linkRaw, ipv6Around(protoIPv6, ipv6Around(protoIPv4, ip)) },
	"MPLS": func(ip []byte) (int, []byte) {
		return linkEthernet, ethernetAround(etherMPLS, join([]byte{0, 1, 0, 64, 0, 1, 1, 64}, ip))
	},
	"MPLS with a pseudowire": func(ip []byte) (int, []byte) {
		return linkEthernet, ethernetAround(etherMPLS, join([]byte{0, 1, 1, 64, 0, 0, 0, 0}, ethernetAround(etherIPv4, ip)))
	},
	"MPLS over UDP": func(ip []byte) (int, []byte) {
		return linkRaw, ipv4Around(protoUDP, udpAround(portMPLS, join([]byte{0, 1, 1, 64}, ip)))
	},
	"PPPoE, filled up": func(ip []byte) (int, []byte) {
		return linkEthernet, ethernetAround(etherPPPoE, join([]byte{0x11, 0, 0, 1}, be16(2+len(ip)), be16(pppIPv4), ip, make([]byte, 9)))
	},
}

// wrapped is a capture with each of its packets wrapped; plain packets go before if both.
func wrapped(t *testing.T, file []byte, wrap func([]byte) (int, []byte), both bool) []byte {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	var out []byte
	for p, err := r.Next(); err == nil; p, err = r.Next() {
		ip := p.Data
		if p.LinkType == linkEthernet {
			ip = ip[14:]
		}
		linkType, packet := wrap(ip)
		if out == nil {
			out = pcapHeader(linkType)
		}
		if both {
			if linkType == linkEthernet {
				ip = ethernetAround(etherIPv4, ip)
			}
			out = append(out, pcapRecord(p, ip)...)
		}
		out = append(out, pcapRecord(p, packet)...)
	}
	return out
}

// TestTunnels: a conversation in a tunnel is the one without, and if it was captured inside and
// outside, the same.
func TestTunnels(t *testing.T) {
	file, _ := readReal(t)
	plain, err := NewReader(bytes.NewReader(file))
	must(t, err)
	expected := events(t, plain)
	for name, wrap := range wraps {
		for _, both := range []bool{false, true} {
			r, err := NewReader(bytes.NewReader(wrapped(t, file, wrap, both)))
			must(t, err)
			if got := events(t, r); got != expected {
				t.Errorf("%s, outside as well %v: expected the conversation, got %.300s", name, both, got)
			}
		}
	}
}

// TestTunnelRecorded: VXLAN as a real program wrote it.
func TestTunnelRecorded(t *testing.T) {
	file, err := os.ReadFile("testdata/tunnels/vxlan.pcap")
	must(t, err)
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	if got := events(t, r); !strings.Contains(got, "SETUP KERNEL=") {
		t.Errorf("expected a negotiation, got %.300q", got)
	}
}

// TestNotRead: what is not TCP is counted by what it is; tunnels in tunnels have an end.
func TestNotRead(t *testing.T) {
	deep := ipv4Around(protoTCP, make([]byte, 20))
	for range maxNested + 1 {
		deep = ipv4Around(protoIPv4, deep)
	}
	for says, packets := range map[string][][]byte{
		"2 packets, none TCP over IP: 2 UDP to or from port 53 (DNS)": {
			ipv4Around(protoUDP, udpAround(53, nil)), ipv4Around(protoUDP, udpAround(53, nil))},
		"1 packets, none TCP over IP: 1 IP protocol 50 (ESP, encrypted)":                {ipv4Around(protoESP, make([]byte, 20))},
		"1 packets, none TCP over IP: 1 in more than 8 tunnels, one in another":         {deep},
		"1 packets, none TCP over IP: 1 cut short in their headers or damaged":          {{0x45, 0}},
		"1 packets, none TCP over IP: 1 UDP to or from port 4789 (VXLAN)":               {ipv4Around(protoUDP, udpAround(4789, make([]byte, 60)))},
		"1 packets, none TCP over IP: 1 IP protocol 47 (GRE with PPP or source routes)": {ipv4Around(protoGRE, []byte{0x30, 1, 0x88, 0x0b})},
	} {
		file := pcapHeader(linkRaw)
		for _, packet := range packets {
			file = append(file, pcapRecord(&Packet{Time: testTime}, packet)...)
		}
		r, err := NewReader(bytes.NewReader(file))
		must(t, err)
		for ev, err := range r.Events(Limits{}) {
			must(t, err)
			if end, ok := ev.(*End); ok && end.Stats.NotRead() != says {
				t.Errorf("expected %q, got %q", says, end.Stats.NotRead())
			}
		}
	}
}
