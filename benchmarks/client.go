package main

import (
	"context"
	"sync"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// callers is how many goroutines of a client call at the same time.
const callers = 64

// client is a client of the ceiling with as many callers: of the kernel, the kernel's own; of the
// ceiling, the load generator, which has none; of keeps, what a client can be that does nothing but
// wake the callers.
func client(server string, params *perl.Value) measured {
	var dial func(address string) (asker, error)
	switch server {
	case "ceiling":
		return calls(server, params, 1, callers)
	case "kernel":
		dial = func(address string) (asker, error) { return dialKernel(address, params) }
	case "keeps":
		dial = func(address string) (asker, error) { return dialWaking(address, params) }
	default:
		return nil
	}
	return func(_ string, each time.Duration) (result, error) {
		ceiling, err := start("ceiling")
		if err != nil {
			return result{}, err
		}
		defer ceiling.end()
		return together(1, dial)(ceiling.address, each)
	}
}

// dialKernel makes a kernel that calls.
func dialKernel(address string, params *perl.Value) (asker, error) {
	k, err := ikc.New(ikc.Config{Name: newName()})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	if _, err := k.Dial(ctx, "tcp", address); err != nil {
		return nil, err
	}
	ask := concurrent(callers, func() error { _, err := k.Call(ctx, "poe://Bench/bench/echo", params); return err })
	return func(until time.Time) (int, []time.Duration, error) {
		n, each, err := ask(until)
		_ = k.Shutdown(ctx)
		return n, each, err
	}, nil
}

// waking is a client whose calls are the same octets each time. Answers that are read together wake
// their callers, whose next calls the last of them writes at once.
type waking struct {
	*connection
	frame []byte

	mu     sync.Mutex
	out    []byte
	awake  int             // callers that have not called yet, or have ended
	asleep []chan struct{} // the others, in order
	over   bool            // all have ended
	failed error
}

func dialWaking(address string, params *perl.Value) (asker, error) {
	name := newName()
	conn, err := dial(address, name, false)
	if err != nil {
		return nil, err
	}
	frame := wire.AppendFrame(nil, request("echo", "poe://"+name+"/IKCLite/response0", params))
	w := &waking{connection: conn, frame: frame, awake: callers}
	return w.ask, nil
}

func (w *waking) ask(until time.Time) (sum int, _ []time.Duration, err error) {
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			me := make(chan struct{}, 1)
			for time.Now().Before(until) && w.call(me) {
				<-me
			}
			w.call(nil)
		})
	}
	for err == nil {
		var n int
		n, err = w.answers()
		sum += n
		w.wake(n, err)
	}
	all.Wait()
	if w.over {
		err = nil
	}
	return sum, nil, err
}

// wake wakes the first callers that sleep, or all if the connection has failed.
func (w *waking) wake(n int, failed error) {
	w.mu.Lock()
	if failed != nil {
		w.failed, n = failed, len(w.asleep)
	}
	told := w.asleep[:n]
	w.asleep = append([]chan struct{}(nil), w.asleep[n:]...)
	w.awake += n
	w.mu.Unlock()
	for _, t := range told {
		t <- struct{}{}
	}
}

// call calls, or notes that a caller has ended, if me is nil. It returns false once the connection
// has failed.
func (w *waking) call(me chan struct{}) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.awake--; me != nil {
		w.out, w.asleep = append(w.out, w.frame...), append(w.asleep, me)
	}
	switch {
	case w.awake > 0 || w.failed != nil:
	case len(w.out) > 0:
		_, w.failed = w.Write(w.out)
		w.out = w.out[:0]
	case len(w.asleep) == 0:
		w.over = true
		w.Close() // which ends the reading
	}
	return w.failed == nil
}
