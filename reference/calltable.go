package ikc

import (
	"cmp"
	"sync"
)

// callTable is the blocking calls of a kernel that are under way. Whoever takes a call out of it is
// the only one to end it (waiter.end).
type callTable struct {
	mu    sync.Mutex
	ended error     // why no call may begin any more, nil if one may
	begun uint64    // calls so far
	last  uint64    // the last number that was given to a call
	n     int       // how many there are
	slots []*waiter // a call of number n is in slot n modulo their count, which is a power of 2
	own   callList  // calls to this kernel itself
}

const (
	fewSlots = 64
	// keptSlots is how many slots stay when there is no call any more.
	keptSlots = 4096
)

// by is the list of the calls by a channel, or of those to this kernel itself if c is nil.
func (t *callTable) by(c *Channel) *callList {
	if c == nil {
		return &t.own
	}
	return &c.underWay
}

// begin enters a call by a channel and gives it a number. beside is how many others that channel
// has. The error is why there can be no call.
func (t *callTable) begin(w *waiter, c *Channel) (beside int, err error) {
	t.mu.Lock()
	l := t.by(c)
	if t.ended != nil || l.ended != nil {
		err = cmp.Or(t.ended, l.ended)
		t.mu.Unlock()
		return 0, err
	}
	if 2*t.n >= len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for t.last++; t.last == 0 || t.slots[t.last&mask] != nil; t.last++ {
	}
	w.from, w.number = c, t.last
	t.slots[t.last&mask] = w
	t.n++
	t.begun++
	beside = l.n
	l.add(w)
	t.mu.Unlock()
	return beside, nil
}

// any tells whether there is a call.
func (t *callTable) any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n > 0
}

// grow makes room for twice as many calls. mu is locked.
func (t *callTable) grow() {
	old := t.slots
	t.slots = make([]*waiter, max(fewSlots, 2*len(old)))
	for _, w := range old {
		if w != nil {
			t.slots[w.number&uint64(len(t.slots)-1)] = w
		}
	}
}

// find returns the call of a number, nil if there is none. mu is locked.
func (t *callTable) find(number uint64) *waiter {
	if len(t.slots) == 0 {
		return nil
	}
	if w := t.slots[number&uint64(len(t.slots)-1)]; w != nil && w.number == number {
		return w
	}
	return nil
}

// remove takes a call out that is there. mu is locked.
func (t *callTable) remove(w *waiter) {
	t.slots[w.number&uint64(len(t.slots)-1)] = nil
	t.by(w.from).remove(w)
	if t.n--; t.n == 0 && len(t.slots) > keptSlots {
		t.slots = nil
	}
}

// take takes a call out, unless somebody else has.
func (t *callTable) take(w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.find(w.number) != w {
		return false
	}
	t.remove(w)
	return true
}

// end ends all calls, and any that would begin.
func (t *callTable) end(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = why
	for _, w := range t.slots {
		if w != nil {
			t.remove(w)
			w.end(nil, why)
		}
	}
}

// lose ends the calls by a channel, and any that would begin.
func (t *callTable) lose(c *Channel, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.underWay.ended = ErrDisconnected
	for w := c.underWay.first; w != nil; w = c.underWay.first {
		t.remove(w)
		w.end(nil, why)
	}
}

// count is how many calls have begun.
func (t *callTable) count() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.begun
}
