package recordings_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
)

func open(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reader(t testing.TB, file []byte) *capture.Reader {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func verdictsOf(t testing.TB, file []byte) *judge.Judgement {
	t.Helper()
	return judge.Capture(reader(t, file), checks.Catalogue(), dialogue.Options{})
}

func connections(t testing.TB, file []byte) (all []*dialogue.Connection) {
	t.Helper()
	err := dialogue.Read(reader(t, file).Events(capture.Limits{}), dialogue.Options{}, func(c *dialogue.Connection) { all = append(all, c) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// inspected writes all that inspect would, which must not fail on anything.
func inspected(t testing.TB, r *capture.Reader) {
	t.Helper()
	_ = dialogue.Read(r.Events(capture.Limits{}), dialogue.Options{}, func(c *dialogue.Connection) {
		if err := errors.Join(dialogue.Write(io.Discard, c, dialogue.WriteOptions{Values: true}), dialogue.WriteJSON(io.Discard, c)); err != nil {
			t.Error(err)
		}
	})
}

// TestCutCaptures: a capture cut anywhere is an error or inconclusive; nothing passes in it, and
// nothing fails that did not before.
func TestCutCaptures(t *testing.T) {
	for i, s := range load(t) {
		file := open(t, s.Capture)
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			bounds := blocks(file)
			// What is left of a capture is the same wherever in a block it is cut: so the judge has to look
			// only once for each block, here before and behind its start, and at a sample.
			var judged []int
			for _, at := range bounds {
				judged = append(judged, at, at+1)
			}
			for range 40 {
				judged = append(judged, rng.IntN(len(file)))
			}
			for _, at := range judged {
				if cutAt(t, s, file, at); t.Failed() {
					return
				}
			}
			// That it was cut is told at every octet up to the last packet.
			for at := range bounds[len(bounds)-1] {
				if i > 0 && rng.IntN(len(file)) > 300 {
					continue
				}
				if complete(file[:at]) {
					t.Errorf("cut at %d of %d: expected an error, got none", at, len(file))
				}
			}
		})
	}
}

func cutAt(t *testing.T, s *recordings.Sidecar, file []byte, at int) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file[:at]))
	if err != nil {
		return // a clear error: there is not even a header
	}
	f := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
	if f.Err == nil {
		// Nothing may be missing but marks behind the last packet.
		if diffs := s.Differences(f); len(diffs) > 0 || at < len(file)-400 {
			t.Errorf("cut at %d of %d: expected an error, got a file that is complete, with %q", at, len(file), diffs)
		}
		return
	}
	for _, v := range f.Verdicts {
		if v.Outcome == judge.Pass {
			t.Errorf("cut at %d: %s passes for the %s, in a file with the error %v", at, v.Check.ID, v.Side, f.Err)
		}
		if v.Outcome == judge.Fail {
			t.Errorf("cut at %d: %s fails for the %s: %+v", at, v.Check.ID, v.Side, v.Findings[0])
		}
	}
	if at%97 == 0 {
		r, _ := capture.NewReader(bytes.NewReader(file[:at]))
		inspected(t, r)
	}
}

// complete tells whether a capture file can be read to its end without an error.
func complete(file []byte) bool {
	r, err := capture.NewReader(bytes.NewReader(file))
	for err == nil {
		_, err = r.Next()
	}
	return err == io.EOF
}

// blocks gives where the blocks of a pcapng file begin.
func blocks(file []byte) (at []int) {
	for i := 0; i+8 <= len(file); {
		at = append(at, i)
		i += int(binary.LittleEndian.Uint32(file[i+4:]))
	}
	return at
}

// op is what happened on a connection.
type op struct {
	conn  int
	from  capture.Direction
	data  []byte
	close bool
	reset bool
	at    time.Time
}

// ops reads what happened in a capture, and who talked to whom.
func ops(t testing.TB, file []byte) (all []op, ends [][2]netip.AddrPort) {
	t.Helper()
	for ev, err := range reader(t, file).Events(capture.Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *capture.Opened:
			ends = append(ends, [2]netip.AddrPort{ev.Conn.Client, ev.Conn.Server})
		case *capture.Data:
			all = append(all, op{conn: ev.Conn.Index, from: ev.From, data: bytes.Clone(ev.Bytes), at: ev.At.Time})
		case *capture.Closed:
			all = append(all, op{conn: ev.Conn.Index, from: ev.From, close: true, reset: ev.How == capture.RST, at: ev.At.Time})
		case *capture.Gap:
			t.Fatalf("unexpected gap: %+v", ev)
		}
	}
	return all, ends
}

