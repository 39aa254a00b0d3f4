package refdriver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Benchmarks of the Go kernel beside the Perl server and a raw framed echo in Go, in one run:
//
//	go test -run '^$' -bench . ./conformance/refdriver
//	go test ./conformance/refdriver -run TestRatios -ratios -v
//
// The second prints how many times as fast Go is, beside what is aimed at.
// Perl is skipped where it is not there. The client is always the blocking client in Go, but for
// the raw echo and LiteClients.

// heap is what a service has in memory. A program with less than 4 MiB has its garbage collected
// hundreds of times a second by Go, which is then what is measured.
var heap []byte

const serviceHeap = 64 << 20

// benchKernel is a kernel with the session of the benchmarks, and where it serves.
func benchKernel() (*ikc.Kernel, string, error) {
	k, err := makeKernel("Bench")
	if err != nil {
		return nil, "", err
	}
	count := 0
	s, err := k.NewSession("bench", map[string]ikc.State{
		"echo":  func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"sink":  func(context.Context, *ikc.Request) (any, error) { count++; return nil, nil },
		"total": func(context.Context, *ikc.Request) (any, error) { return count, nil },
	})
	if err != nil {
		return nil, "", err
	}
	s.Publish("echo", "sink", "total")
	address, err := serve(k)
	return k, address, err
}

func makeKernel(name string) (*ikc.Kernel, error) {
	return ikc.New(ikc.Config{Name: name, Logger: slog.New(slog.DiscardHandler)})
}

// serve has a kernel serve an address.
func serve(k *ikc.Kernel) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = k.Serve(context.Background(), l) }()
	return l.Addr().String(), nil
}

// goServer is that kernel in this process.
func goServer(b testing.TB) string {
	b.Helper()
	if heap == nil {
		heap = make([]byte, serviceHeap)
	}
	k, address, err := benchKernel()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { shutdown(k) })
	return address
}

// goProcess is that kernel in a process of its own.
func goProcess(b testing.TB) string { return ownProcess(b, "kernel") }

// ownProcess is a server of this program in a process of its own: see serveOnly.
func ownProcess(b testing.TB, what string) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serveOnly+"="+what)
	return announced(b, cmd)
}

// announced starts a server until the benchmark is over, and returns the line that it prints.
func announced(b testing.TB, cmd *exec.Cmd) string {
	b.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("%s: %v", cmd, err)
	}
	return strings.TrimSpace(line)
}

// shutdown ends a kernel.
func shutdown(k *ikc.Kernel) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = k.Shutdown(ctx)
}

// newKernel is a kernel that is shut down in the end.
func newKernel(b testing.TB, name string) *ikc.Kernel {
	b.Helper()
	k, err := makeKernel(name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { shutdown(k) })
	return k
}

// serving is a kernel that serves an address.
func serving(b testing.TB, name string) (*ikc.Kernel, string) {
	b.Helper()
	k := newKernel(b, name)
	address, err := serve(k)
	if err != nil {
		b.Fatal(err)
	}
	return k, address
}

func perlLib() string {
	return filepath.Join(driver.ReleasesDir(), recordedRelease)
}

func perlCommand(b testing.TB, script string, args ...string) *exec.Cmd {
	b.Helper()
	cmd := exec.Command("perl", append([]string{filepath.Join("testdata", script)}, args...)...)
	cmd.Env = append(os.Environ(), "PERL5LIB="+perlLib()+":"+os.Getenv("PERL5LIB"))
	if err := exec.Command("perl", "-I"+perlLib(), "-MPOE::Component::IKC::ClientLite", "-e1").Run(); err != nil {
		b.Skipf("no POE::Component::IKC in %s or where perl looks: %v", perlLib(), err)
	}
	return cmd
}

// perlServer is the same session in Perl.
func perlServer(b testing.TB) string {
	b.Helper()
	return "127.0.0.1:" + announced(b, perlCommand(b, "bench_server.pl"))
}

// rawServer echoes frames without looking at them.
func rawServer(b testing.TB) string {
	b.Helper()
	l, address, err := rawEcho()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return address
}

func rawEcho() (net.Listener, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				var frames wire.FrameScanner
				var out []byte
				for {
					image, ok, err := frames.Next()
					if err != nil {
						return
					}
					if ok {
						out = wire.AppendFrame(out[:0], image)
						if _, err := conn.Write(out); err != nil {
							return
						}
						continue
					}
					n, err := conn.Read(frames.Room(65536))
					frames.Advance(n)
					if err != nil {
						return
					}
				}
			}()
		}
	}()
	return l, l.Addr().String(), nil
}

