package ikc

import "runtime"

// answers are blocking calls that a reader has read the answers to, and whose callers it has not
// woken yet. It wakes the first, and whoever is woken wakes the one behind before doing anything
// else: one after the other, on the processor that has at hand what it needs. If the reader woke
// all, processors that have nothing to do would take many of them over, for less than that costs.
//
// If others wait besides, whoever is woken is likely to call again, and so the reader writes for
// all of them.
type answers struct {
	first, last *waiter
	many        bool // and so the outbox waits for the reader
}

// add adds a call that was taken out of the callTable, and that has its value.
func (a *answers) add(w *waiter) {
	if a.last == nil {
		a.first = w
	} else {
		a.last.behind = w
	}
	a.last = w
}

// tell wakes the callers. It comes before the reader waits for anything or carries out a request.
func (a *answers) tell() {
	if w := a.first; w != nil {
		a.first, a.last = nil, nil
		w.done <- struct{}{}
	}
}

// give is tell, and lets those whom it wakes call again. out.flush must follow.
func (a *answers) give() {
	a.tell()
	if a.many {
		a.many = false
		runtime.Gosched()
	}
}

// told waits for the end of a call.
func (w *waiter) told() {
	<-w.done
	w.pass()
}

// pass wakes the caller behind, if there is one. It follows what comes by done.
func (w *waiter) pass() {
	if next := w.behind; next != nil {
		w.behind = nil
		next.done <- struct{}{}
	}
}
