package replay

import "sync"

// room bounds the octets that wait to be replayed.
type room struct {
	mu   sync.Mutex
	free *sync.Cond
	held int
}

// enter waits until there is room; whatever is larger than all of it enters alone.
func (r *room) enter(octets int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.free == nil {
		r.free = sync.NewCond(&r.mu)
	}
	for r.held > 0 && r.held+octets > maxQueued {
		r.free.Wait()
	}
	r.held += octets
}

func (r *room) leave(octets int) {
	r.mu.Lock()
	r.held -= octets
	r.mu.Unlock()
	r.free.Signal()
}
