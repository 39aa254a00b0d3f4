package relay

import (
	"bytes"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// What may be under way by Latency: octets of one direction, and of all directions of a relay. What
// comes beyond that is read when there is room; one piece of each direction may be in any case.
const (
	maxLine  = 256 << 10
	maxLines = 64 << 20
)

// line is what one direction is passed on later by.
type line struct {
	p *passage

	mu     sync.Mutex
	moved  sync.Cond
	pieces []later
	octets int
	last   time.Time // when the last piece is due
	ended  bool      // there will be no more
	err    error     // why nothing more is passed on
	done   bool
}

type later struct {
	octets []byte
	due    time.Time
}

func newLine(p *passage) *line {
	l := &line{p: p}
	l.moved.L = &l.mu
	go l.run()
	return l
}

// put has octets passed on later. The error is that of what was to be passed on before.
func (l *line) put(octets []byte, latency, jitter time.Duration) error {
	due := time.Now().Add(latency)
	if jitter > 0 {
		due = due.Add(time.Duration((2*rand.Float64() - 1) * float64(jitter)))
	}
	all := &l.p.link.relay.late
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.err == nil && l.octets > 0 && (l.octets+len(octets) > maxLine || all.Load()+int64(len(octets)) > maxLines) {
		l.moved.Wait()
	}
	if l.err != nil {
		return l.err
	}
	if due.Before(l.last) {
		due = l.last
	}
	l.last = due
	l.pieces = append(l.pieces, later{bytes.Clone(octets), due})
	l.octets += len(octets)
	all.Add(int64(len(octets)))
	l.moved.Broadcast()
	return nil
}

// end waits until all has been passed on, and returns why it was not.
func (l *line) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.moved.Broadcast()
	for !l.done {
		l.moved.Wait()
	}
	return l.err
}

func (l *line) run() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.err == nil {
		for len(l.pieces) == 0 && !l.ended {
			l.moved.Wait()
		}
		if len(l.pieces) == 0 {
			break
		}
		next := l.pieces[0]
		l.pieces = l.pieces[1:]
		l.mu.Unlock()
		err := net.ErrClosed
		if l.p.link.sleep(time.Until(next.due)) {
			err = l.p.deliver(next.octets)
		}
		l.mu.Lock()
		l.err = err
		l.forget(next)
		l.moved.Broadcast()
	}
	for _, p := range l.pieces {
		l.forget(p)
	}
	l.pieces, l.done = nil, true
	l.moved.Broadcast()
}

func (l *line) forget(p later) {
	l.octets -= len(p.octets)
	l.p.link.relay.late.Add(-int64(len(p.octets)))
}
