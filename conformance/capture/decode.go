package capture

import (
	"encoding/binary"
	"net/netip"
)

// segment is a decoded TCP segment.
type segment struct {
	key              flowKey
	srcIsA           bool // the sender is side a of the key
	seq, ack         uint32
	window           uint16 // as it stands, without a scale
	syn, fin, rst    bool
	hasAck           bool
	payload          []byte // what was captured of the octets
	missing          int    // how many octets at the end of it were not
	file             int64  // where in the file the payload is, or nowhere
	pieced           bool   // it was sent in fragments
	v4               bool
	srcPort, dstPort uint16
}

// flowKey names a connection by its two ends, the lower first. IPv4 addresses are mapped into IPv6.
type flowKey struct {
	a, b         [16]byte
	aPort, bPort uint16
}

// verdict of the decoder on a packet
type decoded uint8

const (
	isTCP decoded = iota
	notTCP
	undecodable
	isFragment // of a packet that is not complete yet
)

// decoder decodes packets down to TCP, through tunnels too. The zero value is ready.
type decoder struct {
	fragments int64
	defrag    defragmenter
	other     others
	nested    int // how many tunnels the packet at hand has been through
}

const (
	etherIPv4  = 0x0800
	etherIPv6  = 0x86dd
	etherVLAN  = 0x8100
	etherQinQ  = 0x88a8
	etherQinQ2 = 0x9100

	protoTCP = 6
)

// decode fills in s. length is the size of the packet on the wire, of which data is the beginning.
func (d *decoder) decode(linkType int, data []byte, length int, s *segment) decoded {
	d.nested = 0
	cut := length - len(data) // octets on the wire behind data
	switch linkType {
	case linkEthernet:
		return d.ethernet(data, cut, s)
	case linkSLL:
		if len(data) < 16 {
			return d.damaged()
		}
		return d.ether(binary.BigEndian.Uint16(data[14:]), data[16:], cut, s)
	case linkSLL2:
		if len(data) < 20 {
			return d.damaged()
		}
		return d.ether(binary.BigEndian.Uint16(data), data[20:], cut, s)
	case linkNull, linkLoop:
		// The address family in front has other numbers and another byte order on every system.
		if len(data) < 4 {
			return d.damaged()
		}
		return d.ip(data[4:], cut, s)
	case linkRaw, linkRawOldBSD, linkRawOldOpenBSD, linkIPv4, linkIPv6:
		return d.ip(data, cut, s)
	}
	d.other.count(otherLink, uint32(linkType))
	return undecodable
}

// damaged counts a packet that is cut short in its headers, or contradicts itself.
func (d *decoder) damaged() decoded {
	d.other.count(otherDamaged, 0)
	return undecodable
}

func (d *decoder) ethernet(data []byte, cut int, s *segment) decoded {
	if len(data) < 14 {
		return d.damaged()
	}
	return d.ether(binary.BigEndian.Uint16(data[12:]), data[14:], cut, s)
}

// ether decodes what an EtherType tells of.
func (d *decoder) ether(etherType uint16, data []byte, cut int, s *segment) decoded {
	for etherType == etherVLAN || etherType == etherQinQ || etherType == etherQinQ2 {
		if len(data) < 4 {
			return d.damaged()
		}
		etherType, data = binary.BigEndian.Uint16(data[2:]), data[4:]
	}
	switch etherType {
	case etherIPv4, etherIPv6:
		if len(data) == 0 || (data[0]>>4 == 4) != (etherType == etherIPv4) {
			return d.damaged()
		}
		return d.ip(data, cut, s)
	}
	return d.tunnelOverEther(etherType, data, cut, s)
}

// ip decodes a packet of IP of either version.
func (d *decoder) ip(data []byte, cut int, s *segment) decoded {
	if len(data) > 0 {
		switch data[0] >> 4 {
		case 4:
			return d.ipv4(data, cut, s)
		case 6:
			return d.ipv6(data, cut, s)
		}
	}
	return d.damaged()
}

