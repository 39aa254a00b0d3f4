package recordings_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
)

// record is a packet as a capture file holds it.
type record struct {
	data   []byte
	length int // on the wire
	at     time.Time
}

// recorded makes records of packets, each changed by f, or left out if f returns nil.
func recorded(all []packet, f func(i int, p packet) []byte) (out []record) {
	for i, p := range all {
		if data := f(i, p); data != nil {
			out = append(out, record{data, len(data), p.at})
		}
	}
	return out
}

// pcapOf writes records as a classic pcap file of nanoseconds.
func pcapOf(linkType uint32, all []record) []byte {
	le := binary.LittleEndian
	b := pcap(nil)
	le.PutUint32(b[20:], linkType)
	for _, r := range all {
		b = le.AppendUint32(b, uint32(r.at.Unix()))
		b = le.AppendUint32(b, uint32(r.at.Nanosecond()))
		b = le.AppendUint32(b, uint32(len(r.data)))
		b = le.AppendUint32(b, uint32(r.length))
		b = append(b, r.data...)
	}
	return b
}

// outcomes are the verdicts of a capture by side and check.
func outcomes(f *judge.Judgement) map[string]judge.Outcome {
	m := map[string]judge.Outcome{}
	for _, v := range f.Verdicts {
		m[v.Side.String()+" "+v.Check.ID] = v.Outcome
	}
	return m
}

// either are outcomes where it cannot be told which side is which: the ports tell the reader, and
// with ports such as these it is wrong.
func either(whole map[string]judge.Outcome) map[string]judge.Outcome {
	m := map[string]judge.Outcome{}
	for key, o := range whole {
		side, id, _ := strings.Cut(key, " ")
		if other, ok := whole[map[string]string{"client": "server", "server": "client"}[side]+" "+id]; ok && (o == judge.Inconclusive || other == judge.Fail) {
			o = other
		}
		m[key] = o
	}
	return m
}

// noMore checks that in what is left of a capture nothing fails or passes that does not in the
// whole.
func noMore(t *testing.T, whole map[string]judge.Outcome, what string, file []byte) (passes int) {
	t.Helper()
	f := verdictsOf(t, file)
	for _, v := range f.Verdicts {
		before := whole[v.Side.String()+" "+v.Check.ID]
		switch {
		case v.Outcome == judge.Fail && before != judge.Fail:
			t.Errorf("%s: %s fails for the %s: %+v", what, v.Check.ID, v.Side, v.Findings[0])
		case v.Outcome == judge.Pass && before != judge.Pass:
			t.Errorf("%s: %s passes for the %s, in the whole capture it is %v: %+v", what, v.Check.ID, v.Side, before, v.Example)
		case v.Outcome == judge.Pass, v.Outcome == judge.Seen:
			passes++
		}
	}
	return passes
}

const (
	linkEthernet = 1
	linkNull     = 0
	linkRaw      = 101
	linkSLL      = 113
	linkSLL2     = 276
	macs         = 12 // octets of the two addresses of a frame
	frameHead    = 14
)

// tagged puts a VLAN tag into a frame.
func tagged(frame []byte, etherType, id uint16) []byte {
	out := append([]byte(nil), frame[:macs]...)
	out = binary.BigEndian.AppendUint16(out, etherType)
	out = binary.BigEndian.AppendUint16(out, id)
	return append(out, frame[macs:]...)
}

// overIPv6 makes of a frame with IPv4 one with IPv6; checksums of TCP are not looked at.
func overIPv6(p packet) []byte {
	tcp := p.data[frameHead+int(p.ip.IHL)*4:][:int(p.ip.Length)-int(p.ip.IHL)*4]
	out := append([]byte(nil), p.data[:macs]...)
	out = append(out, 0x86, 0xdd, 0x60, 0, 0, 0)
	out = binary.BigEndian.AppendUint16(out, uint16(len(tcp)))
	out = append(out, 6, 64)
	for _, a := range [][]byte{p.ip.SrcIP.To4(), p.ip.DstIP.To4()} {
		out = append(out, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0)
		out = append(out, a...)
	}
	return append(out, tcp...)
}

