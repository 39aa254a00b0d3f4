package capture

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// tshark runs tshark over a capture with all its checks on.
func tshark(t *testing.T, file []byte, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: what Wireshark says of our captures is not checked")
	}
	name := filepath.Join(t.TempDir(), "test.pcapng")
	must(t, os.WriteFile(name, file, 0o600))
	args = append([]string{"-r", name, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, args...)
	cmd := exec.Command(path, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.Contains(line, "Running as user") {
			t.Errorf("expected tshark to have nothing to say, got %s", line)
		}
	}
	return string(out)
}

// trueNotes are the notes that Wireshark rightly makes on any connection.
var trueNotes = []string{
	"This frame initiates the connection closing",
	"This frame undergoes the connection closing",
	"A new tcp session is started with the same ports as an earlier session in this trace",
}

// complaints returns what Wireshark's experts say at the level of a note or above, but for
// trueNotes.
func complaints(t *testing.T, file []byte) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(tshark(t, file, "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.severity",
		"-e", "_ws.expert.message", "-e", "tcp.checksum.status", "-e", "ip.checksum.status", "-E", "occurrence=a")) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		severities, message := strings.Split(fields[1], ","), fields[2]
		bad := false
		for i, s := range severities {
			switch s {
			case "", "1048576", "2097152": // nothing, a comment, chat
			case "4194304": // a note
				texts := strings.Split(message, ",")
				bad = bad || len(texts) != len(severities) || !slices.Contains(trueNotes, texts[i])
			default: // a warning or an error
				bad = true
			}
		}
		if strings.Contains(fields[3], "0") || strings.Contains(fields[4], "0") {
			bad = true
			message += " (bad checksum)"
		}
		if bad {
			found = append(found, fields[0]+": "+fields[1]+" "+message)
		}
	}
	return found
}

func TestTsharkHasNoComplaints(t *testing.T) {
	ip4 := func(c, s string) [2]netip.AddrPort {
		return [2]netip.AddrPort{netip.MustParseAddrPort(c), netip.MustParseAddrPort(s)}
	}
	for _, ends := range [][2]netip.AddrPort{
		{testClient, testServer},
		ip4("[2001:db8::1]:40001", "[2001:db8::2]:603"),
		ip4("127.0.0.1:40001", "127.0.0.1:603"),
		ip4("[fe80::1%eth0]:40001", "192.0.2.1:603"),
		ip4("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:65535"),
	} {
		for name, isn := range map[string]func(uint64, Direction) uint32{
			"usual":    initialSequence,
			"wrapping": func(_ uint64, d Direction) uint32 { return ^uint32(0) - 20000 - uint32(d)*3 },
			"at wrap":  func(uint64, Direction) uint32 { return ^uint32(0) - 1 },
		} {
			t.Run(name+" "+ends[0].Addr().String(), func(t *testing.T) {
				g := NewWithT(t)
				file := recording(t, func(w *Writer) {
					w.isn = isn
					r, err := w.Open(0, ends[0], ends[1], testTime, "hello")
					must(t, err)
					must(t, r.Data(FromClient, []byte("SETUP KERNEL=x\r\n"), testTime.Add(time.Millisecond), "one", "two"))
					must(t, r.Data(FromServer, []byte("SETUP KERNEL=y\r\n"), testTime.Add(2*time.Millisecond)))
					must(t, r.Data(FromServer, make([]byte, 3<<20), testTime.Add(3*time.Millisecond)))
					must(t, r.Data(FromClient, make([]byte, segmentSize), testTime.Add(3*time.Millisecond)))
					must(t, r.CloseWrite(FromClient, testTime.Add(4*time.Millisecond)))
					must(t, r.Data(FromServer, []byte("bye"), testTime.Add(5*time.Millisecond)))
					must(t, r.CloseWrite(FromServer, testTime.Add(6*time.Millisecond)))
				})
				g.Expect(complaints(t, file)).To(BeEmpty())
				out, err := script(t, file, Limits{})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(out).To(HaveSuffix("@16400 FIN\n0 server@3145744 \"bye\"\n0 server@3145747 FIN"))
			})
		}
	}
}

func TestTsharkReadsMetadata(t *testing.T) {
	g := NewWithT(t)
	file := recording(t, func(w *Writer) {
		n, err := w.Interface("control", "the driver protocol")
		must(t, err)
		r, err := w.Open(n, testClient, testServer, testTime, "opening\nin two lines")
		must(t, err)
		must(t, r.CloseWrite(FromServer, testTime))
	})
	out := tshark(t, file, "-c", "1", "-T", "fields", "-e", "frame.interface_name", "-e", "frame.interface_description",
		"-e", "frame.comment", "-e", "frame.time_epoch")
	g.Expect(out).To(HavePrefix("control\tthe driver protocol\topening"))
	g.Expect(out).To(HaveSuffix("1795348800.123456789\n"))
}

