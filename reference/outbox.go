package ikc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	// ownSegment is the size, in octets, from which a frame is written from where it is.
	ownSegment = 4 << 10
	// joinedSegment is the size, in octets, up to which small frames are joined to one.
	joinedSegment = 64 << 10
	// enough is the size, in octets, from which what is queued is neither left to a goroutine nor
	// for later: the other side has something to do then, while the rest is made.
	enough = 16 << 10
)

// outbox is the bounded queue of octets to be written to a peer. No put blocks. Octets are written
// by whoever queued them if the connection takes them at once, else by a goroutine that lives only
// while there is something to write. Whoever finds the queue full has the socket take what it can,
// so it is full because the peer does not read, and never because that goroutine had no turn.
//
// Frames that a third kernel had sent here have room of their own, so that they never take that of
// the peer, and count for that kernel (parcel).
type outbox struct {
	conn   net.Conn
	socket *socket // nil if the connection cannot be written to without blocking
	limit  int
	fail   func(error) // told of a write error
	holds  *account
	stats  *counters

	mu      sync.Mutex
	idle    sync.Cond     // told when there is nothing more to write, and when writeFirst has written
	room    chan struct{} // closed when there is room again; nil if nobody waits
	pending []parcel
	small   bool   // the last of pending may be appended to
	size    int    // octets of pending that are to be written
	writing int    // octets handed to the connection
	foreign int    // the part of both that third kernels had sent
	busy    bool   // somebody sees to it that what is pending is written
	coming  bool   // busy for a goroutine that has not begun to write
	awaited bool   // the reader is going to flush, and whoever has something to write leaves it to that
	inside  bool   // writeFirst is writing; nobody else may
	taken   int    // octets that the connection has taken
	queued  uint64 // frames that the counters have not been told of
	caps    int    // octets of the buffers of frames that are pending or being written
	told    int    // the part of caps that the account knows of
	err     error
}

// parcel is a frame in an outbox.
type parcel struct {
	*wire.Outgoing
	// sender is who it counts for, if a request of another kernel than the peer had it sent here;
	// nil for what the peer gets on its own account. It is the peer's account once that kernel's
	// connection has ended.
	sender *account
}

// foreignShare is the part of the limit that frames which third kernels had sent may fill besides:
// one in so many at most, and half of what may be queued of a connection.
const foreignShare = 8

func newOutbox(conn net.Conn, s *socket, limit int, holds *account, stats *counters, fail func(error)) *outbox {
	o := &outbox{conn: conn, limit: limit, holds: holds, stats: stats, fail: fail, socket: s}
	o.idle.L = &o.mu
	return o
}

// put queues a frame, which is the outbox's then. Unless lazy, it sees to its being written, or
// knows that the reader does (await).
func (o *outbox) put(f parcel, lazy bool) error {
	o.mu.Lock()
	err := o.add(f)
	if err != nil {
		o.mu.Unlock()
		return err
	}
	switch {
	case o.size >= enough && (o.coming || (lazy || o.awaited) && !o.busy):
		o.tryWrite()
	case !o.busy && !lazy && !o.awaited:
		o.busy, o.coming = true, true
		go o.writeLater()
	}
	if !lazy && !o.awaited {
		o.count()
	}
	o.mu.Unlock()
	return nil
}

// count has the counters know of what has been queued. mu is locked.
func (o *outbox) count() {
	if o.queued > 0 {
		o.stats.framesOut.Add(o.queued)
		o.queued = 0
	}
}

// writeLater writes unless somebody had enough to write before it was its turn.
func (o *outbox) writeLater() {
	runtime.Gosched() // others may have something to send as well
	o.mu.Lock()
	mine := o.coming
	o.coming = false
	o.mu.Unlock()
	if mine {
		o.write()
	}
}

// putNow is put for those who wait for an answer: the frame is written at once if that is possible.
func (o *outbox) putNow(f parcel) error {
	o.mu.Lock()
	err := o.add(f)
	o.count()
	if err != nil || o.busy || o.awaited && o.size < enough {
		o.mu.Unlock()
		return err
	}
	o.tryWrite()
	o.mu.Unlock()
	return nil
}

