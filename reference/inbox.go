package ikc

import "sync"

// inbox is a bounded queue of work, carried out in order by one goroutine at a time. That goroutine
// lives only while there is any.
//
// The goroutine that reads a connection need not queue what it could do itself: tryBegin makes it
// the worker for one piece, and tells whether that is possible. If that takes long, somebody else
// takes the reading over (takeOver), and the goroutine stays the worker until the queue is empty.
type inbox struct {
	limit int

	mu     sync.Mutex
	room   *sync.Cond
	queue  []job
	octets int  // of what is queued, or being carried out by the goroutine work
	busy   bool // somebody is the worker
	inline bool // the worker is the reader
	closed bool
}

// job is a piece of work, with the octets that it counts for.
type job struct {
	run  func()
	size int
}

func (b *inbox) init(limit int) {
	b.limit = limit
	b.room = sync.NewCond(&b.mu)
}

// put queues a job, waiting for room. It returns false when the inbox has been closed.
func (b *inbox) put(j job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.octets > 0 && b.octets+j.size > b.limit && !b.closed {
		b.room.Wait()
	}
	if b.closed {
		return false
	}
	b.queue = append(b.queue, j)
	b.octets += j.size
	if !b.busy {
		b.busy = true
		go func() {
			b.mu.Lock()
			b.work()
		}()
	}
	return true
}

// work empties the queue. It is called with mu locked and by the worker, and returns with neither.
func (b *inbox) work() {
	for len(b.queue) > 0 {
		batch := b.queue
		b.queue = nil
		for i, j := range batch {
			batch[i] = job{}
			b.mu.Unlock()
			j.run()
			b.mu.Lock()
			b.octets -= j.size
			b.room.Broadcast()
			if b.closed {
				break
			}
		}
	}
	b.busy = false
	b.room.Broadcast()
	b.mu.Unlock()
}

// tryBegin makes the caller the worker if there is none and nothing waits. finish must follow.
func (b *inbox) tryBegin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy || b.closed {
		return false
	}
	b.busy, b.inline = true, true
	return true
}

// finish ends what tryBegin began. If the reading has been taken over meanwhile it does what has
// been queued since, and returns false: the caller is not the reader any more.
func (b *inbox) finish() bool {
	b.mu.Lock()
	if b.inline {
		b.busy, b.inline = false, false
		b.room.Broadcast()
		b.mu.Unlock()
		return true
	}
	b.work()
	return false
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
	b.queue = nil
	b.room.Broadcast()
}

// settle waits until nothing is queued or being carried out.
func (b *inbox) settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.busy {
		b.room.Wait()
	}
}