var payloads = []struct {
	name string
	v    func() *perl.Value
}{
	{"100B", func() *perl.Value { return perl.NewBytes(strings.Repeat("x", 100)) }},
	{"10KiB", func() *perl.Value { return perl.NewBytes(strings.Repeat("x", 10<<10)) }},
	{"1MiB", func() *perl.Value { return perl.NewBytes(strings.Repeat("x", 1<<20)) }},
	{"nested10KiB", func() *perl.Value { return nested(10 << 10) }},
	{"nested1MiB", func() *perl.Value { return nested(1 << 20) }},
}

// nested is a list of records of about size octets as an image.
func nested(size int) *perl.Value {
	list := perl.NewArray()
	for i := 0; i*96 < size; i++ {
		list.Append(perl.HashRef(perl.P("id", perl.NewInt(int64(i))), perl.P("name", perl.NewBytes("record "+strconv.Itoa(i))),
			perl.P("price", perl.NewDouble(float64(i)/3)), perl.P("tags", perl.ArrayRef(perl.NewBytes("red"), perl.NewBytes("green")))))
	}
	return perl.NewRef(list)
}

func liteTo(b testing.TB, address string) *clientlite.Client {
	b.Helper()
	c, err := clientlite.Spawn(context.Background(), clientlite.Config{Name: "BenchClient", Address: address})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Disconnect)
	return c
}

func BenchmarkCall(b *testing.B) {
	for _, p := range payloads {
		for _, server := range servers {
			b.Run(p.name+"/"+server.name, func(b *testing.B) { benchmarkLite(b, server.start(b), p.v()) })
		}
		b.Run(p.name+"/raw", func(b *testing.B) { benchmarkRaw(b, rawServer(b), p.v()) })
		b.Run(p.name+"/raw process", func(b *testing.B) { benchmarkRaw(b, ownProcess(b, "raw"), p.v()) })
	}
}

// benchmarkLite calls a server with the blocking client, and looks at what comes back: a Value that
// nobody asks for what is in it is not thawed.
func benchmarkLite(b *testing.B, address string, v *perl.Value) {
	c := liteTo(b, address)
	n := len(v.Target().Elems())
	b.ReportAllocs()
	for b.Loop() {
		got, err := c.Call(context.Background(), "bench/echo", v)
		if err != nil {
			b.Fatal(err)
		}
		if len(got.Target().Elems()) != n {
			b.Fatalf("%d records sent, %d came back", n, len(got.Target().Elems()))
		}
	}
}

// benchmarkRaw sends frames of the size that a call with v has, and gets them back.
func benchmarkRaw(b *testing.B, address string, v *perl.Value) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	image := make([]byte, imageSize(b, v))
	var raw rawExchange
	b.ReportAllocs()
	for b.Loop() {
		raw.with(b, conn, image)
	}
}

// benchmarkRawConnect is benchmarkConnect without IKC: it connects, has two frames echoed, as
// negotiation and call take, and closes.
func benchmarkRawConnect(b *testing.B, address string) {
	image := make([]byte, imageSize(b, payloads[0].v()))
	for b.Loop() {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		var raw rawExchange
		raw.with(b, conn, image)
		raw.with(b, conn, image)
		conn.Close()
	}
}

// rawExchange sends frames and gets them back.
type rawExchange struct {
	out    []byte
	frames wire.FrameScanner
}

func (r *rawExchange) with(b *testing.B, conn net.Conn, image []byte) {
	r.out = wire.AppendFrame(r.out[:0], image)
	if _, err := conn.Write(r.out); err != nil {
		b.Fatal(err)
	}
	for {
		_, ok, err := r.frames.Next()
		if err != nil {
			b.Fatal(err)
		}
		if ok {
			return
		}
		n, err := conn.Read(r.frames.Room(65536))
		if err != nil {
			b.Fatal(err)
		}
		r.frames.Advance(n)
	}
}

func imageSize(b testing.TB, v *perl.Value) int {
	b.Helper()
	m := &wire.Message{Event: wire.AtString("poe://Bench/bench/echo"), Params: v, RSVP: wire.AtString("poe://BenchClient/IKCLite/response1")}
	image, err := defaultSerializer.Freeze(m.ToValue())
	if err != nil {
		b.Fatal(err)
	}
	return len(image)
}

// kernelTo is a client kernel.
func kernelTo(b testing.TB, address string) *ikc.Kernel {
	b.Helper()
	k := newKernel(b, "BenchClient")
	if _, err := k.Dial(context.Background(), "tcp", address); err != nil {
		b.Fatal(err)
	}
	return k
}

