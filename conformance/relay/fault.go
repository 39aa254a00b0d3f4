package relay

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// Fault is what a relay does to one direction of a connection. The zero Fault does nothing. Faults
// are between the recording and the receiver: the capture has what the sender sent, when it was
// sent, and how the connection ended.
type Fault struct {
	// Latency passes each piece on that much later, however much is under way: see maxLine. Jitter
	// makes it more or less by up to so much, of each piece anew; octets stay in order.
	Latency, Jitter time.Duration
	// Bandwidth passes on so many octets a second. 0 for no limit.
	Bandwidth int64
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
	// End happens once After octets of the connection have been passed on; if there were more when it
	// came to be, with the next. The rest is dropped, unless it is Stall.
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
	// Stall holds what comes in one direction, and keeps the connection, until there is another Fault:
	// see Relay.Disturb. The sender can go on until the buffers are full.
	Stall
	// Blackhole swallows what comes in one direction, all but the close, and keeps the connection.
	Blackhole
)

// String names the end.
func (e End) String() string {
	return [...]string{"none", "cut", "reset", "half-close", "stall", "blackhole"}[e]
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
	links := slices.Collect(maps.Keys(r.live))
	r.mu.Unlock()
	for _, l := range links {
		l.end(capture.FromServer, how, 0)
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

// setting is what a relay does to all connections, until it is replaced.
type setting struct {
	faults   func(conn int, from capture.Direction) Fault
	text     string        // for the capture, "" for none
	replaced chan struct{} // closed when there is another
}

// Disturb replaces Options.Fault, for the connections that there are as well. text says so in the
// capture, on every connection there is and on every one to come; "" is not to. What a Fault has
// ended stays so, but for Stall.
func (r *Relay) Disturb(faults func(conn int, from capture.Direction) Fault, text string) {
	r.mu.Lock()
	old := r.setting.Swap(&setting{faults: faults, text: text, replaced: make(chan struct{})})
	links := slices.Collect(maps.Keys(r.live))
	r.mu.Unlock()
	for _, l := range links {
		l.remark(capture.FromServer, text)
	}
	close(old.replaced)
}

// remark puts a comment into the capture.
func (l *link) remark(from capture.Direction, text string) {
	if text != "" {
		l.keep(l.recorder.Comment(from, time.Now(), text))
	}
}

// watched is the fault of one direction, asked for once of each setting. It is for one goroutine.
type watched struct {
	link  *link
	from  capture.Direction
	set   *setting
	fault Fault
}

func (w *watched) now() *Fault {
	if set := w.link.relay.setting.Load(); set != w.set {
		w.set, w.fault = set, Fault{}
		if set.faults != nil {
			w.fault = set.faults(w.link.number, w.from)
		}
	}
	return &w.fault
}

// passage applies the fault of one direction.
type passage struct {
	link *link
	from capture.Direction
	dst  net.Conn
	in   watched // by who reads
	out  watched // by who writes: the same, unless there is a line
	line *line   // nil until something is to be passed on later

	passed int64
	free   time.Time // when the next octets may go, by Bandwidth
}

func (l *link) passage(from capture.Direction, dst net.Conn) *passage {
	w := watched{link: l, from: from}
	return &passage{link: l, from: from, dst: dst, in: w, out: w}
}

// errEnded is returned by pass when the fault has ended the direction.
var errEnded = errors.New("ended by a fault")

// pass writes octets to the receiver, or has that done later.
func (p *passage) pass(octets []byte) error {
	f := p.in.now()
	if p.line == nil && f.Latency <= 0 && f.Jitter <= 0 {
		return p.deliver(octets)
	}
	if p.line == nil {
		p.line = newLine(p)
	}
	return p.line.put(octets, f.Latency, f.Jitter)
}

// flush waits until all that was to be passed on later has been.
func (p *passage) flush() error {
	if p.line == nil {
		return nil
	}
	return p.line.end()
}

// deliver writes octets to the receiver.
func (p *passage) deliver(octets []byte) error {
	if f := p.out.now(); f.Delay > 0 && !p.link.sleep(f.Delay) {
		return net.ErrClosed
	}
	if held := p.link.relay.held.Load(); held != nil {
		select {
		case <-*held:
		case <-p.link.relay.dialing.Done():
			return net.ErrClosed
		}
	}
	for len(octets) > 0 {
		f := p.out.now()
		n := p.piece(octets, f)
		ends := f.End != None && p.passed+int64(n) >= f.After
		if ends {
			n = int(max(0, f.After-p.passed))
		}
		if n > 0 {
			if !p.wait(n, f) {
				return net.ErrClosed
			}
			if _, err := p.dst.Write(octets[:n]); err != nil {
				return err
			}
			p.passed += int64(n)
		}
		octets = octets[n:]
		switch {
		case ends && f.End == Stall:
			if !p.stall() {
				return net.ErrClosed
			}
		case ends:
			p.link.end(p.from, f.End, p.passed)
			return errEnded
		case len(octets) > 0 && f.Pause > 0 && !p.link.sleep(f.Pause):
			return net.ErrClosed
		}
	}
	return nil
}

// piece is how many octets are written at once.
func (p *passage) piece(octets []byte, f *Fault) int {
	n := len(octets)
	if f.Split > 0 {
		n = min(n, f.Split)
	}
	if f.Bandwidth > 0 {
		n = min(n, int(max(1, f.Bandwidth/20))) // what goes in 50 ms
	}
	if f.SplitLineEnds {
		if cr := bytes.Index(octets[:n], []byte("\r\n")); cr >= 0 {
			n = cr + 1
		}
	}
	return n
}

// wait waits until so many octets may go.
func (p *passage) wait(n int, f *Fault) bool {
	if f.Bandwidth <= 0 {
		return true
	}
	now := time.Now()
	if early := p.free.Sub(now); early > 0 {
		if !p.link.sleep(early) {
			return false
		}
		now = p.free
	}
	p.free = now.Add(time.Duration(float64(n) / float64(f.Bandwidth) * float64(time.Second)))
	return true
}

// stall waits for another setting. It returns false if the relay is closed.
func (p *passage) stall() bool {
	p.link.remark(p.from, capture.Withholding(capture.RelayHolds, p.passed))
	select {
	case <-p.out.set.replaced:
	case <-p.link.relay.dialing.Done():
		return false
	}
	p.link.remark(p.from, capture.RelayGoesOn)
	return true
}

// more adds to octets, the first of a buffer, what comes within the time to coalesce.
func (p *passage) more(src net.Conn, buf []byte, n int) int {
	f := p.in.now()
	if f.Coalesce <= 0 {
		return n
	}
	until := time.Now().Add(f.Coalesce)
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

// end ends the connection, or one direction of it, because a fault says so. passed is how many
// octets of the direction were passed on.
func (l *link) end(from capture.Direction, how End, passed int64) {
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
	case Blackhole:
		l.remark(from, capture.Withholding(capture.RelaySwallows, passed))
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
