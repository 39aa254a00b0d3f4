package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestSoak has peers connect, crash and misbehave at random, beside peers that behave: none of their
// calls may be lost, doubled or mixed up. IKC_SOAK says for how long (30m); else it is short.
func TestSoak(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		t.Run(fmt.Sprintf("QueuePerSession %v", perSession), func(t *testing.T) { soak(t, perSession) })
	}
}

func soak(t *testing.T, perSession bool) {
	last := 1500 * time.Millisecond
	if d, err := time.ParseDuration(os.Getenv("IKC_SOAK")); err == nil {
		last = d / 2
	}
	server := kernel(t, ikc.Config{Name: "Server", HandshakeTimeout: 500 * time.Millisecond, MaxQueue: 4 << 20, MaxFrame: 1 << 20, QueuePerSession: perSession})
	var ran, posts atomic.Int64
	session(t, server, "me", map[string]ikc.State{
		"echo": func(_ context.Context, r *ikc.Request) (any, error) { ran.Add(1); return r.Arg(0), nil },
		"post": func(context.Context, *ikc.Request) (any, error) { posts.Add(1); return nil, nil },
		"back": func(ctx context.Context, r *ikc.Request) (any, error) {
			if r.Sender == nil {
				return nil, errors.New("nobody to call back")
			}
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return server.Call(ctx, "poe://"+r.Sender.Specifier().Kernel+"/me/echo", r.Arg(0))
		},
		"deaf": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"slow": func(ctx context.Context, r *ikc.Request) (any, error) {
			time.Sleep(3 * time.Millisecond)
			return r.Arg(0), nil
		},
	})
	address := serve(t, server)
	ctx, cancel := context.WithTimeout(context.Background(), last)
	defer cancel()
	var peers sync.WaitGroup
	var calls, sent, deaf atomic.Int64
	worker := func(n int, f func(n int) error) {
		peers.Go(func() {
			for ctx.Err() == nil {
				if err := f(n); err != nil {
					t.Errorf("peer %d: %v", n, err)
					return
				}
			}
		})
	}
	check := func(got, want string, err error) error {
		if err == nil && got != want {
			err = fmt.Errorf("got answer %.40q to %.40q", got, want)
		}
		return err
	}
	for n := range 3 {
		worker(n, func(n int) error { // a kernel that stays a while, and is called back
			k, err := ikc.New(ikc.Config{Name: fmt.Sprint("Kernel", n), Logger: quiet})
			if err != nil {
				return err
			}
			defer k.Shutdown(context.Background())
			s, err := k.NewSession("me", map[string]ikc.State{"echo": echo})
			if err != nil {
				return err
			}
			s.Publish("echo")
			if _, err := k.Dial(context.Background(), "tcp", address); err != nil {
				return err
			}
			for i := range 50 {
				want := fmt.Sprint(n, "-", i, strings.Repeat("x", rand.IntN(3000)))
				state := []string{"echo", "back", "slow"}[rand.IntN(3)]
				limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				v, err := s.Call(limit, "poe://Server/me/"+state, want)
				cancel()
				if err := check(v.Str(), want, err); err != nil {
					return fmt.Errorf("%s: %w", state, err)
				}
				if state == "echo" {
					calls.Add(1)
				}
				if _, err := k.Post(context.Background(), "poe://Server/me/post", want); err != nil {
					return err
				}
				sent.Add(1)
			}
			return nil
		})
	}
	worker(3, func(n int) error { // a blocking client
		c, err := clientlite.Spawn(context.Background(), clientlite.Config{Name: "Lite", Address: address})
		if err != nil {
			return err
		}
		defer c.Disconnect()
		for i := range 50 {
			want := fmt.Sprint("lite", i)
			v, err := c.Call(context.Background(), "me/echo", want)
			if err := check(v.Str(), want, err); err != nil {
				return err
			}
			calls.Add(1)
		}
		return nil
	})
	for n := range 3 {
		worker(4+n, func(int) error { // one that misbehaves
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			defer conn.Close()
			lines := []string{"", "HELLO\r\n", "SETUP KERNEL=Bad;FREEZER=Storable\r\n", "garbage\n", "HELLO\r\nOK\r\nOK\r\n"}
			_, _ = io.WriteString(conn, lines[rand.IntN(len(lines))])
			frames := []string{"", "5\x00abcde", "99999999999\x00", "xyz\x00", "10\x00abc", "7\x00\x05\x0b\x02\x00\x00\x00\x00"}
			_, _ = io.WriteString(conn, frames[rand.IntN(len(frames))])
			if rand.IntN(2) == 0 {
				_ = conn.(*net.TCPConn).SetLinger(0)
			}
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
			return nil
		})
	}
	ask := deafCall(t)
	worker(7, func(int) error { // one that asks and never reads the answers
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "SETUP KERNEL=Deaf;FREEZER=Storable\r\n"); err != nil {
			return err
		}
		frame := ask
		_ = conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		for range 200 {
			if _, err := conn.Write(frame); err != nil {
				break // its queue is full, or it has been cut off
			}
			deaf.Add(1)
		}
		return nil
	})
	heaps := make(chan []uint64)
	go func() {
		var sizes []uint64
		for range soakSamples {
			select {
			case <-time.After(last / soakSamples):
			case <-ctx.Done():
			}
			sizes = append(sizes, heapInUse())
		}
		heaps <- sizes
	}()
	peers.Wait()
	sizes := <-heaps
	t.Logf("heap in use, KiB: %d", sizes)
	if was, is := slices.Max(sizes[:soakSamples/2]), slices.Max(sizes[soakSamples/2:]); is > was*3/2+32<<10 {
		t.Errorf("the heap grew from %d to %d KiB", was, is)
	}
	settled(t, "every post arrived, and every peer is gone", func() bool { return posts.Load() == sent.Load() && server.Stats().Connections == 0 })
	if ran.Load() != calls.Load() {
		t.Errorf("%d calls were made, %d run", calls.Load(), ran.Load())
	}
	t.Logf("%d calls, %d posts, %d calls of the deaf, %+v; heap %d KiB, %d goroutines", calls.Load(), sent.Load(), deaf.Load(), server.Stats(),
		heapInUse(), runtime.NumGoroutine())
}

const soakSamples = 20

// heapInUse returns KiB.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse >> 10
}

// deafCall is a call that has 64 KiB sent back.
func deafCall(t *testing.T) []byte {
	m := &wire.Message{Event: wire.AtString("poe://Server/me/deaf"), Params: perl.NewBytes(strings.Repeat("x", 64<<10)), RSVP: wire.AtString("poe://Deaf/me/answer")}
	image, err := storable.Freeze(m.ToValue())
	must(t, err)
	return wire.AppendFrame(nil, image)
}
