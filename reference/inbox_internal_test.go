package ikc

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// books are what an inbox has counted.
func (b *inbox) books() [6]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enter()
	return [6]int{b.octets, b.costs, b.waits, b.active, b.workers, len(b.queue) - b.head}
}

// TestQuickWorkIsTakenOver: what the reader does without a lock can be taken over, and yielded, at
// any moment: there is one reader then, every job is done once, and the books are right at the end.
func TestQuickWorkIsTakenOver(t *testing.T) {
	const jobs = 20_000
	var most atomic.Int64
	most.Store(1 << 20)
	var b inbox
	b.init(1<<20, &most, 1)
	var done, readers, begun, quick, taken atomic.Int64
	var all sync.WaitGroup
	one := load{size: 100, cost: 200}
	var read func()
	another := func() { all.Go(read) }
	read = func() {
		if readers.Add(1) != 1 {
			t.Error("two readers")
		}
		w := newWorker(&b)
		w.number, w.another = b.readers.Add(1), func() { readers.Add(-1); another() }
		for begun.Add(1) <= jobs {
			if !b.tryBegin(w, one, 1) {
				w.alone = false
				if err := b.put(func() {}, job{load: one, run: func(*worker) { done.Add(1) }}); err != nil {
					t.Error(err)
				}
				b.waitIdle() // else it queues all the rest
				continue
			}
			if w.alone {
				quick.Add(1)
			}
			switch n := done.Add(1); {
			case n%7 == 0:
				w.yield()
			case n%5 == 0:
				runtime.Gosched()
			}
			if !b.tryFinish(w) {
				b.finish(w)
				return // there is another reader
			}
			if begun.Load()%11 == 0 {
				go w.yield() // too late, or during the next
			}
		}
		readers.Add(-1)
	}
	all.Add(1)
	go func() {
		defer all.Done()
		for begun.Load() < jobs {
			if b.takeOver() {
				taken.Add(1)
				readers.Add(-1)
				another()
			}
			runtime.Gosched()
		}
	}()
	another()
	all.Wait()
	b.waitIdle()
	if got := b.books(); got != [6]int{} {
		t.Errorf("octets, costs, waits, active, workers, queued: %v, expected none", got)
	}
	if done.Load() != jobs || quick.Load() < jobs/20 || taken.Load() == 0 {
		t.Errorf("%d jobs of %d done, %d without a lock, %d taken over", done.Load(), jobs, quick.Load(), taken.Load())
	}
}

// TestLateYield: a goroutine that outlives its state may yield when there is nothing to yield.
func TestLateYield(t *testing.T) {
	var most atomic.Int64
	most.Store(1 << 20)
	var b inbox
	b.init(1<<20, &most, 1)
	w := newWorker(&b)
	w.another = func() { t.Error("the reading was taken over, expected that nothing happens") }
	for range 3 {
		if !b.tryBegin(w, load{size: 100, cost: 200}, 1) || !b.tryFinish(w) {
			t.Fatal("an idle inbox did not take a job")
		}
		w.yield()
		if got := b.books(); got != [6]int{} {
			t.Fatalf("octets, costs, waits, active, workers, queued: %v, expected none", got)
		}
	}
	if !w.alone {
		t.Error("the reader did not find that its inbox is idle")
	}
}

// TestTakeOver: a job that the reader does without a lock is taken over like any other, and its end
// is left to who began it.
func TestTakeOver(t *testing.T) {
	var most atomic.Int64
	most.Store(1 << 20)
	var b inbox
	b.init(1<<20, &most, 1)
	w := newWorker(&b)
	l := load{size: 100, cost: 200}
	if !b.tryBegin(w, l, 1) || !b.tryFinish(w) || !w.alone || !b.tryBegin(w, l, 1) {
		t.Fatal("an idle inbox did not take two jobs")
	}
	if b.since.Load()&quick == 0 {
		t.Fatal("the second job was begun with a lock")
	}
	if !b.takeOver() || b.takeOver() {
		t.Error("expected that the job can be taken over, once")
	}
	if got, want := b.books(), [6]int{100, 200, 0, 1, 1, 0}; got != want {
		t.Errorf("octets, costs, waits, active, workers, queued: %v, expected %v", got, want)
	}
	if b.tryFinish(w) {
		t.Error("the reader took itself for the reader still")
	}
	b.finish(w)
	if got := b.books(); got != [6]int{} {
		t.Errorf("octets, costs, waits, active, workers, queued: %v, expected none", got)
	}
}
