package ikc

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// pipes is a listener whose connections are pipes: time stands still while these are busy.
type pipes struct {
	conns chan net.Conn
	ended context.Context
	end   context.CancelFunc
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended.Done():
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.end(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

// watchedPair is a server and a client that has a state which ends at once, and one that keeps its
// reader until release is closed.
type watchedPair struct {
	server, client *Kernel
	listener       *pipes        // the server's
	begun, release chan struct{} // the long state
}

func newWatchedPair(t *testing.T) *watchedPair {
	t.Helper()
	p := &watchedPair{begun: make(chan struct{}), release: make(chan struct{})}
	states := map[string]map[string]State{
		"Server": {
			"echo":   func(_ context.Context, r *Request) (any, error) { return r.Arg(0), nil },
			"silent": func(context.Context, *Request) (any, error) { return nil, nil }, // no answer comes
			"stuck":  func(context.Context, *Request) (any, error) { <-p.release; return nil, nil },
		},
		"Client": {
			"short": func(context.Context, *Request) (any, error) { return nil, nil },
			"long": func(context.Context, *Request) (any, error) {
				close(p.begun)
				<-p.release
				return nil, nil
			},
		},
	}
	made := map[string]*Kernel{}
	for name, states := range states {
		k, err := New(Config{Name: name, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		s, err := k.NewSession("s", states)
		if err != nil {
			t.Fatal(err)
		}
		for state := range states {
			s.Publish(state)
		}
		made[name] = k
	}
	p.server, p.client = made["Server"], made["Client"]
	ctx := context.Background()
	l := &pipes{conns: make(chan net.Conn)}
	p.listener = l
	l.ended, l.end = context.WithCancel(ctx)
	go func() { _ = p.server.Serve(ctx, l) }()
	here, there := net.Pipe()
	l.conns <- there
	if _, err := p.client.DialConn(ctx, here, "pipe"); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return p
}

// post has the server post to a state of the client.
func (p *watchedPair) post(t *testing.T, state string) {
	t.Helper()
	if _, err := p.server.Post(context.Background(), "poe://Client/s/"+state, nil); err != nil {
		t.Fatal(err)
	}
}

func (p *watchedPair) end() {
	close(p.release)
	_ = p.client.Shutdown(context.Background())
	_ = p.server.Shutdown(context.Background())
}

// TestReaderIsFreed: while a state keeps the reader of its connection, what somebody here waits for
// is read within twice patience, also if the watchdog was resting; all else within calm besides.
func TestReaderIsFreed(t *testing.T) {
	for name, c := range map[string]struct {
		waits func(p *watchedPair) error // for what the connection brings
		most  time.Duration
	}{
		"a call": {func(p *watchedPair) error {
			_, err := p.client.Call(context.Background(), "poe://Server/s/echo", "x")
			return err
		}, 2 * patience},
		"a subscription": {func(p *watchedPair) error {
			_, err := p.client.Subscribe(context.Background(), "poe://Server/s")
			return err
		}, 2 * patience},
		"all else": {func(p *watchedPair) error {
			before := p.client.Stats().OctetsIn
			for p.client.Stats().OctetsIn == before {
				if _, err := p.server.Post(context.Background(), "poe://Client/s/short", nil); err != nil {
					return err
				}
				time.Sleep(time.Millisecond / 4)
			}
			return nil
		}, calm + 2*patience},
	} {
		for _, rests := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newWatchedPair(t)
					defer p.end()
					if rests {
						p.post(t, "short")
						if time.Sleep(2 * patience); !p.client.watch.resting.Load() {
							t.Fatal("the watchdog does not rest, though there is nothing to do")
						}
					}
					p.post(t, "long")
					<-p.begun
					begun := time.Now()
					if err := c.waits(p); err != nil {
						t.Error(err)
					}
					if took := time.Since(begun); took > c.most {
						t.Errorf("it took %v: expected %v at most", took, c.most)
					}
				})
			})
		}
	}
}

// TestAnswerIsNotHeld: an answer that the reader is to have written with what else has come waits
// for a long state no longer than twice patience, also if the watchdog was resting.
func TestAnswerIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newWatchedPair(t)
		defer p.end()
		conn, there := net.Pipe()
		defer conn.Close()
		p.listener.conns <- there
		n := wire.NewNegotiator(wire.NegotiatorConfig{Role: wire.Client, KernelID: "Raw", Serializers: []string{"Storable"}})
		if _, err := wire.Negotiate(conn, n, 0, nil); err != nil {
			t.Fatal(err)
		}
		frames := func(states ...string) (octets []byte) {
			for _, state := range states {
				image, err := storable.Freeze((&wire.Message{
					Event: wire.AtString("poe://Server/s/" + state), Params: perl.NewBytes("x"), RSVP: wire.AtString("poe://Raw/IKCLite/" + state),
				}).ToValue())
				if err != nil {
					t.Fatal(err)
				}
				octets = wire.AppendFrame(octets, image)
			}
			return octets
		}
		answered := func() {
			if n, err := conn.Read(make([]byte, 4096)); n == 0 || err != nil {
				t.Fatalf("%d octets, %v: expected an answer", n, err)
			}
		}
		if _, err := conn.Write(frames("echo")); err != nil {
			t.Fatal(err)
		}
		answered()
		if time.Sleep(2 * patience); !p.server.watch.resting.Load() {
			t.Fatal("the watchdog does not rest, though there is nothing to do")
		}
		begun := time.Now()
		if _, err := conn.Write(frames("echo", "stuck")); err != nil {
			t.Fatal(err)
		}
		if answered(); time.Since(begun) > 2*patience {
			t.Errorf("it took %v: expected %v at most", time.Since(begun), 2*patience)
		}
	})
}

// TestWatchdogRests: it looks seldom while states are quick and nobody here waits, but not while
// somebody does.
func TestWatchdogRests(t *testing.T) {
	for name, waits := range map[string]func(ctx context.Context, k *Kernel){
		"nobody": nil,
		"a call": func(ctx context.Context, k *Kernel) { _, _ = k.Call(ctx, "poe://Server/s/silent", nil) },
		"a subscription": func(ctx context.Context, k *Kernel) {
			_, _ = k.Post(ctx, "poe://Server/s/stuck", nil)
			_, _ = k.Subscribe(ctx, "poe://Server/s")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newWatchedPair(t)
				defer p.end()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if waits != nil {
					go waits(ctx, p.client)
				}
				before := p.client.watch.tick.Load()
				for range 1000 {
					time.Sleep(time.Millisecond)
					p.post(t, "short")
				}
				looks := p.client.watch.tick.Load() - before
				if least := uint64(time.Second / patience * 9 / 10); waits != nil && looks < least {
					t.Errorf("%d looks in a second in which somebody waits: expected %d at least", looks, least)
				}
				if most := uint64(time.Second / calm * 2); waits == nil && looks > most {
					t.Errorf("%d looks in a second: expected %d at most", looks, most)
				}
			})
		})
	}
}
