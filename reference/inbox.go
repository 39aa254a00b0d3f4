package ikc

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// inbox is a bounded queue of work, begun in order and carried out by one goroutine at a time, or
// by up to so many (parallel). A goroutine lives only while there is work for it.
//
// A job that waits for something yields: the jobs behind it go on then, in a goroutine of their
// own. It does not count any more, for what it waits for may come behind what is queued; but there
// is a limit to that as well.
//
// The goroutine that reads a connection need not queue what it could do itself: tryBegin makes it
// the worker for one job. If that takes long, somebody else takes the reading over (takeOver), and
// the goroutine stays the worker until the queue is empty.
//
// What the reader does itself costs no lock (quick) once it has found the inbox idle: only itself
// can change that. Whoever else looks at the inbox has it entered in the books first (enter).
type inbox struct {
	// since is the mark of what the reader carries out, without quick if that is in the books; 0 if
	// it carries out nothing.
	since   atomic.Uint64
	readers atomic.Uint64 // there have been
	limit   int           // for octets
	most    *atomic.Int64 // for costs

	mu       sync.Mutex
	room     sync.Cond
	queue    []job
	head     int         // of queue
	octets   int         // of jobs that are queued or running, but for those that wait
	costs    int         // of the same
	waits    int         // octets of jobs that wait
	active   int         // jobs that are running or waiting
	workers  int         // there are now
	parallel int         // workers that there may be
	inline   *worker     // the worker that is the reader, nil if there is none or if it is quick
	reader   *worker     // whoever may be quick, nil if there is nobody
	closed   atomic.Bool // set while mu is locked
}

// quick is the bit of since that says that what the reader carries out is not in the books.
const quick = 1

// worker is the right to carry out the next job.
type worker struct {
	b        *inbox
	load     load   // of its job
	told     int    // octets of the heap that the account has been told of, for its job
	relieved bool   // it has passed to another
	begun    bool   // it has a job that is in the books; guarded by mu
	yields   func() // yield
	reader          // nothing if it never is one
}

func newWorker(b *inbox) *worker {
	w := &worker{b: b}
	w.yields = w.yield
	return w
}

// job is a piece of work, with what it counts for. It may call w.yields.
type job struct {
	run func(w *worker)
	load
}

// load is what a request counts for while it waits.
type load struct {
	size int      // octets of its image
	cost int      // octets of the heap that it takes
	to   *account // of whom it came from

	params *perl.Value // that were left as they came, nil if there are none
	more   int         // octets of the heap that they take besides, once the state has looked into them
}

// waiting is what the request takes of the heap while its state waits.
func (l *load) waiting() int {
	n := l.cost + waitCost
	if l.more > 0 && l.params.Frozen() == nil {
		n += l.more
	}
	return n
}

const (
	// jobCost is about what a request takes that is queued, in octets of the heap, apart from what
	// was in its image.
	jobCost = 1 << 10
	// waitCost is what it takes besides while its state waits: a goroutine, and what it waits for.
	waitCost = 8 << 10
	// inlineFree is what the one request that the reader carries out itself may cost without the
	// account being told.
	inlineFree = 16 << 10
)

// init makes an inbox for octets of images up to limit, and costs up to most, with up to parallel
// workers.
func (b *inbox) init(limit int, most *atomic.Int64, parallel int) {
	b.limit, b.most, b.parallel = limit, most, parallel
	b.room.L = &b.mu
}

// mostWaiting is how many times the limit the jobs that wait may have.
const mostWaiting = 16

// put queues a job, waiting for room; waits is called before that. It returns net.ErrClosed when
// the inbox has been closed.
func (b *inbox) put(waits func(), j job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.fits(j.load) && !b.closed.Load() {
		waits()
		b.room.Wait()
	}
	switch {
	case b.closed.Load():
		return net.ErrClosed
	case b.waitsTooMuch():
		return fmt.Errorf("requests of %d octets wait in their states, expected at most %d times %d", b.waits, mostWaiting, b.limit)
	}
	b.add(j)
	return nil
}

// offer queues a job, or returns ErrQueueFull if there is no room. The inbox must not have been
// closed.
func (b *inbox) offer(j job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fits(j.load) || b.waitsTooMuch() {
		return fmt.Errorf("%w: %d octets of events to this kernel itself wait, %d in their states", ErrQueueFull, b.octets, b.waits)
	}
	b.add(j)
	return nil
}

// waitsTooMuch tells whether the jobs that wait have more than they may. mu is locked.
func (b *inbox) waitsTooMuch() bool { return b.waits/mostWaiting > b.limit }

