package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// heap is what is in use of Go's heap, in octets.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools keep goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// blessed is params of n small values that are thawed at once, since one has a class.
func blessed(n int) *perl.Value {
	list := perl.NewArray()
	for range n {
		list.Append(perl.NewUndef())
	}
	return perl.NewRef(list.Bless("Job"))
}

// hostile is peers that make a kernel hold something, each in its own way: n is which of them it
// is.
var hostile = []struct {
	name string
	do   func(t *testing.T, r *raw, n int)
}{
	{"frames without an end", func(_ *testing.T, r *raw, n int) {
		_, _ = io.WriteString(r, "3000000\x00"+strings.Repeat("x", 2_000_000))
	}},
	{"frames of many sizes without an end", func(_ *testing.T, r *raw, n int) {
		_, _ = io.WriteString(r, fmt.Sprint(100_000*(n+1), "\x00", strings.Repeat("x", 80_000*(n+1))))
	}},
	{"requests that wait behind a slow one", func(t *testing.T, r *raw, n int) {
		r.sendMany("poe://Server/me/slow", nil, 1)
		r.sendMany("poe://Server/me/slow", blessed(2000), 400)
	}},
	{"small requests that wait behind a slow one", func(t *testing.T, r *raw, n int) {
		r.sendMany("poe://Server/me/slow", perl.NewInt(1), 20_000)
	}},
	{"requests whose states wait", func(t *testing.T, r *raw, n int) {
		r.sendMany("poe://Server/me/waits", blessed(500), 2000)
	}},
	{"requests whose states look into params and wait", func(t *testing.T, r *raw, n int) {
		list := perl.NewArray()
		for range 10_000 {
			list.Append(perl.NewUndef())
		}
		r.sendMany("poe://Server/me/looks", perl.NewRef(list), 200)
	}},
	{"answers that are not read", func(t *testing.T, r *raw, n int) {
		r.sendMany("poe://Server/me/echo", perl.NewBytes(strings.Repeat("x", 100_000)), 300)
	}},
	{"answers that the kernel gets itself", func(t *testing.T, r *raw, n int) {
		m := callMessage("poe://Server/me/echo", "", "", perl.NewBytes(strings.Repeat("x", 100_000)))
		m.RSVP = wire.AtString("poe://Server/me/slow")
		r.repeat(m, 300)
	}},
}

// sendMany sends calls until that fails.
func (r *raw) sendMany(to string, params *perl.Value, n int) {
	r.repeat(callMessage(to, "Nobody", "r", params), n)
}

func (r *raw) repeat(m *wire.Message, n int) {
	image, err := storable.Freeze(m.ToValue())
	must(r.t, err)
	frame := wire.AppendFrame(nil, image)
	for range n {
		if _, err := r.Write(frame); err != nil {
			return
		}
	}
}

// Whatever peers make a kernel hold: all together it is no more than Config.MaxMemory, those that
// cause it lose their connection for that reason, one that does not cause it is answered, and in
// the end nothing is held.
func TestMemoryIsBounded(t *testing.T) {
	const most = 8 << 20 // and what is being given back
	for _, perSession := range []bool{false, true} {
		for _, tt := range hostile {
			t.Run(fmt.Sprintf("%s, queue per session: %v", tt.name, perSession), func(t *testing.T) {
				server := kernel(t, ikc.Config{Name: "Server", MaxMemory: most, Headroom: -1, QueuePerSession: perSession,
					Logger: slog.New(slog.DiscardHandler)})
				released, release := context.WithCancel(context.Background())
				waits := func(ctx context.Context, _ *ikc.Request) (any, error) {
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					defer context.AfterFunc(released, cancel)()
					_, _ = server.Call(ctx, "poe://Server/me/silent", nil)
					return nil, nil
				}
				session(t, server, "me", map[string]ikc.State{
					"slow": waitsIn(released), "waits": waits, "echo": echo,
					"looks": func(ctx context.Context, r *ikc.Request) (any, error) {
						if n := len(r.Arg(0).Target().Elems()); n != 10_000 {
							t.Errorf("got %d elements", n)
						}
						return waits(ctx, r)
					},
					"silent": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
				})
				address := serve(t, server)
				good := rawPeer(t, address, "Good")
				before := heap()
				const peers = 8
				done := make(chan struct{}, peers)
				for n := range peers {
					r := rawPeer(t, address, fmt.Sprint("Bad", n))
					go func() {
						tt.do(t, r, n)
						done <- struct{}{}
					}()
				}
				var highest int64
				sending := peers
				for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && sending > 0; {
					select {
					case <-done:
						sending--
					case <-time.After(20 * time.Millisecond):
					}
					highest = max(highest, server.Stats().Held)
				}
				if highest > 2*most {
					t.Errorf("%d octets are held, expected at most %d", highest, 2*most)
				}
				// What waits in sockets and what peers of this test have is in the heap as well: on a busy
				// machine they take a while to send it.
				grew := heap() - before
				for end := time.Now().Add(20 * time.Second); grew > 4*most && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
					grew = heap() - before
				}
				if grew > 4*most {
					t.Errorf("the heap grew by %d octets, though no more than %d are to be held", grew, most)
				}
				t.Logf("held %d KiB at most; the heap grew by %d KiB; %d connections are left", highest>>10, grew>>10, server.Stats().Connections)
				good.send(callMessage("poe://Server/IKC/ping", "Good", "r", nil))
				release()
				if m, err := good.receive(); err != nil || m.Event.State != "r" {
					t.Errorf("the good peer: got %+v, %v", m, err)
				}
				must(t, server.Shutdown(soon(t)))
				settled(t, "nothing is held", func() bool { return server.Stats().Held == 0 })
			})
		}
	}
}