// write makes a capture of what happened.
func write(t testing.TB, all []op, ends [][2]netip.AddrPort) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := capture.NewWriter(&b, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	iface, err := w.Interface("test", "")
	if err != nil {
		t.Fatal(err)
	}
	recorders := make([]*capture.Recorder, len(ends))
	for _, o := range all {
		r := recorders[o.conn]
		if r == nil {
			if r, err = w.Open(iface, ends[o.conn][0], ends[o.conn][1], o.at); err != nil {
				t.Fatal(err)
			}
			recorders[o.conn] = r
		}
		switch {
		case o.reset:
			err = r.Reset(o.from, o.at)
		case o.close:
			err = r.CloseWrite(o.from, o.at)
		default:
			err = r.Data(o.from, o.data, o.at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same checks that a capture of the same octets is judged as the sidecar says.
func same(t *testing.T, s *recordings.Sidecar, what string, file []byte) {
	t.Helper()
	f := verdictsOf(t, file)
	if f.Err != nil {
		t.Errorf("%s: %s: %v", s.Capture, what, f.Err)
	}
	if diffs := s.Differences(f); len(diffs) > 0 {
		t.Errorf("%s: %s: %d verdicts are others: %s", s.Capture, what, len(diffs), diffs[0])
	}
}

// TestSegments: where the octets were cut into packets makes no difference.
func TestSegments(t *testing.T) {
	for i, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			all, ends := ops(t, open(t, s.Capture))
			same(t, s, "written again", write(t, all, ends))

			var single []op // an octet a packet
			for _, o := range all {
				for j := range o.data {
					p := o
					p.data = o.data[j : j+1]
					single = append(single, p)
				}
				if len(o.data) == 0 {
					single = append(single, o)
				}
			}
			file := write(t, single, ends)
			same(t, s, "an octet a packet", file)
			if i == 0 {
				inspected(t, reader(t, file))
			}

			var joined []op // what one side sent without a word of the other, in one packet
			for _, o := range all {
				if n := len(joined) - 1; n >= 0 && len(o.data) > 0 && len(joined[n].data) > 0 && joined[n].conn == o.conn && joined[n].from == o.from {
					joined[n].data = slices.Concat(joined[n].data, o.data)
					continue
				}
				joined = append(joined, o)
			}
			same(t, s, "coalesced", write(t, joined, ends))

			// Split in two at every boundary: of each piece of data in turn, at one place each.
			step := 7
			if testing.Short() {
				step = 31
			}
			longest := 0
			for _, o := range all {
				longest = max(longest, len(o.data))
			}
			for at := 1; at < longest; at++ {
				if at > 64 && at%step != i%step {
					continue
				}
				var split []op
				for _, o := range all {
					if len(o.data) <= at {
						split = append(split, o)
						continue
					}
					head, tail := o, o
					head.data, tail.data = o.data[:at], o.data[at:]
					split = append(split, head, tail)
				}
				same(t, s, fmt.Sprintf("split at %d", at), write(t, split, ends))
			}
		})
	}
}

// packet is a captured packet.
type packet struct {
	data []byte
	at   time.Time
	tcp  *layers.TCP
	ip   *layers.IPv4
	eth  *layers.Ethernet
}

func packets(t testing.TB, file []byte) (all []packet) {
	t.Helper()
	r := reader(t, file)
	for {
		p, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		k := packet{data: bytes.Clone(p.Data), at: p.Time}
		g := gopacket.NewPacket(k.data, layers.LayerTypeEthernet, gopacket.Default)
		k.eth, _ = g.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		k.ip, _ = g.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		k.tcp, _ = g.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if k.tcp == nil || k.ip == nil {
			t.Fatal("expected TCP over IPv4")
		}
		all = append(all, k)
	}
}

// with gives the packet with another payload, behind or before its own.
func (p packet) with(t testing.TB, seq uint32, payload []byte) packet {
	t.Helper()
	tcp, ip := *p.tcp, *p.ip
	tcp.Seq = seq
	if err := tcp.SetNetworkLayerForChecksum(&ip); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true,
		ComputeChecksums: true}, p.eth, &ip, &tcp, gopacket.Payload(payload))
	if err != nil {
		t.Fatal(err)
	}
	q := p
	q.data, q.ip, q.tcp = buf.Bytes(), &ip, &tcp
	q.tcp.Payload = payload
	return q
}

