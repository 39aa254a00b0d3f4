package ikc

import (
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// inbox is the bounded queue of requests that a peer has sent and that wait for their turn. Its
// goroutine lives only while there are any.
type inbox struct {
	limit int

	mu     sync.Mutex
	room   *sync.Cond
	queue  []received
	octets int
	busy   bool
	closed bool
}

type received struct {
	msg  *wire.Message
	size int
}

func (b *inbox) init(limit int) {
	b.limit = limit
	b.room = sync.NewCond(&b.mu)
}

// put queues a request, waiting for room; handle is called for each in order, by one goroutine at a
// time. It returns false when the inbox has been closed.
func (b *inbox) put(r received, handle func(*wire.Message)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.octets > 0 && b.octets+r.size > b.limit && !b.closed {
		b.room.Wait()
	}
	if b.closed {
		return false
	}
	b.queue = append(b.queue, r)
	b.octets += r.size
	if !b.busy {
		b.busy = true
		go b.work(handle)
	}
	return true
}

func (b *inbox) work(handle func(*wire.Message)) {
	b.mu.Lock()
	for len(b.queue) > 0 && !b.closed {
		batch := b.queue
		b.queue = nil
		b.mu.Unlock()
		for _, r := range batch {
			handle(r.msg)
			b.mu.Lock()
			b.octets -= r.size
			closed := b.closed
			b.room.Broadcast()
			b.mu.Unlock()
			if closed {
				break
			}
		}
		b.mu.Lock()
	}
	b.busy = false
	b.room.Broadcast()
	b.mu.Unlock()
}

// close drops what waits.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.queue = nil
	b.room.Broadcast()
}

// settle waits until no request is being handled.
func (b *inbox) settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.busy {
		b.room.Wait()
	}
}