// inFragments cuts the IPv4 packet in a frame into fragments of at most size octets, a multiple of
// 8.
func inFragments(p packet, id uint16, size int) (out [][]byte) {
	head := frameHead + int(p.ip.IHL)*4
	body := p.data[head : frameHead+int(p.ip.Length)]
	for at := 0; at < len(body); at += size {
		end := min(at+size, len(body))
		f := append([]byte(nil), p.data[:head]...)
		ip := f[frameHead:]
		binary.BigEndian.PutUint16(ip[2:], uint16(head-frameHead+end-at))
		binary.BigEndian.PutUint16(ip[4:], id)
		word := uint16(at / 8)
		if end < len(body) {
			word |= 0x2000
		}
		binary.BigEndian.PutUint16(ip[6:], word)
		out = append(out, append(f, body[at:end]...))
	}
	return out
}

// moved is a packet with other sequence numbers, and ports of the client's side.
func moved(p packet, seq uint32, port uint16, server layers.TCPPort) []byte {
	out := append([]byte(nil), p.data...)
	tcp := out[frameHead+int(p.ip.IHL)*4:]
	binary.BigEndian.PutUint32(tcp[4:], binary.BigEndian.Uint32(tcp[4:])+seq)
	binary.BigEndian.PutUint32(tcp[8:], binary.BigEndian.Uint32(tcp[8:])+seq)
	at := 0
	if p.tcp.SrcPort == server {
		at = 2
	}
	binary.BigEndian.PutUint16(tcp[at:], binary.BigEndian.Uint16(tcp[at:])+port)
	return out
}

// serverOf gives the port of the server of each connection, by its ports.
func serverOf(all []packet) map[[2]layers.TCPPort]layers.TCPPort {
	m := map[[2]layers.TCPPort]layers.TCPPort{}
	for _, p := range all {
		if p.tcp.SYN && !p.tcp.ACK {
			m[ports(p)] = p.tcp.DstPort
		}
	}
	return m
}

func ports(p packet) [2]layers.TCPPort {
	return [2]layers.TCPPort{min(p.tcp.SrcPort, p.tcp.DstPort), max(p.tcp.SrcPort, p.tcp.DstPort)}
}

// TestLinks: how a packet was wrapped where it was captured makes no difference.
func TestLinks(t *testing.T) {
	for i, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			all := packets(t, open(t, s.Capture))
			ip := func(p packet) []byte { return p.data[frameHead:] }
			wrapped := func(head ...byte) func(int, packet) []byte {
				return func(_ int, p packet) []byte { return append(append([]byte(nil), head...), ip(p)...) }
			}
			for _, test := range []struct {
				name string
				link uint32
				f    func(int, packet) []byte
			}{
				{"a VLAN", linkEthernet, func(_ int, p packet) []byte { return tagged(p.data, 0x8100, 7) }},
				{"a VLAN in a VLAN", linkEthernet, func(_ int, p packet) []byte { return tagged(tagged(p.data, 0x8100, 7), 0x88a8, 9) }},
				{"a VLAN for every other packet", linkEthernet, func(i int, p packet) []byte {
					if i%2 == 0 {
						return p.data
					}
					return tagged(p.data, 0x8100, 7)
				}},
				{"frames filled up", linkEthernet, func(_ int, p packet) []byte { return append(append([]byte(nil), p.data...), 0xde, 0xad, 0, 0, 0, 0) }},
				{"Linux cooked", linkSLL, wrapped(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0)},
				{"Linux cooked 2", linkSLL2, wrapped(8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0)},
				{"BSD loopback", linkNull, wrapped(2, 0, 0, 0)},
				{"raw IP", linkRaw, wrapped()},
				{"IPv6", linkEthernet, func(_ int, p packet) []byte { return overIPv6(p) }},
			} {
				same(t, s, test.name, pcapOf(test.link, recorded(all, test.f)))
			}

			var fragments []record
			for n, p := range all {
				for _, f := range inFragments(p, uint16(n), 64) {
					fragments = append(fragments, record{f, len(f), p.at})
				}
			}
			same(t, s, "fragments", pcapOf(linkEthernet, fragments))

			// Seen on the bridge and on the interface behind it: once with a tag, and once without a little
			// later.
			var twice []record
			for _, p := range all {
				tag := tagged(p.data, 0x8100, 7)
				twice = append(twice, record{tag, len(tag), p.at}, record{p.data, len(p.data), p.at.Add(3 * time.Microsecond)})
			}
			same(t, s, "two interfaces", pcapOf(linkEthernet, twice))
			if i == 0 {
				inspected(t, reader(t, pcapOf(linkEthernet, twice)))
			}
		})
	}
}

