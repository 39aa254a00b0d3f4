package ikc

import (
	"sync/atomic"
	"time"
)

// patience is how long a state may keep the goroutine that reads its connection before another
// takes the reading over. A state that waits by a method of this package hands it over at once.
const patience = 2 * time.Millisecond

// watchdog sees to it that no connection goes unread because a state takes long. Its goroutine
// runs while requests are being handled, and sleeps itself to death when there are none: a timer for
// each request would cost more than the request.
type watchdog struct {
	running atomic.Bool
	tick    atomic.Uint64
	work    atomic.Uint64 // requests begun inline
}

// watchInline notes that a channel handles a request inline.
func (k *Kernel) watchInline(c *Channel) {
	k.watch.work.Add(1)
	c.since.Store(k.watch.tick.Load() + 1)
	if !k.watch.running.Load() && k.watch.running.CompareAndSwap(false, true) {
		if !k.start(k.watchAll) {
			k.watch.running.Store(false)
		}
	}
}

// watchAll takes over the reading of every channel that has been handling one request for a whole tick.
func (k *Kernel) watchAll() {
	var late []*Channel
	ticker := time.NewTicker(patience)
	defer ticker.Stop()
	for seen, idle := k.watch.work.Load(), 0; ; {
		select {
		case <-ticker.C:
		case <-k.down: // nothing is read any more
			k.watch.running.Store(false)
			return
		}
		now := k.watch.tick.Add(1)
		busy := false
		k.mu.Lock()
		for c := range k.open {
			since := c.since.Load()
			busy = busy || since != 0
			if since != 0 && since < now {
				late = append(late, c)
			}
		}
		k.mu.Unlock()
		for _, c := range late {
			c.handOver()
		}
		late = late[:0]
		work := k.watch.work.Load()
		idle++
		if busy || work != seen {
			seen, idle = work, 0
		}
		if idle < 10 {
			continue
		}
		k.watch.running.Store(false)
		if k.watch.work.Load() == seen || !k.watch.running.CompareAndSwap(false, true) {
			return
		}
	}
}
