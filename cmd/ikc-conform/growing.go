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
}

// lookAgainAfter is how long growing waits before it looks again.
const lookAgainAfter = 100 * time.Millisecond

func (g *growing) Read(p []byte) (int, error) {
	for {
		n, err := g.f.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := g.shrunk(); err != nil {
			return 0, err
		}
		if g.atEnd != nil {
			g.atEnd()
			g.atEnd = nil
		}
		select {
		case <-g.done:
			return 0, io.EOF
		case <-time.After(lookAgainAfter):
		}
	}
}

// shrunk fails if the file is shorter than what was read of it: somebody has begun it anew.
func (g *growing) shrunk() error {
	at, err := g.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	info, err := g.f.Stat()
	if err == nil && info.Size() < at {
		err = fmt.Errorf("expected a file that grows: %d octets were read, and now it has %d", at, info.Size())
	}
	return err
}

// ReadAt and Seek are those of the file.
func (g *growing) ReadAt(p []byte, at int64) (int, error) { return g.f.ReadAt(p, at) }

// Seek implements io.Seeker.
func (g *growing) Seek(offset int64, whence int) (int64, error) { return g.f.Seek(offset, whence) }

// Close implements io.Closer.
func (g *growing) Close() error { return g.f.Close() }

// stoppable reads what may block, such as a pipe, until done: that is its end then, whatever comes.
type stoppable struct {
	in   io.Reader
	done <-chan struct{}
	came chan piece // nil before the first Read
	rest []byte     // of the last piece
	err  error      // behind it
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
	if len(s.rest) == 0 && s.err == nil {
		select {
		case <-s.done:
			return 0, io.EOF
		case next := <-s.came:
			s.rest, s.err = next.octets, next.err
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
