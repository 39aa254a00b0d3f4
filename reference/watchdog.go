package ikc

import (
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a state may keep the goroutine that reads its connection before another
// takes the reading over; it may be up to twice that. A state that waits by a method of this
// package hands it over at once.
const patience = 2 * time.Millisecond

// watchdog sees to it that no connection goes unread because a state takes long. Its goroutine runs
// while requests are being handled, and ends when there are none: a timer for each request would
// cost more than the request.
type watchdog struct {
	running atomic.Bool
	tick    atomic.Uint64
	mu      sync.Mutex
	list    []*Channel // that have handled a request of late
}

// now is the tick at which something begins; it is not 0.
func (w *watchdog) now() uint64 { return w.tick.Load() + 1 }

// watchInline notes that a channel has begun to handle a request inline.
func (k *Kernel) watchInline(c *Channel) {
	w := &k.watch
	if !c.watched.Load() && c.watched.CompareAndSwap(false, true) {
		w.mu.Lock()
		w.list = append(w.list, c)
		w.mu.Unlock()
	}
	if !w.running.Load() && w.running.CompareAndSwap(false, true) && !k.start(k.watchAll) {
		w.running.Store(false)
	}
}

// watchAll takes over the reading of every channel that has been handling one request for a whole
// tick.
func (k *Kernel) watchAll() {
	w := &k.watch
	ticker := time.NewTicker(patience)
	defer ticker.Stop()
	for idle := 0; ; {
		select {
		case <-ticker.C:
		case <-k.down: // nothing is read any more
			w.running.Store(false)
			return
		}
		if w.look() {
			idle = 0
			continue
		}
		if idle++; idle < 10 {
			continue
		}
		w.running.Store(false)
		// Whoever began before that took us for running.
		w.mu.Lock()
		none := len(w.list) == 0
		w.mu.Unlock()
		if none || !w.running.CompareAndSwap(false, true) {
			return
		}
		idle = 0
	}
}

// look does the work of one tick. It returns false if no channel was busy.
func (w *watchdog) look() bool {
	now := w.tick.Add(1)
	var late []*Channel
	w.mu.Lock()
	keep := w.list[:0]
	for _, c := range w.list {
		since := c.in.since.Load()
		if since == 0 {
			c.watched.Store(false)
			if c.in.since.Load() == 0 || !c.watched.CompareAndSwap(false, true) {
				continue
			}
			// It has begun meanwhile, and took itself for watched.
		}
		keep = append(keep, c)
		if since != 0 && tickOf(since) < now {
			late = append(late, c)
		}
	}
	clear(w.list[len(keep):])
	w.list = keep
	w.mu.Unlock()
	for _, c := range late {
		c.handOver()
	}
	return len(keep) > 0
}