// traffic is packets without the conversations with drivers: what a driver told holds for one run,
// by one clock.
func traffic(all []packet) []packet {
	driven := map[[2]layers.TCPPort]bool{}
	seen := map[[2]layers.TCPPort]bool{}
	for _, p := range all {
		if len(p.tcp.Payload) > 0 && !seen[ports(p)] {
			seen[ports(p)], driven[ports(p)] = true, p.tcp.Payload[0] == '{'
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(p packet) bool { return driven[ports(p)] })
}

// alike checks that a capture is judged as another.
func alike(t *testing.T, want map[string]judge.Outcome, what string, file []byte) {
	t.Helper()
	for id, got := range outcomes(verdictsOf(t, file)) {
		if got != want[id] {
			t.Errorf("%s: %s: expected %v, got %v", what, id, want[id], got)
		}
	}
}

// TestClocks: clocks that step, stand still or tell little make no difference.
func TestClocks(t *testing.T) {
	for i, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, uint64(i)))
			all := traffic(packets(t, open(t, s.Capture)))
			want := outcomes(verdictsOf(t, pcap(all)))
			retimed := func(at func(i int, t time.Time) time.Time) []byte {
				out := make([]packet, len(all))
				for i, p := range all {
					p.at = at(i, p.at)
					out[i] = p
				}
				return pcap(out)
			}
			alike(t, want, "seconds only", retimed(func(_ int, t time.Time) time.Time { return t.Truncate(time.Second) }))
			alike(t, want, "a clock that stands", retimed(func(int, time.Time) time.Time { return all[0].at }))
			for _, step := range []time.Duration{time.Hour, -time.Hour, 2 * time.Second, -2 * time.Second} {
				for range 5 {
					n := rng.IntN(len(all))
					what := fmt.Sprintf("the clock steps by %v before packet %d", step, n)
					file := retimed(func(i int, t time.Time) time.Time {
						if i >= n {
							return t.Add(step)
						}
						return t
					})
					if step > 0 {
						noFailure(t, what, file) // who waited that long may know more
					} else {
						alike(t, want, what, file)
					}
				}
			}
		})
	}
}

// TestPortReuse: connections one after the other between the same ports are several, also where the
// first lacks its end.
func TestPortReuse(t *testing.T) {
	for _, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			all := traffic(packets(t, open(t, s.Capture)))
			want := outcomes(verdictsOf(t, pcap(all)))
			server := serverOf(all)
			var again, unended []record
			for n := range uint32(3) {
				for _, p := range all {
					data := moved(p, n*1_000_003, 0, server[ports(p)])
					r := record{data, len(data), p.at.Add(time.Duration(n) * time.Hour)}
					again = append(again, r)
					if !p.tcp.FIN && !p.tcp.RST {
						unended = append(unended, r)
					}
				}
			}
			alike(t, want, "ports used three times", pcapOf(linkEthernet, again))
			noMore(t, want, "ports used three times, without an end between", pcapOf(linkEthernet, unended))
		})
	}
}

