package mutator

import (
	"sync"
	"time"
)

// later holds octets of a direction back: until something else was said, or some time has passed.
type later struct {
	mu    sync.Mutex
	held  [][]byte
	after int // how many more units come before what is held
	timer *time.Timer
	ended bool
}

// say says octets, and what is held if it is time.
func (l *later) say(pass func([]byte), octets []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pass(octets)
	if l.held == nil {
		return
	}
	if l.after--; l.after <= 0 {
		l.flush(pass)
	}
}

// hold says octets once so many units more were said, or at the end of a time.
func (l *later) hold(pass func([]byte), octets []byte, units int, most time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, octets)
	l.after = units
	l.timer = time.AfterFunc(most, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.ended {
			l.flush(pass)
		}
	})
}

func (l *later) flush(pass func([]byte)) {
	for _, octets := range l.held {
		pass(octets)
	}
	l.held = nil
}

// end says what is held. Nothing is said afterwards.
func (l *later) end(pass func([]byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush(pass)
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
}
