package capture

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// otherKind is what the number of a packet that is not TCP means.
type otherKind uint8

const (
	otherDamaged otherKind = iota // cut short in its headers, or in contradiction to itself
	otherNested                   // in too many tunnels
	otherMore                     // of more kinds than are told apart
	otherLink                     // link types
	otherEther                    // EtherTypes
	otherProto                    // protocols of IP
	otherPPP                      // protocols of PPP
	otherUDP                      // ports
)

type other struct {
	kind   otherKind
	number uint32
}

// maxOthers is how many kinds of packets are told apart that are not TCP.
const maxOthers = 256

// others counts packets that are not TCP, by what they are.
type others map[other]int64

func (o *others) count(kind otherKind, number uint32) {
	if *o == nil {
		*o = others{}
	}
	k := other{kind, number}
	if _, ok := (*o)[k]; !ok && len(*o) >= maxOthers {
		k = other{kind: otherMore}
	}
	(*o)[k]++
}

// Other says how many packets of a kind a capture holds that are not TCP over IP.
type Other struct {
	Packets int64
	What    string // such as "UDP to port 53"
}

// list gives the most frequent first.
func (o others) list() []Other {
	keys := slices.SortedFunc(maps.Keys(o), func(a, b other) int {
		return cmp.Or(cmp.Compare(o[b], o[a]), cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number))
	})
	var list []Other
	for _, k := range keys {
		list = append(list, Other{o[k], k.String()})
	}
	return list
}

func (k other) String() string {
	known := func(names map[uint32]string) string {
		if name := names[k.number]; name != "" {
			return " (" + name + ")"
		}
		return ""
	}
	switch k.kind {
	case otherNested:
		return fmt.Sprintf("in more than %d tunnels, one in another", maxNested)
	case otherMore:
		return "of other kinds"
	case otherLink:
		return fmt.Sprintf("of link type %d%s, which is not read", k.number, known(linkNames))
	case otherEther:
		if k.number < 0x600 { // it is a length
			return "Ethernet with LLC"
		}
		return fmt.Sprintf("EtherType %#04x%s", k.number, known(etherNames))
	case otherProto:
		return fmt.Sprintf("IP protocol %d%s", k.number, known(protoNames))
	case otherPPP:
		return fmt.Sprintf("PPP protocol %#04x", k.number)
	case otherUDP:
		return fmt.Sprintf("UDP to or from port %d%s", k.number, known(portNames))
	}
	return "cut short in their headers or damaged"
}

// Names of some numbers that people meet.
var (
	linkNames = map[uint32]string{
		6: "token ring", 9: "PPP", 50: "PPP, HDLC", 51: "PPPoE", 104: "Cisco HDLC", 105: "Wi-Fi", 107: "frame relay", 119: "Wi-Fi, Prism",
		127: "Wi-Fi, radiotap", 147: "USER0", 189: "USB", 195: "IEEE 802.15.4", 220: "USB", 227: "CAN", 239: "NFLOG",
	}
	etherNames = map[uint32]string{
		0x0806: "ARP", 0x8035: "RARP", 0x8137: "IPX", 0x8863: "PPPoE discovery", 0x888e: "802.1X", 0x88cc: "LLDP",
		0x88e5: "MACsec, encrypted", 0x88e7: "provider backbone bridge", 0x88f7: "PTP", 0x894f: "NSH",
	}
	protoNames = map[uint32]string{
		1: "ICMP", 2: "IGMP", protoGRE: "GRE with PPP or source routes", protoESP: "ESP, encrypted", protoAH: "AH", 58: "ICMPv6", 89: "OSPF",
		103: "PIM", 112: "VRRP", 115: "L2TP", 132: "SCTP",
	}
	portNames = map[uint32]string{
		53: "DNS", 67: "DHCP", 68: "DHCP", 123: "NTP", 161: "SNMP", 443: "QUIC", 500: "IKE", 514: "syslog", 1701: "L2TP", 2152: "GTP",
		4500: "IPsec, encrypted", portVXLAN: "VXLAN", 5353: "mDNS", portGeneve: "Geneve", portVXLANOld: "VXLAN", 37008: "TZSP", 51820: "WireGuard, encrypted",
	}
)

// maxToldOthers is how many kinds of packets NotRead tells of by name.
const maxToldOthers = 6

// Remarks say what is odd about a file: what it has besides TCP, and that it goes back in time.
func (s *Stats) Remarks() (out []string) {
	for _, text := range []string{s.NotRead(), s.Back.String()} {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// NotRead says in a sentence which packets were no TCP over IP, "" if all were.
func (s *Stats) NotRead() string {
	other := s.NotTCP + s.Undecodable
	if other == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d packets are not TCP over IP: ", other, s.Packets)
	if other == s.Packets {
		text = fmt.Sprintf("%d packets, none TCP over IP: ", s.Packets)
	}
	for i, o := range s.Others {
		if i > 0 {
			text += ", "
		}
		if i == maxToldOthers {
			return text + fmt.Sprintf("and %d kinds more", len(s.Others)-i)
		}
		text += fmt.Sprintf("%d %s", o.Packets, o.What)
	}
	return text
}
