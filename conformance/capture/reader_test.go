package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	. "github.com/onsi/gomega"
)

// conversation is a small capture with all that a Writer writes.
func conversation(t testing.TB) []byte {
	return recording(t, func(w *Writer) {
		r, err := w.Open(0, testClient, testServer, testTime, "opened")
		must(t, err)
		must(t, r.Data(FromClient, []byte("hello"), testTime.Add(time.Second), "one", "two"))
		must(t, r.Data(FromServer, []byte("world"), testTime.Add(2*time.Second)))
		must(t, r.CloseWrite(FromClient, testTime.Add(3*time.Second), "closed"))
		must(t, r.Reset(FromServer, testTime.Add(4*time.Second), "reset"))
	})
}

const conversationScript = `0 opened 192.0.2.1:40001 -> 192.0.2.2:603
0 client@0 "hello"
0 server@0 "world"
0 client@5 FIN
0 server@5 RST`

func TestRoundTrip(t *testing.T) {
	g := NewWithT(t)
	r, err := NewReader(iotest.OneByteReader(bytes.NewReader(conversation(t))))
	must(t, err)
	var comments []string
	var times []time.Duration
	for ev, err := range r.Events(Limits{}) {
		must(t, err)
		times = append(times, ev.Stamp().Time.Sub(testTime))
		switch ev := ev.(type) {
		case *Opened:
			comments = append(comments, ev.Comment)
			g.Expect(ev.Conn.Interface).To(Equal(Interface{Name: "server-under-test", Description: "what the test made up"}))
			g.Expect(ev.Conn.Index).To(Equal(0))
		case *Data:
			comments = append(comments, ev.Comment)
		case *Closed:
			comments = append(comments, ev.Comment)
		case *End:
			g.Expect(ev.Stats).To(Equal(Stats{Packets: 10, Octets: int64(len(conversation(t))), Connections: 1}))
		}
	}
	g.Expect(comments).To(Equal([]string{"opened", "one\ntwo", "", "closed", "reset"}))
	g.Expect(times).To(Equal([]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 4 * time.Second}))
	g.Expect(r.Meta()).To(Equal(Meta{Hardware: "test bench", OS: "none", Application: "capture test",
		Comments: []string{"first", "second"}}))
}

func TestPackets(t *testing.T) {
	g := NewWithT(t)
	file := conversation(t)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	must(t, os.WriteFile(path, file, 0o600))
	r, err := Open(path)
	must(t, err)
	last := int64(0)
	for n := int64(1); ; n++ {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			g.Expect(n).To(BeEquivalentTo(11))
			break
		}
		must(t, err)
		g.Expect(p.Number).To(Equal(n))
		g.Expect(p.Offset).To(BeNumerically(">", last))
		g.Expect(p.LinkType).To(Equal(linkEthernet))
		g.Expect(file[p.Offset:]).To(HavePrefix("\x06\x00\x00\x00"))
		last = p.Offset
	}
	_, err = r.Next()
	g.Expect(err).To(MatchError(io.EOF))
	must(t, r.Close())
	_, err = Open(filepath.Join(t.TempDir(), "none"))
	g.Expect(err).To(MatchError(os.ErrNotExist))
}

// A capture of ours that is cut anywhere says so, and what comes before the cut is good.
func TestCutAtEveryOctet(t *testing.T) {
	file := conversation(t)
	full, err := script(t, file, Limits{})
	must(t, err)
	if full != conversationScript {
		t.Fatalf("expected\n%s\ngot\n%s", conversationScript, full)
	}
	for n := range len(file) {
		got, err := script(t, file[:n], Limits{})
		var cut *TruncatedError
		if !errors.As(err, &cut) {
			t.Fatalf("cut at %d of %d: expected a TruncatedError, got %v and\n%s", n, len(file), err, got)
		}
		if cut.Size != int64(n) || cut.Offset > int64(n) || cut.Expected == "" {
			t.Errorf("cut at %d: got %+v", n, cut)
		}
		if !strings.HasPrefix(full, got) {
			t.Errorf("cut at %d: expected the beginning of\n%s\ngot\n%s", n, full, got)
		}
	}
}

