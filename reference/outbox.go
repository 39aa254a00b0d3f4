package ikc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// keepBuffer is the largest buffer, in octets, that stays with an idle connection.
	keepBuffer = 4 << 10
	// ownSegment is the size, in octets, from which an image is written from where it is.
	ownSegment = 16 << 10
	// lazyLimit is how much a reader may leave unwritten, in octets, while there is more to handle.
	lazyLimit = 64 << 10
)

// outbox is the bounded queue of octets to be written to a peer. No put blocks. Octets are written
// by whoever queued them if the connection takes them at once, else by a goroutine that lives only
// while there is something to write.
type outbox struct {
	conn  net.Conn
	raw   syscall.RawConn // nil if the connection cannot be written to without blocking
	limit int
	fail  func(error) // told of a write error
	stats *counters

	mu      sync.Mutex
	idle    *sync.Cond
	room    chan struct{} // closed when there is room again; nil if nobody waits
	pending [][]byte
	small   bool // the last segment of pending may be appended to
	size    int  // octets of pending
	writing int  // octets handed to the connection
	spare   []byte
	busy    bool
	err     error
}

func newOutbox(conn net.Conn, limit int, stats *counters, fail func(error)) *outbox {
	o := &outbox{conn: conn, limit: limit, stats: stats, fail: fail, raw: rawConn(conn)}
	o.idle = sync.NewCond(&o.mu)
	return o
}

// put queues a frame. Unless lazy, it sees to its being written.
func (o *outbox) put(image []byte, lazy bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.add(image); err != nil {
		return err
	}
	if o.busy || lazy && o.size < lazyLimit {
		return nil
	}
	o.busy = true
	go func() {
		runtime.Gosched() // others may have something to send as well
		o.write()
	}()
	return nil
}

// putNow is put for those who wait for an answer: the frame is written at once if that is possible.
func (o *outbox) putNow(image []byte) error {
	o.mu.Lock()
	err := o.add(image)
	if err != nil || o.busy {
		o.mu.Unlock()
		return err
	}
	o.busy = true
	o.tryWrite()
	return nil
}

// putWait is putNow that waits for room until ctx ends.
func (o *outbox) putWait(ctx context.Context, image []byte, now bool) error {
	for {
		o.mu.Lock()
		err := o.add(image)
		if err == nil {
			switch {
			case o.busy:
				o.mu.Unlock()
			case now:
				o.busy = true
				o.tryWrite()
			default:
				o.busy = true
				o.mu.Unlock()
				go o.write()
			}
			return nil
		}
		if !errors.Is(err, ErrQueueFull) {
			o.mu.Unlock()
			return err
		}
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

// add appends a frame to pending. mu is locked.
func (o *outbox) add(image []byte) error {
	if o.err != nil {
		return o.err
	}
	size := len(image) + 8
	if waiting := o.size + o.writing; waiting > 0 && waiting+size > o.limit {
		return fmt.Errorf("%w: %d octets wait for %v, the limit is %d", ErrQueueFull, waiting, o.conn.RemoteAddr(), o.limit)
	}
	if !o.small {
		o.pending, o.small = append(o.pending, o.buffer(len(image))), true
	}
	last := &o.pending[len(o.pending)-1]
	before := len(*last)
	*last = strconv.AppendInt(*last, int64(len(image)), 10)
	*last = append(*last, 0)
	o.size += len(*last) - before + len(image)
	if len(image) < ownSegment {
		*last = append(*last, image...)
	} else {
		o.pending, o.small = append(o.pending, image), false
	}
	o.stats.framesOut.Add(1)
	return nil
}

// buffer returns one for a frame, and those after it.
func (o *outbox) buffer(size int) []byte {
	if size < keepBuffer/2 || size >= ownSegment {
		b := o.spare[:0]
		o.spare = nil
		return b
	}
	if b, _ := largeBuffers.Get().(*[]byte); b != nil {
		return (*b)[:0]
	}
	return make([]byte, 0, 4*ownSegment)
}

// largeBuffers are for connections that have much to write just now.
var largeBuffers sync.Pool

// flush has written what lazy puts left.
func (o *outbox) flush() {
	o.mu.Lock()
	if o.size == 0 || o.busy || o.err != nil {
		o.mu.Unlock()
		return
	}
	o.busy = true
	o.tryWrite()
}

// take removes what is pending, to be written. mu is locked.
func (o *outbox) take() net.Buffers {
	chunk := net.Buffers(o.pending)
	o.pending, o.small = nil, false
	o.writing, o.size = o.size, 0
	return chunk
}

// tryWrite writes what the connection takes without blocking, and leaves the rest to a goroutine. It
// is called with mu locked and busy set, and unlocks mu.
func (o *outbox) tryWrite() {
	if o.raw == nil || len(o.pending) != 1 {
		o.mu.Unlock()
		go o.write()
		return
	}
	chunk := o.pending[0]
	o.writing, o.size = o.size, 0
	o.pending[0], o.pending, o.small = nil, o.pending[:0], false
	o.mu.Unlock()
	n, err := writeNow(o.raw, chunk)
	o.stats.octetsOut.Add(uint64(n))
	o.mu.Lock()
	o.writing = 0
	if err == nil && n < len(chunk) {
		o.pending = append([][]byte{chunk[n:]}, o.pending...)
		o.small = o.small && len(o.pending) > 1
		o.size += len(chunk) - n
		o.mu.Unlock()
		go o.write()
		return
	}
	o.wrote(chunk, err)
	if o.size > 0 && o.err == nil {
		o.mu.Unlock()
		go o.write()
		return
	}
	o.busy = false
	o.idle.Broadcast()
	o.mu.Unlock()
}

// wrote notes the end of a write. mu is locked.
func (o *outbox) wrote(chunk []byte, err error) {
	switch {
	case cap(chunk) <= keepBuffer:
		if o.spare == nil {
			o.spare = chunk[:0]
		}
	case cap(chunk) <= 8*ownSegment && len(chunk) >= keepBuffer/2:
		largeBuffers.Put(&chunk)
	}
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("ikc: write: %w", err)
		failed := o.err
		o.pending, o.size = nil, 0
		o.mu.Unlock()
		o.fail(failed)
		o.mu.Lock()
	}
}

// write empties the queue, blocking. Its caller has set busy.
func (o *outbox) write() {
	o.mu.Lock()
	for o.size > 0 && o.err == nil {
		chunk := o.take()
		first := chunk[0]
		o.mu.Unlock()
		n, err := chunk.WriteTo(o.conn)
		o.stats.octetsOut.Add(uint64(n))
		o.mu.Lock()
		o.writing = 0
		o.wrote(first, err)
	}
	o.busy = false
	o.idle.Broadcast()
	o.mu.Unlock()
}

// drain waits until everything queued has been written, or for at most the time given.
func (o *outbox) drain(limit time.Duration) {
	o.flush()
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
	o.pending, o.size = nil, 0
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	o.idle.Broadcast()
}
