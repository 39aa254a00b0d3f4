package ikc

import (
	"fmt"
	"net"
	"sync"
)

// inbox is a bounded queue of work, carried out in order by one goroutine at a time. That goroutine
// lives only while there is any.
//
// A job that waits for something yields: the jobs behind it go on then, in a goroutine of their
// own. It does not count any more, for what it waits for may come behind what is queued; but there
// is a limit to that as well.
//
// The goroutine that reads a connection need not queue what it could do itself: tryBegin makes it
// the worker for one job. If that takes long, somebody else takes the reading over (takeOver), and
// the goroutine stays the worker until the queue is empty.
type inbox struct {
	limit int

	mu     sync.Mutex
	room   *sync.Cond
	queue  []job
	head   int     // of queue
	octets int     // of jobs that are queued or running, but for those that wait
	waits  int     // octets of jobs that wait
	active int     // jobs that are running or waiting
	worker *worker // nil if there is none
	inline bool    // the worker is the reader
	closed bool
}

// worker is the right to carry out the next job.
type worker struct {
	b         *inbox
	size      int    // of its job
	relieved  bool   // it has passed to another
	wasInline func() // what yield does if the worker is the reader; nil if it never is
}

// job is a piece of work, with the octets that it counts for. It may call w.yield.
type job struct {
	run  func(w *worker)
	size int
}

func (b *inbox) init(limit int) {
	b.limit = limit
	b.room = sync.NewCond(&b.mu)
}

// mostWaiting is how many times the limit the jobs that wait may have.
const mostWaiting = 16

// put queues a job, waiting for room. It returns net.ErrClosed when the inbox has been closed.
func (b *inbox) put(j job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.fits(j) && !b.closed {
		b.room.Wait()
	}
	switch {
	case b.closed:
		return net.ErrClosed
	case b.waits > mostWaiting*b.limit:
		return fmt.Errorf("requests of %d octets wait in their states, expected at most %d", b.waits, mostWaiting*b.limit)
	}
	b.add(j)
	return nil
}

// offer queues a job, or returns ErrQueueFull if there is no room. The inbox must not have been
// closed.
func (b *inbox) offer(j job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fits(j) || b.waits > mostWaiting*b.limit {
		return fmt.Errorf("%w: %d octets of events to this kernel itself wait, %d in their states", ErrQueueFull, b.octets, b.waits)
	}
	b.add(j)
	return nil
}

// fits tells whether there is room for a job. mu is locked.
func (b *inbox) fits(j job) bool { return b.octets == 0 || b.octets+j.size <= b.limit }

// add queues a job. mu is locked.
func (b *inbox) add(j job) {
	b.queue = append(b.queue, j)
	b.octets += j.size
	b.employ()
}

// employ starts a worker if there is none and something waits. mu is locked.
func (b *inbox) employ() {
	if b.worker != nil || b.head == len(b.queue) {
		return
	}
	w := &worker{b: b}
	b.worker = w
	go func() {
		b.mu.Lock()
		b.work(w)
	}()
}

// work carries out jobs until there are none, or until the worker is relieved. It is called with mu
// locked, and unlocks it.
func (b *inbox) work(w *worker) {
	for !w.relieved && b.head < len(b.queue) {
		j := b.queue[b.head]
		b.queue[b.head] = job{}
		if b.head++; b.head == len(b.queue) {
			b.queue, b.head = b.queue[:0], 0
			if cap(b.queue) > 1024 {
				b.queue = nil
			}
		}
		b.active++
		w.size = j.size
		b.mu.Unlock()
		j.run(w)
		b.mu.Lock()
		b.done(w)
		b.room.Broadcast()
	}
	if !w.relieved {
		b.worker = nil
	}
	b.room.Broadcast()
	b.mu.Unlock()
}

// done notes the end of a worker's job. mu is locked.
func (b *inbox) done(w *worker) {
	b.active--
	if w.relieved {
		b.waits -= w.size
	} else {
		b.octets -= w.size
	}
}

// yield lets the jobs behind this one go on.
func (w *worker) yield() {
	b := w.b
	b.mu.Lock()
	if w.relieved {
		b.mu.Unlock()
		return
	}
	w.relieved = true
	b.octets -= w.size
	b.waits += w.size
	b.room.Broadcast()
	b.worker = nil
	inline := b.inline
	b.inline = false
	b.employ()
	b.mu.Unlock()
	if inline && w.wasInline != nil {
		w.wasInline()
	}
}

// tryBegin makes the caller, the reader, the worker if there is none; else it returns false.
// tryFinish must follow. A reader has one worker all its life.
func (b *inbox) tryBegin(w *worker, size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.worker != nil || b.closed || b.octets > 0 && b.octets+size > b.limit {
		return false
	}
	b.worker, b.inline, w.size = w, true, size
	b.octets += size
	b.active++
	return true
}

// tryFinish ends what tryBegin began, unless the reading has been taken over meanwhile: then it
// returns false, the caller is not the reader any more, and finish must follow.
func (b *inbox) tryFinish(w *worker) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.inline || b.worker != w {
		return false
	}
	b.done(w)
	b.worker, b.inline = nil, false
	b.room.Broadcast()
	return true
}

// finish ends what a reader began that has lost its role. It does what has been queued since, if it
// is still the worker.
func (b *inbox) finish(w *worker) {
	b.mu.Lock()
	b.done(w)
	b.work(w)
}

// takeOver ends the inline work of the reader: whoever gets true is to see that there is another.
func (b *inbox) takeOver() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.inline
	b.inline = false
	return was
}

// close drops what waits.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.queue, b.head = nil, 0
	b.room.Broadcast()
}

// idle tells whether nothing is queued or running.
func (b *inbox) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.worker == nil && b.active == 0
}

// waitIdle waits until nothing is queued or running.
func (b *inbox) waitIdle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.worker != nil || b.active > 0 {
		b.room.Wait()
	}
}
