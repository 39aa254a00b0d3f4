package recordings_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// longEnv names a directory: TestLongCaptures then writes captures of production length
// (IKC_LONG_MIB, default 1024) into it, and keeps them.
const longEnv = "IKC_LONG"

// said is what one side of a recorded connection said, or that it closed.
type said struct {
	from   capture.Direction
	octets []byte
	after  time.Duration
	closed bool
}

// conversations are the connections of all captures, but for those with drivers.
func conversations(t testing.TB) (all [][]said) {
	t.Helper()
	for _, s := range load(t) {
		r, err := capture.Open(s.Capture)
		if err != nil {
			t.Fatal(err)
		}
		conns := map[int][]said{}
		began := map[int]time.Time{}
		for ev, err := range r.Events(capture.Limits{}) {
			if err != nil {
				t.Fatal(err)
			}
			switch ev := ev.(type) {
			case *capture.Opened:
				began[ev.Conn.Index] = ev.At.Time
			case *capture.Data:
				i := ev.Conn.Index
				conns[i] = append(conns[i], said{from: ev.From, octets: slices.Clone(ev.Bytes), after: ev.At.Time.Sub(began[i])})
			case *capture.Closed:
				i := ev.Conn.Index
				conns[i] = append(conns[i], said{from: ev.From, closed: true, after: ev.At.Time.Sub(began[i])})
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		for i := range len(conns) {
			if driven := len(conns[i]) > 0 && len(conns[i][0].octets) > 0 && conns[i][0].octets[0] == '{'; !driven {
				all = append(all, conns[i])
			}
		}
	}
	return all
}

// replay is a conversation that is being written.
type replay struct {
	rest []said
	conn *capture.Recorder
	at   time.Time
}

// long writes captures until they have a size.
type long struct {
	t     testing.TB
	w     *capture.Writer
	file  *os.File
	iface int
	size  int64
	now   time.Time
	conns int
}

func newLong(t testing.TB, path string, size int64) *long {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := capture.NewWriter(file, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	iface, err := w.Interface("long", "")
	if err != nil {
		t.Fatal(err)
	}
	return &long{t: t, w: w, file: file, iface: iface, size: size, now: time.Unix(1_700_000_000, 0)}
}

func (l *long) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// full tells whether the capture has its size.
func (l *long) full() bool {
	info, err := l.file.Stat()
	l.must(err)
	return info.Size() >= l.size
}

func (l *long) open() *capture.Recorder {
	i := l.conns
	l.conns++
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 24), byte(i >> 16), byte(i >> 8)}), 20000+uint16(i&255))
	c, err := l.w.Open(l.iface, client, netip.MustParseAddrPort("192.0.2.1:603"), l.now)
	l.must(err)
	return c
}

func (l *long) close() {
	l.must(l.w.Close())
	l.must(l.file.Close())
}

// repeated writes the recorded conversations again and again, with new addresses, some at the same
// time.
func repeated(t testing.TB, path string, size int64, together int) *long {
	l := newLong(t, path, size)
	all := conversations(t)
	var open []*replay
	for n := 0; ; n++ {
		if n%1000 == 0 && l.full() {
			break
		}
		for len(open) < together {
			open = append(open, &replay{rest: all[l.conns%len(all)], conn: l.open(), at: l.now})
		}
		next := slices.MinFunc(open, func(x, y *replay) int {
			return cmp.Compare(x.at.Add(x.rest[0].after).UnixNano(), y.at.Add(y.rest[0].after).UnixNano())
		})
		s := next.rest[0]
		if at := next.at.Add(s.after); at.After(l.now) {
			l.now = at
		}
		if s.closed {
			l.must(next.conn.CloseWrite(s.from, l.now))
		} else {
			l.must(next.conn.Data(s.from, s.octets, l.now))
		}
		if next.rest = next.rest[1:]; len(next.rest) == 0 {
			open = slices.DeleteFunc(open, func(r *replay) bool { return r == next })
		}
	}
	l.close()
	return l
}

