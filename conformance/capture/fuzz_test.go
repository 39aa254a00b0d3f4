package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"
)

// FuzzReader reads anything as a capture: it must end with an End event and a typed error or none,
// with the octets of each direction accounted for, and with no more memory than the file gives
// reason for, whatever its lengths claim.
func FuzzReader(f *testing.F) {
	for _, name := range []string{"broken/answers-to-nobody", "broken/booleans", "broken/characters-counted", "perl-server-perl-client-ikc0", "driven/perl-server-perl-clientlite-ikc"} {
		file, err := os.ReadFile("../../captures/" + name + ".pcapng")
		must(f, err)
		f.Add(file[:min(len(file), 12<<10)], 1000)
	}
	f.Add(conversation(f), 10)
	for i, c := range reassemblyCases {
		packets := frames(f, parseTrace(f, c.trace, traceOptions{isn: [2]uint32{uint32(i), ^uint32(0)}, ipv6: i%2 == 0}))
		switch i % 3 {
		case 0:
			f.Add(pcapng(binary.BigEndian, linkEthernet, packets), 2)
		case 1:
			f.Add(pcap(binary.LittleEndian, pcapMicro, linkEthernet, packets), 1000)
		default:
			f.Add(pcap(binary.BigEndian, pcapNano, linkRaw, packets), 1)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, limit int) {
		before := allocated()
		defer func() {
			if got := allocated() - before; got > fuzzMemory+100*int64(len(file)) {
				t.Errorf("%d octets allocated to read %d", got, len(file))
			}
		}()
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			expectTyped(t, err)
			return
		}
		type stream struct {
			conn *Conn
			from Direction
		}
		position, lost := map[stream]int64{}, map[stream]bool{}
		var end *End
		var last error
		for ev, err := range r.Events(Limits{PendingPackets: limit, Connections: limit, HeldPackets: limit}) {
			if err != nil {
				last = err
				continue
			}
			if d, ok := ev.(*Data); ok && lost[stream{d.Conn, d.From}] {
				delete(lost, stream{d.Conn, d.From})
				position[stream{d.Conn, d.From}] = d.Offset
			}
			if end != nil {
				t.Fatalf("expected nothing after End, got %T", ev)
			}
			switch ev := ev.(type) {
			case *Data:
				s := stream{ev.Conn, ev.From}
				if ev.Offset != position[s] || len(ev.Bytes) == 0 {
					t.Fatalf("expected data at %d, got %d octets at %d", position[s], len(ev.Bytes), ev.Offset)
				}
				position[s] += int64(len(ev.Bytes))
			case *Gap:
				s := stream{ev.Conn, ev.From}
				if lost[s] {
					delete(lost, s)
					position[s] = ev.Offset
				}
				if ev.Offset != position[s] || ev.Octets < Unknown || ev.Octets == 0 {
					t.Fatalf("expected a gap at %d, got %d octets at %d", position[s], ev.Octets, ev.Offset)
				}
				if ev.Octets == Unknown {
					lost[s] = true // offsets are a guess from here
					continue
				}
				position[s] += ev.Octets
			case *End:
				end = ev
			}
		}
		if end == nil || end.Err != last {
			t.Fatalf("expected an End event with error %v, got %+v", last, end)
		}
		if last != nil {
			expectTyped(t, last)
		}
	})
}

// fuzzMemory is what a reader may take for the smallest file, in octets.
const fuzzMemory = 1 << 20

// allocated counts the octets that this process has allocated so far.
func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

func expectTyped(t *testing.T, err error) {
	t.Helper()
	var cut *TruncatedError
	var bad *FormatError
	if !errors.As(err, &cut) && !errors.As(err, &bad) {
		t.Fatalf("expected a *TruncatedError or *FormatError, got %T: %v", err, err)
	}
}

// FuzzSegments gives the reassembler any segments of a few connections: octets must be accounted
// for without repetition, and the memory too.
func FuzzSegments(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		seed := make([]byte, 400)
		for i := range seed {
			seed[i] = byte(rnd.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, program []byte) { runSegments(t, program) })
}

// Random programs for the time when nobody fuzzes.
func TestRandomSegments(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		program := make([]byte, 6*rnd.IntN(120))
		for i := range program {
			program[i] = byte(rnd.Uint32())
		}
		runSegments(t, program)
	}
}

