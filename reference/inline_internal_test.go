package ikc

import (
	"context"
	"runtime"
	"testing"
)

// TestTurnIsLeft: the reader leaves the turn taken for what it does next, but gives it to whoever
// waits for it, after a few requests.
func TestTurnIsLeft(t *testing.T) {
	var mine, other turn
	var watch watchdog
	w := newWorker(new(inbox))
	w.reads, w.leaves, w.watch = true, true, &watch
	run := func(of *turn) {
		var h hold
		w.since = w.mark(watch.now())
		h.begin(context.Background(), of, w)
		if of.state.Load() == turnFree {
			t.Error("the state runs without a turn")
		}
		h.end(w)
	}
	run(&mine)
	if w.turn != &mine || mine.state.Load() != turnTaken {
		t.Fatal("the turn was not left to the next request")
	}
	for _, c := range []struct{ ticks, want int }{{0, mostPassed + 1}, {1, 1}} {
		run(&mine)
		got := make(chan struct{})
		go func() {
			mine.take()
			close(got)
		}()
		for mine.state.Load() != turnAwaited {
			runtime.Gosched()
		}
		n := 0
		for ; w.turn != nil; n++ {
			var h hold
			w.since = w.mark(watch.now())
			h.begin(context.Background(), &mine, w)
			watch.tick.Add(uint64(c.ticks))
			h.end(w)
		}
		if <-got; n != c.want {
			t.Errorf("%d requests of %d ticks each were carried out before the one who waited, expected %d", n, c.ticks, c.want)
		}
		mine.give()
	}
	run(&mine)
	watch.resting.Store(true)
	given := make(chan struct{})
	go func() {
		mine.take()
		mine.give()
		close(given)
	}()
	for mine.state.Load() != turnAwaited {
		runtime.Gosched()
	}
	if run(&mine); w.turn != nil || watch.resting.Load() {
		t.Fatal("the turn was kept though somebody waits for it and the watchdog rests, or the watchdog rests still")
	}
	<-given
	run(&mine)
	run(&other)
	if mine.state.Load() != turnFree || w.turn != &other {
		t.Error("expected that the turn of one session is given back before that of another is taken")
	}
	if w.giveTurn(); other.state.Load() != turnFree {
		t.Error("the turn was not given back")
	}
	if w.reads = false; w.turn != nil {
		t.Error("a turn that has been given back is there still")
	}
	if run(&mine); mine.state.Load() != turnFree {
		t.Error("the turn was left to a goroutine that is no reader any more")
	}
}
