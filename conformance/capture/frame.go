package capture

import (
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// segmentSpec is a TCP segment to be synthesised.
type segmentSpec struct {
	src, dst           netip.AddrPort
	fromServer         bool
	id                 uint16 // IPv4 identification
	seq, ack           uint32
	syn, fin, rst, psh bool
	hasAck             bool
	window             *uint16 // nil for the usual one
	payload            []byte
}

// What a synthesised segment announces: a window of 8 MiB, so that nothing a conversation does in
// one moment exceeds it, and the segment size of Linux's loopback interface.
const (
	window      = 0xffff
	windowScale = 7
	maxSegment4 = 65495
	maxSegment6 = 65475
)

// Locally administered addresses for the two sides.
var (
	clientMAC = []byte{2, 0, 0, 0, 0, 1}
	serverMAC = []byte{2, 0, 0, 0, 0, 2}
)

// frameBuilder makes Ethernet frames. It is for one goroutine.
type frameBuilder struct{ buf gopacket.SerializeBuffer }

// build returns the frame of a segment, with checksums. The frame is valid until the next call.
func (fb *frameBuilder) build(s *segmentSpec) ([]byte, error) {
	if fb.buf == nil {
		fb.buf = gopacket.NewSerializeBufferExpectedSize(128, segmentSize)
	}
	eth := layers.Ethernet{SrcMAC: clientMAC, DstMAC: serverMAC}
	if s.fromServer {
		eth.SrcMAC, eth.DstMAC = serverMAC, clientMAC
	}
	tcp := layers.TCP{
		SrcPort: layers.TCPPort(s.src.Port()), DstPort: layers.TCPPort(s.dst.Port()),
		Seq: s.seq, Ack: s.ack, SYN: s.syn, FIN: s.fin, RST: s.rst, PSH: s.psh, ACK: s.hasAck,
		Window: window,
	}
	if s.window != nil {
		tcp.Window = *s.window
	}
	var network gopacket.SerializableLayer
	mss := uint16(maxSegment4)
	if s.src.Addr().Is4() {
		eth.EthernetType = layers.EthernetTypeIPv4
		ip := &layers.IPv4{Version: 4, TTL: 64, Id: s.id, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP,
			SrcIP: s.src.Addr().AsSlice(), DstIP: s.dst.Addr().AsSlice()}
		network = ip
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			return nil, err
		}
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP,
			SrcIP: s.src.Addr().AsSlice(), DstIP: s.dst.Addr().AsSlice()}
		network, mss = ip, maxSegment6
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			return nil, err
		}
	}
	if s.syn {
		tcp.Options = []layers.TCPOption{
			{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{byte(mss >> 8), byte(mss & 0xff)}},
			{OptionType: layers.TCPOptionKindNop},
			{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{windowScale}},
		}
	}
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(fb.buf, opts, &eth, network, &tcp, gopacket.Payload(s.payload)); err != nil {
		return nil, err
	}
	return fb.buf.Bytes(), nil
}