// Programs that rewrite a capture leave its end mark out; then nothing is missing.
func TestRewrittenByWireshark(t *testing.T) {
	for _, program := range [][]string{
		{"tshark", "-r", "IN", "-w", "OUT"}, {"editcap", "IN", "OUT"}, {"editcap", "-F", "nsecpcap", "IN", "OUT"}, {"mergecap", "-w", "OUT", "IN"},
	} {
		t.Run(strings.Join(program, " "), func(t *testing.T) {
			g := NewWithT(t)
			if _, err := exec.LookPath(program[0]); err != nil {
				t.Skipf("%s is not installed: what it makes of our captures is not checked", program[0])
			}
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "IN"), conversation(t), 0o600))
			cmd := exec.Command(program[0], program[1:]...)
			cmd.Dir = dir
			must(t, cmd.Run())
			file, err := os.ReadFile(filepath.Join(dir, "OUT"))
			must(t, err)
			got, err := script(t, file, Limits{})
			must(t, err)
			g.Expect(got).To(Equal(conversationScript))
		})
	}
}

// Of files of others, all cuts are noticed but those between two packets.
func TestCutOtherFormats(t *testing.T) {
	o := traceOptions{isn: [2]uint32{5, 6}}
	packets := frames(t, parseTrace(t, reassemblyCases[0].trace, o))
	for name, file := range map[string][]byte{
		"pcapng": pcapng(binary.BigEndian, linkEthernet, packets),
		"pcap":   pcap(binary.LittleEndian, pcapMicro, linkEthernet, packets),
	} {
		full, err := script(t, file, Limits{})
		must(t, err)
		clean := 0
		for n := range len(file) {
			got, err := script(t, file[:n], Limits{})
			var cut *TruncatedError
			switch {
			case err == nil:
				clean++
			case !errors.As(err, &cut):
				t.Fatalf("%s cut at %d: expected a TruncatedError, got %v", name, n, err)
			}
			if !strings.HasPrefix(full, got) {
				t.Errorf("%s cut at %d: expected the beginning of\n%s\ngot\n%s", name, n, full, got)
			}
		}
		most := len(packets)
		if name == "pcapng" {
			most += 2 // after other blocks
		}
		if clean > most {
			t.Errorf("%s: expected at most %d cuts to go unnoticed, got %d", name, most, clean)
		}
	}
}

func TestSectionLengthShowsCut(t *testing.T) {
	g := NewWithT(t)
	file := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, handshake, traceOptions{})))
	binary.LittleEndian.PutUint64(file[16:], uint64(len(file)-28))
	_, err := script(t, file, Limits{})
	g.Expect(err).NotTo(HaveOccurred())
	last := 0
	for at := 0; at < len(file); at += int(binary.LittleEndian.Uint32(file[at+4:])) {
		last = at
	}
	_, err = script(t, file[:last], Limits{})
	g.Expect(err).To(BeAssignableToTypeOf(&TruncatedError{}))
}

