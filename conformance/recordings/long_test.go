package recordings_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// longEnv names a directory: TestLongCaptures then writes captures of production length (IKC_LONG_MIB, default
// 1024) into it, and keeps them.
const longEnv = "IKC_LONG"

// said is what one side of a recorded connection said, or that it closed.
type said struct {
	from   capture.Direction
	octets []byte
	after  time.Duration
	closed bool
}

// conversations are the connections of all captures.
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
			all = append(all, conns[i])
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

// repeated writes the recorded conversations again and again, with new addresses, some at the same time.
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
		params := perl.HashRef(perl.P("job", perl.NewInt(int64(n))), perl.P("text", perl.NewBytes("something to be done with "+strconv.Itoa(n*7919))), perl.P("list", perl.ArrayRef(perl.NewInt(int64(n%100)), perl.NewBytes("two"))))
		from := at(client, "boss", specifier.ProxyState)
		l.now = l.now.Add(50 * time.Microsecond)
		l.must(open[i].Data(capture.FromClient, frame(&wire.Message{Event: at("s-1", "worker", "run"), Params: params, From: from, RSVP: at(client, "boss", "done")}), l.now))
		l.must(open[i].Data(capture.FromClient, frame(&wire.Message{Event: at("s-1", "worker", "note"), Params: params, From: from}), l.now))
		l.must(open[i].Data(capture.FromServer, frame(&wire.Message{Event: at(client, "boss", "done"), Params: params, From: at("s-1", "worker", specifier.ProxyState)}), l.now))
	}
	for _, c := range open {
		l.must(c.CloseWrite(capture.FromClient, l.now))
		l.must(c.CloseWrite(capture.FromServer, l.now))
	}
	l.close()
	return l
}

// TestLongCaptures: memory is bounded by what is open, not by how long a capture is, and a long capture of what
// short ones hold comes to the same.
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
	const most = 192 << 20 // of heap; what a capture holds in values takes ten times its size
	for _, test := range []struct {
		name  string
		write func(path string) *long
	}{
		{"repeated", func(path string) *long { return repeated(t, path, mib<<20, 50) }},
		{"many", func(path string) *long { return worked(t, path, mib<<20, 10_000) }},
		{"endless", func(path string) *long { return worked(t, path, mib<<20, 1) }},
	} {
		path := filepath.Join(dir, test.name+".pcapng")
		l := test.write(path)
		peak := uint64(0)
		opts := dialogue.Options{Progress: func(int64) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}}
		began := time.Now()
		f, err := conformance.JudgeFile(path, conformance.Catalogue(), opts)
		took := time.Since(began)
		if err != nil || f.Err != nil {
			t.Fatal(err, f.Err)
		}
		t.Logf("%s: %d MiB, %d connections, %.0f MB/s, at most %d MiB of heap", test.name, mib, l.conns, float64(mib<<20)/1e6/took.Seconds(), peak>>20)
		if peak > most {
			t.Errorf("%s: expected at most %d MiB of heap, got %d", test.name, most>>20, peak>>20)
		}
		if f.Connections < l.conns-50 {
			t.Errorf("%s: expected %d connections, got %d", test.name, l.conns, f.Connections)
		}
		passed := 0
		for _, v := range f.Verdicts {
			switch v.Outcome {
			case conformance.Pass:
				passed++
			case conformance.Fail:
				t.Errorf("%s: %s of the %v fails: %+v", test.name, v.Check.ID, v.Side, v.Findings[0])
			}
		}
		if passed < 30 {
			t.Errorf("%s: expected 30 verdicts that pass at least, got %d", test.name, passed)
		}
	}
}
