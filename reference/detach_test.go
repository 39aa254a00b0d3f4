package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// detacher has a state "later" that hands on what it has detached.
func detacher(t testing.TB, k *ikc.Kernel, with func(ctx context.Context) context.Context) chan *ikc.Detached {
	t.Helper()
	c := make(chan *ikc.Detached, 4000)
	session(t, k, "me", map[string]ikc.State{
		"later": func(ctx context.Context, r *ikc.Request) (any, error) { c <- r.Detach(with(ctx)); return nil, nil },
		"echo":  echo,
	})
	return c
}

func same(ctx context.Context) context.Context { return ctx }

// outcome is what a call came to.
type outcome struct {
	list []*perl.Value
	err  error
}

func callLater(t testing.TB, k *ikc.Kernel, to string, params any) chan outcome {
	c := make(chan outcome, 1)
	ctx := soon(t)
	go func() {
		defer close(c) // a test that takes it twice goes on
		list, err := k.CallList(ctx, to, params)
		c <- outcome{list, err}
	}()
	return c
}

// TestDetach: a state answers after it has returned, once, while others run; also who calls from
// within.
func TestDetach(t *testing.T) {
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprint("to itself ", own), func(t *testing.T) {
			p := connected(t, ikc.Config{}, ikc.Config{})
			later := detacher(t, p.server, same)
			caller := p.client
			if own {
				caller = p.server
			}
			answer := callLater(t, caller, "poe://Server/me/later", nil)
			d := <-later
			must(t, caller.Ping(soon(t), "Server"))
			if _, err := caller.Call(soon(t), "poe://Server/me/echo", "x"); err != nil {
				t.Fatal(err)
			}
			if n := p.server.Stats().Detached; n != 1 {
				t.Errorf("%d are detached, expected 1", n)
			}
			must(t, d.Answer(ikc.List{1, "two"}, nil))
			if o := <-answer; o.err != nil || texts(o.list) != "1 'two'" {
				t.Errorf("got %s, %v", texts(o.list), o.err)
			}
			if err := d.Answer(3, nil); !errors.Is(err, ikc.ErrAnswered) {
				t.Errorf("a second answer: got %v", err)
			}
			s := p.server.Stats()
			if s.Detached != 0 || s.Dropped != 0 {
				t.Errorf("%d are detached, %d dropped, expected none", s.Detached, s.Dropped)
			}
		})
	}
}

// TestDetachOnce: the first answer counts, whoever gives it.
func TestDetachOnce(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	failed := errors.New("returned")
	session(t, p.server, "me", map[string]ikc.State{"both": func(ctx context.Context, r *ikc.Request) (any, error) {
		d := r.Detach(ctx)
		if err := r.Detach(ctx).Answer(1, nil); !errors.Is(err, ikc.ErrAnswered) {
			t.Errorf("detached a second time: got %v", err)
		}
		if r.Arg(0).Int() == 1 {
			must(t, d.Answer("first", nil))
		}
		return "not the answer", failed
	}})
	wantInvocation(t, <-callLater(t, p.client, "poe://Server/me/both", 0), "returned")
	if o := <-callLater(t, p.client, "poe://Server/me/both", 1); o.err != nil || texts(o.list) != "'first'" {
		t.Errorf("got %s, %v", texts(o.list), o.err)
	}
	kept := make(chan *ikc.Request, 1)
	session(t, p.server, "keep", map[string]ikc.State{"it": func(_ context.Context, r *ikc.Request) (any, error) { kept <- r; return 1, nil }})
	if _, err := p.client.Call(soon(t), "poe://Server/keep/it", nil); err != nil {
		t.Fatal(err)
	}
	if err := (<-kept).Detach(soon(t)).Answer(2, nil); !errors.Is(err, ikc.ErrAnswered) {
		t.Errorf("detached when the state had returned: got %v", err)
	}
	if s := p.server.Stats(); s.Detached != 0 || s.Dropped != 0 {
		t.Errorf("%d are detached, %d dropped, expected none", s.Detached, s.Dropped)
	}
}

