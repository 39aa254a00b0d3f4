package ikc

import (
	"context"
	"sync"
	"sync/atomic"
)

// turn is what a state holds while it runs. With one for the kernel, states run one at a time, in
// the order in which they asked for it. The zero turn is free.
type turn struct {
	state   atomic.Uint32 // turnFree, turnTaken, turnAwaited
	mu      sync.Mutex
	waiting []chan struct{}
	several chan struct{} // has as many as hold it, if several may; else nil
}

// newTurn makes one that n may hold at a time.
func newTurn(n int) *turn {
	t := new(turn)
	if n > 1 {
		t.several = make(chan struct{}, n)
	}
	return t
}

const (
	turnFree    = iota
	turnTaken   // and nobody waits
	turnAwaited // taken, and there are waiting
)

func (t *turn) take() {
	if t.several != nil {
		t.several <- struct{}{}
		return
	}
	if t.state.CompareAndSwap(turnFree, turnTaken) {
		return
	}
	t.mu.Lock()
	for !t.state.CompareAndSwap(turnFree, turnTaken) {
		if t.state.CompareAndSwap(turnTaken, turnAwaited) || t.state.Load() == turnAwaited {
			mine := make(chan struct{})
			t.waiting = append(t.waiting, mine)
			t.mu.Unlock()
			<-mine
			return
		}
	}
	t.mu.Unlock()
}

// give hands the turn to the first that waits.
func (t *turn) give() {
	if t.several != nil {
		<-t.several
		return
	}
	if t.state.CompareAndSwap(turnTaken, turnFree) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	next := t.waiting[0]
	t.waiting[0] = nil
	if t.waiting = t.waiting[1:]; len(t.waiting) == 0 {
		t.waiting = nil
		t.state.Store(turnTaken)
	}
	close(next) // last: it may give the turn at once, and must then find the state as it is
}

// hold is a state's hold on a turn, and the state's context, which may outlive the state
// and may be used by goroutines that it starts; hence the lock.
type hold struct {
	context.Context
	turn  *turn
	yield func() // told when the state waits; may be nil
	cost  int    // octets of the heap that the request may take which the state handles
	payer *account
	state atomic.Uint32 // holdHeld and on
	mu    sync.Mutex    // who changes state has it, but for end of what nobody else has looked at
}

// What becomes of a hold.
const (
	holdHeld    = iota // and nobody but the state has looked at it
	holdSeen           // held, but mu may be locked
	holdWaiting        // given up while the state waits
	holdEnded
)

type holdKey struct{}

// Value gives those who have a context made of this one the hold of a monitor.
func (h *hold) Value(key any) any {
	if key == (holdKey{}) {
		return h
	}
	return h.Context.Value(key)
}

// Value gives those who have a context made of this one what the state handles.
func (h *handling) Value(key any) any {
	if key == (holdKey{}) {
		return h
	}
	return h.Context.Value(key)
}

// holdOf is that of the state whose context ctx is, with what it handles, nil for a monitor. Both
// are nil if ctx is that of no state.
func holdOf(ctx context.Context) (*hold, *handling) {
	switch h := ctx.Value(holdKey{}).(type) {
	case *handling:
		return &h.hold, h
	case *hold:
		return h, nil
	}
	return nil, nil
}

// begin waits for the turn, unless the worker has it. end must be called. w may be nil.
func (h *hold) begin(ctx context.Context, t *turn, w *worker) {
	h.Context, h.turn = ctx, t
	if w == nil {
		t.take()
		return
	}
	h.yield = w.yields
	if w.turn == nil || !w.hasTurn(t) {
		t.take()
	}
}

// end gives the turn back, or leaves it to the worker for what that does next. alone tells that
// nobody but the state has looked at the hold.
func (h *hold) end(w *worker) (alone bool) {
	if h.state.CompareAndSwap(holdHeld, holdEnded) {
		if w == nil || !w.keepTurn(h.turn) {
			h.turn.give()
		}
		return true
	}
	h.mu.Lock()
	held := h.state.Swap(holdEnded) == holdSeen
	h.mu.Unlock()
	if held {
		h.turn.give()
	}
	return false
}

// look has the hold stay as it is until mu is unlocked, and tells whether it has ended. mu is
// locked.
func (h *hold) look() (ended bool) {
	h.state.CompareAndSwap(holdHeld, holdSeen)
	return h.state.Load() == holdEnded
}

// inState tells whether ctx is that of a state that is still running.
func inState(ctx context.Context) bool {
	h, _ := holdOf(ctx)
	return h != nil && h.state.Load() != holdEnded
}

// payer is who sent the request that ctx is the context of, if it is that of a state; else nil.
func payer(ctx context.Context) *account {
	if h, _ := holdOf(ctx); h != nil {
		return h.payer
	}
	return nil
}

// wait runs a function that blocks. If ctx is that of a state, whichever kernel's, others may run
// meanwhile.
func wait(ctx context.Context, block func()) {
	h, handles := holdOf(ctx)
	if h == nil {
		block()
		return
	}
	h.mu.Lock()
	ended := h.look()
	if h.state.CompareAndSwap(holdSeen, holdWaiting) {
		h.turn.give()
	}
	h.mu.Unlock()
	if !ended && handles != nil {
		handles.waits()
	}
	if !ended && h.yield != nil {
		h.yield()
	}
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.state.Load() == holdWaiting {
			h.turn.take()
			h.state.Store(holdSeen)
		}
	}()
	block()
}
