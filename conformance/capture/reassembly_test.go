package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

const handshake = "c:syn s:syn c:ack "

// Each trace is read with several initial sequence numbers, in IPv4 and IPv6, and with every packet
// seen once or twice. What is expected is the same for all.
var reassemblyCases = []struct {
	name, trace string
	want        []string // after the opening of connection 0 as the handshake has it
}{
	{name: "plain", trace: handshake + "c:'hello' s:ack s:'world' c:ack c:fin s:ack s:fin c:ack",
		want: []string{`0 client@0 "hello"`, `0 server@0 "world"`, `0 client@5 FIN`, `0 server@5 FIN`}},
	{name: "data with FIN", trace: handshake + "c:'hello'fin s:'world'fin c:ack",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 "world"`, `0 server@5 FIN`}},
	{name: "data in the SYN", trace: "c:'hi'syn s:syn c:'hello' s:'world'",
		want: []string{`0 client@0 "hihello"`, `0 server@0 "world"`}},
	{name: "half-closed", trace: handshake + "c:'ask'fin s:ack s:'one' c:ack s:'two' c:ack s:fin c:ack",
		want: []string{`0 client@0 "ask"`, `0 client@3 FIN`, `0 server@0 "onetwo"`, `0 server@6 FIN`}},
	{name: "out of order", trace: handshake + "c7:'def' s1:'x' c4:'abc' c1:'123' c10:'g'",
		want: []string{`0 client@0 "123abcdefg"`, `0 server@0 "x"`}},
	{name: "FIN before the data", trace: handshake + "c6:fin c1:'hello'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`}},
	{name: "SYN/ACK before the SYN", trace: "s0a1:syn c0a-:syn c1:ack c1:'hello'",
		want: []string{`0 client@0 "hello"`}},
	{name: "retransmission", trace: handshake + "c1:'hello' c1:'hello' c1:'hel' c4:'lo' c6:'!' c1:'hello!'",
		want: []string{`0 client@0 "hello!"`}},
	{name: "retransmission with more", trace: handshake + "c1:'he' c1:'hello' c3:'llo!'",
		want: []string{`0 client@0 "hello!"`}},
	{name: "overlap while waiting", trace: handshake + "c5:'efg' c4:'defgh' c9:'ij' c3:'cdefghijk' c1:'abcd'",
		want: []string{`0 client@0 "abcdefghijk"`}},
	{name: "SYN again", trace: "c0:syn c0:syn s0:syn c0a-:syn s0:syn c:ack c:'hello'",
		want: []string{`0 client@0 "hello"`}},
	{name: "no answer to the SYN", trace: "c0:syn c0a-:syn c0a-:syn", want: nil},
	{name: "refused", trace: "c0:syn s0a1:rst", want: []string{`0 server@0 RST`}},
	{name: "both open", trace: "c0:syn s0a-:syn c0a1:syn s0a1:syn c:'hello' s:'world'",
		want: []string{`0 client@0 "hello"`, `0 server@0 "world"`}},
	{name: "reset", trace: handshake + "c:'hello' s:rst", want: []string{`0 client@0 "hello"`, `0 server@0 RST`}},
	{name: "reset with data under way", trace: handshake + "c:'hello' s:rst c:'more' c:'+more' s:rst",
		want: []string{`0 client@0 "hello"`, `0 server@0 RST`, `0 client@5 "more+more"`}},
	{name: "reset after FIN", trace: handshake + "c:'hello'fin s:'a' c:rst",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 "a"`, `0 client@5 RST`}},
	{name: "reset with a gap", trace: handshake + "c:'hello' !c:'abc' c:'def' c:rst",
		want: []string{`0 client@0 "hello"`, `0 client@5 gap of 3: not captured`, `0 client@8 "def"`, `0 client@11 RST`}},
	{name: "reset with a gap on the other side", trace: handshake + "!s:'ab' s:'cd' c:rst",
		want: []string{`0 server@0 gap of 2: not captured`, `0 server@2 "cd"`, `0 client@0 RST`}},
	{name: "reset after what was lost", trace: handshake + "c:'hello' !c:'abc' c:rst",
		want: []string{`0 client@0 "hello"`, `0 client@5 gap of 3: not captured`, `0 client@8 RST`}},
	{name: "lost", trace: handshake + "c:'hello' !c:'abc' c:'def' s:'x'",
		want: []string{`0 client@0 "hello"`, `0 client@5 gap of 3: not captured`, `0 client@8 "def"`, `0 server@0 "x"`}},
	{name: "lost before the FIN", trace: handshake + "c:'hello' !c:'abc' c:fin s:fin",
		want: []string{`0 client@0 "hello"`, `0 server@0 FIN`, `0 client@5 gap of 3: not captured`, `0 client@8 FIN`}},
	{name: "lost before a FIN that was acknowledged before", trace: handshake + "c:'hello' s1a10:ack c9:fin",
		want: []string{`0 client@0 "hello"`, `0 client@5 gap of 3: not captured`, `0 client@8 FIN`}},
	{name: "FIN within what came before", trace: handshake + "c1:'hello' c3:fin c6:'!'",
		want: []string{`0 client@0 "hello!"`}},
	{name: "lost twice", trace: handshake + "!c:'ab' c:'cd' !c:'ef' c:'gh'",
		want: []string{`0 client@0 gap of 2: not captured`, `0 client@2 "cd"`, `0 client@4 gap of 2: not captured`, `0 client@6 "gh"`}},
	{name: "lost at the end, but acknowledged", trace: handshake + "c:'hello' !c:'abc' s:ack s:'x'",
		want: []string{`0 client@0 "hello"`, `0 server@0 "x"`, `0 client@5 gap of 3: not captured`}},
	{name: "FIN lost, but acknowledged", trace: handshake + "c:'hello' !c:fin s:ack",
		want: []string{`0 client@0 "hello"`}},
	{name: "SYN/ACK lost", trace: "c:syn !s:syn c:ack c:'hello' s:'world'",
		want: []string{`0 client@0 "hello"`, `0 server@0 "world"`}},
	{name: "cut by snaplen", trace: handshake + "c~3:'hello' c:'more' s:'x'",
		want: []string{`0 client@0 "he"`, `0 client@2 gap of 3: packet cut short by the snapshot length of the capture`,
			`0 client@5 "more"`, `0 server@0 "x"`}},
	{name: "all cut by snaplen", trace: handshake + "c~5:'hello' c:'more'",
		want: []string{`0 client@0 gap of 5: packet cut short by the snapshot length of the capture`, `0 client@5 "more"`}},
	{name: "early and cut by snaplen", trace: handshake + "c6~2:'more' c1~1:'hello' c10:fin",
		want: []string{`0 client@0 "hell"`, `0 client@4 gap of 1: packet cut short by the snapshot length of the capture`,
			`0 client@5 "mo"`, `0 client@7 gap of 2: packet cut short by the snapshot length of the capture`, `0 client@9 FIN`}},
	{name: "options cut by snaplen", trace: "c~8:syn s~4:syn c:'hello'", want: []string{`0 client@0 "hello"`}},
	{name: "keep-alive", trace: handshake + "c1:'hello' s:ack c5:ack s:ack c5:'?' s:ack c6:'!'",
		want: []string{`0 client@0 "hello!"`}},
	{name: "keep-alive before any data", trace: handshake + "c0:'?' s:ack c0:ack c1:'hello'",
		want: []string{`0 client@0 "hello"`}},
	{name: "zero-window probe", trace: handshake + "c1:'hello' s1a6:ack c6:'w' s1a6:ack c6:'w' s1a6:ack c6:'world'",
		want: []string{`0 client@0 "helloworld"`}},
	{name: "goes on behind its FIN", trace: handshake + "c1:'hello' c6:fin c6:'more' c7:'more' c12:'x'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`}},
	{name: "goes on behind an early FIN", trace: handshake + "c6:fin c8:'more' c1:'helloXX'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`}},
	{name: "old packets after the end", trace: handshake + "c:'hello'fin s:fin c:ack c1:'hello' c5:'o'fin s0:ack s1:rst",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 FIN`}},
	{name: "same port again", trace: handshake + "c:'hello'fin s:fin c:ack c5000a-:syn s7000a5001:syn c5001:'again' s7001:rst",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 FIN`, `1 opened C -> S`, `1 client@0 "again"`, `1 server@0 RST`}},
	{name: "same port again without an end", trace: handshake + "c:'hello' !c:'x' c:'y' c5000a-:syn s7000a5001:syn c5001:'again'",
		want: []string{`0 client@0 "hello"`, `0 client@5 gap of 1: not captured`, `0 client@6 "y"`, `1 opened C -> S`, `1 client@0 "again"`}},
	{name: "same port again, roles swapped", trace: handshake + "c:'hello'fin s:fin c:ack s9000a-:syn c8000a9001:syn s9001:'again'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 FIN`, `1 opened S -> C`, `1 client@0 "again"`}},
	{name: "same port again, SYN lost", trace: handshake + "c:'hello'fin s:fin c:ack s7000a5001:syn c5001:'again'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 FIN`, `1 opened C -> S`, `1 client@0 "again"`}},
	{name: "same port again, handshake lost", trace: handshake + "c:'hello'fin s:fin c:ack c5001a7001:'again' s7001:'yes'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 FIN`, `1 joined C -> S`, `1 client@0 "again"`, `1 server@0 "yes"`}},
	{name: "same port again, handshake lost, far behind", trace: handshake + "c:'hello'fin s:fin c:ack c0xb0000000a7001:'again'",
		want: []string{`0 client@0 "hello"`, `0 client@5 FIN`, `0 server@0 FIN`, `1 joined C -> S`, `1 client@0 "again"`}},
	{name: "far away", trace: handshake + "c:'hello' c0x50000000:'what' s:'x'",
		want: []string{`0 client@0 "hello"`, `0 server@0 "x"`, `0 client@5 gap of -1: not captured`, `0 client@1342177279 "what"`}},
	{name: "far behind", trace: handshake + "c:'hello' c0xb0000000:'what' s:'x'",
		want: []string{`0 client@0 "hello"`, `0 server@0 "x"`, `0 client@5 gap of -1: not captured`, `0 client@2952790015 "what"`}},
	{name: "interleaved", trace: handshake + "1c:syn 2c:syn 2s:syn 1s:syn 1c:'one' 2c:'two' c:'zero' 2s:rst 1s:'eno' s:'orez'",
		want: []string{`1 opened C1 -> S`, `2 opened C2 -> S`, `1 client@0 "one"`, `2 client@0 "two"`, `0 client@0 "zero"`,
			`2 server@0 RST`, `1 server@0 "eno"`, `0 server@0 "orez"`}},
	{name: "joined at data", trace: "c100a200:'hello' s:'world' c:fin s:ack s:fin",
		want: []string{`0 joined C -> S`, `0 client@0 "hello"`, `0 server@0 "world"`, `0 client@5 FIN`, `0 server@5 FIN`}},
	{name: "joined at the server's data", trace: "s200a100:'world' c:'hello'",
		want: []string{`0 joined C -> S`, `0 server@0 "world"`, `0 client@0 "hello"`}},
	{name: "joined at an ack", trace: "c100a200:ack s:'world' c:'hello'",
		want: []string{`0 joined C -> S`, `0 server@0 "world"`, `0 client@0 "hello"`}},
	{name: "joined with data under way", trace: "c100a200:ack s210a100:'world' c100a215:ack",
		want: []string{`0 joined C -> S`, `0 server@0 gap of 10: not captured`, `0 server@10 "world"`}},
	{name: "joined after data was acknowledged, which comes late", trace: "c100a205:ack s200a100:'hello' s:'world'",
		want: []string{`0 joined C -> S`, `0 server@0 "helloworld"`}},
	{name: "joined at a keep-alive", trace: "c99a200:ack s200a100:ack c100:'hello'",
		want: []string{`0 joined C -> S`, `0 client@0 "hello"`}},
	{name: "joined at a keep-alive's answer", trace: "s200a100:ack c99a200:'?' c100:'hello'",
		want: []string{`0 joined C -> S`, `0 client@0 "hello"`}},
	{name: "joined at a keep-alive and another", trace: "c99a200:ack c100:ack c100:'hello'",
		want: []string{`0 joined C -> S`, `0 client@0 "hello"`}},
	{name: "joined, and then lost", trace: "c100a200:ack !c:'hello' c:'world' s:'x'",
		want: []string{`0 joined C -> S`, `0 client@0 gap of 5: not captured`, `0 client@5 "world"`, `0 server@0 "x"`}},
	{name: "joined, and all lost", trace: "c100a200:ack !c:'hello' s:ack",
		want: []string{`0 joined C -> S`, `0 client@0 gap of 5: not captured`}},
	{name: "joined at a FIN", trace: "c100a200:fin s:'x'fin",
		want: []string{`0 joined C -> S`, `0 client@0 FIN`, `0 server@0 "x"`, `0 server@1 FIN`}},
	{name: "joined at a reset", trace: "c100a200:rst", want: []string{`0 joined C -> S`, `0 client@0 RST`}},
	{name: "joined, and then opened anew", trace: "c100a200:'old' c9000a-:syn s8000a9001:syn c9001:'new'",
		want: []string{`0 joined C -> S`, `0 client@0 "old"`, `1 opened C -> S`, `1 client@0 "new"`}},
	{name: "joined at the SYN/ACK", trace: "!c:syn s:syn c:'hello' s:'world'",
		want: []string{`0 client@0 "hello"`, `0 server@0 "world"`}},
}

func (c *traceOptions) String() string {
	return fmt.Sprintf("isn %x ipv6 %v double %v", c.isn, c.ipv6, c.double)
}

func TestReassembly(t *testing.T) {
	for _, c := range reassemblyCases {
		t.Run(c.name, func(t *testing.T) {
			for _, o := range []traceOptions{
				{isn: [2]uint32{1000, 2000}},
				{isn: [2]uint32{1000, 2000}, double: true},
				{isn: [2]uint32{^uint32(0), ^uint32(0) - 1}, ipv6: true},
				{isn: [2]uint32{^uint32(0) - 3, ^uint32(0) - 4}},
				{isn: [2]uint32{1<<31 - 3, 1<<31 - 204}, double: true},
				{isn: [2]uint32{^uint32(0) - 101, ^uint32(0) - 201}},
			} {
				file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, c.trace, o)))
				got, err := script(t, file, Limits{})
				must(t, err)
				got = shortAddrs(got, o.ipv6)
				want := slices.Clone(c.want)
				if len(want) == 0 || !strings.HasPrefix(want[0], "0 joined") {
					want = slices.Insert(want, 0, "0 opened C -> S")
				}
				if want := strings.Join(want, "\n"); got != want {
					t.Errorf("%v\nexpected\n%s\ngot\n%s", &o, want, got)
				}
			}
		})
	}
}