// worked writes calls and posts with ever new parameters on connections that stay open.
func worked(t testing.TB, path string, size int64, conns int) *long {
	l := newLong(t, path, size)
	open := make([]*capture.Recorder, conns)
	at := func(kernel, session, state string) wire.Address {
		return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
	}
	frame := func(m *wire.Message) []byte {
		image, err := storable.Freeze(m.ToValue())
		l.must(err)
		return wire.AppendFrame(nil, image)
	}
	for i := range open {
		open[i] = l.open()
		l.must(open[i].Data(capture.FromClient, []byte(fmt.Sprintf("SETUP KERNEL=c-%d,Client%d,10.0.0.1:4000;FREEZER=Storable;PID=%d\r\n", i, i, i+1)), l.now))
		l.must(open[i].Data(capture.FromServer, []byte("SETUP KERNEL=s-1,Server,192.0.2.1:603;FREEZER=Storable;PID=1\r\n"), l.now))
	}
	for n := 0; n%1000 > 0 || !l.full(); n++ {
		i := n % conns
		client := "c-" + strconv.Itoa(i)
		params := perl.HashRef(perl.P("job", perl.NewInt(int64(n))), perl.P("text", perl.NewBytes("something to be done with "+strconv.Itoa(n*7919))),
			perl.P("list", perl.ArrayRef(perl.NewInt(int64(n%100)), perl.NewBytes("two"))))
		from := at(client, "boss", specifier.ProxyState)
		l.now = l.now.Add(50 * time.Microsecond)
		l.must(open[i].Data(capture.FromClient, frame(&wire.Message{Event: at("s-1", "worker", "run"), Params: params, From: from, RSVP: at(client, "boss", "done")}), l.now))
		l.must(open[i].Data(capture.FromClient, frame(&wire.Message{Event: at("s-1", "worker", "note"), Params: params, From: from}), l.now))
		l.must(open[i].Data(capture.FromServer, frame(&wire.Message{Event: at(client, "boss", "done"),
			Params: params, From: at("s-1", "worker", specifier.ProxyState)}), l.now))
	}
	for _, c := range open {
		l.must(c.CloseWrite(capture.FromClient, l.now))
		l.must(c.CloseWrite(capture.FromServer, l.now))
	}
	l.close()
	return l
}

// mixed writes what a network shows in a day: most connections are short, a few are long, some
// messages are large, some connections are not IKC, and some are still open at the end.
func mixed(t testing.TB, path string, size int64, conns int) *long {
	l := newLong(t, path, size)
	rng := rand.New(rand.NewPCG(5, 5))
	each := size / int64(conns) // octets
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	type talker struct {
		conn *capture.Recorder
		n    int
		left int64
		kind int
	}
	var open []*talker
	begin := func() *talker {
		k := &talker{n: l.conns, conn: l.open(), left: each / 2, kind: l.conns % 100}
		if k.kind < 2 {
			k.left = 20 * each // what most of the others leave
		}
		if k.kind == 99 {
			l.must(k.conn.Data(capture.FromClient, append([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), noise[:501]...), l.now))
			return k
		}
		l.must(k.conn.Data(capture.FromClient, []byte(fmt.Sprintf("SETUP KERNEL=c-%d,Client%d,10.0.0.1:4000;FREEZER=Storable;PID=%d\r\n", k.n, k.n, k.n+1)), l.now))
		l.must(k.conn.Data(capture.FromServer, []byte("SETUP KERNEL=s-1,Server,192.0.2.1:603;FREEZER=Storable;PID=1\r\n"), l.now))
		return k
	}
	for l.conns < conns || len(open) > 0 {
		for len(open) < 200 && l.conns < conns {
			open = append(open, begin())
		}
		i := rng.IntN(len(open))
		k := open[i]
		l.now = l.now.Add(50 * time.Microsecond)
		if k.kind == 99 {
			l.must(k.conn.Data(capture.Direction(rng.IntN(2)), noise[:1+rng.IntN(1400)], l.now))
			k.left -= 1400
		} else {
			k.left -= l.request(k.conn, k.n, rng, k.kind == 0)
		}
		if k.left > 0 {
			continue
		}
		open[i] = open[len(open)-1]
		open = open[:len(open)-1]
		if k.kind%10 == 3 {
			continue // nobody closes it
		}
		l.must(k.conn.CloseWrite(capture.FromClient, l.now))
		l.must(k.conn.CloseWrite(capture.FromServer, l.now))
	}
	l.close()
	return l
}

