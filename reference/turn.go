package ikc

import (
	"context"
	"sync"
)

// turn is what a state holds while it runs. With one for the kernel, states run one at a time, in
// the order in which they asked for it.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// hold is a state's hold on a turn, and the state's context, which may outlive the state
// and may be used by goroutines that it starts; hence the lock.
type hold struct {
	context.Context
	turn  turn
	yield func() // told when the state waits; may be nil
	mu    sync.Mutex
	held  bool
	ended bool
}

type holdKey struct{}

// Value gives those who have a context made of this one the hold.
func (h *hold) Value(key any) any {
	if key == (holdKey{}) {
		return h
	}
	return h.Context.Value(key)
}

// begin waits for the turn. end must be called.
func (t turn) begin(ctx context.Context, yield func()) *hold {
	t.take()
	return &hold{Context: ctx, turn: t, yield: yield, held: true}
}

func (h *hold) end() {
	h.mu.Lock()
	h.ended = true
	held := h.held
	h.held = false
	h.mu.Unlock()
	if held {
		h.turn.give()
	}
}

// inState tells whether ctx is that of a state that is still running.
func inState(ctx context.Context) bool {
	h, _ := ctx.Value(holdKey{}).(*hold)
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.ended
}

// wait runs a function that blocks. If ctx is that of a state, whichever kernel's, others may run
// meanwhile.
func wait(ctx context.Context, block func()) {
	h, _ := ctx.Value(holdKey{}).(*hold)
	if h == nil {
		block()
		return
	}
	h.mu.Lock()
	if h.held {
		h.held = false
		h.turn.give()
	}
	ended := h.ended
	h.mu.Unlock()
	if !ended && h.yield != nil {
		h.yield()
	}
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !h.ended && !h.held {
			h.turn.take()
			h.held = true
		}
	}()
	block()
}
