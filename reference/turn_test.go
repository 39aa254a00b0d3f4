package ikc

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTurnOrder: those who wait get the turn in the order in which they came.
func TestTurnOrder(t *testing.T) {
	var turn turn
	var order, want []int
	var wg sync.WaitGroup
	turn.take()
	for i := range 20 {
		want = append(want, i)
		wg.Go(func() {
			turn.take()
			order = append(order, i)
			turn.give()
		})
		for waiting := 0; waiting <= i; time.Sleep(10 * time.Microsecond) {
			turn.mu.Lock()
			waiting = len(turn.waiting)
			turn.mu.Unlock()
		}
	}
	turn.give()
	wg.Wait()
	if !slices.Equal(order, want) {
		t.Errorf("got %v", order)
	}
	turn.take() // is free again
	turn.give()
}

// TestTurnExclusive: the turn is one's at a time, and is never lost.
func TestTurnExclusive(t *testing.T) {
	var turn turn
	var wg sync.WaitGroup
	n := 0 // guarded by the turn
	for range 8 {
		wg.Go(func() {
			for i := range 20_000 {
				turn.take()
				if n++; i%16 == 0 {
					runtime.Gosched() // so that others come to wait
				}
				turn.give()
			}
		})
	}
	wg.Wait()
	if n != 8*20_000 {
		t.Errorf("got %d", n)
	}
}

// TestTurns: so many hold it at a time, and no more.
func TestTurns(t *testing.T) {
	const n = 3
	turns := newTurn(n)
	var wg sync.WaitGroup
	var running, most atomic.Int32
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				turns.take()
				now := running.Add(1)
				for {
					before := most.Load()
					if now <= before || most.CompareAndSwap(before, now) {
						break
					}
				}
				runtime.Gosched() // so that others come
				running.Add(-1)
				turns.give()
			}
		})
	}
	wg.Wait()
	if most.Load() != n {
		t.Errorf("%d held it at a time, expected %d", most.Load(), n)
	}
}