func shortAddrs(s string, ipv6 bool) string {
	client, server := "192.0.2.1:4000", "192.0.2.2:603"
	if ipv6 {
		client, server = "[2001:db8::1]:4000", "[2001:db8::2]:603"
	}
	return strings.NewReplacer(client+"1", "C", client+"2", "C1", client+"3", "C2", server, "S").Replace(s)
}

// A conversation split at every octet, in pairs of packets that come in order, the wrong way round,
// and twice.
func TestSplitEverywhere(t *testing.T) {
	const text = "SETUP KERNEL=a,b;FREEZER=Storable;PID=12\r\n"
	for i := 1; i < len(text); i++ {
		a, b := fmt.Sprintf("c1:'%s'", under(text[:i])), fmt.Sprintf("c%d:'%s'", 1+i, under(text[i:]))
		for _, order := range []string{a + " " + b, b + " " + a, a + " " + a + " " + b + " " + b, b + " " + a + " " + b} {
			o := traceOptions{isn: [2]uint32{^uint32(0) - 20, 7}}
			file := pcapng(binary.BigEndian, linkEthernet, frames(t, parseTrace(t, handshake+order+" c:fin", o)))
			got, err := script(t, file, Limits{})
			must(t, err)
			want := fmt.Sprintf("0 opened C -> S\n0 client@0 %q\n0 client@%d FIN", under(text), len(text))
			if got := shortAddrs(got, false); got != want {
				t.Fatalf("split at %d, %s: expected\n%s\ngot\n%s", i, order, want, got)
			}
		}
	}
}