// pcap writes packets as a classic pcap file of nanoseconds, in the order given.
func pcap(all []packet) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b23c4d)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, 1<<18)
	b = le.AppendUint32(b, 1) // Ethernet
	for _, p := range all {
		b = le.AppendUint32(b, uint32(p.at.Unix()))
		b = le.AppendUint32(b, uint32(p.at.Nanosecond()))
		b = le.AppendUint32(b, uint32(len(p.data)))
		b = le.AppendUint32(b, uint32(len(p.data)))
		b = append(b, p.data...)
	}
	return b
}

// runs gives the bounds of the longest runs of data packets that one side sends without a packet of
// data of the other between them.
func runs(all []packet) (out [][2]int) {
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && len(all[i].tcp.Payload) > 0 && len(all[j].tcp.Payload) > 0 && all[j].tcp.SrcPort == all[i].tcp.SrcPort {
			j++
		}
		out = append(out, [2]int{i, j})
		i = j
	}
	return out
}

// TestPackets: what the network and the machine that captures do to packets makes no difference.
func TestPackets(t *testing.T) {
	for i, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(2, uint64(i)))
			all := packets(t, open(t, s.Capture))
			same(t, s, "as pcap", pcap(all))

			var twice []packet
			for _, p := range all {
				twice = append(twice, p, p)
			}
			same(t, s, "every packet twice", pcap(twice))

			// Each segment once more, some time later.
			var later []packet
			for j, p := range all {
				later = append(later, p)
				if j >= 3 && len(all[j-3].tcp.Payload) > 0 {
					later = append(later, all[j-3])
				}
			}
			same(t, s, "retransmitted later", pcap(later))

			same(t, s, "retransmitted with overlap", pcap(overlapping(t, all)))

			for range 5 {
				same(t, s, "bursts in another order", pcap(shuffledRuns(all, rng)))
			}
			// Packets of both directions in another order: the acknowledgements tell what follows from what.
			for _, window := range []int{2, 3, 5, 10, 30} {
				for range 3 {
					same(t, s, fmt.Sprintf("both directions in another order within %d packets", window), pcap(shuffled(all, window, rng)))
				}
			}
			// Where a window holds more than the reader waits for, nothing may break.
			if f := verdictsOf(t, pcap(shuffled(all, len(all), rng))); f.Err != nil {
				t.Errorf("all packets in another order: %v", f.Err)
			}
		})
	}
}

// overlapping retransmits each segment together with the end of the one before and, where there is
// one, the start of the one after.
func overlapping(t testing.TB, all []packet) (out []packet) {
	last := map[layers.TCPPort]packet{} // by sender
	for _, p := range all {
		out = append(out, p)
		if len(p.tcp.Payload) == 0 {
			continue
		}
		if l, ok := last[p.tcp.SrcPort]; ok && l.tcp.Seq+uint32(len(l.tcp.Payload)) == p.tcp.Seq && l.tcp.DstPort == p.tcp.DstPort {
			tail := l.tcp.Payload[len(l.tcp.Payload)/2:]
			half := p.tcp.Payload[:(len(p.tcp.Payload)+1)/2]
			out = append(out, p.with(t, p.tcp.Seq-uint32(len(tail)), slices.Concat(tail, half)))
		}
		last[p.tcp.SrcPort] = p
	}
	return out
}

func shuffledRuns(all []packet, rng *rand.Rand) []packet {
	out := slices.Clone(all)
	for _, r := range runs(all) {
		part := out[r[0]:r[1]]
		rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return out
}

// shuffled puts the packets of bursts in another order, whoever sent them. A burst has up to window
// packets, within half of the time that the reader waits; handshakes stay where they are.
func shuffled(all []packet, window int, rng *rand.Rand) []packet {
	out := slices.Clone(all)
	handshake := func(i int) bool {
		return all[i].tcp.SYN || i > 0 && all[i-1].tcp.SYN && all[i-1].tcp.ACK
	}
	for i := 0; i < len(out); {
		j := i + 1
		for j < len(out) && j < i+window && !handshake(i) && !handshake(j) && all[j].at.Sub(all[i].at) < capture.DefaultHeldTime/2 {
			j++
		}
		part := out[i:j]
		rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		i = j
	}
	return out
}

// TestJoined: a capture that begins in the middle of a connection, or lacks packets of it, lets
// nothing fail.
func TestJoined(t *testing.T) {
	for i, s := range load(t) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(3, uint64(i)))
			all := packets(t, open(t, s.Capture))
			passes := 0
			step := 1 // everywhere in the first capture, here and there in the others
			if i > 0 {
				step = 3
			}
			for n := 1; n < len(all); n += step {
				passes += noFailure(t, fmt.Sprintf("without the first %d packets", n), pcap(all[n:]))
			}
			if passes == 0 {
				t.Error("expected something to pass in what is left")
			}
			for n := 1 + i%step; n < len(all); n += step {
				noFailure(t, fmt.Sprintf("without packet %d", n), pcap(slices.Delete(slices.Clone(all), n, n+1)))
			}
			for n := 4; n < len(all); n += 2 + step {
				noFailure(t, fmt.Sprintf("the first %d packets", n), pcap(all[:n]))
			}
			for range 20 {
				some := slices.DeleteFunc(slices.Clone(all), func(packet) bool { return rng.IntN(8) == 0 })
				noFailure(t, "without an eighth of the packets", pcap(some))
			}
			inspected(t, reader(t, pcap(all[len(all)/2:])))
		})
	}
}

