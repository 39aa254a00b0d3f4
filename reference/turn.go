package ikc

import "context"

// turn is what a state holds while it runs: there is one per kernel, so states run one at a time.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

type turnKey struct{}

// inState marks the context of a state that holds the turn.
func (t turn) inState(ctx context.Context) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

// wait runs a function that blocks. If ctx is that of a state of this kernel, others may run
// meanwhile.
func (t turn) wait(ctx context.Context, block func()) {
	if held, _ := ctx.Value(turnKey{}).(turn); held != t {
		block()
		return
	}
	t.give()
	defer t.take()
	block()
}