// waitsIn is a state that keeps its turn until ctx ends, or its connection does.
func waitsIn(released context.Context) ikc.State {
	return func(ctx context.Context, _ *ikc.Request) (any, error) {
		select {
		case <-released.Done():
		case <-ctx.Done():
		}
		return nil, nil
	}
}

// The connection that holds the most is ended, and no other; it says why, and so do monitors.
func TestWhoHoldsTheMostIsEnded(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server", MaxMemory: 8 << 20})
	var told story
	server.Monitor("*", ikc.Monitor{Error: func(_ context.Context, e *ikc.MonitorEvent) {
		told.mu.Lock()
		defer told.mu.Unlock()
		told.lines = append(told.lines, e.About+" "+e.Operation+": "+e.Message)
	}})
	address := serve(t, server)
	peers := map[string]int{"Small": 200_000, "Large": 5_000_000, "Middle": 500_000}
	for name, size := range peers {
		r := rawPeer(t, address, name)
		_, err := io.WriteString(r, fmt.Sprint(size, "\x00", strings.Repeat("x", size-10)))
		must(t, err)
	}
	settled(t, "parts of frames are held", func() bool { return server.Stats().Held > 5_000_000 })
	var channel *ikc.Channel
	settled(t, "all are registered", func() bool { channel = server.Channel("Large"); return len(server.Kernels()) == 3 })
	last := rawPeer(t, address, "Last")
	_, _ = io.WriteString(last, fmt.Sprint(3_000_000, "\x00", strings.Repeat("x", 2_999_000)))
	<-channel.Done()
	if err := channel.Err(); !errors.Is(err, ikc.ErrMemory) {
		t.Errorf("got %v, expected ErrMemory", err)
	}
	settled(t, "monitors are told", func() bool { return told.has("Large channel-read: [0] too much is held for peers") })
	settled(t, "the rest fits", func() bool { return server.Stats().Held < 8<<20 })
	for _, name := range []string{"Small", "Middle", "Last"} {
		if server.Channel(name) == nil {
			t.Errorf("%s lost its connection", name)
		}
	}
}

// Peers that come while monitors are far behind wait to be registered; nothing is lost, and what
// waits is bounded.
func TestRegistersWaitForMonitors(t *testing.T) {
	const limit = 64 << 10
	server := kernel(t, ikc.Config{Name: "Server", MaxQueue: limit, QueuePerSession: true})
	address := serve(t, server)
	good := rawPeer(t, address, "Good")
	settled(t, "a peer is there", func() bool { return server.Channel("Good") != nil })
	release := make(chan struct{})
	registered := 0
	server.Monitor("*", ikc.Monitor{Register: func(ctx context.Context, _ *ikc.MonitorEvent) {
		<-release
		registered++
	}})
	const peers, names = 12, 40
	for n := range peers {
		aliases := make([]string, names)
		for i := range aliases {
			aliases[i] = fmt.Sprintf("alias%d-%d", n, i)
		}
		go func() {
			r := rawPeer(t, address, fmt.Sprint("Peer", n), aliases...)
			_, _ = r.receive() // until it is shut down
		}()
	}
	settled(t, "all have negotiated", func() bool { return server.Stats().Connections == peers+1 })
	for range 100 { // in which all could be registered
		good.send(callMessage("poe://Server/IKC/ping", "Good", "r", nil))
		_, err := good.receive()
		must(t, err)
	}
	if n := len(server.Kernels()) - 1; n == 0 || n > peers/2 {
		t.Errorf("%d peers are registered while monitors hang, expected a few", n)
	}
	close(release)
	settled(t, "all are registered", func() bool { return len(server.Kernels()) == peers+1 })
	must(t, server.Shutdown(soon(t)))
	if per := registered / peers; registered%peers != 0 || per < names {
		t.Errorf("monitors were told of %d registrations of %d peers, expected as many of each", registered, peers)
	}
}