func runSegments(t *testing.T, program []byte) {
	type stream struct {
		conn *Conn
		from Direction
	}
	position, lost, ended := map[stream]int64{}, map[stream]bool{}, map[stream]bool{}
	opened := map[*Conn]bool{}
	check := func(s stream, offset, n int64) {
		if lost[s] {
			delete(lost, s)
			position[s] = offset
		}
		if offset != position[s] || !opened[s.conn] || ended[s] {
			t.Fatalf("expected an event at %d, got it at %d (opened: %v, ended: %v)", position[s], offset, opened[s.conn], ended[s])
		}
		if n < 0 {
			lost[s] = true
		} else {
			position[s] += n
		}
	}
	limits := Limits{PendingOctets: 2000, PendingPackets: 20, TotalOctets: 5000, Connections: 3, RecentOctets: 1500,
		HeldPackets: 10, HeldOctets: 2000, HeldTime: time.Second}
	a := newAssembler(limits, func(ev Event) bool {
		switch ev := ev.(type) {
		case *Opened:
			opened[ev.Conn] = true
		case *Data:
			check(stream{ev.Conn, ev.From}, ev.Offset, int64(len(ev.Bytes)))
		case *Gap:
			check(stream{ev.Conn, ev.From}, ev.Offset, ev.Octets)
		case *Conflict:
			if len(ev.First) != len(ev.Again) || bytes.Equal(ev.First, ev.Again) || ev.Octets < 1 || ev.Offset < 0 {
				t.Fatalf("expected two contents that differ, got %+v", ev)
			}
		case *Closed:
			s := stream{ev.Conn, ev.From}
			if !ended[s] {
				check(s, ev.Offset, 0)
			}
			ended[s] = true
		}
		return true
	})
	octets := make([]byte, 256)
	a.file = &source{buf: octets, hi: len(octets)}
	copy(octets[128:], bytes.Repeat([]byte{1}, 128))
	for n := int64(1); len(program) >= 6; n++ {
		var in [6]byte
		copy(in[:], program)
		program = program[6:]
		s := segment{v4: true, srcPort: 1000 + uint16(in[0]&3), dstPort: 603}
		if in[0]&4 != 0 {
			s.srcPort, s.dstPort = s.dstPort, s.srcPort
		}
		s.syn = in[0]&0x18 == 0x18 && in[1]&3 == 0
		s.fin = in[0]&0x60 == 0x60 && in[1]&1 == 0
		s.rst = in[0]&0xf0 == 0xf0 && in[1]&0xc == 0
		s.hasAck = in[1]&0x10 == 0
		s.seq, s.ack = uint32(in[2])*4-128, uint32(in[3])*4-128
		if in[1]&0xe0 == 0xe0 { // anywhere
			s.seq += uint32(in[5]) << 24
		}
		s.payload, s.file = octets[:in[4]&63], 0
		if in[1]&0xc0 == 0xc0 { // others
			s.payload, s.file = octets[128:][:in[4]&63], 128
		}
		if in[5]&7 == 7 {
			s.missing = int(in[5] >> 3)
		}
		s.key, s.srcIsA = newFlowKey([16]byte{1}, [16]byte{2}, s.srcPort, s.dstPort)
		a.at = Stamp{Packet: n, Time: testTime.Add(time.Duration(n*int64(in[5])) * time.Millisecond)}
		a.segment(&s, &Packet{})
		if a.pending > limits.TotalOctets || len(a.conns) > limits.Connections {
			t.Fatalf("expected limits to hold, got %d octets, %d connections", a.pending, len(a.conns))
		}
	}
	a.end(nil)
	kept := 0
	for _, c := range a.conns {
		kept += sentSize * (cap(c.half[0].recent.runs) + cap(c.half[1].recent.runs))
	}
	if a.recent != kept || a.recent > limits.RecentOctets {
		t.Fatalf("expected what is kept to compare to be counted and bounded, got %d octets counted as %d", kept, a.recent)
	}
	if a.pending != 0 {
		t.Fatalf("expected nothing to be held back at the end, got %d octets", a.pending)
	}
}