// TestDetachedIsUnfit: what cannot be sent is told to both.
func TestDetachedIsUnfit(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	later := detacher(t, p.server, same)
	answer := callLater(t, p.client, "poe://Server/me/later", nil)
	var unfit *perl.ConversionError
	if err := (<-later).Answer(make(chan int), nil); !errors.As(err, &unfit) {
		t.Errorf("got %v", err)
	}
	wantInvocation(t, <-answer, "chan int")
	answer = callLater(t, p.client, "poe://Server/me/later", nil)
	if err := (<-later).Answer(nil, errors.New("too late")); err != nil {
		t.Errorf("an error is an answer: got %v", err)
	}
	wantInvocation(t, <-answer, "too late")
}

func wantInvocation(t testing.TB, o outcome, why string) {
	t.Helper()
	var e *ikc.RemoteError
	if !errors.As(o.err, &e) || e.Operation != ikc.OpInvocation || !strings.Contains(e.Message, why) {
		t.Errorf("got %s, %v; expected %s with %q", texts(o.list), o.err, ikc.OpInvocation, why)
	}
}

// TestDropped: who calls is told when nobody answers.
func TestDropped(t *testing.T) {
	t.Run("its context ends", func(t *testing.T) {
		p := connected(t, ikc.Config{}, ikc.Config{})
		ctx, end := context.WithCancelCause(t.Context())
		later := detacher(t, p.server, func(context.Context) context.Context { return ctx })
		answer := callLater(t, p.client, "poe://Server/me/later", nil)
		d := <-later
		end(errors.New("no more time"))
		wantInvocation(t, <-answer, "no answer: no more time")
		if err := d.Answer(1, nil); !errors.Is(err, ikc.ErrAnswered) || !strings.Contains(err.Error(), "no more time") {
			t.Errorf("got %v", err)
		}
		settled(t, "one is dropped", func() bool { s := p.server.Stats(); return s.Dropped == 1 && s.Detached == 0 })
	})
	t.Run("it is forgotten", func(t *testing.T) {
		p := connected(t, ikc.Config{}, ikc.Config{})
		session(t, p.server, "me", map[string]ikc.State{"later": func(ctx context.Context, r *ikc.Request) (any, error) {
			r.Detach(ctx)
			return nil, nil
		}})
		answer := callLater(t, p.client, "poe://Server/me/later", nil)
		for {
			select {
			case o := <-answer:
				wantInvocation(t, o, "nobody has the request any more")
				return
			case <-time.After(time.Millisecond):
				runtime.GC()
			}
		}
	})
	t.Run("the kernel shuts down", func(t *testing.T) {
		p := connected(t, ikc.Config{}, ikc.Config{})
		later := detacher(t, p.server, same)
		answer := callLater(t, p.client, "poe://Server/me/later", nil)
		d := <-later
		must(t, p.server.Shutdown(soon(t)))
		wantInvocation(t, <-answer, "no answer: ikc: kernel is shut down")
		if err := d.Answer(1, nil); !errors.Is(err, ikc.ErrAnswered) || !errors.Is(err, ikc.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the connection ends", func(t *testing.T) {
		p := connected(t, ikc.Config{}, ikc.Config{})
		later := detacher(t, p.server, same)
		answer := callLater(t, p.client, "poe://Server/me/later", nil)
		d := <-later
		must(t, p.channel.Close())
		if o := <-answer; !errors.Is(o.err, ikc.ErrDisconnected) {
			t.Errorf("got %v", o.err)
		}
		settled(t, "one is dropped", func() bool { return p.server.Stats().Dropped == 1 })
		if err := d.Answer(1, nil); !errors.Is(err, ikc.ErrAnswered) || !errors.Is(err, ikc.ErrDisconnected) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the connection ends, and the context does not", func(t *testing.T) {
		p := connected(t, ikc.Config{}, ikc.Config{})
		later := detacher(t, p.server, context.WithoutCancel)
		answer := callLater(t, p.client, "poe://Server/me/later", nil)
		d := <-later
		must(t, p.channel.Close())
		<-answer
		settled(t, "the server has lost the client", func() bool { return p.server.Channel("Client") == nil })
		if err := d.Answer(1, nil); !errors.Is(err, ikc.ErrUnknownKernel) {
			t.Errorf("got %v", err)
		}
	})
}

// TestReportsInOrder: an error report says for which state a request was, not which request. That
// of a younger call must not be taken for the older one's, which is still under way: it is
// detached, or its state waits, or runs beside.
func TestReportsInOrder(t *testing.T) {
	for _, how := range []string{"detached", "waits", "beside"} {
		t.Run(how, func(t *testing.T) {
			p := connected(t, ikc.Config{}, ikc.Config{})
			gate := make(chan struct{})
			began := make(chan struct{}, 10)
			session(t, p.client, "gate", map[string]ikc.State{"pass": func(context.Context, *ikc.Request) (any, error) { <-gate; return 1, nil }})
			state := func(ctx context.Context, r *ikc.Request) (any, error) {
				if n := r.Arg(0).Int(); n > 0 {
					return nil, fmt.Errorf("number %d failed", n)
				}
				began <- struct{}{}
				switch how {
				case "detached":
					d := r.Detach(ctx)
					go func() { <-gate; must(t, d.Answer("first", nil)) }()
					return nil, nil
				case "waits":
					if _, err := p.server.Call(ctx, "poe://Client/gate/pass", nil); err != nil {
						t.Error(err)
					}
				case "beside":
					<-gate
				}
				return "first", nil
			}
			var options []ikc.SessionOption
			if how == "beside" {
				options = append(options, ikc.WithConcurrency(4))
			}
			s, err := p.server.NewSession("me", map[string]ikc.State{"do": state}, options...)
			must(t, err)
			s.Publish("do")
			const to = "poe://Server/me/do"
			first := callLater(t, p.client, to, 0)
			<-began
			second := callLater(t, p.client, to, 1)
			settled(t, "the second has failed", func() bool { return p.server.Stats().Errors == 1 })
			third := callLater(t, p.client, to, 2)
			settled(t, "the third has failed", func() bool { return p.server.Stats().Errors == 2 })
			select {
			case o := <-first:
				t.Errorf("the first got %s, %v", texts(o.list), o.err)
			case o := <-second:
				t.Errorf("the second got %s, %v before the first was answered", texts(o.list), o.err)
			default:
			}
			close(gate)
			if o := <-first; o.err != nil || texts(o.list) != "'first'" {
				t.Errorf("the first got %s, %v", texts(o.list), o.err)
			}
			wantInvocation(t, <-second, "number 1 failed")
			wantInvocation(t, <-third, "number 2 failed")
		})
	}
}

// TestDetachByPost: a state that answers by post can be detached as any other.
func TestDetachByPost(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	later := make(chan *ikc.Detached, 1)
	session(t, p.server, "me", map[string]ikc.State{"later": ikc.AnswersByPost(func(ctx context.Context, r *ikc.Request) (any, error) {
		later <- r.Detach(ctx)
		return nil, nil
	})})
	got, events := heard()
	session(t, p.client, "me", map[string]ikc.State{"got": got})
	_, err := p.client.Post(soon(t), "poe://Server/me/later", []any{"params", "poe://" + p.client.ID() + "/me/got"})
	must(t, err)
	d := <-later
	must(t, d.Answer("late", nil))
	expect(t, events, "'late'")
	if err := d.Answer("again", nil); !errors.Is(err, ikc.ErrAnswered) {
		t.Errorf("got %v", err)
	}
}

// TestDetachedCount: what is detached counts for Config.MaxMemory, until it is answered.
func TestDetachedCount(t *testing.T) {
	p := connected(t, ikc.Config{MaxMemory: 8 << 20}, ikc.Config{})
	later := detacher(t, p.server, same)
	var held []*ikc.Detached
	for range 200 {
		_, err := p.client.Post(soon(t), "poe://Server/me/later", strings.Repeat("x", 10_000))
		must(t, err)
		held = append(held, <-later)
	}
	if n := p.server.Stats().Held; n < 200*10_000 {
		t.Errorf("%d octets are held, expected at least %d", n, 200*10_000)
	}
	for _, d := range held {
		must(t, d.Answer(nil, nil))
	}
	settled(t, "nothing is held", func() bool { return p.server.Stats().Held == 0 })
	for range 2000 {
		if _, err := p.client.Post(soon(t), "poe://Server/me/later", strings.Repeat("x", 10_000)); err != nil {
			break
		}
	}
	select {
	case <-p.channel.Done():
	case <-soon(t).Done():
		t.Error("expected the end of a connection that has too much detached")
	}
}

// TestConcurrency: so many states of a session run at a time, and no more; pings pass them.
func TestConcurrency(t *testing.T) {
	for _, tt := range []struct{ n, calls int }{{1, 3}, {2, 5}, {5, 5}} {
		for _, perSession := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d of %d, QueuePerSession %v", tt.n, tt.calls, perSession), func(t *testing.T) {
				p := connected(t, ikc.Config{QueuePerSession: perSession}, ikc.Config{})
				var mu sync.Mutex
				running, most := 0, 0
				count := func(n int) int {
					mu.Lock()
					defer mu.Unlock()
					running += n
					most = max(most, running)
					return running
				}
				gate := make(chan struct{})
				s, err := p.server.NewSession("me", map[string]ikc.State{"slow": func(ctx context.Context, r *ikc.Request) (any, error) {
					count(1)
					<-gate
					count(-1)
					// And again when it has waited, and let others run.
					if _, err := p.server.Call(ctx, "poe://Client/me/echo", 1); err != nil {
						return nil, err
					}
					count(1)
					runtime.Gosched()
					count(-1)
					return r.Arg(0), nil
				}}, ikc.WithConcurrency(tt.n))
				must(t, err)
				s.Publish("slow")
				session(t, p.client, "me", map[string]ikc.State{"echo": echo})
				var answers []chan outcome
				for i := range tt.calls {
					answers = append(answers, callLater(t, p.client, "poe://Server/me/slow", i))
				}
				settled(t, "as many run as may", func() bool { return count(0) == tt.n })
				must(t, p.client.Ping(soon(t), "Server"))
				close(gate)
				for i, answer := range answers {
					if o := <-answer; o.err != nil || texts(o.list) != fmt.Sprint(i) {
						t.Errorf("call %d: got %s, %v", i, texts(o.list), o.err)
					}
				}
				if most != tt.n {
					t.Errorf("%d ran at a time, expected %d", most, tt.n)
				}
			})
		}
	}
	k := kernel(t, ikc.Config{})
	if _, err := k.NewSession("none", nil, ikc.WithConcurrency(0)); err == nil || !strings.Contains(err.Error(), "expected 1 or more, got 0") {
		t.Errorf("got %v", err)
	}
}

// TestQueueOfItsOwn: the requests of a session with a queue of its own are begun in order, after
// those that came before for a session that has none.
func TestQueueOfItsOwn(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	var mu sync.Mutex
	var order []string
	note := func(_ context.Context, r *ikc.Request) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, r.Arg(0).Str())
		return nil, nil
	}
	session(t, p.server, "poe", map[string]ikc.State{"note": note})
	s, err := p.server.NewSession("own", map[string]ikc.State{"note": note}, ikc.WithConcurrency(1))
	must(t, err)
	s.Publish("note")
	for i := range 50 {
		for _, to := range []string{"poe", "own"} {
			_, err := p.client.Post(soon(t), "poe://Server/"+to+"/note", fmt.Sprintf("%s%d", to, i))
			must(t, err)
		}
	}
	settled(t, "all have run", func() bool { mu.Lock(); defer mu.Unlock(); return len(order) == 100 })
	poe, own := 0, 0
	for _, o := range order {
		switch o {
		case fmt.Sprint("poe", poe):
			poe++
		case fmt.Sprint("own", own):
			if own++; own > poe {
				t.Errorf("%s began before what came before it", o)
			}
		default:
			t.Errorf("%s is out of order", o)
		}
	}
}
