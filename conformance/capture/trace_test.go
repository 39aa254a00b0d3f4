package capture

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A trace is a list of packets in words, separated by white space:
//
//	[!][conn]side[seq][a ack][~cut][w0]:what
//
// "!" means sent but not captured. conn tells connections apart (0 to 9). side is c or s. seq and
// ack count from the SYN of their direction, which is 0; without them, the packet follows those
// before it in the trace. cut is how many octets at the end of the packet are not in the capture.
// what is syn, ack, fin, rst, 'octets' or 'octets'fin. Every packet but a first SYN acknowledges;
// a- leaves that out.
type tracePacket struct {
	spec segmentSpec
	cut  int
	full bool // w0: its sender takes no more
}

type traceOptions struct {
	isn    [2]uint32
	ipv6   bool
	double bool // every packet twice, as on Linux's loopback interface
}

func parseTrace(t testing.TB, text string, o traceOptions) []tracePacket {
	t.Helper()
	var packets []tracePacket
	next := map[[2]int]uint32{} // connection, side
	for _, word := range strings.Fields(text) {
		head, what, ok := strings.Cut(word, ":")
		if !ok {
			t.Fatalf("bad packet %q", word)
		}
		head, lost := strings.CutPrefix(head, "!")
		n := 0
		if head[0] >= '0' && head[0] <= '9' {
			n, head = int(head[0]-'0'), head[1:]
		}
		client, server := testClient, testServer
		if o.ipv6 {
			client = netip.MustParseAddrPort("[2001:db8::1]:40001")
			server = netip.MustParseAddrPort("[2001:db8::2]:603")
		}
		client = netip.AddrPortFrom(client.Addr(), client.Port()+uint16(n))
		p := tracePacket{spec: segmentSpec{src: client, dst: server, hasAck: true}}
		side := FromClient
		if head[0] == 's' {
			side = FromServer
			p.spec.src, p.spec.dst, p.spec.fromServer = server, client, true
		}
		head, p.full = strings.CutSuffix(head[1:], "w0")
		number := func(s string) uint32 {
			v, err := strconv.ParseInt(s, 0, 64)
			must(t, err)
			return uint32(v)
		}
		if rest, cut, ok := strings.Cut(head, "~"); ok {
			head, p.cut = rest, int(number(cut))
		}
		p.spec.seq = next[[2]int{n, int(side)}]
		p.spec.ack = next[[2]int{n, int(side.Reverse())}]
		if seq, ack, ok := strings.Cut(head, "a"); ok {
			head = seq
			if ack == "-" {
				p.spec.hasAck = false
			} else {
				p.spec.ack = number(ack)
			}
		}
		if head != "" {
			p.spec.seq = number(head)
		}
		length := 0
		if rest, ok := strings.CutPrefix(what, "'"); ok {
			var octets string
			octets, what, _ = strings.Cut(rest, "'")
			p.spec.payload = []byte(octets)
			length = len(octets)
		}
		switch what {
		case "syn":
			p.spec.syn = true
			p.spec.hasAck = p.spec.hasAck && p.spec.ack > 0
			length++
		case "fin":
			p.spec.fin = true
			length++
		case "rst":
			p.spec.rst = true
		case "", "ack":
		default:
			t.Fatalf("bad packet %q", word)
		}
		next[[2]int{n, int(side)}] = max(next[[2]int{n, int(side)}], p.spec.seq+uint32(length))
		p.spec.seq += o.isn[side]
		p.spec.ack += o.isn[side.Reverse()]
		if !lost {
			packets = append(packets, p)
			if o.double {
				packets = append(packets, p)
			}
		}
	}
	return packets
}

// frame is a packet as it goes into a file.
type frame struct {
	octets []byte
	length int // on the wire
	at     time.Time
}

func frames(t testing.TB, packets []tracePacket) []frame {
	t.Helper()
	var b frameBuilder
	var out []frame
	for i, p := range packets {
		f, err := b.build(&p.spec)
		must(t, err)
		// What is shorter than Ethernet allows was padded.
		size := 14 + int(binary.BigEndian.Uint16(f[16:]))
		if !p.spec.src.Addr().Is4() {
			size = 14 + 40 + int(binary.BigEndian.Uint16(f[18:]))
		}
		f = f[:size]
		if p.full {
			binary.BigEndian.PutUint16(f[14+20+14:], 0)
		}
		out = append(out, frame{append([]byte(nil), f[:len(f)-p.cut]...), len(f), testTime.Add(time.Duration(i) * time.Millisecond)})
	}
	return out
}

// pcapng writes frames as a pcapng file of some other program.
func pcapng(order binary.AppendByteOrder, linkType uint16, packets []frame) []byte {
	block := func(b []byte, kind uint32, body []byte) []byte {
		b = order.AppendUint32(b, kind)
		b = order.AppendUint32(b, uint32(len(body)+12))
		b = append(b, body...)
		return order.AppendUint32(b, uint32(len(body)+12))
	}
	body := order.AppendUint32(nil, byteOrderMagic)
	body = order.AppendUint16(body, 1)
	body = order.AppendUint16(body, 0)
	body = order.AppendUint64(body, ^uint64(0))
	out := block(nil, blockSection, body)
	body = order.AppendUint16(nil, linkType)
	body = append(body, 0, 0, 0, 0, 4, 0)
	out = block(out, blockInterface, body) // microseconds
	out = block(out, 4, []byte{0, 0, 0, 0})
	for _, p := range packets {
		body = order.AppendUint32(nil, 0)
		ticks := uint64(p.at.UnixMicro())
		body = order.AppendUint32(body, uint32(ticks>>32))
		body = order.AppendUint32(body, uint32(ticks))
		body = order.AppendUint32(body, uint32(len(p.octets)))
		body = order.AppendUint32(body, uint32(p.length))
		body = append(body, p.octets...)
		out = block(out, blockEnhanced, appendPadding(body, len(p.octets)))
	}
	return out
}

// pcap writes frames as a classic pcap file.
func pcap(order binary.AppendByteOrder, magic uint32, linkType uint32, packets []frame) []byte {
	out := order.AppendUint32(nil, magic)
	out = order.AppendUint16(out, 2)
	out = order.AppendUint16(out, 4)
	out = order.AppendUint64(out, 0)
	out = order.AppendUint32(out, 262144)
	out = order.AppendUint32(out, linkType)
	for _, p := range packets {
		unit := int64(1000)
		if magic == pcapNano {
			unit = 1
		}
		out = order.AppendUint32(out, uint32(p.at.Unix()))
		out = order.AppendUint32(out, uint32(int64(p.at.Nanosecond())/unit))
		out = order.AppendUint32(out, uint32(len(p.octets)))
		out = order.AppendUint32(out, uint32(p.length))
		out = append(out, p.octets...)
	}
	return out
}