var defaultSerializer = storable.Serializer{}

var servers = []struct {
	name  string
	start func(testing.TB) string
}{{"go", goServer}, {"go process", goProcess}, {"perl", perlServer}}

// BenchmarkKernelCall is the ping-pong of 100 octets with a whole kernel for a client.
func BenchmarkKernelCall(b *testing.B) {
	for _, server := range servers {
		b.Run(server.name, func(b *testing.B) {
			k := kernelTo(b, server.start(b))
			v := payloads[0].v()
			for b.Loop() {
				if _, err := k.Call(context.Background(), "poe://Bench/bench/echo", v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPipelined keeps 64 calls of 100 octets under way.
func BenchmarkPipelined(b *testing.B) {
	for _, server := range servers {
		b.Run(server.name, func(b *testing.B) { benchmarkPipelined(b, server.start(b)) })
	}
}

func benchmarkPipelined(b *testing.B, address string) {
	k := kernelTo(b, address)
	v := payloads[0].v()
	b.ResetTimer()
	var callers sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	for range 64 {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := k.Call(context.Background(), "poe://Bench/bench/echo", v); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}

// BenchmarkPost posts 100 octets and, in the end, asks how many have arrived: none may be lost.
func BenchmarkPost(b *testing.B) {
	for _, server := range servers {
		b.Run(server.name, func(b *testing.B) { benchmarkPost(b, server.start(b)) })
	}
}

func benchmarkPost(b *testing.B, address string) {
	k := kernelTo(b, address)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	before, err := k.Call(ctx, "poe://Bench/bench/total", nil)
	if err != nil {
		b.Fatal(err)
	}
	v := payloads[0].v()
	b.ResetTimer()
	for range b.N {
		if _, err := k.Post(ctx, "poe://Bench/bench/sink", v); err != nil {
			b.Fatal(err)
		}
	}
	after, err := k.Call(ctx, "poe://Bench/bench/total", nil)
	if err != nil {
		b.Fatal(err)
	}
	var was, is int
	if err := errors.Join(perl.Unmarshal(before, &was), perl.Unmarshal(after, &is)); err != nil || is-was != b.N {
		b.Fatalf("%d posts sent, %d arrived (%v)", b.N, is-was, err)
	}
}

// BenchmarkConnect connects, negotiates, calls and closes.
func BenchmarkConnect(b *testing.B) {
	for _, server := range servers {
		b.Run(server.name, func(b *testing.B) { benchmarkConnect(b, server.start(b)) })
	}
}

func benchmarkConnect(b *testing.B, address string) {
	v := payloads[0].v()
	n := 0
	for b.Loop() {
		n++
		c, err := clientlite.Spawn(context.Background(), clientlite.Config{Name: fmt.Sprint("Bench", n), Address: address})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Call(context.Background(), "bench/echo", v); err != nil {
			b.Fatal(err)
		}
		c.Disconnect()
	}
}

// BenchmarkLiteClients calls the Go server with 100 octets, by the blocking client in Go and by the
// original's.
func BenchmarkLiteClients(b *testing.B) {
	b.Run("go", func(b *testing.B) { benchmarkLite(b, goServer(b), payloads[0].v()) })
	b.Run("perl", func(b *testing.B) { benchmarkPerlLite(b, goServer(b)) })
}

// benchmarkPerlLite calls a server with the original's blocking client.
func benchmarkPerlLite(b *testing.B, address string) {
	host, port, _ := net.SplitHostPort(address)
	cmd := perlCommand(b, "bench_lite.pl", host, port, strconv.Itoa(b.N))
	cmd.Stderr = os.Stderr
	b.ResetTimer()
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	took, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(took*1e9/float64(b.N), "ns/op") // without the start of perl
}

// BenchmarkIdle measures what an idle connection costs the server, and what a call costs beside
// many.
func BenchmarkIdle(b *testing.B) {
	const n = 5000
	address := goServer(b)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := inUse()
	for i := range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Skipf("%d connections: %v", i, err)
		}
		conns = append(conns, conn)
		if _, err := fmt.Fprintf(conn, "SETUP KERNEL=Idle%d;FREEZER=Storable\r\n", i); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadAtLeast(conn, make([]byte, 1000), 20); err != nil {
			b.Fatal(err)
		}
	}
	per := float64(inUse()-before) / n // the client's net.Conn among it
	c := liteTo(b, address)
	v := payloads[0].v()
	b.ResetTimer()
	for range b.N {
		if _, err := c.Call(context.Background(), "bench/echo", v); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(per, "B/conn")
}