// Two captures one after the other are one capture of two sections.
func TestSections(t *testing.T) {
	g := NewWithT(t)
	o := traceOptions{}
	a := pcapng(binary.BigEndian, linkEthernet, frames(t, parseTrace(t, handshake+"c:'hello'", o)))
	b := pcapng(binary.LittleEndian, linkEthernet, frames(t, parseTrace(t, "c6:'world'", o)))
	got, err := script(t, slicesConcat(a, b), Limits{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(HaveSuffix(`"helloworld"`))
	ours := conversation(t)
	// The end of the first one is missing.
	n := bytes.LastIndex(ours, []byte("\x05\x00\x00\x00\x4c\x00\x00\x00"))
	g.Expect(n).To(BeNumerically(">", 0))
	_, err = script(t, slicesConcat(ours[:n], a), Limits{})
	g.Expect(err).To(BeAssignableToTypeOf(&TruncatedError{}))
}

func slicesConcat(a, b []byte) []byte { return append(append([]byte(nil), a...), b...) }

func TestFormats(t *testing.T) {
	o := traceOptions{isn: [2]uint32{5, 6}}
	for _, o.ipv6 = range []bool{false, true} {
		packets := frames(t, parseTrace(t, reassemblyCases[0].trace, o))
		files := map[string][]byte{}
		for name, order := range map[string]binary.AppendByteOrder{"big-endian": binary.BigEndian, "little-endian": binary.LittleEndian} {
			files["pcapng "+name] = pcapng(order, linkEthernet, packets)
			files["pcap, microseconds "+name] = pcap(order, pcapMicro, linkEthernet, packets)
			files["pcap, nanoseconds "+name] = pcap(order, pcapNano, linkEthernet, packets)
		}
		for name, file := range files {
			t.Run(name, func(t *testing.T) {
				g := NewWithT(t)
				got, err := script(t, file, Limits{})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(strings.Split(shortAddrs(got, o.ipv6), "\n")[1:]).To(Equal(reassemblyCases[0].want))
				r, err := NewReader(bytes.NewReader(file))
				must(t, err)
				p, err := r.Next()
				must(t, err)
				want := testTime
				if !strings.Contains(name, "nano") {
					want = want.Truncate(time.Microsecond)
				}
				g.Expect(p.Time.Equal(want)).To(BeTrue(), "expected %v, got %v", want, p.Time)
			})
		}
	}
}

func TestLinkTypes(t *testing.T) {
	for name, c := range map[string]struct {
		linkType uint32
		header   string // instead of that of Ethernet; %% is the type
	}{
		"Ethernet":       {linkEthernet, "dddddd" + "ssssss" + "%%"},
		"VLAN":           {linkEthernet, "dddddd" + "ssssss" + "\x81\x00\x00\x01" + "%%"},
		"QinQ":           {linkEthernet, "dddddd" + "ssssss" + "\x88\xa8\x00\x01" + "\x81\x00\x00\x01" + "%%"},
		"Linux SLL":      {linkSLL, "\x00\x00\x03\x04\x00\x06" + "llllllll" + "%%"},
		"Linux SLL VLAN": {linkSLL, "\x00\x00\x03\x04\x00\x06" + "llllllll" + "\x81\x00\x00\x01" + "%%"},
		"Linux SLL2":     {linkSLL2, "%%" + "\x00\x00" + "\x00\x00\x00\x01" + "\x03\x04" + "\x00\x06" + "llllllll"},
		"raw":            {linkRaw, ""},
		"raw, old":       {linkRawOldBSD, ""},
		"null":           {linkNull, "\x1e\x00\x00\x00"},
		"loop":           {linkLoop, "\x00\x00\x00\x02"},
	} {
		for _, ipv6 := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				o := traceOptions{ipv6: ipv6}
				packets := frames(t, parseTrace(t, reassemblyCases[0].trace, o))
				for i := range packets {
					p := &packets[i]
					header := strings.ReplaceAll(c.header, "%%", string(p.octets[12:14]))
					p.octets = append([]byte(header), p.octets[14:]...)
					p.length = len(p.octets)
				}
				for _, file := range [][]byte{
					pcap(binary.LittleEndian, pcapMicro, c.linkType, packets),
					pcapng(binary.LittleEndian, uint16(c.linkType), packets),
				} {
					got, err := script(t, file, Limits{})
					must(t, err)
					want := "0 opened C -> S\n" + strings.Join(reassemblyCases[0].want, "\n")
					if got := shortAddrs(got, ipv6); got != want {
						t.Errorf("expected\n%s\ngot\n%s", want, got)
					}
				}
			})
		}
	}
}

