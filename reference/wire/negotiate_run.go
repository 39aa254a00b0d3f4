package wire

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Negotiate runs n over a connection until both sides agree. It returns the scanner of the frames
// that follow, with maxFrame as its Max. before, unless it is nil, is called before a line is
// answered and the next awaited, whether there is anything to write or not: the place to set a
// deadline. With HelloAfter, it and a Write are called while a Read waits.
//
// Errors are those of Receive, of the LineScanner, of before and of rw, in a *StrangerError if
// nothing of IKC came; if the other side closes the connection, it matches io.ErrUnexpectedEOF.
func Negotiate(rw io.ReadWriter, n *Negotiator, maxFrame int, before func() error) (*FrameScanner, error) {
	var heard Heard
	buf := lineBuffers.Get().(*[lineBuffer]byte)
	frames, err := negotiate(rw, n, maxFrame, before, &heard, buf[:])
	lineBuffers.Put(buf)
	return frames, heard.Explain(err)
}

// lineBuffer is how many octets of a negotiation are read at once. A negotiation is over in a
// moment, and a connection stays: what the one needs is not to be garbage of the other.
const lineBuffer = 2 << 10

var lineBuffers = sync.Pool{New: func() any { return new([lineBuffer]byte) }}

func negotiate(rw io.ReadWriter, n *Negotiator, maxFrame int, before func() error, heard *Heard, buf []byte) (*FrameScanner, error) {
	if before == nil {
		before = func() error { return nil }
	}
	say := func(reply []string) error {
		if err := before(); err != nil {
			return err
		}
		var b []byte
		for _, line := range reply {
			b = AppendLine(b, line)
		}
		if len(b) == 0 {
			return nil
		}
		_, err := rw.Write(b)
		return err
	}
	var mu sync.Mutex // of n, and of what is written
	mu.Lock()
	defer mu.Unlock()
	if err := say(n.Start()); err != nil {
		return nil, err
	}
	if n.cfg.HelloAfter > 0 {
		over := false
		timer := time.AfterFunc(n.cfg.HelloAfter, func() {
			mu.Lock()
			defer mu.Unlock()
			if over {
				return
			}
			if lines := n.Silence(); lines != nil {
				_ = say(lines) // what is wrong with the connection, Read finds out
			}
		})
		defer func() { over = !timer.Stop() }()
	}
	var lines LineScanner
	for !n.Done() {
		line, ok, err := lines.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			mu.Unlock()
			got, err := rw.Read(buf)
			mu.Lock()
			lines.Write(buf[:got])
			heard.Octets(buf[:got])
			switch {
			case err == nil || got > 0:
			case errors.Is(err, io.EOF):
				return nil, fmt.Errorf("expected a line, the %v closed the connection: %w", n.cfg.Role.Other(), io.ErrUnexpectedEOF)
			default:
				return nil, err
			}
			continue
		}
		heard.Line(line)
		reply, err := n.Receive(line)
		if err != nil {
			return nil, err
		}
		if err := say(reply); err != nil {
			return nil, err
		}
	}
	return lines.Frames(maxFrame), nil
}