// Many connections at once, the same ends again, resets, ends that are left open: all of one
// capture.
func TestTsharkManyConnections(t *testing.T) {
	g := NewWithT(t)
	file := recording(t, func(w *Writer) {
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				for range 3 { // the same ports again
					client := netip.AddrPortFrom(testClient.Addr(), uint16(40000+i))
					r, err := w.Open(0, client, testServer, time.Time{})
					must(t, err)
					for j := range 20 {
						must(t, r.Data(Direction(j&1), bytes.Repeat([]byte{byte(i)}, 1+j*100), time.Time{}))
					}
					must(t, r.CloseWrite(Direction(i&1), time.Time{}))
					must(t, r.CloseWrite(Direction(i&1)^1, time.Time{}))
				}
			})
		}
		all.Wait()
	})
	g.Expect(complaints(t, file)).To(BeEmpty())
	out, err := script(t, file, Limits{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(out, "opened")).To(Equal(150))
	g.Expect(strings.Count(out, "FIN")).To(Equal(300))
	g.Expect(out).NotTo(ContainSubstring("gap"))
}

// A capture in which nothing happened is a capture.
func TestEmpty(t *testing.T) {
	g := NewWithT(t)
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Meta{})
	must(t, err)
	must(t, w.Close())
	must(t, w.Close())
	g.Expect(tshark(t, buf.Bytes())).To(BeEmpty())
	got, err := script(t, buf.Bytes(), Limits{})
	must(t, err)
	g.Expect(got).To(BeEmpty())
	r, err := NewReader(&buf)
	must(t, err)
	_, err = r.Next()
	g.Expect(err).To(MatchError(io.EOF))
	g.Expect(r.Meta().Application).To(Equal("ikc-conform"))
}

// Times never go back in a file, and no two packets have the same.
func TestTimesIncrease(t *testing.T) {
	g := NewWithT(t)
	file := recording(t, func(w *Writer) {
		r, err := w.Open(0, testClient, testServer, testTime)
		must(t, err)
		must(t, r.Data(FromClient, []byte("a"), testTime.Add(-time.Hour)))
		must(t, r.Data(FromServer, []byte("b"), testTime))
		must(t, r.Data(FromServer, []byte("c"), testTime.Add(time.Second)))
	})
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	last := testTime.Add(-1)
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		g.Expect(p.Time.After(last)).To(BeTrue(), "expected packet %d after %v, got %v", p.Number, last, p.Time)
		last = p.Time
	}
	g.Expect(last).To(Equal(testTime.Add(time.Second + 1)))
}

// Two open connections between the same ends cannot be told apart, so that they must not be
// written.
func TestSameEndsAtOnce(t *testing.T) {
	g := NewWithT(t)
	file := recording(t, func(w *Writer) {
		a, err := w.Open(0, testClient, testServer, testTime)
		must(t, err)
		b, err := w.Open(0, testClient, testServer, testTime, "mine")
		must(t, err)
		g.Expect(b.Client().Port()).To(Equal(testClient.Port() + 1))
		g.Expect(b.Server()).To(Equal(testServer))
		must(t, a.CloseWrite(FromClient, testTime))
		must(t, a.CloseWrite(FromClient, testTime))
		c, err := w.Open(0, testClient, testServer, testTime)
		must(t, err)
		g.Expect(c.Client().Port()).To(Equal(testClient.Port() + 2))
		must(t, a.CloseWrite(FromServer, testTime))
		must(t, a.Reset(FromServer, testTime))
		must(t, b.Reset(FromServer, testTime))
		for range 2 { // both ports are free again
			d, err := w.Open(0, testClient, testServer, testTime)
			must(t, err)
			g.Expect(d.Client().Port()).To(BeElementOf(testClient.Port(), testClient.Port()+1))
		}
	})
	got, err := script(t, file, Limits{})
	must(t, err)
	g.Expect(strings.Count(got, "opened")).To(Equal(5))
	g.Expect(strings.Count(got, "gap")).To(BeZero())
	g.Expect(tshark(t, file, "-Y", "tcp.stream==1", "-T", "fields", "-e", "frame.comment")).
		To(HavePrefix("mine,the client's port was 40001, which another connection of this capture has"))
}

