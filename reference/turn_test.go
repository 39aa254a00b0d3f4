package ikc

import (
	"runtime"
	"slices"
	"sync"
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
