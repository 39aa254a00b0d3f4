package relay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

const (
	// chunkSize is how many octets a relay reads at once.
	chunkSize = 64 << 10

	// refuseTimeout is how long a client whose target could not be reached may take to close its side.
	refuseTimeout = time.Second
)

// recorder takes down a connection; a *capture.Recorder is one.
type recorder interface {
	Data(from capture.Direction, octets []byte, at time.Time, comments ...string) error
	Comment(from capture.Direction, at time.Time, comments ...string) error
	CloseWrite(from capture.Direction, at time.Time, comments ...string) error
	Reset(from capture.Direction, at time.Time, comments ...string) error
}

// unrecorded is the recorder of a connection that came when the capture could not be written.
type unrecorded struct{}

func (unrecorded) Data(capture.Direction, []byte, time.Time, ...string) error { return nil }
func (unrecorded) Comment(capture.Direction, time.Time, ...string) error      { return nil }
func (unrecorded) CloseWrite(capture.Direction, time.Time, ...string) error   { return nil }
func (unrecorded) Reset(capture.Direction, time.Time, ...string) error        { return nil }

// link is one connection of a client and what belongs to it.
type link struct {
	relay    *Relay
	number   int
	client   net.Conn
	recorder recorder
	log      *slog.Logger

	mu     sync.Mutex
	target net.Conn // nil until it is reached
	isCut  bool
	gone   [2]bool // writing to that side failed: it has reset the connection
	ended  [2]bool // nothing more comes from that side
}

// run carries one connection to its end.
func (l *link) run() {
	defer l.finish()
	var first []byte
	if !l.relay.opts.EagerDial {
		buf := make([]byte, chunkSize)
		n, err := l.client.Read(buf)
		if n == 0 {
			l.neverSpoke(err)
			return
		}
		// An error that came with octets will come again.
		first = buf[:n]
		if l.relay.opts.Rewrite == nil {
			l.record(capture.FromClient, first)
		}
	}
	if !l.dial() {
		return
	}
	pump := l.pump
	if l.relay.opts.Rewrite != nil {
		pump = l.rewrite
	}
	var back sync.WaitGroup
	back.Go(func() { pump(capture.FromServer, l.target, l.client, nil) })
	pump(capture.FromClient, l.client, l.target, first)
	back.Wait()
}

func (l *link) finish() {
	_ = l.client.Close()
	if l.target != nil {
		_ = l.target.Close()
	}
	l.relay.forget(l)
	if l.relay.opts.Ended != nil {
		l.relay.opts.Ended(l.number)
	}
	l.keep(l.relay.opts.Writer.Flush())
	l.log.Info("relay: done")
}

// neverSpoke ends a connection on which the client said nothing.
func (l *link) neverSpoke(err error) {
	now := time.Now()
	if !errors.Is(err, io.EOF) {
		l.keep(l.recorder.Reset(capture.FromClient, now))
		return
	}
	l.keep(l.recorder.CloseWrite(capture.FromClient, now))
	l.keep(l.recorder.CloseWrite(capture.FromServer, now, capture.RelayUnreached+": the client said nothing, so the target was not called"))
}

// redial is how long a target that refuses is let alone.
const redial = 20 * time.Millisecond

// dial reaches the target, or else refuses the client.
func (l *link) dial() bool {
	opts := &l.relay.opts
	dialer := net.Dialer{Timeout: opts.DialTimeout}
	began := time.Now()
	target, err := dialer.DialContext(l.relay.dialing, opts.TargetNetwork, opts.TargetAddress)
	for err != nil && time.Since(began) < opts.StartWithin && l.relay.dialing.Err() == nil {
		time.Sleep(redial)
		target, err = dialer.DialContext(l.relay.dialing, opts.TargetNetwork, opts.TargetAddress)
	}
	l.mu.Lock()
	isCut := l.isCut
	if err == nil {
		l.target = target // closed by finish in any case
	}
	l.mu.Unlock()
	if isCut {
		return false
	}
	if err != nil {
		l.relay.report(fmt.Errorf("relay: connection %d: target: %w", l.number, err))
		l.refuse(err)
		return false
	}
	return true
}

