package capture

import "encoding/binary"

// maxNested is how many tunnels a packet may be in, one in another.
const maxNested = 8

// What carries packets, by EtherType, protocol of IP, protocol of PPP, and port of UDP.
const (
	etherTransparent = 0x6558 // Ethernet in GRE or Geneve
	etherMPLS        = 0x8847
	etherMPLSMany    = 0x8848 // to several receivers
	etherPPPoE       = 0x8864
	etherERSPAN      = 0x88be // types I and II
	etherERSPAN3     = 0x22eb

	protoIPv4 = 4
	protoUDP  = 17
	protoIPv6 = 41
	protoGRE  = 47
	protoESP  = 50
	protoAH   = 51
	protoMPLS = 137

	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
	pppMPLS = 0x0281

	portVXLAN    = 4789
	portVXLANGPE = 4790
	portVXLANOld = 8472 // of Linux, unless told otherwise
	portGeneve   = 6081
	portMPLS     = 6635
)

// enter tells whether one more tunnel may be gone into.
func (d *decoder) enter() bool {
	if d.nested == maxNested {
		d.other.count(otherNested, 0)
		return false
	}
	d.nested++
	return true
}

// tunnelOverEther decodes what EtherTypes other than those of IP stand for. cut is how many octets
// on the wire follow data, here and below.
func (d *decoder) tunnelOverEther(etherType uint16, data []byte, cut int, s *segment) decoded {
	switch etherType {
	case etherTransparent, etherMPLS, etherMPLSMany, etherPPPoE, etherERSPAN3:
	default:
		d.other.count(otherEther, uint32(etherType))
		return notTCP
	}
	if !d.enter() {
		return notTCP
	}
	switch etherType {
	case etherTransparent:
		return d.ethernet(data, cut, s)
	case etherERSPAN3:
		return d.erspan3(data, cut, s)
	case etherPPPoE:
		return d.pppoe(data, cut, s)
	}
	return d.mpls(data, cut, s)
}

// tunnelOverIP decodes what protocols of IP other than TCP stand for.
func (d *decoder) tunnelOverIP(proto byte, body []byte, cut int, s *segment) decoded {
	switch proto {
	case protoIPv4, protoIPv6, protoGRE, protoMPLS:
		if !d.enter() {
			return notTCP
		}
	}
	switch proto {
	case protoIPv4, protoIPv6:
		return d.ip(body, cut, s)
	case protoGRE:
		return d.gre(body, cut, s)
	case protoMPLS:
		return d.mpls(body, cut, s)
	case protoUDP:
		return d.udp(body, cut, s)
	}
	d.other.count(otherProto, uint32(proto))
	return notTCP
}

// udp decodes the tunnels that are known by their port.
func (d *decoder) udp(body []byte, cut int, s *segment) decoded {
	if len(body) < 8 {
		return d.damaged()
	}
	from, to := binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	body = body[8:]
	switch to {
	case portVXLAN, portVXLANOld, portVXLANGPE, portGeneve, portMPLS:
		if len(body) < 8 || !tunnelled(to, body) {
			break
		}
		if !d.enter() {
			return notTCP
		}
		switch to {
		case portGeneve:
			head := 8 + int(body[0]&63)*4
			if len(body) < head {
				return d.damaged()
			}
			return d.ether(binary.BigEndian.Uint16(body[2:]), body[head:], cut, s)
		case portMPLS:
			return d.mpls(body, cut, s)
		case portVXLANGPE:
			if next := body[3]; next == 1 || next == 2 {
				return d.ip(body[8:], cut, s)
			}
		}
		return d.ethernet(body[8:], cut, s)
	}
	d.other.count(otherUDP, uint32(min(from, to))) // the other is that of a client, most likely
	return notTCP
}

// tunnelled tells whether what was sent to the port of a tunnel looks like one.
func tunnelled(port uint16, body []byte) bool {
	switch port {
	case portVXLAN, portVXLANOld:
		return body[0]&0x08 != 0 // there is a network identifier
	case portVXLANGPE:
		return body[0]&0x0c == 0x0c && body[3] >= 1 && body[3] <= 3
	case portGeneve:
		return body[0]>>6 == 0 // version
	}
	return true
}

// gre decodes Generic Routing Encapsulation, RFC 2784 and 2890.
func (d *decoder) gre(body []byte, cut int, s *segment) decoded {
	if len(body) < 4 {
		return d.damaged()
	}
	flags, etherType := binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	if flags&0x4007 != 0 { // source routes, or a version that carries PPP
		d.other.count(otherProto, protoGRE)
		return notTCP
	}
	head := 4
	for _, field := range []uint16{0x8000, 0x2000, 0x1000} { // checksum, key, sequence number
		if flags&field != 0 {
			head += 4
		}
	}
	if len(body) < head {
		return d.damaged()
	}
	body = body[head:]
	if etherType == etherERSPAN {
		if flags&0x1000 == 0 {
			return d.ethernet(body, cut, s) // type I has no header
		}
		if len(body) < 8 {
			return d.damaged()
		}
		return d.ethernet(body[8:], cut, s)
	}
	return d.ether(etherType, body, cut, s)
}

// erspan3 decodes type III.
func (d *decoder) erspan3(data []byte, cut int, s *segment) decoded {
	if len(data) < 12 {
		return d.damaged()
	}
	head, frame := 12, data[10]>>2&31
	if data[11]&1 != 0 {
		head += 8 // what the platform adds
	}
	if len(data) < head {
		return d.damaged()
	}
	if frame == 2 {
		return d.ip(data[head:], cut, s)
	}
	return d.ethernet(data[head:], cut, s)
}

// mpls decodes what follows a stack of labels, which do not say what it is.
func (d *decoder) mpls(data []byte, cut int, s *segment) decoded {
	for {
		if len(data) < 5 {
			return d.damaged()
		}
		last := data[2]&1 != 0
		if data = data[4:]; last {
			break
		}
	}
	switch data[0] >> 4 {
	case 4, 6:
		return d.ip(data, cut, s)
	case 0: // the control word of a pseudowire
		if len(data) < 4 {
			return d.damaged()
		}
		return d.ethernet(data[4:], cut, s)
	}
	return d.ethernet(data, cut, s)
}

// pppoe decodes a session of PPP over Ethernet.
func (d *decoder) pppoe(data []byte, cut int, s *segment) decoded {
	if len(data) < 8 {
		return d.damaged()
	}
	size := int(binary.BigEndian.Uint16(data[4:]))
	data = data[6:]
	if wire := len(data) + cut; size < wire { // what follows fills up the frame of Ethernet
		data = data[:min(len(data), size)]
		cut = size - len(data)
	}
	if len(data) < 2 {
		return d.damaged()
	}
	protocol, head := binary.BigEndian.Uint16(data), 2
	if data[0]&1 != 0 { // in one octet
		protocol, head = uint16(data[0]), 1
	}
	data = data[head:]
	switch protocol {
	case pppIPv4, pppIPv6:
		return d.ip(data, cut, s)
	case pppMPLS:
		return d.mpls(data, cut, s)
	}
	d.other.count(otherPPP, uint32(protocol))
	return notTCP
}
