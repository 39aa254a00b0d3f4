package ikc

// permits are posts to states of this kernel that are let in though the states are not published:
// the answers to CallTo. Each is for the peer that was asked, and ends with it. As in the original,
// another peer may use it up: who was asked may have another kernel answer. Source: Responder call,
// _req_is_published.
type permits struct {
	all map[address]int // of all peers and of this kernel
	own map[address]int // of this kernel itself
}

// permitCost is what the permissions for one state take of the heap, besides the names, in octets.
// They count for the peer.
const permitCost = 128

// cost is what the permissions for a state take.
func (at address) cost() int { return permitCost + len(at.session) + len(at.state) }

// of returns what a channel has, or this kernel itself if c is nil; it is nil if there are none.
func (p *permits) of(c *Channel) *map[address]int {
	if c == nil {
		return &p.own
	}
	return &c.permits
}

// grant adds one for a channel, or for this kernel itself if c is nil. The kernel's mu is locked.
func (p *permits) grant(c *Channel, at address) {
	own := p.of(c)
	if c != nil && (*own)[at] == 0 {
		c.holds.add(at.cost())
	}
	for _, m := range []*map[address]int{own, &p.all} {
		if *m == nil {
			*m = map[address]int{}
		}
		(*m)[at]++
	}
}

// revoke takes one of a channel away. It returns false if it has none. The kernel's mu is locked.
func (p *permits) revoke(c *Channel, at address) bool {
	own := *p.of(c)
	if own[at] == 0 {
		return false
	}
	take(own, at, 1)
	take(p.all, at, 1)
	if c != nil && own[at] == 0 {
		c.holds.add(-at.cost())
	}
	return true
}

// use takes one away for a post that came by a channel: of those of its peer, else of another's. It
// returns false if there is none. The kernel's mu is locked.
func (k *Kernel) use(c *Channel, at address) bool {
	p := &k.permits
	if p.all[at] == 0 {
		return false
	}
	if p.revoke(c, at) || p.revoke(nil, at) {
		return true
	}
	for other := range k.open {
		if p.revoke(other, at) {
			return true
		}
	}
	return false
}

// end takes away those of a channel that has ended. The kernel's mu is locked.
func (p *permits) end(c *Channel) {
	for at, n := range c.permits {
		take(p.all, at, n)
		c.holds.add(-at.cost())
	}
	c.permits = nil
}

// take lowers a count, and drops it at 0.
func take(m map[address]int, at address, n int) {
	if m[at] -= n; m[at] <= 0 {
		delete(m, at)
	}
}
