package ikc

import (
	"sync"
	"sync/atomic"
	"time"
)

// A state may keep the goroutine that reads its connection for patience before another takes the
// reading over; it may be up to twice that, and calm besides while nobody here waits for an answer
// and requests come one at a time. A state that waits by a method of this package hands it over at
// once.
//
// The watchdog looks again after calm if it found nothing to do: a timer has the threads of Go wake
// each other, so that a call which is alone on its way took a quarter longer with one each 2 ms.
const (
	patience = 2 * time.Millisecond
	calm     = 50 * time.Millisecond
)

// watchdog sees to it that no connection goes unread because a state takes long. Its goroutine runs
// while requests are being handled, and ends when there are none: a timer for each request would
// cost more than the request.
type watchdog struct {
	running atomic.Bool
	tick    atomic.Uint64
	resting atomic.Bool   // the next look comes after calm
	wake    chan struct{} // has room for one: it is to come after patience
	mu      sync.Mutex
	list    []*Channel // that have handled a request of late
}

// now is the tick at which something begins; it is not 0.
func (w *watchdog) now() uint64 { return w.tick.Load() + 1 }

// hurry has the watchdog look soon: somebody waits for what a connection is to bring, for the turn,
// or for an answer that a reader holds back. It tells whether the watchdog was resting.
func (w *watchdog) hurry() bool {
	if !w.resting.Load() || !w.resting.CompareAndSwap(true, false) {
		return false
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return true
}

// awaits tells whether somebody here waits for what a connection is to bring.
func (k *Kernel) awaits() bool {
	if k.calls.any() {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.receipts {
		if !r.ended {
			return true
		}
	}
	return false
}

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

// watchAll takes over the reading of every channel that has been handling one request from one look
// to the next.
func (k *Kernel) watchAll() {
	w := &k.watch
	next := time.NewTimer(patience)
	defer next.Stop()
	for idle := 0; ; {
		select {
		case <-next.C:
		case <-w.wake:
			next.Reset(patience)
			continue
		case <-k.down: // nothing is read any more
			w.running.Store(false)
			return
		}
		w.resting.Store(true) // before a look at who is busy or waits: who begins to afterwards wakes it
		watched, busy := w.look()
		if busy || k.awaits() {
			w.resting.Store(false)
			next.Reset(patience)
		} else {
			next.Reset(calm)
		}
		if watched {
			idle = 0
			continue
		}
		if idle++; idle < 3 {
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

// look does the work of one tick. It tells whether a channel has handled a request of late, and
// whether one is handling one now.
func (w *watchdog) look() (watched, busy bool) {
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
		if since != 0 {
			busy = true
			if tickOf(since) < now {
				late = append(late, c)
			}
		}
	}
	clear(w.list[len(keep):])
	w.list = keep
	w.mu.Unlock()
	for _, c := range late {
		c.handOver()
	}
	return len(keep) > 0, busy
}
