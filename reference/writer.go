package ikc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A message is sent by freezing it into a frame (freeze), which goes into the outbox of the
// channel: send is for answers to the peer that the reader reads, sendWait for everything else. The
// outbox writes the frame and releases it.

// urgency is how a message is to be sent.
type urgency uint8

const (
	later  urgency = iota // by a goroutine, together with what else is queued
	atOnce                // the sender waits for an answer
)

// manner is how a message is to be sent, and for whom.
type manner struct {
	urgency urgency
	// sender is who has it sent, if not this kernel on its own account: a peer whose request names
	// where it is to go. It counts for that peer wherever it waits.
	sender *account
	// yield, if not nil, is called before it waits for room.
	yield func()
}

// sendWait sends; while the queue is full it waits for room until ctx ends. A context without a
// deadline does not wait.
func (c *Channel) sendWait(ctx context.Context, m *wire.Message, how manner) error {
	f, err := c.freeze(m, loan{})
	if err != nil {
		return err
	}
	if how.sender != c.holds && how.sender.ofPeer() {
		f.sender = how.sender
	}
	if how.urgency == atOnce {
		err = c.out.putNow(f)
	} else {
		err = c.out.put(f, false)
	}
	if _, ok := ctx.Deadline(); ok && errors.Is(err, ErrQueueFull) {
		if how.yield != nil {
			how.yield()
		}
		wait(ctx, func() { err = c.out.putWait(ctx, f, how.urgency == atOnce) })
	}
	return unsent(f, err)
}

// unsent releases a frame that the outbox did not take.
func unsent(f parcel, err error) error {
	if err != nil {
		release(f.Outgoing)
	}
	return err
}

// moment is how long an answer waits for a peer that reads nothing.
const moment = time.Second

// loan is what of a message need not be copied, if it is long enough: the argument of a request
// that is answered with it. What takes much more memory than that is not kept for its sake while
// the answer waits.
type loan struct {
	of    *perl.Value
	from  int    // octets that it must have
	image *image // what it is part of, if that may be used again
}

// longAnswer is from how many octets on an answer is not copied.
const longAnswer = 128 << 10

// send freezes a message and queues it. The reader has it written when it has handled what has come
// (outbox.flush). While the queue is full it waits for room, as long as the peer reads something
// within each moment; before it does, it calls yield, unless that is nil, so that others need not
// wait for this peer, and w gives its turn, if there is a worker.
func (c *Channel) send(m *wire.Message, l loan, yield func(), w *worker) error {
	f, err := c.freeze(m, l)
	if err != nil {
		return err
	}
	err = c.out.put(f, true)
	if errors.Is(err, ErrQueueFull) {
		w.giveTurn()
		if yield != nil {
			yield()
		}
		err = c.sendSlowly(f)
	}
	return unsent(f, err)
}

// sendSlowly queues a frame as soon as there is room. The error is ErrQueueFull if the peer reads
// nothing for a moment.
func (c *Channel) sendSlowly(f parcel) error {
	for {
		before := c.out.takenSoFar()
		ctx, cancel := context.WithTimeout(c.ctx, moment)
		err := c.out.putWait(ctx, f, false)
		cancel()
		if err == nil || !errors.Is(err, ErrQueueFull) || c.out.takenSoFar() == before {
			return err
		}
	}
}

// freeze makes the frame of a message. The error is a *freezeError.
func (c *Channel) freeze(m *wire.Message, l loan) (parcel, error) {
	f := newFrame(int(c.frozen.Load()))
	if f.LendFrom = l.from; c.socket != nil {
		f.Lend = l.of
	}
	if err := f.Freeze(c.serializer, m); err != nil {
		release(f)
		return parcel{}, &freezeError{err}
	}
	if l.image != nil && f.Size() > f.Own() {
		l.image.holders.Add(1)
		f.Done = l.image.leave
	}
	if own := int64(f.Own()); own != c.frozen.Load() {
		c.frozen.Store(own)
	}
	return parcel{Outgoing: f}, nil
}

// Buffers of frames are kept for other frames up to mostFrame octets; those from largeFrame octets
// on apart, so that small frames do not hold them.
const (
	largeFrame = 128 << 10
	mostFrame  = 4 << 20
)

var smallFrames, largeFrames sync.Pool

// newFrame returns a frame for an image of about size octets. Whoever has a frame releases it,
// unless an outbox took it.
func newFrame(size int) *wire.Outgoing {
	pool := &smallFrames
	if size > largeFrame {
		pool = &largeFrames
	}
	if f, _ := pool.Get().(*wire.Outgoing); f != nil {
		return f
	}
	return new(wire.Outgoing)
}

func release(f *wire.Outgoing) {
	f.Forget()
	switch n := f.Cap(); {
	case n <= largeFrame:
		smallFrames.Put(f)
	case n <= mostFrame:
		largeFrames.Put(f)
	}
}