// request writes a call, with its answer, or a post. It returns how many octets that is.
func (l *long) request(c *capture.Recorder, n int, rng *rand.Rand, large bool) int64 {
	at := func(kernel, session, state string) wire.Address {
		return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
	}
	client := "c-" + strconv.Itoa(n)
	records := 1 + rng.IntN(8)
	text := "something to be done with " + strconv.Itoa(int(rng.Uint32()))
	if large {
		records = rng.IntN(200)
		text = strings.Repeat(text, rng.IntN(4000))
	}
	list := make([]*perl.Value, records)
	for i := range list {
		list[i] = perl.HashRef(perl.P("id", perl.NewInt(int64(i))), perl.P("name", perl.NewBytes("record "+strconv.Itoa(i))), perl.P("amount", perl.NewBytes("17.50")))
	}
	params := perl.HashRef(perl.P("job", perl.NewInt(int64(rng.IntN(1e6)))), perl.P("text", perl.NewBytes(text)), perl.P("list", perl.ArrayRef(list...)))
	sent := int64(0)
	say := func(from capture.Direction, m *wire.Message) {
		image, err := storable.Freeze(m.ToValue())
		l.must(err)
		octets := wire.AppendFrame(nil, image)
		for len(octets) > 0 { // a packet holds as much as on an Ethernet
			k := min(len(octets), 1448)
			l.must(c.Data(from, octets[:k], l.now))
			sent, octets = sent+int64(k)+200, octets[k:]
		}
	}
	from := at(client, "boss", specifier.ProxyState)
	if rng.IntN(4) == 0 {
		say(capture.FromClient, &wire.Message{Event: at("s-1", "worker", "note"), Params: params, From: from})
		return sent
	}
	say(capture.FromClient, &wire.Message{Event: at("s-1", "worker", "run"), Params: params, From: from, RSVP: at(client, "boss", "done")})
	say(capture.FromServer, &wire.Message{Event: at(client, "boss", "done"),
		Params: perl.ArrayRef(params, perl.NewBytes("done")), From: at("s-1", "worker", specifier.ProxyState)})
	return sent
}

// disturb writes the packets of a capture as classic pcap, as a network and a machine that captures
// leave them: one in a hundred comes twice, another some packets later, and one in fifty thousand
// is not there.
func disturb(t testing.TB, from, to string) {
	t.Helper()
	r, err := capture.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	file, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(file, 1<<20)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(record []byte) {
		_, err := w.Write(record)
		must(err)
	}
	rng := rand.New(rand.NewPCG(6, 6))
	put(pcap(nil))
	var late []byte
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		must(err)
		record := pcap([]packet{{data: p.Data, at: p.Time}})[pcapHeader:]
		switch rng.IntN(100) {
		case 0:
			put(record)
			put(record)
		case 1:
			put(late)
			late = record
		case 2:
			if rng.IntN(500) > 0 {
				put(record)
			}
		default:
			put(record)
			if rng.IntN(4) == 0 {
				put(late)
				late = nil
			}
		}
	}
	put(late)
	must(w.Flush())
	must(file.Close())
}

