package relay

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// Fault is what a relay does to one direction of a connection. The zero Fault does nothing. Faults
// are between the recording and the receiver: the capture has what the sender sent, when it was
// sent, and how the connection ended.
type Fault struct {
	// Delay passes each piece on that much later. What comes meanwhile is passed on after it.
	Delay time.Duration
	// Coalesce waits that long for more, up to 64 KiB, and passes it on in one write.
	Coalesce time.Duration
	// Split passes octets on in writes of at most so many, such as 1, with a Pause between two so that
	// the receiver reads them one by one. 0 for no limit.
	Split int
	// SplitLineEnds passes what ends with a CR on before the LF that follows it, with a Pause between
	// the two.
	SplitLineEnds bool
	Pause         time.Duration
	// End happens once After octets have been passed on; the rest is dropped.
	End   End
	After int64
	// ResetAtEnd turns the sender's orderly close into a reset, once all it sent has been passed on.
	ResetAtEnd bool
}

// End is how a relay ends a connection, or one direction of it.
type End uint8

const (
	// None: not at all.
	None End = iota
	// Cut closes both sides in order.
	Cut
	// Reset aborts both sides: they see a connection reset, without what is still under way.
	Reset
	// HalfClose closes one direction in order; the other goes on.
	HalfClose
	// Stall passes nothing more on in one direction, and keeps the connection.
	Stall
)

// String names the end.
func (e End) String() string {
	return [...]string{"none", "cut", "reset", "half-close", "stall"}[e]
}

// comment is put into the capture where the relay ended something.
func (e End) comment() string {
	if e == Cut {
		return capture.RelayCut + ", as it was told"
	}
	return fmt.Sprintf("%s by the relay, as it was told", e)
}

// Interrupt ends all connections that there are. How is Cut or Reset. It returns how many they
// were.
func (r *Relay) Interrupt(how End) int {
	r.mu.Lock()
	links := make([]*link, 0, len(r.live))
	for l := range r.live {
		links = append(links, l)
	}
	r.mu.Unlock()
	for _, l := range links {
		l.end(capture.FromServer, how)
	}
	return len(links)
}

// Hold has nothing passed on in either direction until the function that it returns is called.
// There is one hold at a time: another waits for the end of the first.
func (r *Relay) Hold() (release func()) {
	r.holding.Lock()
	held := make(chan struct{})
	r.held.Store(&held)
	return sync.OnceFunc(func() {
		r.held.Store(nil)
		close(held)
		r.holding.Unlock()
	})
}

// passage applies the fault of one direction.
type passage struct {
	link   *link
	from   capture.Direction
	dst    net.Conn
	fault  Fault
	passed int64
}

func (l *link) passage(from capture.Direction, dst net.Conn) *passage {
	p := &passage{link: l, from: from, dst: dst}
	if f := l.relay.opts.Fault; f != nil {
		p.fault = f(l.number, from)
	}
	return p
}

// errEnded is returned by pass when the fault has ended the direction.
var errEnded = errors.New("ended by a fault")

// pass writes octets to the receiver.
func (p *passage) pass(octets []byte) error {
	if p.fault.Delay > 0 && !p.link.sleep(p.fault.Delay) {
		return net.ErrClosed
	}
	if held := p.link.relay.held.Load(); held != nil {
		select {
		case <-*held:
		case <-p.link.relay.dialing.Done():
			return net.ErrClosed
		}
	}
	end := false
	if f := p.fault; f.End != None && p.passed+int64(len(octets)) >= f.After {
		octets, end = octets[:f.After-p.passed], true
	}
	p.passed += int64(len(octets))
	for len(octets) > 0 {
		n := len(octets)
		if p.fault.Split > 0 {
			n = min(n, p.fault.Split)
		}
		if p.fault.SplitLineEnds {
			if cr := bytes.Index(octets[:n], []byte("\r\n")); cr >= 0 {
				n = cr + 1
			}
		}
		if _, err := p.dst.Write(octets[:n]); err != nil {
			return err
		}
		if octets = octets[n:]; len(octets) > 0 && p.fault.Pause > 0 && !p.link.sleep(p.fault.Pause) {
			return net.ErrClosed
		}
	}
	if end {
		p.link.end(p.from, p.fault.End)
		return errEnded
	}
	return nil
}

// more adds to octets, the first of a buffer, what comes within the time to coalesce.
func (p *passage) more(src net.Conn, buf []byte, n int) int {
	if p.fault.Coalesce <= 0 {
		return n
	}
	until := time.Now().Add(p.fault.Coalesce)
	_ = src.SetReadDeadline(until)
	defer func() { _ = src.SetReadDeadline(time.Time{}) }()
	for n < len(buf) {
		got, err := src.Read(buf[n:])
		if got > 0 {
			p.link.record(p.from, buf[n:n+got])
			n += got
		}
		if err != nil {
			break // what is not a timeout comes again
		}
	}
	return n
}

// sleep waits, and tells whether the connection is still wanted.
func (l *link) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.relay.dialing.Done():
		return false
	}
}

// end ends the connection, or one direction of it, because a fault says so.
func (l *link) end(from capture.Direction, how End) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		return
	}
	now := time.Now()
	switch how {
	case Cut:
		l.isCut = true
		l.keep(l.recorder.CloseWrite(capture.FromClient, now, how.comment()))
		l.keep(l.recorder.CloseWrite(capture.FromServer, now, how.comment()))
		_ = l.client.Close()
		if l.target != nil {
			_ = l.target.Close()
		}
	case Reset:
		l.isCut = true
		l.keep(l.recorder.Reset(from, now, how.comment()))
		abort(l.client)
		if l.target != nil {
			abort(l.target)
		}
	case HalfClose:
		l.ended[from] = true
		l.keep(l.recorder.CloseWrite(from, now, how.comment()))
		closeWrite(l.conn(from.Reverse()))
	}
}

// drain reads what a side says after its direction was ended, so that it can go on saying it, until
// it ends.
func (p *passage) drain(src net.Conn, buf []byte) {
	for {
		n, err := src.Read(buf)
		if n > 0 {
			p.link.record(p.from, buf[:n])
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				continue
			}
			p.link.readFailed(p.from, err)
			return
		}
	}
}