// Headers between IP and TCP, and packets whose length the network card was to fill in.
func TestHeadersOfIP(t *testing.T) {
	const trace = handshake + "c:'hello' s:'world'"
	insert := func(octets []byte, at int, more string) []byte {
		return append(append(bytes.Clone(octets[:at]), more...), octets[at:]...)
	}
	addLength := func(octets []byte, at, n int) {
		binary.BigEndian.PutUint16(octets[at:], binary.BigEndian.Uint16(octets[at:])+uint16(n))
	}
	for name, c := range map[string]struct {
		ipv6   bool
		change func(octets []byte) []byte
	}{
		"IPv4 options": {false, func(b []byte) []byte {
			b = insert(b, 34, "\x01\x01\x01\x00")
			b[14]++
			addLength(b, 16, 4)
			return b
		}},
		"IPv4 without length": {false, func(b []byte) []byte { b[16], b[17] = 0, 0; return b }},
		"IPv6 without length": {true, func(b []byte) []byte { b[18], b[19] = 0, 0; return b }},
		"IPv4 padded":         {false, func(b []byte) []byte { return append(b, "padding"...) }},
		"IPv6 padded":         {true, func(b []byte) []byte { return append(b, "padding"...) }},
		"IPv6 extensions": {true, func(b []byte) []byte {
			more := "\x3c\x00pppppp" + "\x2b\x01pppppppppppppp" + "\x33\x00pppppp" + "\x06\x02pppppppppppppp"
			b = insert(b, 54, more)
			b[20] = 0
			addLength(b, 18, len(more))
			return b
		}},
	} {
		t.Run(name, func(t *testing.T) {
			packets := frames(t, parseTrace(t, trace, traceOptions{ipv6: c.ipv6}))
			for i := range packets {
				packets[i].octets = c.change(packets[i].octets)
				packets[i].length = len(packets[i].octets)
			}
			got, err := script(t, pcap(binary.BigEndian, pcapMicro, linkEthernet, packets), Limits{})
			must(t, err)
			want := "0 opened C -> S\n0 client@0 \"hello\"\n0 server@0 \"world\""
			if got := shortAddrs(got, c.ipv6); got != want {
				t.Errorf("expected\n%s\ngot\n%s", want, got)
			}
		})
	}
}

// The older kinds of packet block.
func TestOldPacketBlocks(t *testing.T) {
	g := NewWithT(t)
	packets := frames(t, parseTrace(t, handshake+"c:'hello' c:'world'", traceOptions{}))
	order := binary.LittleEndian
	block := func(b []byte, kind uint32, body []byte) []byte {
		body = appendPadding(body, len(body))
		b = order.AppendUint32(b, kind)
		b = order.AppendUint32(b, uint32(len(body)+12))
		b = append(b, body...)
		return order.AppendUint32(b, uint32(len(body)+12))
	}
	file := pcapng(order, linkEthernet, nil)
	// Another interface, with a snapshot length that cuts the world.
	cut := len(packets[4].octets) - 3
	file = block(file, blockInterface, order.AppendUint32([]byte{linkEthernet, 0, 0, 0}, uint32(cut)))
	for i, p := range packets {
		if i%2 == 1 {
			body := order.AppendUint16(nil, 1)    // interface
			body = order.AppendUint16(body, 7)    // drops
			body = order.AppendUint32(body, 0)    // time
			body = order.AppendUint32(body, 1000) // in microseconds
			body = order.AppendUint32(body, uint32(len(p.octets)))
			body = order.AppendUint32(body, uint32(p.length))
			file = block(file, blockOldPacket, append(body, p.octets...))
			continue
		}
		file = block(file, blockSimple, append(order.AppendUint32(nil, uint32(p.length)), p.octets...))
	}
	got, err := script(t, file, Limits{})
	must(t, err)
	g.Expect(shortAddrs(got, false)).To(Equal("0 opened C -> S\n0 client@0 \"helloworld\""))

	// One that claims more than it has is taken for what it has.
	claims := bytes.Clone(file)
	order.PutUint32(claims[bytes.LastIndex(claims, packets[4].octets)-4:], 5000)
	got, err = script(t, claims, Limits{})
	must(t, err)
	g.Expect(shortAddrs(got, false)).To(Equal("0 opened C -> S\n0 client@0 \"helloworld\""))

	// Simple blocks belong to the first interface: give that one the snapshot length.
	order.PutUint32(file[28+12:], uint32(cut))
	got, err = script(t, file, Limits{})
	must(t, err)
	g.Expect(shortAddrs(got, false)).To(HavePrefix("0 opened C -> S\n0 client@0 \"hellowo\"\n0 client@7 gap of 3: packet cut"))
}