func noFailure(t *testing.T, what string, file []byte) (passes int) {
	t.Helper()
	f := verdictsOf(t, file)
	for _, v := range f.Verdicts {
		switch v.Outcome {
		case judge.Fail:
			t.Errorf("%s: %s fails for the %s: %+v", what, v.Check.ID, v.Side, v.Findings[0])
		case judge.Pass, judge.Seen:
			passes++
		}
	}
	return passes
}

// TestOtherTraffic: what is not IKC is left alone, with a note, beside what is.
func TestOtherTraffic(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	client, server := netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:80")
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	const c, v = capture.FromClient, capture.FromServer
	talk := func(parts ...op) (out []op) {
		for _, p := range parts {
			p.at = at
			out = append(out, p)
		}
		return append(out, op{from: c, close: true, at: at}, op{from: v, close: true, at: at})
	}
	for _, test := range []struct {
		name string
		ops  []op
	}{
		{"HTTP", talk(op{from: c, data: []byte("GET / HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n")},
			op{from: v, data: []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")})},
		{"SSH", talk(op{from: v, data: []byte("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")}, op{from: c, data: []byte("SSH-2.0-OpenSSH_9.2p1\r\n")}, op{from: c, data: noise(900)})},
		{"SMTP", talk(op{from: v, data: []byte("220 mail.example.org ESMTP\r\n")}, op{from: c, data: []byte("EHLO me\r\n")}, op{from: v, data: []byte("250 OK\r\n")})},
		{"TLS", talk(op{from: c, data: append([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), noise(500)...)})},
		{"random octets", talk(op{from: c, data: noise(5000)}, op{from: v, data: noise(5000)})},
		{"random octets of the server", talk(op{from: v, data: noise(5000)})},
		{"digits and NULs", talk(op{from: c, data: bytes.Repeat([]byte("12\x00"), 1000)}, op{from: v, data: bytes.Repeat([]byte("3\x00"), 1000)})},
		{"nothing", talk()},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, test.ops, [][2]netip.AddrPort{{client, server}})
			f := verdictsOf(t, file)
			if f.Err != nil || f.Connections != 0 || len(f.Notes) != 1 {
				t.Errorf("expected no connection of IKC and a note, got %d, %q, error %v", f.Connections, f.Notes, f.Err)
			}
			for _, v := range f.Verdicts {
				if v.Outcome != judge.Inconclusive {
					t.Errorf("%s: expected inconclusive, got %v", v.Check.ID, v.Outcome)
				}
			}
			inspected(t, reader(t, file))
			// The same, joined in the middle.
			if all := packets(t, file); len(all) > 4 {
				noFailure(t, "joined", pcap(all[3:]))
			}
			// And beside IKC.
			s := load(t)[0]
			all, ends := ops(t, open(t, s.Capture))
			other := slices.Clone(test.ops)
			for i := range other {
				other[i].conn = len(ends)
			}
			f = verdictsOf(t, write(t, slices.Concat(all, other), append(ends, [2]netip.AddrPort{client, server})))
			for _, diff := range s.Differences(f) {
				t.Errorf("beside %s: %s", s.Capture, diff)
			}
			if len(f.Notes) != 1 {
				t.Errorf("beside %s: expected a note, got %q", s.Capture, f.Notes)
			}
		})
	}
}

// TestNotACapture: other files are clear errors.
func TestNotACapture(t *testing.T) {
	for _, s := range load(t)[:1] {
		path := s.Capture[:len(s.Capture)-len(".pcapng")] + ".json"
		var format *capture.FormatError
		if _, err := judge.File(path, checks.Catalogue(), dialogue.Options{}); !errors.As(err, &format) {
			t.Errorf("%s: expected a *capture.FormatError, got %v", path, err)
		}
	}
}