// refuse closes the connection towards the client and records what it may still say.
func (l *link) refuse(cause error) {
	l.keep(l.recorder.CloseWrite(capture.FromServer, time.Now(), capture.RelayUnreached+": "+cause.Error()))
	closeWrite(l.client)
	_ = l.client.SetReadDeadline(time.Now().Add(refuseTimeout))
	buf := make([]byte, chunkSize)
	for {
		n, err := l.client.Read(buf)
		if n > 0 {
			l.record(capture.FromClient, buf[:n])
		}
		if errors.Is(err, io.EOF) {
			l.keep(l.recorder.CloseWrite(capture.FromClient, time.Now()))
			return
		}
		if err != nil {
			l.keep(l.recorder.Reset(capture.FromServer, time.Now(), "the relay ended what the client did not"))
			abort(l.client)
			return
		}
	}
}

// pump carries octets of one direction, beginning with first, which is recorded already, until that
// direction ends.
func (l *link) pump(from capture.Direction, src, dst net.Conn, first []byte) {
	p := l.passage(from, dst)
	defer func() { _ = p.flush() }() // what went wrong has been told, or the direction is over
	buf := make([]byte, chunkSize)
	n := copy(buf, first)
	for {
		if n > 0 {
			n = p.more(src, buf, n)
			switch err := p.pass(buf[:n]); {
			case errors.Is(err, errEnded):
				p.drain(src, buf)
				return
			case err != nil:
				l.writeFailed(from.Reverse(), err)
				return
			}
		}
		var err error
		if n, err = src.Read(buf); n > 0 {
			l.record(from, buf[:n])
			if err != nil { // it will come again
				continue
			}
		} else if err != nil {
			if failed := p.flush(); failed != nil && !errors.Is(failed, errEnded) {
				l.writeFailed(from.Reverse(), failed)
			}
			l.closing(p, err)
			return
		}
	}
}

// closing handles the end of a direction as its fault says.
func (l *link) closing(p *passage, err error) {
	if p.in.now().ResetAtEnd && errors.Is(err, io.EOF) {
		l.end(p.from, Reset, p.passed)
		return
	}
	l.readFailed(p.from, err)
}

// record notes octets before they are passed on, so that no answer to them can be recorded earlier.
func (l *link) record(from capture.Direction, octets []byte) {
	now := time.Now()
	l.keep(l.recorder.Data(from, octets, now))
	if tap := l.relay.opts.Tap; tap != nil {
		tap(Chunk{Conn: l.number, From: from, Time: now, Bytes: octets})
	}
}

// readFailed handles the end of a direction: an orderly one, or else the end of the connection.
func (l *link) readFailed(from capture.Direction, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended[from] {
		return
	}
	l.ended[from] = true
	switch {
	case l.isCut:
	case errors.Is(err, io.EOF) && !l.gone[from]:
		l.keep(l.recorder.CloseWrite(from, time.Now()))
		closeWrite(l.conn(from.Reverse()))
	case errors.Is(err, io.EOF):
		// Writing to this side has failed and used up the news of its reset.
		l.resetBy(from, nil)
	default:
		l.resetBy(from, err)
	}
}

// writeFailed notes that a side takes no more. What it has said before can still be read, so that
// the reset is passed on when that has come to its end.
func (l *link) writeFailed(to capture.Direction, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone[to] = true
	if l.ended[to] && !l.isCut {
		l.resetBy(to, err)
	}
}

// resetBy records that one side has aborted the connection and aborts it on the other.
func (l *link) resetBy(side capture.Direction, err error) {
	var comments []string
	if err != nil {
		comments = append(comments, "the relay saw: "+err.Error())
	}
	l.log.Info("relay: reset", "by", side, "error", err)
	l.keep(l.recorder.Reset(side, time.Now(), comments...))
	l.ended[side.Reverse()] = true
	abort(l.conn(side.Reverse()))
}

func (l *link) conn(side capture.Direction) net.Conn {
	if side == capture.FromClient {
		return l.client
	}
	return l.target
}

// cut ends the connection on both sides at once.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	l.keep(l.recorder.Reset(capture.FromServer, time.Now(), capture.RelayCut+", which was closed"))
	abort(l.client)
	if l.target != nil {
		abort(l.target)
	}
}

// keep reports what went wrong with the capture. What comes after the end of a conversation, such
// as octets under way when it was reset, is no error.
func (l *link) keep(err error) {
	if err != nil && !errors.Is(err, capture.ErrOver) {
		l.relay.captureFailed(err)
	}
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		// It fails if the peer is gone, which reading from it tells.
		_ = half.CloseWrite()
	}
}

// abort closes a connection with a reset, where the transport has that.
func abort(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