func TestOtherTrafficIsCounted(t *testing.T) {
	g := NewWithT(t)
	packets := frames(t, parseTrace(t, "c:syn s:syn c:'hello'", traceOptions{}))
	udp := bytes.Clone(packets[0].octets)
	udp[23] = 17
	arp := append(bytes.Clone(packets[0].octets[:12]), 8, 6, 0, 1)
	short := packets[0].octets[:40]
	packets = append(packets, frame{udp, len(udp), testTime},
		frame{arp, len(arp), testTime}, frame{short, 54, testTime}, frame{nil, 60, testTime})
	r, err := NewReader(bytes.NewReader(pcap(binary.LittleEndian, pcapMicro, linkEthernet, packets)))
	must(t, err)
	for ev := range r.Events(Limits{}) {
		if end, ok := ev.(*End); ok {
			g.Expect(end.Stats.NotTCP).To(BeEquivalentTo(2))
			g.Expect(end.Stats.Undecodable).To(BeEquivalentTo(2))
			g.Expect(end.Stats.Packets).To(BeEquivalentTo(7))
			return
		}
	}
	t.Fatal("no end")
}

func TestFragments(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		g := NewWithT(t)
		text := strings.Repeat("0123456789", 300)
		o := traceOptions{ipv6: ipv6}
		packets := frames(t, parseTrace(t, handshake+"c:'"+text+"' c:'end'", o))
		whole := packets[3]
		head := 34
		if ipv6 {
			head = 54
		}
		body := whole.octets[head:]
		var pieces []frame
		for at := 0; at < len(body); at += 1000 {
			piece := body[at:min(at+1000, len(body))]
			more := at+1000 < len(body)
			octets := bytes.Clone(whole.octets[:head])
			word := uint16(at)
			if ipv6 {
				octets[20] = 44
				if more {
					word |= 1
				}
				octets = append(octets, 6, 0, byte(word>>8), byte(word), 1, 2, 3, 4)
				binary.BigEndian.PutUint16(octets[18:], uint16(8+len(piece)))
			} else {
				word /= 8
				if more {
					word |= 0x2000
				}
				binary.BigEndian.PutUint16(octets[20:], word)
				binary.BigEndian.PutUint16(octets[16:], uint16(20+len(piece)))
			}
			octets = append(octets, piece...)
			pieces = append(pieces, frame{octets, len(octets), whole.at})
		}
		g.Expect(len(pieces)).To(BeNumerically(">", 2))
		for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 1, 3, 0, 3, 2}} {
			file := packets[:3:3]
			for _, i := range order {
				file = append(file, pieces[i])
			}
			file = append(file, packets[4])
			got, err := script(t, pcapng(binary.LittleEndian, linkEthernet, file), Limits{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(shortAddrs(got, ipv6)).To(Equal("0 opened C -> S\n0 client@0 \"" + text + "end\""))
		}
	}
}

func TestTimestampResolutions(t *testing.T) {
	for _, c := range []struct {
		resolution byte
		offset     int64
		ticks      uint64
		want       time.Time
	}{
		{0, 0, 1795348800, time.Unix(1795348800, 0)},
		{3, 100, 1795348800123, time.Unix(1795348900, 123e6)},
		{9, -1, 1795348800123456789, time.Unix(1795348799, 123456789)},
		{12, 0, 1795348123456789012, time.Unix(1795348, 123456789)},
		{19, 0, 1<<64 - 1, time.Unix(1, 844674407)},
		{0x80 | 10, 0, 1795348800<<10 | 512, time.Unix(1795348800, 5e8)},
		{0x80 | 32, 0, 1795348800<<32 | 1<<31, time.Unix(1795348800, 5e8)},
		{0x80 | 63, 0, 1<<64 - 1, time.Unix(1, 999999999)},
	} {
		i := readInterface{units: unitsPerSecond(c.resolution), offset: c.offset}
		if got := i.time(c.ticks); !got.Equal(c.want) {
			t.Errorf("resolution %#x: expected %v, got %v", c.resolution, c.want, got)
		}
	}
	for _, bad := range []byte{20, 127, 0x80 | 64, 255} {
		if unitsPerSecond(bad) != 0 {
			t.Errorf("expected resolution %#x to be refused", bad)
		}
	}
}