// putWait is putNow that waits for room until ctx ends.
func (o *outbox) putWait(ctx context.Context, f parcel, now bool) error {
	for {
		o.mu.Lock()
		err := o.add(f)
		if err == nil {
			o.count()
			switch {
			case o.busy:
			case now:
				o.tryWrite()
			default:
				o.busy = true
				go o.write()
			}
			o.mu.Unlock()
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

// add appends a frame to pending. mu is locked, but for a while if the queue is full.
func (o *outbox) add(f parcel) error {
	n := f.Left()
	foreign := f.sender != nil
	for o.err == nil && !o.fits(n, foreign) && o.makeRoom() {
	}
	if o.err != nil {
		return o.err
	}
	if !o.fits(n, foreign) {
		if !o.busy {
			o.busy = true
			go o.write()
		}
		waiting, limit := o.waiting(foreign)
		return fmt.Errorf("%w: %d octets wait for %v, the limit is %d", ErrQueueFull, waiting, o.conn.RemoteAddr(), limit)
	}
	o.size += n
	o.queued++
	small := n < ownSegment
	switch {
	case foreign:
		o.foreign += n
		o.pending, o.small = append(o.pending, o.admit(f)), false
	case small && o.small:
		last := o.pending[len(o.pending)-1]
		before := last.Cap()
		last.Join(f.Octets())
		o.keep(last.Cap() - before)
		release(f.Outgoing)
		o.small = len(last.Octets()) < joinedSegment
	default:
		o.keep(f.Cap())
		o.pending, o.small = append(o.pending, f), small
	}
	return nil
}

// fits tells whether there is room for a frame of n octets. mu is locked.
func (o *outbox) fits(n int, foreign bool) bool {
	waiting, limit := o.waiting(foreign)
	return waiting == 0 || waiting+n <= limit
}

// waiting is how many octets of the frames that third kernels had sent, or of the others, are to be
// written, and how many of them there may be. mu is locked.
func (o *outbox) waiting(foreign bool) (octets, limit int) {
	if foreign {
		return o.foreign, min(o.limit/foreignShare, int(o.holds.l.share.Load()/2))
	}
	return o.size + o.writing - o.foreign, o.limit
}

// makeRoom has the socket take what it takes at once, and tells whether that is anything. mu is
// locked, but for a while.
func (o *outbox) makeRoom() bool {
	if o.socket == nil {
		return false
	}
	before := o.taken
	if !o.inside {
		o.writeFirst()
	}
	for o.inside {
		o.idle.Wait()
	}
	return o.taken != before
}

// untold is by how much the account may be wrong about an outbox, in octets.
const untold = 16 << 10

// keep notes that the buffers of frames take n octets more, or fewer if n is negative. mu is
// locked.
func (o *outbox) keep(n int) {
	o.caps += n
	if more := o.caps - o.told; more > untold || more < -untold || o.caps == 0 && more != 0 {
		o.told = o.caps
		o.holds.add(more)
	}
}

// done releases a frame that is not pending any more. mu is locked.
func (o *outbox) done(f parcel) {
	o.discount(f)
	release(f.Outgoing)
}

// drop gives up what is pending. mu is locked.
func (o *outbox) drop() {
	for _, f := range o.pending {
		if f.sender != nil {
			o.foreign -= f.Left()
		}
		o.discount(f)
	}
	o.pending, o.size, o.small = nil, 0, false
}

// discount has a frame count no more. mu is locked.
func (o *outbox) discount(f parcel) {
	if f.sender == nil {
		o.keep(-f.Cap())
		return
	}
	f.sender.posted(-f.Cap())
}

// admit has a frame count for the third kernel that had it sent, or for the peer if the connection
// of that kernel has ended. mu is locked.
func (o *outbox) admit(f parcel) parcel {
	f.sender.posted(f.Cap())
	if f.sender.left.Load() { // asked last: whoever sets it looks then for what has been posted
		f.sender.posted(-f.Cap())
		f.sender = o.holds
		f.sender.posted(f.Cap())
	}
	return f
}

// inherit has the frames that a kernel had sent here count for the peer, as its connection has
// ended.
func (o *outbox) inherit(left *account) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.pending {
		if f.sender == left {
			o.discount(f)
			o.pending[i] = o.admit(f)
		}
	}
}

// await has what is put from now on left to flush, which is to come soon, until there is enough.
func (o *outbox) await() {
	o.mu.Lock()
	o.awaited = true
	o.mu.Unlock()
}

// flush has written what was left to it.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count()
	o.awaited = false
	if o.size > 0 && !o.busy && o.err == nil {
		o.tryWrite()
	}
}

// take removes what is pending, to be written. mu is locked.
func (o *outbox) take() []parcel {
	frames := o.pending
	o.pending, o.small = nil, false
	o.writing, o.size = o.size, 0
	return frames
}

// tryWrite writes what is queued as far as the connection takes it without blocking, and leaves the
// rest, and what others queue meanwhile, to a goroutine. It is called with mu locked and nobody
// writing, and unlocks mu for a while.
func (o *outbox) tryWrite() {
	o.busy, o.coming = true, false
	if o.socket != nil {
		for range len(o.pending) {
			if len(o.pending) == 0 || o.inside || !o.writeFirst() { // it may have been closed meanwhile
				break
			}
		}
	}
	if o.size > 0 && o.err == nil {
		go o.write()
		return
	}
	o.busy = false
	o.idle.Broadcast()
}

// writeFirst writes the first frame, or as much of it as the socket takes without blocking; whole
// tells that this was all of it. It is called with mu locked, something pending and nobody inside,
// and unlocks mu for a while.
func (o *outbox) writeFirst() (whole bool) {
	f := o.pending[0]
	left := f.Left()
	o.pending[0] = parcel{}
	if len(o.pending) == 1 {
		o.pending, o.small = o.pending[:0], false
	} else {
		o.pending = o.pending[1:]
	}
	o.writing, o.size, o.inside = left, o.size-left, true
	o.mu.Unlock()
	n, err := o.socket.writeFrame(f.Outgoing)
	o.stats.octetsOut.Add(uint64(n))
	o.mu.Lock()
	o.writing, o.inside = 0, false
	o.taken += n
	o.idle.Broadcast()
	if f.sender != nil && (err != nil || n == left) {
		o.foreign -= left
	}
	if err == nil && n < left {
		if f.sender != nil {
			o.foreign -= n
			o.discount(f)
			f = o.admit(f)
		}
		if n > 0 {
			o.wrote(nil)
		}
		o.pending = append([]parcel{f}, o.pending...)
		o.small = o.small && len(o.pending) > 1
		o.size += left - n
		return false
	}
	o.done(f)
	o.wrote(err)
	return err == nil
}

// wrote notes the end of a write. mu is locked.
func (o *outbox) wrote(err error) {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("%w: write: %w", ErrDisconnected, err)
		failed := o.err
		o.drop()
		o.mu.Unlock()
		o.fail(failed)
		o.mu.Lock()
	}
}

