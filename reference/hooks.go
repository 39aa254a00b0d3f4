package ikc

import "time"

// Hooks are told what a kernel does, for metrics and traces; those that are nil are not. Beside
// [Stats], which is polled (examples/metrics shows both), they know how long things take. They are
// called when a thing is over, by whatever goroutine did it, also by several at once, and must not
// block.
//
// What a peer may choose is not in them, but for errors: their texts are no labels of metrics.
type Hooks struct {
	// Request is told of each request of a peer, or of this kernel itself, that is over.
	Request func(RequestDone)
	// Call is told of each blocking call that this kernel has made: Kernel.Call, CallList and Ping.
	Call func(CallDone)
}

// RequestDone is a request that is over: answered, failed, or without an answer.
type RequestDone struct {
	// Session and State are what was addressed, the session by its first alias; "" if there was no
	// such state to be asked.
	Session, State string
	// IsCall tells whether an answer was asked for.
	IsCall bool
	// Waited is how long it waited for its state to begin, Took how long it took in all, until its
	// answer was queued: also if it was detached.
	Waited, Took time.Duration
	// Err is why it failed, nil if it did not: what the state returned, or why it was refused.
	Err error
}

// CallDone is a blocking call that is over.
type CallDone struct {
	To   string        // the specifier as it was given
	Took time.Duration // until the answer came
	Err  error         // what the caller got
}

// instants are when a request came and began, for Hooks; zero if there is no hook.
type instants struct{ came, began time.Duration }

// start is what instants count from.
var start = time.Now()

// requestDone tells the hook.
func (k *Kernel) requestDone(h *handling, isCall bool, failed *requestError) {
	f := k.cfg.Hooks.Request
	if f == nil {
		return
	}
	now, when := time.Since(start), h.more().instants
	done := RequestDone{IsCall: isCall, Took: now - when.came, Waited: now - when.came}
	if when.began > 0 {
		done.Session, done.State, done.Waited = h.Session.Alias(), h.State, when.began-when.came
	}
	if failed != nil {
		if done.Err = failed.cause; done.Err == nil {
			done.Err = failed
		}
	}
	f(done)
}