func under(s string) string {
	return strings.NewReplacer(" ", "_", ":", ";", "\r", "R", "\n", "N").Replace(s)
}

// Whatever is done to the packets of a stream, as long as each octet is there, the stream is the
// same.
func TestAnyOrderGivesTheSameStream(t *testing.T) {
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		stream := make([]byte, 1+rnd.IntN(20000))
		for i := range stream {
			stream[i] = byte(rnd.Uint32())
		}
		isn := rnd.Uint32()
		if rnd.IntN(2) == 0 {
			isn = -uint32(rnd.IntN(len(stream) + 10)) // wraps on the way
		}
		var packets []tracePacket
		add := func(from, to int) {
			packets = append(packets, tracePacket{spec: segmentSpec{src: testClient, dst: testServer, hasAck: true,
				seq: isn + 1 + uint32(from), payload: stream[from:to], fin: to == len(stream) && rnd.IntN(2) == 0}})
		}
		for at := 0; at < len(stream); {
			n := 1 + rnd.IntN(min(1400, len(stream)-at))
			add(at, at+n)
			at += n
		}
		for range rnd.IntN(20) { // overlaps and repetitions
			from := rnd.IntN(len(stream))
			add(from, from+1+rnd.IntN(min(3000, len(stream)-from)))
		}
		add(len(stream)-1, len(stream))
		packets[len(packets)-1].spec.fin = true
		rnd.Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
		syn := tracePacket{spec: segmentSpec{src: testClient, dst: testServer, syn: true, seq: isn}}
		packets = slices.Insert(packets, 0, syn)

		r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, frames(t, packets))))
		must(t, err)
		var got []byte
		closed := false
		for ev, err := range r.Events(Limits{}) {
			must(t, err)
			switch ev := ev.(type) {
			case *Data:
				if ev.Offset != int64(len(got)) || closed {
					t.Fatalf("seed %d: expected data at %d, got it at %d (closed: %v)", seed, len(got), ev.Offset, closed)
				}
				got = append(got, ev.Bytes...)
			case *Gap:
				t.Fatalf("seed %d: expected no gap, got %+v", seed, ev)
			case *Closed:
				closed = true
			}
		}
		if !bytes.Equal(got, stream) || !closed {
			t.Fatalf("seed %d: expected the stream of %d octets and its end, got %d octets, closed: %v", seed, len(stream), len(got), closed)
		}
	}
}