func (d *decoder) ipv4(data []byte, cut int, s *segment) decoded {
	if len(data) < 20 {
		return d.damaged()
	}
	head, total := int(data[0]&15)*4, int(binary.BigEndian.Uint16(data[2:]))
	if total == 0 { // segmentation was left to the network card
		total = len(data) + cut
	}
	if head < 20 || total < head || len(data) < head {
		return d.damaged()
	}
	s.v4 = true
	src, dst := netip.AddrFrom4([4]byte(data[12:])).As16(), netip.AddrFrom4([4]byte(data[16:])).As16()
	proto := data[9]
	frag := binary.BigEndian.Uint16(data[6:])
	body := data[head:min(len(data), total)]
	size := total - head
	if frag&0x3fff != 0 { // more fragments, or an offset
		d.fragments++
		key := fragmentKey{src: src, dst: dst, id: uint32(binary.BigEndian.Uint16(data[4:])), proto: proto}
		body, ok := d.defrag.add(key, int(frag&0x1fff)*8, body, size, frag&0x2000 != 0)
		if !ok {
			return isFragment
		}
		s.pieced = true
		return d.transport(proto, src, dst, body, len(body), s)
	}
	return d.transport(proto, src, dst, body, size, s)
}

func (d *decoder) ipv6(data []byte, cut int, s *segment) decoded {
	if len(data) < 40 {
		return d.damaged()
	}
	size := int(binary.BigEndian.Uint16(data[4:]))
	if size == 0 { // segmentation was left to the network card, or a jumbogram
		size = len(data) - 40 + cut
	}
	s.v4 = false
	src, dst := [16]byte(data[8:]), [16]byte(data[24:])
	proto := data[6]
	body := data[40:min(len(data), 40+size)]
	for range 16 {
		head := 0
		switch proto {
		case 0, 43, 60: // hop-by-hop options, routing, destination options
			if len(body) < 8 {
				return d.damaged()
			}
			head = int(body[1])*8 + 8
		case 51: // authentication
			if len(body) < 8 {
				return d.damaged()
			}
			head = int(body[1])*4 + 8
		case 44: // fragment
			if len(body) < 8 {
				return d.damaged()
			}
			d.fragments++
			next, word := body[0], binary.BigEndian.Uint16(body[2:])
			key := fragmentKey{src: src, dst: dst, id: binary.BigEndian.Uint32(body[4:]), proto: next}
			whole, ok := d.defrag.add(key, int(word&^7), body[8:], size-8, word&1 != 0)
			if !ok {
				return isFragment
			}
			s.pieced = true
			proto, body, size = next, whole, len(whole)
			continue
		default:
			return d.transport(proto, src, dst, body, size, s)
		}
		if head > len(body) || head > size {
			return d.damaged()
		}
		proto, body, size = body[0], body[head:], size-head
	}
	return d.damaged()
}

// transport decodes TCP, and what carries packets of its own. size is the length of the body on the
// wire.
func (d *decoder) transport(proto byte, src, dst [16]byte, body []byte, size int, s *segment) decoded {
	if proto != protoTCP {
		return d.tunnelOverIP(proto, body, size-len(body), s)
	}
	if len(body) < 20 {
		return d.damaged()
	}
	head := int(body[12]>>4) * 4
	if head < 20 || head > size {
		return d.damaged()
	}
	s.srcPort, s.dstPort = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	s.seq, s.ack = binary.BigEndian.Uint32(body[4:]), binary.BigEndian.Uint32(body[8:])
	flags := body[13]
	s.window = binary.BigEndian.Uint16(body[14:])
	s.fin, s.syn, s.rst, s.hasAck = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&16 != 0
	s.payload = body[min(head, len(body)):]
	s.missing = size - head - len(s.payload)
	s.key, s.srcIsA = newFlowKey(src, dst, s.srcPort, s.dstPort)
	return isTCP
}

func newFlowKey(src, dst [16]byte, srcPort, dstPort uint16) (flowKey, bool) {
	for i := range src {
		if src[i] != dst[i] {
			if src[i] < dst[i] {
				return flowKey{src, dst, srcPort, dstPort}, true
			}
			return flowKey{dst, src, dstPort, srcPort}, false
		}
	}
	if srcPort <= dstPort {
		return flowKey{src, dst, srcPort, dstPort}, true
	}
	return flowKey{dst, src, dstPort, srcPort}, false
}

// addrs gives the two ends of a segment's connection, a first.
func (s *segment) addrs() (a, b netip.AddrPort) {
	addr := func(raw [16]byte) netip.Addr {
		if s.v4 {
			return netip.AddrFrom16(raw).Unmap()
		}
		return netip.AddrFrom16(raw)
	}
	return netip.AddrPortFrom(addr(s.key.a), s.key.aPort), netip.AddrPortFrom(addr(s.key.b), s.key.bPort)
}