// Names of a request that are very long are cut in what is logged, told and reported.
func TestLongNames(t *testing.T) {
	var log journal
	server := kernel(t, ikc.Config{Name: "Server", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	var told string
	stop := server.Monitor("*", ikc.Monitor{Error: func(_ context.Context, e *ikc.MonitorEvent) {
		told = e.Message + e.Operation + e.About
	}})
	peer := rawPeer(t, serve(t, server), "Bad")
	long := strings.Repeat("x", 2<<20)
	send := func() *wire.Message {
		t.Helper()
		m := callMessage("", "Bad", "r", nil)
		m.Event = wire.At(wire.AtString("poe://Server/" + long + "/" + long).Specifier)
		m.From = wire.At(wire.AtString("poe://Bad/" + long).Specifier)
		peer.send(m)
		report, err := peer.receive()
		must(t, err)
		return report
	}
	const most = 20_000
	if e := wire.ParseRemoteError(send().Params); len(e.Message) > most || !strings.HasPrefix(e.Message, "Session 'xxx") {
		t.Errorf("got a report of %d octets, %.60q", len(e.Message), e.Message)
	}
	settled(t, "monitors have been told", func() bool { return server.Stats().Errors == 1 })
	stop()
	send() // without monitors, it is logged
	peer.send(&wire.Message{Event: wire.AtString("poe://Server/IKC/remote_error"), IsError: true,
		Params: perl.ArrayRef(perl.NewBytes(long), perl.NewBytes(long), perl.NewBytes(long))})
	settled(t, "both are logged", func() bool {
		return strings.Contains(log.String(), "request failed") && strings.Contains(log.String(), "remote error")
	})
	must(t, server.Shutdown(soon(t)))
	if len(told) > most || !strings.Contains(told, "xxx") {
		t.Errorf("monitors were told %d octets", len(told))
	}
	for _, line := range strings.Split(log.String(), "\n") {
		if len(line) > most {
			t.Errorf("a line of %d octets was logged: %.100q", len(line), line)
		}
	}
}

// A peer that is never done negotiating is counted like any other.
func TestNegotiationCounts(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server", MaxMemory: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	address := serve(t, server)
	for range 4 {
		r, err := net.Dial("tcp", address)
		must(t, err)
		defer r.Close()
		_, _ = io.WriteString(r, "HELLO\r\n"+strings.Repeat("OK\r\n", 3)+"DONE\r\n")
		for range 40 {
			if _, err := io.WriteString(r, "IAM "+strings.Repeat("x", 16_000)+"\r\n"); err != nil {
				break
			}
		}
	}
	settled(t, "one or more have lost their connection", func() bool { return server.Stats().HandshakesFailed > 0 })
	if held := server.Stats().Held; held > 2<<20 {
		t.Errorf("%d octets are held", held)
	}
}

// What requests count for while they wait is about what they take of the heap.
func TestWhatWaitsCountsAsItIs(t *testing.T) {
	if strconv.IntSize < 64 {
		t.Skip("what counts is what it takes where addresses have 64 bits")
	}
	small := callMessage("poe://Server/me/slow", "Nobody", "r", perl.NewInt(1))
	post := callMessage("poe://Server/me/slow", "Nobody", "r", perl.NewInt(1))
	post.RSVP = wire.Address{}
	text := callMessage("poe://Server/me/slow", "Nobody", "r", perl.NewInt(1))
	text.RSVP = wire.AtString("poe://Nobody/IKCLite/r")
	for _, tt := range []struct {
		name string
		m    *wire.Message
		n    int
	}{
		{"posts", post, 8000},
		{"calls", small, 8000},
		{"calls whose rsvp is a string", text, 8000},
		{"objects", callMessage("poe://Server/me/slow", "Nobody", "r", perl.NewRef(perl.NewArray().Bless("Job"))), 5000},
		{"large objects", callMessage("poe://Server/me/slow", "Nobody", "r", blessed(3000)), 300},
		{"lists", callMessage("poe://Server/me/slow", "Nobody", "r", perl.ArrayRef(perl.NewInt(1), perl.NewBytes("two"))), 8000},
		{"strings", callMessage("poe://Server/me/slow", "Nobody", "r", perl.NewBytes(strings.Repeat("x", 20_000))), 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := kernel(t, ikc.Config{Name: "Server", Headroom: -1})
			released, release := context.WithCancel(context.Background())
			defer release()
			session(t, server, "me", map[string]ikc.State{"slow": waitsIn(released)})
			r := rawPeer(t, serve(t, server), "Busy")
			r.repeat(tt.m, 1)
			settled(t, "one is being handled", func() bool { return server.Stats().Requests == 1 })
			before := heap()
			r.repeat(tt.m, tt.n)
			settled(t, "all have come", func() bool { return server.Stats().FramesIn == uint64(tt.n)+1 })
			took, counted := heap()-before, server.Stats().Held
			t.Logf("%d octets of the heap each, counted as %d", took/int64(tt.n), counted/int64(tt.n))
			if took > counted*5/4+200_000 || took < counted/4 {
				t.Errorf("%d requests take %d octets of the heap, and count for %d", tt.n, took, counted)
			}
		})
	}
}