// If packets are lost, every octet is still accounted for at its place.
func TestLossIsAccountedFor(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		stream := make([]byte, 1000+rnd.IntN(20000))
		for i := range stream {
			stream[i] = byte(i * 7)
		}
		isn := rnd.Uint32()
		packets := []tracePacket{{spec: segmentSpec{src: testClient, dst: testServer, syn: true, seq: isn}}}
		for at := 0; at < len(stream); {
			n := min(1+rnd.IntN(500), len(stream)-at)
			p := tracePacket{spec: segmentSpec{src: testClient, dst: testServer, hasAck: true, seq: isn + 1 + uint32(at),
				payload: stream[at : at+n], fin: at+n == len(stream)}}
			if rnd.IntN(5) == 0 {
				p.cut = rnd.IntN(n)
			}
			if at += n; rnd.IntN(4) > 0 || p.spec.fin {
				packets = append(packets, p)
			}
		}
		r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, frames(t, packets))))
		must(t, err)
		at, closed := int64(0), false
		for ev, err := range r.Events(Limits{PendingPackets: 3}) {
			must(t, err)
			switch ev := ev.(type) {
			case *Data:
				if ev.Offset != at || !bytes.Equal(ev.Bytes, stream[at:at+int64(len(ev.Bytes))]) {
					t.Fatalf("seed %d: wrong data at %d", seed, at)
				}
				at += int64(len(ev.Bytes))
			case *Gap:
				if ev.Offset != at || ev.Octets <= 0 {
					t.Fatalf("seed %d: expected a gap at %d, got %+v", seed, at, ev)
				}
				at += ev.Octets
			case *Closed:
				closed = true
			}
		}
		if at != int64(len(stream)) || !closed {
			t.Fatalf("seed %d: expected %d octets and an end, got %d, %v", seed, len(stream), at, closed)
		}
	}
}

