package ikc

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// untuned is a collector that nobody has told anything.
var untuned = collector{percent: 100, limit: math.MaxInt64}

// holds is how many octets are taken.
func (h *headroom) holds() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.taken.Cap()
}

// TestHeadroom: it is taken while much comes and the collector runs often, and given back 10 s
// later, or when the kernel is shut down.
func TestHeadroom(t *testing.T) {
	for name, c := range map[string]struct {
		size   int
		octets uint64 // a second
		runs   uint64 // of the collector, a second
		fare   collector
		taken  int // octets
	}{
		"much":                       {1 << 20, 2 << 20, 40, untuned, 1 << 20},
		"as much as it takes":        {1 << 20, headroomOctets, headroomRuns, untuned, 1 << 20},
		"little":                     {1 << 20, headroomOctets * 9 / 10, 1000, untuned, 0},
		"the collector has not much": {1 << 20, 1 << 30, headroomRuns / 2, untuned, 0},
		"GOGC=200":                   {1 << 20, 1 << 30, 1000, collector{percent: 200, limit: math.MaxInt64}, 0},
		"GOGC=off":                   {1 << 20, 1 << 30, 1000, collector{percent: math.MaxUint64, limit: math.MaxInt64}, 0},
		"GOMEMLIMIT":                 {1 << 20, 1 << 30, 1000, collector{percent: 100, limit: 1 << 30}, 0},
		"none":                       {0, 1 << 30, 1000, untuned, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var h headroom
				h.init(c.size)
				var in uint64
				fare, before := c.fare, h.ran
				h.collector = func() collector { return fare }
				for i := range uint64(200) { // 10 s
					time.Sleep(50 * time.Millisecond)
					in = i * c.octets / 20
					fare.ran = before + i*c.runs/20
					h.count(in)
				}
				if h.holds() != c.taken {
					t.Fatalf("%d octets are taken: expected %d", h.holds(), c.taken)
				}
				if c.taken == 0 {
					return
				}
				for range 20 { // s, in which the collector has nothing more to do
					time.Sleep(time.Second)
					in += c.octets
					h.count(in)
				}
				if h.holds() == 0 {
					t.Error("it was given back while much came")
				}
				time.Sleep(headroomRest - time.Second)
				if synctest.Wait(); h.holds() == 0 {
					t.Error("it was given back before its time")
				}
				time.Sleep(2 * time.Second)
				if synctest.Wait(); h.holds() != 0 {
					t.Error("it was not given back, though nothing came")
				}
			})
		})
	}
}

// TestHeadroomOfKernel: what comes by a connection counts, Config.Headroom says how much is taken,
// and after Shutdown nothing is.
func TestHeadroomOfKernel(t *testing.T) {
	for size, expected := range map[int]int{0: DefaultHeadroom, 1 << 20: 1 << 20, -1: 0} {
		k, err := New(Config{Name: "Server", Headroom: size})
		if err != nil {
			t.Fatal(err)
		}
		s, err := k.NewSession("s", map[string]State{"sink": func(context.Context, *Request) (any, error) { return nil, nil }})
		if err != nil {
			t.Fatal(err)
		}
		s.Publish("sink")
		h := &k.headroom
		fare := untuned
		h.collector = func() collector { fare.ran += math.MaxInt32; return fare }
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = k.Serve(context.Background(), l) }()
		client, err := New(Config{Name: "Client", Headroom: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Dial(t.Context(), "tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		for k.Stats().OctetsIn < 4*headroomStep || h.holds() < expected {
			h.mu.Lock()
			h.last = time.Now().Add(-2 * headroomTick) // much, however slow this is
			h.mu.Unlock()
			if _, err := client.Post(ctx, "poe://Server/s/sink", make([]byte, 3*headroomStep)); err != nil {
				t.Fatal(err)
			}
			if ctx.Err() != nil {
				t.Fatalf("%d octets are taken: expected %d", h.holds(), expected)
			}
		}
		if n := h.holds(); n != expected {
			t.Errorf("Headroom %d: %d octets are taken: expected %d", size, n, expected)
		}
		_ = client.Shutdown(ctx)
		_ = k.Shutdown(ctx)
		if n := h.holds(); n != 0 {
			t.Errorf("Headroom %d: %d octets are taken after Shutdown", size, n)
		}
		cancel()
	}
}

// TestHeadroomIsUntouched: it takes no room, also if it is memory that has been used before.
func TestHeadroomIsUntouched(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector has room of its own for all that is taken")
	}
	resident := func() (octets int) {
		statm, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip("nothing tells here how much memory is touched")
		}
		if _, err := fmt.Sscan(string(statm), new(int), &octets); err != nil {
			t.Fatal(err)
		}
		return octets * os.Getpagesize()
	}
	const size = 256 << 20
	var h headroom
	h.init(size)
	fare := untuned
	h.collector = func() collector { fare.ran += math.MaxInt32; return fare }
	before := resident()
	for i := range uint64(3) {
		h.last = time.Now().Add(-2 * headroomTick)
		h.count((i + 1) << 30)
		if n := h.holds(); n != size {
			t.Fatalf("%d octets are taken: expected %d", n, size)
		}
		if now := resident(); now > before+size/2 {
			t.Fatalf("taken for the %d. time, it has the process occupy %d octets, not %d", i+1, now, before)
		}
		h.giveBack()
		runtime.GC()
	}
	h.close()
}

// TestCollectorIsRead: the runtime has what is asked of it, by these names and in these units.
func TestCollectorIsRead(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(70))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 40))
	runtime.GC()
	var h headroom
	h.init(1)
	before := h.ran
	runtime.GC()
	if now := h.read(); before == 0 || now.ran <= before || now.percent != 70 || now.limit != 1<<40 {
		t.Errorf("it ran %d times, and then %+v: expected that it ran more often, 70 percent, and 2^40 octets", before, now)
	}
}
