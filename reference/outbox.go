package ikc

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// outbox is the bounded queue of octets to be written to a peer. Its goroutine lives only while
// there is something to write, so an idle connection costs none.
type outbox struct {
	conn  net.Conn
	limit int
	fail  func(error) // told of a write error

	mu      sync.Mutex
	idle    *sync.Cond
	pending []byte
	spare   []byte
	writing int // octets handed to the connection
	busy    bool
	err     error
}

func newOutbox(conn net.Conn, limit int, fail func(error)) *outbox {
	o := &outbox{conn: conn, limit: limit, fail: fail}
	o.idle = sync.NewCond(&o.mu)
	return o
}

// put queues what appendTo appends. It never blocks.
func (o *outbox) put(size int, appendTo func([]byte) []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	if waiting := len(o.pending) + o.writing; waiting > 0 && waiting+size > o.limit {
		return fmt.Errorf("%w: %d octets wait for %v, the limit is %d", ErrQueueFull, waiting, o.conn.RemoteAddr(), o.limit)
	}
	o.pending = appendTo(o.pending)
	if !o.busy {
		o.busy = true
		go o.write()
	}
	return nil
}

// keepBuffer is the largest buffer, in octets, that stays with an idle connection.
const keepBuffer = 4 << 10

func (o *outbox) write() {
	o.mu.Lock()
	for len(o.pending) > 0 && o.err == nil {
		chunk := o.pending
		o.pending, o.writing = o.spare[:0], len(chunk)
		o.mu.Unlock()
		_, err := o.conn.Write(chunk)
		o.mu.Lock()
		o.writing, o.spare = 0, nil
		if cap(chunk) <= keepBuffer {
			o.spare = chunk[:0]
		}
		if err != nil && o.err == nil {
			o.err = fmt.Errorf("ikc: write: %w", err)
			o.mu.Unlock()
			o.fail(o.err)
			o.mu.Lock()
		}
	}
	o.busy = false
	o.idle.Broadcast()
	o.mu.Unlock()
}

// drain waits until everything queued has been written, or for at most the time given.
func (o *outbox) drain(limit time.Duration) {
	timer := time.AfterFunc(limit, func() { _ = o.conn.SetWriteDeadline(time.Unix(1, 0)) })
	defer timer.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.busy && o.err == nil {
		o.idle.Wait()
	}
}

// close refuses what comes later.
func (o *outbox) close(cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = fmt.Errorf("%w: %w", ErrDisconnected, cause)
	}
	o.pending = nil
	o.idle.Broadcast()
}
