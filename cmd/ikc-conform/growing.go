package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// growing reads a file that somebody else is still writing: its end is only where it ends for now.
type growing struct {
	f     *os.File
	done  <-chan struct{}
	atEnd func() // called when the end is met first; nil after that
	stuck func() // called when nothing came for stuckAfter; may be nil

	last []byte // up to lastSize octets that were read last
}

const (
	// lookAgainAfter is how long growing waits before it looks again.
	lookAgainAfter = 100 * time.Millisecond
	// stuckAfter is how long nothing comes until that may have to be told.
	stuckAfter = 2 * time.Second
	// lastSize is how many octets are compared to find out whether a file is what it was.
	lastSize = 256
)

func (g *growing) Read(p []byte) (int, error) {
	for waited := time.Duration(0); ; waited += lookAgainAfter {
		n, err := g.f.Read(p)
		if n > 0 {
			if err := g.rewritten(n); err != nil {
				return 0, err
			}
		}
		if n > 0 || !errors.Is(err, io.EOF) {
			g.last = append(g.last, p[:n]...)
			g.last = g.last[max(0, len(g.last)-lastSize):]
			return n, err
		}
		if err := g.replaced(); err != nil {
			return 0, err
		}
		if g.atEnd != nil {
			g.atEnd()
			g.atEnd = nil
		}
		if waited == stuckAfter && g.stuck != nil {
			g.stuck()
		}
		select {
		case <-g.done:
			return 0, io.EOF
		case <-time.After(lookAgainAfter):
		}
	}
}

// replaced fails if the file is shorter than what was read of it: somebody has begun it anew; or if
// another file is where it was.
func (g *growing) replaced() error {
	at, err := g.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	info, err := g.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < at {
		return fmt.Errorf("expected a file that grows: %d octets were read, and now it has %d", at, info.Size())
	}
	if now, err := os.Stat(g.f.Name()); err == nil && !os.SameFile(info, now) {
		return fmt.Errorf("expected a file that grows: %d octets were read, and now another file of %d is in its place", at, now.Size())
	}
	return nil
}

// rewritten fails if the octets before the n that were read last are not what they were: somebody
// has begun the file anew, and it has become longer than it was.
func (g *growing) rewritten(n int) error {
	at, err := g.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	now := make([]byte, len(g.last))
	first := at - int64(n) - int64(len(now))
	if _, err := g.f.ReadAt(now, first); err != nil {
		return err
	}
	for i, c := range g.last {
		if now[i] != c {
			return fmt.Errorf("expected a file that grows: it was written anew; octet %d was %#02x, and now it is %#02x", first+int64(i), c, now[i])
		}
	}
	return nil
}

// ReadAt and Seek are those of the file.
func (g *growing) ReadAt(p []byte, at int64) (int, error) { return g.f.ReadAt(p, at) }

// Seek implements io.Seeker.
func (g *growing) Seek(offset int64, whence int) (int64, error) {
	g.last = nil
	return g.f.Seek(offset, whence)
}

// Close implements io.Closer.
func (g *growing) Close() error { return g.f.Close() }

// stoppable reads what may block, such as a pipe, until done: that is its end then, whatever comes.
type stoppable struct {
	in    io.Reader
	done  <-chan struct{}
	stuck func()     // called when nothing came for stuckAfter; may be nil
	came  chan piece // nil before the first Read
	rest  []byte     // of the last piece
	err   error      // behind it
}

// piece is what one Read of a stoppable's reader returned.
type piece struct {
	octets []byte
	err    error
}

// stoppableFile is a FIFO or the like that is read by a stoppable. Its writer ends it.
type stoppableFile struct {
	*os.File
	stoppable
}

func (s *stoppableFile) Read(p []byte) (int, error) { return s.stoppable.Read(p) }

// pieceSize is how much a stoppable reads at once, in octets.
const pieceSize = 64 << 10

func (s *stoppable) Read(p []byte) (int, error) {
	if s.came == nil {
		s.came = make(chan piece)
		go s.read()
	}
	for late := time.After(stuckAfter); len(s.rest) == 0 && s.err == nil; {
		select {
		case <-s.done:
			return 0, io.EOF
		case next := <-s.came:
			s.rest, s.err = next.octets, next.err
		case <-late:
			if s.stuck != nil {
				s.stuck()
			}
		}
	}
	n := copy(p, s.rest)
	if s.rest = s.rest[n:]; len(s.rest) > 0 {
		return n, nil
	}
	return n, s.err
}

// read reads until an error, or until done. If the reader blocks then, it stays for the short rest
// of the process.
func (s *stoppable) read() {
	for {
		octets := make([]byte, pieceSize)
		n, err := s.in.Read(octets)
		select {
		case s.came <- piece{octets[:n], err}:
		case <-s.done:
			return
		}
		if err != nil {
			return
		}
	}
}