func TestLimits(t *testing.T) {
	lossy := handshake + "!c:'0' " + strings.Repeat("c:'12345678' ", 20) + "s:'x' c:'end' "
	for _, c := range []struct {
		name   string
		limits Limits
		trace  string
		want   []string
	}{
		{"packets", Limits{PendingPackets: 5}, lossy, []string{"0 client@0 gap of 1: not captured", `0 client@1 "` +
			strings.Repeat("12345678", 20) + `"`, `0 server@0 "x"`, `0 client@161 "end"`}},
		{"octets", Limits{PendingOctets: 50}, lossy, []string{"0 client@0 gap of 1: not captured", `0 client@1 "` +
			strings.Repeat("12345678", 20) + `"`, `0 server@0 "x"`, `0 client@161 "end"`}},
		{"total", Limits{TotalOctets: 1000}, lossy, []string{"0 client@0 gap of 1: a limit of the reader was exceeded", `0 client@1 "` +
			strings.Repeat("12345678", 20) + `"`, `0 server@0 "x"`, `0 client@161 "end"`}},
		{"acknowledged", Limits{}, handshake + "!c:'0' c:'1' " + strings.Repeat("s:ack ", ackPatience+1) + "s:'x' c:'2'",
			[]string{"0 client@0 gap of 1: not captured", `0 client@1 "1"`, `0 server@0 "x"`, `0 client@2 "2"`}},
		{"connections", Limits{Connections: 2}, handshake + "!c:'0' c:'1' 1c:syn 1s:syn 2c:syn 2s:syn 2s:'x' c:'2'",
			[]string{"1 opened C1 -> S", "0 client@0 gap of 1: not captured", `0 client@1 "1"`, "0 client@2 forgotten by the reader",
				"0 server@0 forgotten by the reader", "2 opened C2 -> S", `2 server@0 "x"`,
				"1 client@0 forgotten by the reader", "1 server@0 forgotten by the reader", `3 joined C -> S`, `3 client@0 "2"`}},
		{"the silent go first", Limits{Connections: 2}, handshake + "1c:syn 1s:syn c:'0' 2c:syn 2s:syn c:'2'",
			[]string{"1 opened C1 -> S", `0 client@0 "0"`, "1 client@0 forgotten by the reader",
				"1 server@0 forgotten by the reader", "2 opened C2 -> S", `0 client@1 "2"`}},
		{"closed connections go first", Limits{Connections: 2}, handshake + "c:'0' 1c:syn 1s:rst 2c:syn 2s:syn 2s:'x' c:'2'",
			[]string{`0 client@0 "0"`, "1 opened C1 -> S", "1 server@0 RST", "2 opened C2 -> S", `2 server@0 "x"`, `0 client@1 "2"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, c.trace, traceOptions{})))
			got, err := script(t, file, c.limits)
			must(t, err)
			g.Expect(strings.Split(shortAddrs(got, false), "\n")).To(Equal(append([]string{"0 opened C -> S"}, c.want...)))
		})
	}
}

// The memory for early data is accounted for exactly, so that nothing adds up in a long capture.
func TestNothingIsHeldBackAtTheEnd(t *testing.T) {
	for _, c := range reassemblyCases {
		a := newAssembler(Limits{}.withDefaults(), func(Event) bool { return true })
		var d decoder
		for i, f := range frames(t, parseTrace(t, c.trace, traceOptions{})) {
			a.packet(&Packet{Number: int64(i + 1), Time: f.at, LinkType: linkEthernet, Data: f.octets, Length: f.length}, &d)
		}
		a.end(nil)
		if a.pending != 0 {
			t.Errorf("%s: expected nothing to be held back at the end, got %d octets", c.name, a.pending)
		}
	}
}

// What arrives early keeps the place where it was captured, and counts from when it could be read.
func TestStamps(t *testing.T) {
	g := NewWithT(t)
	file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, handshake+"c6:'world' c1:'hello'", traceOptions{})))
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	var got []string
	for ev, err := range r.Events(Limits{}) {
		must(t, err)
		if d, ok := ev.(*Data); ok {
			got = append(got, fmt.Sprintf("%s at %d from %d", d.Bytes, d.At.Packet, d.Source.Packet))
			g.Expect(d.At.Time.Equal(testTime.Truncate(time.Microsecond).Add(4 * time.Millisecond))).To(BeTrue())
		}
	}
	g.Expect(got).To(Equal([]string{"hello at 5 from 5", "world at 5 from 4"}))
}

func TestStoppingEarly(t *testing.T) {
	file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, reassemblyCases[0].trace, traceOptions{})))
	for stop := 1; stop < 7; stop++ {
		r, err := NewReader(bytes.NewReader(file))
		must(t, err)
		n := 0
		for range r.Events(Limits{}) {
			if n++; n == stop {
				break
			}
		}
	}
}

// Sequence numbers come round many times in a long stream.
func TestLongStream(t *testing.T) {
	const piece, pieces = 60000, 200000 // 12 GB
	octets := make([]byte, piece)
	got := int64(0)
	a := newAssembler(Limits{}.withDefaults(), func(ev Event) bool {
		switch ev := ev.(type) {
		case *Data:
			if ev.Offset != got {
				t.Fatalf("expected data at %d, got it at %d", got, ev.Offset)
			}
			got += int64(len(ev.Bytes))
		case *Gap:
			t.Fatalf("expected no gap, got %+v", ev)
		}
		return true
	})
	s := segment{v4: true, srcPort: 1, dstPort: 2, syn: true, seq: 12345}
	s.key, s.srcIsA = newFlowKey([16]byte{1}, [16]byte{2}, 1, 2)
	a.segment(&s, &Packet{})
	s.syn, s.payload = false, octets
	for i := range int64(pieces) {
		j := i ^ i>>3&1 // some the wrong way round
		s.seq = 12346 + uint32(j*piece)
		a.segment(&s, &Packet{})
	}
	if got != piece*pieces {
		t.Errorf("expected %d octets, got %d", int64(piece*pieces), got)
	}
}

// Thousands of connections at once, each with a packet that comes late.
func TestThousandsInterleaved(t *testing.T) {
	const conns = 5000
	var packets []tracePacket
	for _, step := range []segmentSpec{
		{syn: true, seq: 1}, {syn: true, hasAck: true, fromServer: true, seq: 1, ack: 2}, {seq: 4, hasAck: true, ack: 2, payload: []byte("cd")},
		{seq: 2, hasAck: true, ack: 2, payload: []byte("ab")}, {seq: 6, hasAck: true,
			ack: 2, fin: true}, {fromServer: true, seq: 2, hasAck: true, ack: 7, fin: true},
	} {
		for i := range conns {
			step.src, step.dst = netip.AddrPortFrom(testClient.Addr(), uint16(10000+i)), testServer
			if step.fromServer {
				step.src, step.dst = step.dst, step.src
			}
			packets = append(packets, tracePacket{spec: step})
		}
	}
	got, err := script(t, pcapng(binary.LittleEndian, linkEthernet, frames(t, packets)), Limits{})
	must(t, err)
	lines := strings.Split(got, "\n")
	if len(lines) != 4*conns {
		t.Fatalf("expected %d events, got %d", 4*conns, len(lines))
	}
	for i := range conns {
		for j, want := range []string{"opened", `client@0 "abcd"`, "client@4 FIN", "server@0 FIN"} {
			at := j*conns + i
			if !strings.HasPrefix(lines[at], fmt.Sprintf("%d %s", i, want)) {
				t.Fatalf("expected %s of connection %d, got %s", want, i, lines[at])
			}
		}
	}
}

// What is left at the end comes in the order of the connections.
func TestOrderAtTheEnd(t *testing.T) {
	g := NewWithT(t)
	trace, want := "", []string{}
	for i := range 10 {
		trace += strings.ReplaceAll("Nc:syn Ns:syn Nc:ack !Nc:'ab' Nc:'N' ", "N", fmt.Sprint(i))
		want = append(want, fmt.Sprintf("%d client@0 gap of 2: not captured", i), fmt.Sprintf("%d client@2 \"%d\"", i, i))
	}
	got, err := script(t, pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, trace, traceOptions{}))), Limits{})
	must(t, err)
	g.Expect(strings.Split(got, "\n")[10:]).To(Equal(want))
}

// Without a SYN, the side with the higher port is taken for the client, or else the one that is
// seen first.
func TestGuessedClient(t *testing.T) {
	g := NewWithT(t)
	for _, c := range []struct{ src, dst, client string }{
		{"10.0.0.1:40000", "10.0.0.2:603", "10.0.0.1:40000"},
		{"10.0.0.2:603", "10.0.0.1:40000", "10.0.0.1:40000"},
		{"10.0.0.1:603", "10.0.0.2:603", "10.0.0.1:603"},
		{"10.0.0.2:603", "10.0.0.1:603", "10.0.0.2:603"},
	} {
		p := tracePacket{spec: segmentSpec{src: netip.MustParseAddrPort(c.src), dst: netip.MustParseAddrPort(c.dst), hasAck: true}}
		r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, frames(t, []tracePacket{p}))))
		must(t, err)
		for ev, err := range r.Events(Limits{}) {
			must(t, err)
			if ev, ok := ev.(*Opened); ok {
				g.Expect(ev.Conn.Client.String()).To(Equal(c.client))
				g.Expect(ev.Conn.SYNSeen).To(BeFalse())
				g.Expect(ev.Conn.Side(FromServer)).To(Equal(ev.Conn.Server))
			}
		}
	}
}
