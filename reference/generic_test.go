package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var _ = []ikc.Caller{(*ikc.Kernel)(nil), (*ikc.Session)(nil), (*clientlite.Client)(nil)}

type order struct {
	Item string `perl:"item"`
	N    int    `perl:"n"`
}

// TestTyped: a state gets a Go variable and returns one, and a call too; what is none is an error.
func TestTyped(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "shop", map[string]ikc.State{
		"twice": ikc.StateOf(func(_ context.Context, r *ikc.Request, o order) (order, error) { o.N *= 2; return o, nil }),
		"none":  ikc.StateOf(func(context.Context, *ikc.Request, any) (any, error) { return nil, errors.New("sold out") }),
	})
	got, err := ikc.CallAs[order](soon(t), p.client, "poe://Server/shop/twice", order{"shoe", 2})
	if want := (order{"shoe", 4}); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	var unfit *perl.ConversionError
	if _, err := ikc.CallAs[int](soon(t), p.client, "poe://Server/shop/twice", order{}); !errors.As(err, &unfit) {
		t.Errorf("an answer of another type: got %v", err)
	}
	_, err = ikc.CallAs[order](soon(t), p.client, "poe://Server/shop/twice", 5)
	wantInvocation(t, outcome{err: err}, "expected a reference to a hash")
	_, err = ikc.CallAs[any](soon(t), p.client, "poe://Server/shop/none", nil)
	wantInvocation(t, outcome{err: err}, "sold out")
}

// TestHooks: hooks are told of each request and each call when it is over, with what became of it.
func TestHooks(t *testing.T) {
	requests, calls := make(chan ikc.RequestDone, 100), make(chan ikc.CallDone, 100)
	p := connected(t,
		ikc.Config{Hooks: ikc.Hooks{Request: func(r ikc.RequestDone) { requests <- r }}},
		ikc.Config{Hooks: ikc.Hooks{Call: func(c ikc.CallDone) { calls <- c }}})
	later := make(chan *ikc.Detached, 1)
	failed := errors.New("no")
	session(t, p.server, "me", map[string]ikc.State{
		"echo": echo, "fail": func(context.Context, *ikc.Request) (any, error) { return nil, failed },
		"later": func(ctx context.Context, r *ikc.Request) (any, error) { later <- r.Detach(ctx); return nil, nil },
	})
	s, err := p.server.NewSession("own", map[string]ikc.State{"echo": echo}, ikc.WithConcurrency(2))
	must(t, err)
	s.Publish("echo")
	for _, tt := range []struct{ to, session, state string }{
		{"me/echo", "me", "echo"}, {"own/echo", "own", "echo"}, {"me/fail", "me", "fail"},
		{"me/later", "me", "later"}, {"me/absent", "", ""}, {"absent/echo", "", ""},
	} {
		to := "poe://Server/" + tt.to
		answer := callLater(t, p.client, to, 1)
		pause := time.Duration(0)
		if tt.state == "later" {
			d := <-later
			select {
			case r := <-requests:
				t.Errorf("%s: told of %+v before it was answered", to, r)
			case <-time.After(time.Millisecond):
				pause = time.Millisecond
			}
			must(t, d.Answer(1, nil))
		}
		o := <-answer
		r, c := <-requests, <-calls
		if r.Session != tt.session || r.State != tt.state || !r.IsCall ||
			r.Waited > r.Took || r.Took <= pause || (r.Err == nil) != (o.err == nil) {
			t.Errorf("%s: the request: got %+v", to, r)
		}
		if c.To != to || c.Took <= pause || fmt.Sprint(c.Err) != fmt.Sprint(o.err) {
			t.Errorf("%s: the call: got %+v", to, c)
		}
		if tt.state == "fail" && !errors.Is(r.Err, failed) {
			t.Errorf("%s: got %v", to, r.Err)
		}
	}
	_, err = p.client.Post(soon(t), "poe://Server/me/echo", 1)
	must(t, err)
	if r := <-requests; r.State != "echo" || r.IsCall || r.Err != nil {
		t.Errorf("a post: got %+v", r)
	}
}