func TestMisuse(t *testing.T) {
	g := NewWithT(t)
	w, err := NewWriter(io.Discard, Meta{})
	must(t, err)
	_, err = w.Open(0, testClient, testServer, testTime)
	g.Expect(err).To(MatchError(ContainSubstring("expected an interface")))
	n, err := w.Interface("a", "")
	must(t, err)
	_, err = w.Open(n, testClient, netip.AddrPort{}, testTime)
	g.Expect(err).To(MatchError(ContainSubstring("expected two addresses")))
	r, err := w.Open(n, testClient, testServer, testTime)
	must(t, err)
	must(t, r.CloseWrite(FromClient, testTime))
	g.Expect(r.Data(FromClient, []byte("x"), testTime)).To(MatchError(ErrOver))
	must(t, r.Data(FromServer, []byte("x"), testTime))
	must(t, r.Data(FromServer, nil, testTime))
	must(t, r.Reset(FromClient, testTime))
	g.Expect(r.Data(FromServer, []byte("x"), testTime)).To(MatchError(ErrOver))
	must(t, w.Close())
	g.Expect(r.Reset(FromClient, testTime)).To(Succeed())
	_, err = w.Open(n, testClient, testServer, testTime)
	g.Expect(err).To(MatchError(ErrClosed))
	g.Expect(w.Flush()).To(MatchError(ErrClosed))
	_, err = w.Interface("b", "")
	g.Expect(err).To(MatchError(ErrClosed))
	_, err = Create(filepath.Join(t.TempDir(), "no", "such", "directory"), Meta{})
	g.Expect(err).To(MatchError(os.ErrNotExist))
}

func TestLongAndOddTexts(t *testing.T) {
	g := NewWithT(t)
	long := strings.Repeat("ä", 40000)
	file := recording(t, func(w *Writer) {
		_, err := w.Open(0, testClient, testServer, testTime, long, "bad \xff UTF-8", "")
		must(t, err)
	})
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	p, err := r.Next()
	must(t, err)
	g.Expect(p.Comment).To(Equal(long[:65534] + "\nbad \uFFFD UTF-8"))
}

// What is written gets out in whole blocks, also before the end.
func TestWholeBlocksAreFlushed(t *testing.T) {
	g := NewWithT(t)
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Meta{})
	must(t, err)
	n, err := w.Interface("a", "")
	must(t, err)
	r, err := w.Open(n, testClient, testServer, testTime)
	must(t, err)
	must(t, r.Data(FromClient, make([]byte, 3*flushSize), testTime))
	g.Expect(buf.Len()).To(BeNumerically(">", 2*flushSize))
	_, err = script(t, buf.Bytes(), Limits{})
	var cut *TruncatedError
	g.Expect(errors.As(err, &cut)).To(BeTrue())
	g.Expect(cut.Offset).To(BeEquivalentTo(buf.Len()), "the last block is not whole")
	must(t, w.Flush())
	got, _ := script(t, buf.Bytes(), Limits{})
	g.Expect(len(got)).To(BeNumerically(">", 3*flushSize))
}

// Beyond its limit a capture takes no more data, in whatever pieces, but still the ends of
// connections, so that it can be read.
func TestLimit(t *testing.T) {
	g := NewWithT(t)
	var file bytes.Buffer
	w, err := NewWriter(&file, Meta{})
	must(t, err)
	w.Limit(64 << 10)
	iface, err := w.Interface("test", "")
	must(t, err)
	client, server := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:603")
	r, err := w.Open(iface, client, server, time.Time{})
	must(t, err)
	must(t, r.Data(FromClient, make([]byte, 60<<10), time.Time{}))
	g.Expect(w.Full()).To(BeFalse())
	g.Expect(r.Data(FromClient, make([]byte, 10<<10), time.Time{})).To(MatchError(ErrFull))
	g.Expect(r.Data(FromClient, []byte("x"), time.Time{})).To(MatchError(ErrFull))
	g.Expect(w.Full()).To(BeTrue())
	_, err = w.Open(iface, client, server, time.Time{})
	g.Expect(err).To(MatchError(ErrFull))
	must(t, r.CloseWrite(FromClient, time.Time{}))
	must(t, r.CloseWrite(FromServer, time.Time{}))
	must(t, w.Close())
	g.Expect(file.Len()).To(BeNumerically("<", 66<<10))
	rd, err := NewReader(&file)
	must(t, err)
	got, ends := 0, 0
	for ev, err := range rd.Events(Limits{}) {
		must(t, err)
		switch ev := ev.(type) {
		case *Data:
			got += len(ev.Bytes)
		case *Closed:
			ends++
		}
	}
	g.Expect(got).To(Equal(60 << 10))
	g.Expect(ends).To(Equal(2))
}

// A capture is its owner's only. Create overwrites one that is there, and nothing else.
func TestCreate(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "c.pcapng")
	for range 2 {
		w, err := Create(path, Meta{})
		must(t, err)
		must(t, w.Close())
		info, err := os.Stat(path)
		must(t, err)
		g.Expect(info.Mode()).To(Equal(os.FileMode(0o600)))
		must(t, os.Chmod(path, 0o644))
	}
	_, err := CreateNew(path, Meta{}, nil)
	g.Expect(err).To(MatchError(outfile.ErrExists))
	must(t, os.WriteFile(path, []byte("somebody's thesis"), 0o644))
	_, err = Create(path, Meta{})
	g.Expect(err).To(MatchError(outfile.ErrExists))
	kept, err := os.ReadFile(path)
	must(t, err)
	g.Expect(string(kept)).To(Equal("somebody's thesis"))
	w, err := CreateNew(path, Meta{}, outfile.Any)
	must(t, err)
	must(t, w.Close())
}
