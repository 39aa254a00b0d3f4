package ikc

import "sync"

// reports keeps the error reports to one peer in order. A report says for which state a request
// was and not which request, so that who called takes it for one about the oldest call of that
// state: as long as an older one may still be answered, a report about a younger one has to wait.
//
// Requests that are answered before the next is begun are not entered.
type reports struct {
	mu   sync.Mutex
	open map[address]*undecided
}

// undecided are the calls of one state that may still be answered, and the reports that wait for
// these, in the order of arrival.
type undecided struct {
	first, last *place
	sending     bool // somebody sends what need not wait any more
}

// place is one of them; send is its report, nil as long as there is none.
type place struct {
	prev, next *place
	at         address
	send       func()
}

// begin enters a call, unless it has been.
func (r *reports) begin(h *handling) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.place == nil {
		h.place = r.add(address{h.m.Event.Session, h.m.Event.State})
	}
}

// add appends a place. mu is locked.
func (r *reports) add(at address) *place {
	if r.open == nil {
		r.open = map[address]*undecided{}
	}
	u := r.open[at]
	if u == nil {
		u = new(undecided)
		r.open[at] = u
	}
	p := &place{at: at, prev: u.last}
	if u.last == nil {
		u.first = p
	} else {
		u.last.next = p
	}
	u.last = p
	return p
}

// end takes a call away that is decided without a report.
func (r *reports) end(h *handling) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := h.place; p != nil {
		h.place = nil
		u := r.open[p.at]
		u.remove(p)
		r.send(u, p.at)
	}
}

// put sends a report about a request: at once, or when no older one can be answered any more. Then
// it counts for the peer until it is sent, and send has to do without yield.
func (r *reports) put(h *handling, at address, send func(yield func()), yield func()) {
	r.mu.Lock()
	p := h.place
	if p == nil && r.open[at] == nil {
		r.mu.Unlock()
		send(yield)
		return
	}
	defer r.mu.Unlock()
	if p == nil {
		p = r.add(at)
	}
	h.place = nil
	c := h.Channel
	c.holds.add(jobCost)
	p.send = func() {
		c.holds.add(-jobCost)
		send(nil)
		c.out.flush()
	}
	r.send(r.open[at], at)
}

// send sends what need not wait any more. mu is locked, but not while something is being sent.
func (r *reports) send(u *undecided, at address) {
	if u.sending {
		return
	}
	u.sending = true
	for u.first != nil && u.first.send != nil {
		p := u.first
		r.mu.Unlock()
		p.send()
		r.mu.Lock()
		u.remove(p)
	}
	u.sending = false
	if u.first == nil {
		delete(r.open, at)
	}
}

func (u *undecided) remove(p *place) {
	if p.prev == nil {
		u.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		u.last = p.prev
	} else {
		p.next.prev = p.prev
	}
}