// TestPartial: nothing fails or passes of what a capture does not hold.
func TestPartial(t *testing.T) {
	for i, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(8, uint64(i)))
			all := traffic(packets(t, open(t, s.Capture)))
			whole := outcomes(verdictsOf(t, pcap(all)))
			server := serverOf(all)
			for _, keep := range []struct {
				name string
				f    func(int, packet) bool
			}{
				{"the client only", func(_ int, p packet) bool { return p.tcp.DstPort == server[ports(p)] }},
				{"the server only", func(_ int, p packet) bool { return p.tcp.SrcPort == server[ports(p)] }},
				{"without handshakes", func(_ int, p packet) bool { return !p.tcp.SYN }},
				{"without SYNs of clients", func(_ int, p packet) bool { return !p.tcp.SYN || p.tcp.ACK }},
				{"without ends", func(_ int, p packet) bool { return !p.tcp.FIN && !p.tcp.RST }},
				{"without acknowledgements alone", func(_ int, p packet) bool { return len(p.tcp.Payload) > 0 || p.tcp.SYN || p.tcp.FIN || p.tcp.RST }},
			} {
				noMore(t, either(whole), keep.name, pcapOf(linkEthernet, recorded(all, func(i int, p packet) []byte {
					if keep.f(i, p) {
						return p.data
					}
					return nil
				})))
			}
			// What is left at random may tell another story: a SETUP whose refusal is lost is one that
			// nobody refused.
			for range 5 {
				noFailure(t, "the client, and half of the server", pcapOf(linkEthernet, recorded(all, func(_ int, p packet) []byte {
					if p.tcp.DstPort == server[ports(p)] || rng.IntN(2) == 0 {
						return p.data
					}
					return nil
				})))
			}
			for _, snap := range []int{60, 68, 96, 128, 200, 256, 400, 1000} {
				cut := recorded(all, func(_ int, p packet) []byte { return p.data })
				for i := range cut {
					cut[i].data = cut[i].data[:min(snap, len(cut[i].data))]
				}
				noMore(t, whole, fmt.Sprintf("%d octets of each packet", snap), pcapOf(linkEthernet, cut))
			}
			for n := 3; n < len(all); n += 5 {
				noMore(t, either(whole), fmt.Sprintf("without the first %d packets", n), pcap(all[n:]))
			}
		})
	}
}

// TestMerged: captures of several conversations at the same time are judged as each by itself.
func TestMerged(t *testing.T) {
	every := load(t)
	for i, s := range every {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(9, uint64(i)))
			want := map[string]judge.Outcome{}
			var queues [][]record
			for k, other := range []*recordings.Sidecar{s, every[(i+1)%len(every)], every[(i+5)%len(every)]} {
				all := traffic(packets(t, open(t, other.Capture)))
				for id, o := range outcomes(verdictsOf(t, pcap(all))) {
					switch before, ok := want[id]; {
					case !ok || before == judge.Inconclusive:
						want[id] = o
					case o == judge.Fail:
						want[id] = o
					}
				}
				server := serverOf(all)
				queues = append(queues, recorded(all, func(_ int, p packet) []byte { return moved(p, 0, uint16(k), server[ports(p)]) }))
			}
			var merged []record
			at := time.Unix(1_700_000_000, 0)
			for len(queues) > 0 {
				n := rng.IntN(len(queues))
				r := queues[n][0]
				at = at.Add(100 * time.Microsecond)
				r.at = at
				merged = append(merged, r)
				if queues[n] = queues[n][1:]; len(queues[n]) == 0 {
					queues = append(queues[:n], queues[n+1:]...)
				}
			}
			f := judge.Capture(reader(t, pcapOf(linkEthernet, merged)), checks.Catalogue(), dialogue.Options{})
			for id, got := range outcomes(f) {
				if got != want[id] {
					t.Errorf("%s: expected %v as in the captures by themselves, got %v", id, want[id], got)
				}
			}
		})
	}
}