// write empties the queue, blocking. Its caller has set busy.
func (o *outbox) write() {
	o.mu.Lock()
	if o.socket != nil {
		o.writeWhenReady()
	} else {
		o.writeBlocking()
	}
	o.busy = false
	o.idle.Broadcast()
	o.mu.Unlock()
}

// writeWhenReady writes to the socket whenever that takes something. mu is locked, but for a while.
func (o *outbox) writeWhenReady() {
	for o.size+o.writing > 0 && o.err == nil {
		o.mu.Unlock()
		err := o.socket.whenReady(func() (done bool) {
			o.mu.Lock()
			defer o.mu.Unlock()
			for o.size+o.writing > 0 && o.err == nil {
				if before := o.taken; o.inside {
					o.idle.Wait()
				} else if !o.writeFirst() && o.taken == before && o.err == nil {
					return false
				}
			}
			return true
		})
		o.mu.Lock()
		if err != nil {
			o.wrote(err)
		}
	}
}

// writeBlocking writes to a connection that is no socket. mu is locked, but for a while.
func (o *outbox) writeBlocking() {
	var chunk net.Buffers
	for o.size > 0 && o.err == nil {
		frames := o.take()
		o.mu.Unlock()
		chunk = chunk[:0]
		for _, f := range frames {
			chunk = append(chunk, f.Octets())
		}
		left := chunk
		n, err := left.WriteTo(o.conn)
		o.stats.octetsOut.Add(uint64(n))
		o.mu.Lock()
		for _, f := range frames {
			if f.sender != nil {
				o.foreign -= len(f.Octets())
			}
			o.done(f)
		}
		o.writing = 0
		o.taken += int(n)
		o.wrote(err)
	}
}

// takenSoFar is how many octets the connection has taken.
func (o *outbox) takenSoFar() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taken
}

// failed returns why nothing can be written any more, nil if that is not so.
func (o *outbox) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// isIdle tells whether nobody writes, or ever will.
func (o *outbox) isIdle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.busy && !o.inside || o.err != nil
}

// drain waits until everything queued has been written, or for at most the time given.
func (o *outbox) drain(limit time.Duration) {
	o.flush()
	if o.isIdle() {
		return
	}
	timer := time.AfterFunc(limit, func() { _ = o.conn.SetWriteDeadline(time.Unix(1, 0)) })
	defer timer.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for (o.busy || o.inside) && o.err == nil {
		o.idle.Wait()
	}
}

// close refuses what comes later.
func (o *outbox) close(cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = &disconnectedError{cause}
	}
	o.drop()
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	o.idle.Broadcast()
}
