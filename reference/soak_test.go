package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// TestSoak has peers connect, crash, misbehave and attack at random, beside peers that behave: no
// call may be lost, doubled or mixed up, and neither memory nor goroutines may pile up. IKC_SOAK
// says for how long (30m); else it is short. testdata/soak.md keeps what came of long runs.
func TestSoak(t *testing.T) {
	last := 3 * time.Second
	if s := os.Getenv("IKC_SOAK"); s != "" {
		d, err := time.ParseDuration(s)
		must(t, err)
		last = d
	}
	for _, perSession := range []bool{false, true} {
		t.Run(fmt.Sprintf("QueuePerSession %v", perSession), func(t *testing.T) { soak(t, last/2, perSession) })
	}
}

// swarm is the peers of one server, and what they count.
type swarm struct {
	t       *testing.T
	server  *ikc.Kernel
	address string
	ctx     context.Context // ends when no peer is to begin anew
	peers   sync.WaitGroup

	calls, ran      atomic.Int64 // made by peers that stay for the answer; run by the state
	sent, posts     atomic.Int64 // posts likewise
	risked, risky   atomic.Int64 // calls of peers that crash meanwhile; run by the state
	cut             atomic.Int64 // of these, those that ended for want of a connection
	deaf, bad, perl atomic.Int64 // calls never read; connections of peers that misbehave; calls of Perl
	events          atomic.Int64 // told to a monitor
}

// worker has peers of one kind come one after the other.
func (s *swarm) worker(kind string, peer func() error) {
	s.peers.Go(func() {
		for s.ctx.Err() == nil {
			if err := peer(); err != nil {
				s.t.Errorf("%s: %v", kind, err)
				return
			}
		}
	})
}

func soak(t *testing.T, last time.Duration, perSession bool) {
	began := runtime.NumGoroutine()
	server := kernel(t, ikc.Config{Name: "Server", Headroom: -1, HandshakeTimeout: 5 * time.Second,
		MaxQueue: 4 << 20, MaxFrame: 1 << 20, QueuePerSession: perSession})
	ctx, cancel := context.WithTimeout(context.Background(), last)
	defer cancel()
	s := &swarm{t: t, server: server, ctx: ctx}
	count := func(n *atomic.Int64, took time.Duration) ikc.State {
		return func(_ context.Context, r *ikc.Request) (any, error) {
			if n.Add(1)%8 == 0 {
				time.Sleep(took)
			}
			return r.Arg(0), nil
		}
	}
	session(t, server, "me", map[string]ikc.State{
		"echo": count(&s.ran, 0), "slow": count(&s.ran, 3*time.Millisecond), "risk": count(&s.risky, 2*time.Millisecond), "deaf": echo,
		"post": func(context.Context, *ikc.Request) (any, error) { s.posts.Add(1); return nil, nil },
		"back": func(ctx context.Context, r *ikc.Request) (any, error) {
			if r.Sender == nil {
				return nil, errors.New("nobody to call back")
			}
			s.ran.Add(1)
			ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			return server.Call(ctx, "poe://"+r.Sender.Specifier().Kernel+"/me/echo", r.Arg(0))
		},
	})
	s.address = serve(t, server)
	server.Monitor("*", ikc.Monitor{Any: func(context.Context, *ikc.MonitorEvent) { s.events.Add(1) }})

	for n := range 3 {
		s.worker("kernel", func() error { return s.stays(n) })
	}
	for range 2 {
		s.worker("kernel that crashes", s.crashes)
	}
	for range 3 {
		s.worker("misbehaving peer", s.misbehaves)
	}
	s.worker("blocking client", s.lite)
	s.worker("peer that never reads", s.neverReads)
	s.worker("slow reader", s.readsSlowly)
	s.worker("peer that garbles", s.garbles)
	s.worker("hostile peer", s.hostile)
	if install := perlInstall(t); install != nil {
		s.worker("Perl", func() error { return s.perlPeer(install) })
	}

	samples := make(chan []sample)
	go func() { samples <- s.sample(last) }()
	s.peers.Wait()
	taken := <-samples
	flat(t, taken)
	settled(t, "every post arrived, and every peer is gone", func() bool { return s.posts.Load() == s.sent.Load() && server.Stats().Connections == 0 })
	if s.ran.Load() != s.calls.Load() {
		t.Errorf("%d calls were made, %d run", s.calls.Load(), s.ran.Load())
	}
	if s.risky.Load() > s.risked.Load() {
		t.Errorf("peers that crash made %d calls, %d were run", s.risked.Load(), s.risky.Load())
	}
	if n := server.Stats().Faults; s.bad.Load() > 50 && n == 0 {
		t.Error("nothing that the misbehaving peers did counted as a fault")
	}
	settled(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= began+4 }) // the listener's, at most
	t.Logf("calls %d (%d of them by Perl), posts %d: all once; of crashing peers %d calls, %d run, %d cut off; calls never read %d; bad peers %d; events told %d; %d connections, %d faults, %d failed handshakes",
		s.calls.Load(), s.perl.Load(), s.sent.Load(), s.risked.Load(), s.risky.Load(), s.cut.Load(), s.deaf.Load(), s.bad.Load(), s.events.Load(),
		server.Stats().Channels, server.Stats().Faults, server.Stats().HandshakesFailed)
}

// sample is the state of this process.
type sample struct {
	heap, rss  uint64 // KiB; heap after a collection
	goroutines int
}

const soakSamples = 20

func (s *swarm) sample(last time.Duration) (taken []sample) {
	for range soakSamples {
		select {
		case <-time.After(last / soakSamples):
		case <-s.ctx.Done():
		}
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		taken = append(taken, sample{m.HeapInuse >> 10, residentKiB(), runtime.NumGoroutine()})
	}
	return taken
}

// residentKiB is what the system says that this process occupies, 0 where it does not say.
func residentKiB() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(fields[0], 10, 64)
	return n
}

// flat compares the second half of a run with the first.
func flat(t *testing.T, taken []sample) {
	t.Helper()
	for _, m := range []struct {
		what  string
		slack uint64
		of    func(sample) uint64
	}{
		{"heap in use, KiB", 32 << 10, func(s sample) uint64 { return s.heap }},
		{"resident, KiB", 64 << 10, func(s sample) uint64 { return s.rss }},
		{"goroutines", 200, func(s sample) uint64 { return uint64(s.goroutines) }},
	} {
		var values []uint64
		for _, s := range taken {
			values = append(values, m.of(s))
		}
		t.Logf("%s: %d", m.what, values)
		half := len(values) / 2
		if was, is := slices.Max(values[:half]), slices.Max(values[half:]); is > was*5/4+m.slack {
			t.Errorf("%s: grew from %d to %d", m.what, was, is)
		}
	}
}