// TestLongCaptures: memory is bounded by what is open, not by how long a capture is, and a long
// capture of what short ones hold comes to the same.
func TestLongCaptures(t *testing.T) {
	dir, mib := t.TempDir(), int64(16)
	if d := os.Getenv(longEnv); d != "" {
		dir, mib = d, 1024
		if s := os.Getenv("IKC_LONG_MIB"); s != "" {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			mib = n
		}
	}
	for _, test := range longCaptures(t, mib<<20) {
		path := filepath.Join(dir, test.name)
		conns := test.write(path)
		peak, told := uint64(0), int64(0)
		opts := dialogue.Options{Progress: func(octets int64) {
			if octets-told < mib<<20/16 {
				return
			}
			told = octets
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}}
		began := time.Now()
		f, err := judge.File(path, checks.Catalogue(), opts)
		took := time.Since(began)
		if err != nil || f.Err != nil {
			t.Fatal(err, f.Err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d MiB, %d connections, %.0f MB/s, at most %d MiB alive", test.name, info.Size()>>20, conns, float64(info.Size())/1e6/took.Seconds(), peak>>20)
		if most := test.most(conns); peak > most {
			t.Errorf("%s: expected at most %d MiB alive, got %d", test.name, most>>20, peak>>20)
		}
		if f.Connections < test.least(conns) {
			t.Errorf("%s: expected %d connections, got %d", test.name, test.least(conns), f.Connections)
		}
		passed := 0
		for _, v := range f.Verdicts {
			switch v.Outcome {
			case judge.Pass, judge.Seen: // some begin in the middle, or are cut
				passed++
			case judge.Fail:
				if v.Check.ID == "HC-NAME-001" && test.name == "repeated.pcapng" {
					continue // the same clients several times at once
				}
				t.Errorf("%s: %s of the %v fails: %+v", test.name, v.Check.ID, v.Side, v.Findings[0])
			}
		}
		if passed < 30 {
			t.Errorf("%s: expected 30 verdicts that pass at least, got %d", test.name, passed)
		}
	}
}

// pcapHeader is the size of the header of a classic pcap file.
const pcapHeader = 24

// longCapture is a kind of long capture.
type longCapture struct {
	name  string
	write func(path string) (conns int)
	least func(conns int) int    // how many connections are of IKC
	most  func(conns int) uint64 // octets alive while it is judged
}

// longCaptures are the kinds, of about size octets.
func longCaptures(t testing.TB, size int64) []longCapture {
	nearly := func(conns int) int { return conns - 50 } // some are open at the end, not yet of IKC
	ikc := func(conns int) int { return conns * 98 / 100 }
	mib := func(n uint64) func(int) uint64 { return func(int) uint64 { return n << 20 } }
	// All of a crowd are open at once, and the longer it is the more they are: 1,024 at 16 MiB.
	crowd := func(conns int) uint64 { return 128<<20 + uint64(max(0, conns-1024))<<14 }
	return []longCapture{
		{"repeated.pcapng", func(path string) int { return repeated(t, path, size, 50).conns }, nearly, mib(96)},
		{"crowd.pcapng", func(path string) int { return worked(t, path, 3*size, int(size/(16<<10))).conns }, nearly, crowd},
		{"many.pcapng", func(path string) int { return worked(t, path, size, 10_000).conns }, nearly, mib(320)},
		{"endless.pcapng", func(path string) int { return worked(t, path, size, 1).conns }, nearly, mib(48)},
		{"mixed.pcapng", func(path string) int { return mixed(t, path, size, 10_000).conns }, ikc, mib(128)},
		{"disturbed.pcap", func(path string) int {
			whole := path + ".whole"
			conns := mixed(t, whole, size, 10_000).conns
			disturb(t, whole, path)
			if err := os.Remove(whole); err != nil {
				t.Fatal(err)
			}
			return conns
		}, ikc, mib(160)},
	}
}

// BenchmarkLongCaptures judges captures of 64 MiB. The rate is that of the file.
func BenchmarkLongCaptures(b *testing.B) {
	for _, c := range longCaptures(b, 64<<20) {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), c.name)
			c.write(path)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			b.ReportAllocs()
			for b.Loop() {
				if f, err := judge.File(path, checks.Catalogue(), dialogue.Options{}); err != nil || f.Err != nil {
					b.Fatal(err, f.Err)
				}
			}
		})
	}
}
