package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Answers that come together each reach their caller, in whatever order they come, and so do those
// behind a call that was given up meanwhile; what the callers say next is written.
func TestAnswersComeTogether(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Caller"})
	r := rawPeer(t, serve(t, k), "Raw")
	settled(t, "the peer is known", func() bool { return k.Channel("Raw") != nil })
	const callers, rounds = 60, 5
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for round := range rounds {
				ctx := soon(t)
				if i%3 == 0 { // which nothing ends
					ctx = context.WithoutCancel(ctx)
				}
				what := fmt.Sprint(i, " ", round)
				v, err := k.Call(ctx, "poe://Raw/me/echo", what)
				if err != nil || v.Str() != what {
					t.Errorf("call %s: got %s, %v", what, text(v), err)
				}
			}
		})
	}
	for range rounds {
		ctx, giveUp := context.WithCancel(context.Background())
		givenUp := make(chan error)
		go func() {
			_, err := k.Call(ctx, "poe://Raw/me/none", nil)
			givenUp <- err
		}()
		var calls []*wire.Message
		for len(calls) <= callers {
			m, err := r.receive()
			must(t, err)
			if m.Event.State != wire.StateRemoteError {
				calls = append(calls, m)
			}
		}
		giveUp()
		if err := <-givenUp; err == nil {
			t.Error("a call that was given up has an answer")
		}
		var together []byte
		for i := range calls { // as they came, but for two
			m := calls[(i+2)%len(calls)]
			image, err := storable.Freeze((&wire.Message{Event: m.RSVP, Params: m.Params}).ToValue())
			must(t, err)
			together = wire.AppendFrame(together, image)
		}
		_, err := r.Write(together)
		must(t, err)
	}
	wg.Wait()
}

// Where a specifier leads follows what becomes of names: another default, another peer that has the
// name, one whose id it is, and a name that this kernel takes for itself.
func TestTargetsFollowNames(t *testing.T) {
	client := kernel(t, ikc.Config{Name: "Client"})
	states := func(name string) map[string]ikc.State {
		return map[string]ikc.State{"who": func(context.Context, *ikc.Request) (any, error) { return name, nil }}
	}
	server := func(name string, cfg ikc.Config) *ikc.Channel {
		k := kernel(t, cfg)
		session(t, k, "me", states(name))
		return dial(t, client, serve(t, k))
	}
	expect := func(to, who string) {
		t.Helper()
		for range 2 { // the second time it is known
			if v, err := client.Call(soon(t), to, nil); err != nil || v.Str() != who {
				t.Errorf("%s: got %s, %v, expected %s", to, text(v), err, who)
			}
		}
	}
	first := server("A1", ikc.Config{Name: "A"})
	server("B", ikc.Config{Name: "B"})
	expect("poe:/me/who", "A1")
	expect("poe://A/me/who", "A1")
	must(t, client.SetDefault("B"))
	expect("poe:/me/who", "B")
	expect("poe://A/me/who", "A1")
	must(t, first.Close())
	settled(t, "A is gone", func() bool { return client.Channel("A") == nil })
	if _, err := client.Call(soon(t), "poe://A/me/who", nil); !errors.Is(err, ikc.ErrUnknownKernel) {
		t.Errorf("a kernel that is gone: got %v", err)
	}
	server("A2", ikc.Config{Name: "A"})
	expect("poe://A/me/who", "A2")
	server("A3", ikc.Config{Name: "C", ID: "A"})
	expect("poe://A/me/who", "A3")
	session(t, client, "me", states("itself"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = client.ServeAs(context.Background(), l, ikc.Identity{Name: "A"}) }()
	settled(t, "the name is its own", func() bool { return client.Channel("A") == nil })
	expect("poe://A/me/who", "itself")
}

// A call that is given up just when it is answered leaves nothing to the next: whoever calls gets
// the answer to that call or an error.
func TestCallsGivenUpAsTheyAreAnswered(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 500 {
				ctx, giveUp := context.WithCancel(context.Background())
				wg.Go(giveUp)
				what := fmt.Sprint(i, " ", n)
				v, err := p.client.Call(ctx, "poe://Server/me/echo", what)
				if err == nil && (v == nil || v.Str() != what) {
					t.Errorf("call %s: got %s", what, text(v))
				}
				if v, err = p.client.Call(soon(t), "poe://Server/me/echo", what); err != nil || v == nil || v.Str() != what {
					t.Errorf("the call after %s: got %s, %v", what, text(v), err)
				}
			}
		})
	}
	wg.Wait()
}