// fits tells whether there is room for one more. mu is locked.
func (b *inbox) fits(l load) bool {
	return b.octets == 0 || b.octets+l.size <= b.limit && int64(b.costs+l.cost) <= b.most.Load()
}

// add queues a job. mu is locked.
func (b *inbox) add(j job) {
	b.queue = append(b.queue, j)
	b.octets += j.size
	b.costs += j.cost
	j.to.add(j.cost)
	b.employ()
}

// employ starts a worker if there may be one more and something waits. mu is locked.
func (b *inbox) employ() {
	if b.workers == b.parallel || b.head == len(b.queue) {
		return
	}
	w := newWorker(b)
	b.workers++
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
		w.load, w.told, w.begun = j.load, j.cost, true
		b.mu.Unlock()
		j.run(w)
		b.mu.Lock()
		b.done(w)
		b.room.Broadcast()
	}
	if !w.relieved {
		b.workers--
	}
	b.room.Broadcast()
	b.mu.Unlock()
}

// done notes the end of a worker's job. mu is locked.
func (b *inbox) done(w *worker) {
	w.begun = false
	b.active--
	if w.relieved {
		b.waits -= w.load.size
	} else {
		b.octets -= w.load.size
		b.costs -= w.load.cost
	}
	w.tell(0)
}

// tell has the account know that the job of the worker holds so many octets of the heap. b.mu is
// locked.
func (w *worker) tell(holds int) {
	if holds != w.told {
		w.load.to.add(holds - w.told)
		w.told = holds
	}
}

// yield lets the jobs behind this one go on.
func (w *worker) yield() {
	b := w.b
	b.mu.Lock()
	b.enter()
	if !w.begun { // its job has ended meanwhile
		b.mu.Unlock()
		return
	}
	if w.relieved {
		w.tell(w.load.waiting())
		b.mu.Unlock()
		return
	}
	w.relieved = true
	b.octets -= w.load.size
	b.costs -= w.load.cost
	b.waits += w.load.size
	w.tell(w.load.waiting())
	b.room.Broadcast()
	b.workers--
	inline := b.inline == w
	if inline {
		b.leave()
	}
	b.employ()
	b.mu.Unlock()
	if inline && w.another != nil {
		w.another()
	}
}

// tryBegin makes the caller, the reader, the worker if there is none; else it returns false. tick
// is that of the watchdog. tryFinish must follow. A reader has one worker all its life.
func (b *inbox) tryBegin(w *worker, l load, tick uint64) bool {
	w.load, w.reader.since = l, w.mark(tick)
	if w.alone && l.cost <= inlineFree && !b.closed.Load() {
		b.since.Store(w.reader.since)
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.workers > 0 || b.closed.Load() || !b.fits(l) {
		return false
	}
	b.since.Store(w.reader.since &^ quick)
	b.begin(w)
	if l.cost > inlineFree {
		w.tell(l.cost)
	}
	return true
}

// begin makes the reader the worker. mu is locked.
func (b *inbox) begin(w *worker) {
	b.inline, w.begun = w, true
	b.workers++
	b.octets += w.load.size
	b.costs += w.load.cost
	b.active++
	w.tally.tell()
}

// enter has what the reader does without a lock be in the books. mu is locked.
func (b *inbox) enter() {
	for {
		since := b.since.Load()
		if since&quick == 0 {
			return
		}
		if b.since.CompareAndSwap(since, since&^quick) {
			b.begin(b.reader)
			return
		}
	}
}

// tryFinish ends what tryBegin began, unless the reading has been taken over meanwhile: then it
// returns false, the caller is not the reader any more, and finish must follow.
func (b *inbox) tryFinish(w *worker) bool {
	if b.since.CompareAndSwap(w.reader.since, 0) {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inline != w {
		return false
	}
	b.since.Store(0)
	b.done(w)
	b.workers--
	b.inline = nil
	w.alone = b.workers == 0 && b.head == len(b.queue)
	b.reader = w
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
	b.enter()
	return b.leave()
}

// leave ends the inline work of the reader, if there is any. mu is locked.
func (b *inbox) leave() bool {
	if b.inline == nil {
		return false
	}
	b.inline = nil
	b.since.Store(0)
	return true
}

// close drops what waits.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed.Store(true)
	for _, j := range b.queue[b.head:] {
		j.to.add(-j.cost)
	}
	b.queue, b.head = nil, 0
	b.room.Broadcast()
}

// idle tells whether nothing is queued or running.
func (b *inbox) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enter()
	return b.workers == 0 && b.active == 0
}

// waitIdle waits until nothing is queued or running.
func (b *inbox) waitIdle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.enter(); b.workers > 0 || b.active > 0; b.enter() {
		b.room.Wait()
	}
}
