package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// What acknowledges octets comes behind them, wherever the capture has it.
func TestAnswersComeAfterQuestions(t *testing.T) {
	one := Limits{HeldPackets: 1}
	for _, c := range []struct {
		name   string
		limits Limits
		trace  string
		want   []string
	}{
		{"answer first", Limits{}, "s1a4:'yes' c1a1:'ask' c4a4:'on'", []string{`client@0 "ask"`, `server@0 "yes"`, `client@3 "on"`}},
		{"two rounds the wrong way round", Limits{}, "s4a7:'2nd' c4a4:'two' s1a4:'1st' c1a1:'one'",
			[]string{`client@0 "one"`, `server@0 "1st"`, `client@3 "two"`, `server@3 "2nd"`}},
		{"a question in two packets", Limits{}, "s1a4:'yes' c3a1:'k' c1a1:'as'", []string{`client@0 "ask"`, `server@0 "yes"`}},
		{"what does not acknowledge does not wait", Limits{}, "s1a1:'hi' s3a4:'yes' c1a1:'ask'",
			[]string{`server@0 "hi"`, `client@0 "ask"`, `server@2 "yes"`}},
		{"FIN of the answer", Limits{}, "s1a4:'yes'fin c1a1:'ask'", []string{`client@0 "ask"`, `server@0 "yes"`, `server@3 FIN`}},
		{"FIN that acknowledges a FIN", Limits{}, "s1a2:fin c1a1:fin", []string{`client@0 FIN`, `server@0 FIN`}},
		{"answer to a FIN", Limits{}, "s1a5:'bye' c1a1:'ask'fin", []string{`client@0 "ask"`, `client@3 FIN`, `server@0 "bye"`}},
		{"RST before the data it acknowledges", Limits{}, "s1a4:rst c1a1:'ask'", []string{`client@0 "ask"`, `server@0 RST`}},
		{"RST before its own data", Limits{}, "s4a1:rst s1a1:'bye'", []string{`server@0 "bye"`, `server@3 RST`}},
		{"RST behind an answer that waits", Limits{}, "s1a4:'yes' s4a4:rst c1a1:'ask'",
			[]string{`client@0 "ask"`, `server@0 "yes"`, `server@3 RST`}},
		{"retransmission of the answer", Limits{}, "s1a4:'yes' s1a4:'yes' c1a1:'ask' s1a4:'yes'", []string{`client@0 "ask"`, `server@0 "yes"`}},
		{"cut question", Limits{}, "s1a4:'yes' c1a1~2:'ask'", []string{`client@0 "a"`,
			`client@1 gap of 2: packet cut short by the snapshot length of the capture`, `server@0 "yes"`}},
		{"keep-alive does not wait", Limits{}, "c1a1:'ask' s1a4:'yes' s3a4:'?' c4a4:'on'", []string{`client@0 "ask"`, `server@0 "yes"`, `client@3 "on"`}},
		{"question not captured", Limits{}, "s1a4:'yes'", []string{`server@0 "yes"`, `client@0 gap of 3: not captured`}},
		{"packets", one, "s1a4:'yes' s4a4:ack c1a1:'ask'", []string{`server@0 "yes"`, `client@0 "ask"`}},
		{"packets, nothing waits until the other side is seen", one, "s1a4:'1' s2a4:ack s2a5:'2' c1a1:'ask' c4a1:'!' s3a7:'3' c5a1:'on'",
			[]string{`server@0 "12"`, `client@0 "ask!on"`, `server@2 "3"`}},
		{"octets", Limits{HeldOctets: heldOverhead + 2}, "s1a4:'yes' c1a1:'ask'", []string{`server@0 "yes"`, `client@0 "ask"`}},
		{"time", Limits{HeldTime: time.Millisecond}, "s1a4:'yes' s4a4:ack s4a4:ack c1a1:'ask'", []string{`server@0 "yes"`, `client@0 "ask"`}},
		{"time, another connection", Limits{HeldTime: time.Millisecond}, "s1a4:'yes' 1c0:syn 1c0a-:syn c1a1:'ask'",
			[]string{"opened C1 -> S", `server@0 "yes"`, `client@0 "ask"`}},
		{"off", Limits{HeldPackets: -1}, "s1a4:'yes' c1a1:'ask'", []string{`server@0 "yes"`, `client@0 "ask"`}},
		{"a lost question is given up as before", Limits{}, "s1a4:'yes' c4a4:'on' " + strings.Repeat("s4a6:ack ", ackPatience+1) + "s4a6:'!'",
			[]string{`client@0 gap of 3: not captured`, `server@0 "yes"`, `client@3 "on"`, `server@3 "!"`}},
		{"a lost question of one octet", Limits{}, "s1a2:'yes' " + strings.Repeat("s4a2:ack ", DefaultHeldPackets) + "c2a4:'on'",
			[]string{`server@0 "yes"`, `client@0 gap of 1: not captured`, `client@1 "on"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, isn := range [][2]uint32{{1000, 2000}, {^uint32(0), ^uint32(0) - 1}, {^uint32(0) - 3, 1<<31 - 4}} {
				file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, handshake+c.trace, traceOptions{isn: isn})))
				got, err := script(t, file, c.limits)
				must(t, err)
				var lines []string
				for _, line := range strings.Split(shortAddrs(got, false), "\n")[1:] {
					lines = append(lines, line[2:])
				}
				if want := strings.Join(c.want, "\n"); strings.Join(lines, "\n") != want {
					t.Errorf("isn %x: expected\n%s\ngot\n%s", isn, want, strings.Join(lines, "\n"))
				}
			}
		})
	}
}

// turn is something that one side said.
type turn struct {
	from   Direction
	octets []byte
}

// talk makes a conversation with its packets, in order: each side has read what came before, or
// some of it.
func talk(rnd *rand.Rand) (said []turn, packets []tracePacket) {
	isn := [2]uint32{rnd.Uint32(), -uint32(rnd.IntN(3000))}
	next := [2]uint32{isn[0] + 1, isn[1] + 1}
	send := func(from Direction, s segmentSpec) {
		s.src, s.dst = testClient, testServer
		if from == FromServer {
			s.src, s.dst, s.fromServer = testServer, testClient, true
		}
		packets = append(packets, tracePacket{spec: s})
	}
	send(FromClient, segmentSpec{syn: true, seq: isn[0]})
	send(FromServer, segmentSpec{syn: true, seq: isn[1], hasAck: true, ack: next[0]})
	send(FromClient, segmentSpec{seq: next[0], hasAck: true, ack: next[1]})
	for i := range 20 + rnd.IntN(100) {
		from := Direction(i & 1)
		octets := make([]byte, 1+rnd.IntN(60))
		for i := range octets {
			octets[i] = byte(rnd.Uint32())
		}
		said = append(said, turn{from, octets})
		for len(octets) > 0 {
			n := 1 + rnd.IntN(len(octets))
			send(from, segmentSpec{seq: next[from], hasAck: true, ack: next[from.Reverse()], payload: octets[:n]})
			next[from] += uint32(n)
			octets = octets[n:]
		}
		if rnd.IntN(2) == 0 {
			send(from.Reverse(), segmentSpec{seq: next[from.Reverse()], hasAck: true, ack: next[from]})
		}
	}
	return said, packets
}

// reorder shuffles packets behind the handshake: none comes more than window places from its own.
func reorder(packets []tracePacket, window int, rnd *rand.Rand) {
	for at := 3; at < len(packets); at += window {
		part := packets[at:min(at+window, len(packets))]
		rnd.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
}

// However the packets of the two sides are interleaved within a window, the conversation is the
// same.
func TestAnyInterleavingGivesTheSameConversation(t *testing.T) {
	for seed := range uint64(600) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		said, packets := talk(rnd)
		reorder(packets, 2+rnd.IntN(30), rnd)
		r, err := NewReader(bytes.NewReader(pcapng(binary.LittleEndian, linkEthernet, frames(t, packets))))
		must(t, err)
		var got []turn
		var last int64
		for ev, err := range r.Events(Limits{}) {
			must(t, err)
			if ev.Stamp().Packet < last {
				t.Fatalf("seed %d: expected packets in order, got %d after %d", seed, ev.Stamp().Packet, last)
			}
			last = ev.Stamp().Packet
			switch ev := ev.(type) {
			case *Gap:
				t.Fatalf("seed %d: expected no gap, got %+v", seed, ev)
			case *Data:
				if ev.Source.Packet > ev.At.Packet {
					t.Fatalf("seed %d: expected a source up to packet %d, got %d", seed, ev.At.Packet, ev.Source.Packet)
				}
				if n := len(got) - 1; n >= 0 && got[n].from == ev.From {
					got[n].octets = append(got[n].octets, ev.Bytes...)
				} else {
					got = append(got, turn{ev.From, bytes.Clone(ev.Bytes)})
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(said) {
			t.Fatalf("seed %d: expected %d turns, got %d others:\n%v\n%v", seed, len(said), len(got), said, got)
		}
	}
}

// If only one side was captured, its data waits once, within the bounds, and never again.
func TestOneSideOnly(t *testing.T) {
	for _, side := range []Direction{FromClient, FromServer} {
		_, packets := talk(rand.New(rand.NewPCG(7, uint64(side))))
		a := newAssembler(Limits{HeldPackets: 10}.withDefaults(), nil)
		n, late, most := 0, 0, 0
		a.emit = func(ev Event) bool {
			if d, ok := ev.(*Data); ok && d.Source != d.At {
				late++
			}
			return true
		}
		var d decoder
		var one []tracePacket
		for _, p := range packets {
			if p.spec.fromServer == (side == FromServer) {
				one = append(one, p)
			}
		}
		for _, f := range frames(t, one) {
			n++
			a.packet(&Packet{Number: int64(n), Time: f.at, LinkType: linkEthernet, Data: f.octets, Length: f.length}, &d)
			most = max(most, a.pending)
		}
		if a.pending != 0 || late == 0 || late > 10 || most > 10*(heldOverhead+60) {
			t.Errorf("%v: expected up to 10 pieces to wait and nothing to be left, got %d, %d octets left, %d at most", side, late, a.pending, most)
		}
		a.end(nil)
	}
}

// Memory is bounded over all connections, too.
func TestHeldTotal(t *testing.T) {
	limits := Limits{TotalOctets: 4000}.withDefaults()
	a := newAssembler(limits, func(Event) bool { return true })
	var d decoder
	trace := ""
	for i := range 10 {
		trace += strings.ReplaceAll("Nc:syn Ns:syn Nc:ack Ns1a9:'aaaaaaaa' Ns9a9:'bbbbbbbb' ", "N", fmt.Sprint(i))
	}
	for i, f := range frames(t, parseTrace(t, trace, traceOptions{})) {
		a.packet(&Packet{Number: int64(i + 1), Time: testTime, LinkType: linkEthernet, Data: f.octets, Length: f.length}, &d)
		if a.pending > limits.TotalOctets {
			t.Fatalf("expected up to %d octets to be held back, got %d", limits.TotalOctets, a.pending)
		}
	}
	if a.end(nil); a.pending != 0 || a.held.front != nil {
		t.Errorf("expected nothing to be held back at the end, got %d octets", a.pending)
	}
}
