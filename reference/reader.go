package ikc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What a connection makes room for at once, in octets: little if it keeps that while it is idle,
// else what is usual to come at once.
const (
	idleBuffer = 4 << 10
	readBuffer = 64 << 10
)

// errNoRoom: the ledger allows no buffer for what comes.
var errNoRoom = errors.New("no room for what comes")

// receiveOctets reads once, waiting if nothing has come.
func (c *Channel) receiveOctets() (n int, err error) {
	if c.socket != nil {
		return c.socket.read(c.frames)
	}
	room := c.frames.Room(idleBuffer)
	if len(room) == 0 {
		return 0, errNoRoom
	}
	n, err = c.conn.Read(room)
	c.frames.Advance(n)
	return n, err
}

// read takes frames until the connection ends or makes no sense, or until another goroutine has
// taken the reading over. It handles requests itself when it can: an answer then costs no hand-off.
func (c *Channel) read() {
	var w *worker     // there is none as long as nothing comes
	c.frames.Disown() // a state may still run with what another goroutine read
	for {
		image, ok, err := c.frames.Next()
		switch {
		case err != nil:
			w.rest()
			c.finish(c.fault(err))
			return
		case ok:
			if w == nil {
				w = c.newReader()
			}
			still, err := c.receive(w, image)
			if err != nil {
				w.rest()
				if !errors.Is(err, net.ErrClosed) { // which is our doing
					err = c.fault(err)
				}
				c.finish(err)
				return
			}
			if !still {
				c.k.running.Done()
				return
			}
		default:
			if w != nil {
				w.rest()
				w.answered.give()
			}
			c.out.flush()
			c.frames.EmptyOwn()
			if err := c.fill(); err != nil {
				c.finish(err)
				return
			}
		}
	}
}

// fill reads from the connection once.
func (c *Channel) fill() error {
	c.part()
	if t := c.k.cfg.IdleTimeout; t > 0 {
		if err := c.conn.SetReadDeadline(time.Now().Add(t)); err != nil {
			return err
		}
		if c.out.failed() != nil {
			c.linger() // not undone by the deadline just set
		}
	}
	n, err := c.receiveOctets()
	c.k.headroom.count(c.k.stats.octetsIn.Add(uint64(n)))
	switch {
	case err == nil || n > 0:
		c.join(n)
		return nil
	case err == errNoRoom: // and the connection is being ended for it
		<-c.ctx.Done()
		return context.Cause(c.ctx)
	case errors.Is(err, io.EOF) && c.frames.Buffered() > 0:
		return c.fault(fmt.Errorf("expected the rest of a frame that began at octet %d, the peer closed after %d octets of it: %w",
			c.frames.Offset(), c.frames.Buffered(), io.ErrUnexpectedEOF))
	case errors.Is(err, os.ErrDeadlineExceeded) && c.out.failed() != nil:
		return c.out.failed()
	case errors.Is(err, os.ErrDeadlineExceeded) && c.k.cfg.IdleTimeout > 0:
		return fmt.Errorf("%w (%v)", ErrIdle, c.k.cfg.IdleTimeout)
	}
	return err
}

// fault logs what a peer did wrong. It costs the peer its connection.
func (c *Channel) fault(err error) error {
	err = fmt.Errorf("ikc: from %s (%v): %w", visible.Text(c.peer.ID), c.conn.RemoteAddr(), err)
	c.k.log.Warn("bad data from peer", "error", err)
	c.k.stats.faults.Add(1)
	return &faultError{err}
}

// receive thaws an image and sees to the message. It returns false when another goroutine has taken
// the reading over.
func (c *Channel) receive(w *worker, image []byte) (still bool, err error) {
	if len(image) > smallImage { // thawing may wait
		w.giveTurn()
		c.tellCallers(w)
	}
	m, l, err := c.thaw(image)
	if err != nil {
		return true, err
	}
	w.tally.frames++
	if c.k.answered(c, m, &w.answered) {
		return true, nil
	}
	c.tellCallers(w)
	if c.k.cfg.QueuePerSession {
		if c.heldBack = c.heldBack && !c.in.idle(); c.heldBack {
			return true, c.putRequest(m, l)
		}
		w.tally.requests++
		return true, c.k.request(c, m, l, nil, nil)
	}
	w.tally.requests++
	w.coming = c.frames.Coming()
	if !c.in.tryBegin(w, l, c.k.watch.now()) {
		w.tally.requests--
		w.alone = false
		w.giveTurn()
		return true, c.putRequest(m, l)
	}
	c.k.watchInline(c)
	if w.behind {
		c.k.watch.hurry()
	}
	w.behind = true
	err = c.k.request(c, m, l, w, nil)
	if c.in.tryFinish(w) {
		if w.over != nil {
			c.again(w)
		}
		return true, err
	}
	w.over = nil
	w.reads = false
	w.giveTurn()
	w.tellAnswers()
	if err != nil {
		c.end(err)
	}
	c.out.flush()
	c.in.finish(w)
	return false, nil
}

// tellCallers wakes those whose answers have been read. What they say next does not wait for the
// reader.
func (c *Channel) tellCallers(w *worker) {
	w.answered.tell()
	if w.answered.many {
		w.answered.many = false
		c.out.flush()
	}
}

// putRequest queues a request behind those that have come by this connection.
func (c *Channel) putRequest(of *wire.Message, l load) error {
	m := *of
	return c.in.put(c.part, job{load: l, run: func(w *worker) {
		c.k.stats.requests.Add(1)
		if err := c.k.request(c, &m, l, w, nil); err != nil {
			c.end(err)
		}
		c.out.flush()
	}})
}

// What is being thawed may take one part in thawShare of Config.MaxMemory, one image or all
// together. Images of more than smallImage octets are taken to need thawCost times their size, and
// wait for others if that is too much.
const (
	thawShare  = 2
	thawCost   = 32
	smallImage = 16 << 10
)

// thaw reads the message in an image. Errors are those of wire.FrameScanner.Thaw.
func (c *Channel) thaw(image []byte) (*wire.Message, load, error) {
	if len(image) > smallImage {
		g := &c.k.thawing
		defer g.leave(g.enter(int64(len(image)) * thawCost))
	}
	m, err := c.frames.ThawOwn(c.serializer, image)
	held, thawed := c.frames.Cost()
	return m, load{size: len(image), cost: int(held) + jobCost, more: int(thawed - held), params: m.Params, to: c.holds}, err
}

// handOver starts another reader if the present one is busy with a request.
func (c *Channel) handOver() {
	if c.in.takeOver() {
		c.anotherReader()
	}
}

// anotherReader starts a reader in place of the one that has lost that role.
func (c *Channel) anotherReader() {
	c.part()
	c.out.flush()
	c.k.running.Add(1) // the reader that was has not ended yet
	go c.read()
}

// finish ends the connection in order, because reading has ended: calls that wait for the peer fail
// at once; what it sent is handled; what is queued for it is written, if it only closed its side.
func (c *Channel) finish(cause error) {
	defer c.k.running.Done()
	c.part()
	c.frames.Close()
	c.k.lose(c, cause)
	c.in.waitIdle()
	c.jobs.Wait()
	if errors.Is(cause, io.EOF) {
		c.out.drain(c.k.cfg.HandshakeTimeout)
	}
	c.end(cause)
}