// Damage is told with its place.
func TestDamage(t *testing.T) {
	good := conversation(t)
	section := int(binary.LittleEndian.Uint32(good[4:]))
	iface := int(binary.LittleEndian.Uint32(good[section+4:]))
	packet := section + iface
	oldPcap := pcap(binary.BigEndian, pcapMicro, linkEthernet, nil)
	change := func(file []byte, at int, octets ...byte) []byte {
		file = bytes.Clone(file)
		copy(file[at:], octets)
		return file
	}
	for name, c := range map[string]struct {
		file   []byte
		offset int
	}{
		"text":                     {[]byte("not a capture"), 0},
		"modified pcap":            {[]byte("\x34\xcd\xb2\xa1..."), 0},
		"byte-order magic":         {change(good, 8, 1), 8},
		"version of pcapng":        {change(good, 12, 9), 12},
		"block length too small":   {change(good, packet+4, 8, 0, 0, 0), packet + 4},
		"block length not of 4":    {change(good, packet+4, 45), packet + 4},
		"block length too large":   {change(good, packet+4, 0, 0, 0, 0xf0), packet + 4},
		"block length at the end":  {change(good, packet-4, 1), packet - 4},
		"interface not there":      {change(good, packet+8, 7), packet + 8},
		"captured length":          {change(good, packet+20, 0xff, 0xff), packet + 20},
		"option length":            {change(good, section+16+2, 0xff, 0xff), section + 16 + 2},
		"version of pcap":          {change(oldPcap, 4, 0, 9), 4},
		"pcap packet of 4 GiB":     {append(bytes.Clone(oldPcap), bytes.Repeat([]byte{0xff}, 16)...), 24 + 8},
		"block before the section": {append(pcapng(binary.BigEndian, 1, nil), 9, 9, 9, 9, 0, 0, 0, 1), len(pcapng(binary.BigEndian, 1, nil)) + 4},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := script(t, c.file, Limits{})
			var bad *FormatError
			if !errors.As(err, &bad) {
				t.Fatalf("expected a FormatError, got %v", err)
			}
			if bad.Offset != int64(c.offset) || bad.Expected == "" || bad.Got == "" {
				t.Errorf("expected damage at %d, got %v", c.offset, bad)
			}
		})
	}
}

// Errors of reading are neither damage nor the end.
func TestReadError(t *testing.T) {
	g := NewWithT(t)
	file := conversation(t)
	broken := errors.New("disk on fire")
	r, err := NewReader(io.MultiReader(bytes.NewReader(file[:500]), iotest.ErrReader(broken)))
	must(t, err)
	var got error
	events := 0
	for ev, err := range r.Events(Limits{}) {
		if err != nil {
			got = err
		} else if end, ok := ev.(*End); ok {
			g.Expect(end.Err).To(MatchError(broken))
		} else {
			events++
		}
	}
	g.Expect(got).To(MatchError(broken))
	g.Expect(events).To(BeNumerically(">", 0))
}

// A file that claims much gets little memory.
func TestClaimsAreNotBelieved(t *testing.T) {
	file := conversation(t)
	section := int(binary.LittleEndian.Uint32(file[4:]))
	iface := int(binary.LittleEndian.Uint32(file[section+4:]))
	binary.LittleEndian.PutUint32(file[section+iface+4:], maxRecord)
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			_, _ = script(b, file, Limits{})
		}
	}).AllocedBytesPerOp()
	if allocated > 2*readSize {
		t.Errorf("expected a claim of %d octets to cost at most %d, got %d", maxRecord, 2*readSize, allocated)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderThatGivesNothing(t *testing.T) {
	_, err := NewReader(stuck{})
	NewWithT(t).Expect(err).To(MatchError(io.ErrNoProgress))
}
