package ikc

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Who is who. A name leads, in this order, to this kernel, by its id and its own names; to the peer
// whose id it is; to the peer that has it for an alias. So an alias never takes what belongs to an
// id, whoever came first, and nobody takes what belongs to this kernel.
//
// What is taken is waited for: when the peer that has an id or an alias has gone, the one that has
// waited longest gets it. The original never gives it to anybody (Source: Responder register,
// unregister, channel_list); Config.PerlIdentity does as it does.

// MaxAliases is how many aliases of a peer are entered, in the order of its announcement: its name
// first, when it speaks IKC0. What comes behind is passed over, and the log says so.
const MaxAliases = 64

// own tells whether a name is this kernel's.
func (k *Kernel) own(name string) bool { return name == k.id || k.ownNames[name] }

// resolve returns the channel that a name, id or alias, leads to; self tells that it is this
// kernel. Neither means that nobody has it. mu is locked.
func (k *Kernel) resolve(name string) (c *Channel, self bool) {
	if k.own(name) {
		return nil, true
	}
	if k.cfg.PerlIdentity {
		if c := k.names[name]; c != nil {
			return c, false
		}
		return k.channels[name], false
	}
	if c := k.channels[name]; c != nil {
		return c, false
	}
	return k.names[name], false
}

// aliasesOf are the aliases to be entered for a peer that was reached at an address, "" if it was
// not: those that are names, up to MaxAliases. passed is how many are not.
func (k *Kernel) aliasesOf(peer wire.Peer, address string) (aliases []string, passed int) {
	if k.cfg.PerlIdentity {
		aliases = slices.Clone(peer.Aliases)
	} else {
		for _, name := range peer.Aliases {
			switch {
			case name == peer.ID || slices.Contains(aliases, name):
			case len(aliases) == MaxAliases || !wire.ValidName(name):
				passed++
			default:
				aliases = append(aliases, name)
			}
		}
	}
	if wire.ValidName(address) && !slices.Contains(aliases, address) && address != peer.ID {
		aliases = append(aliases, address)
	}
	return aliases, passed
}

// namesCost is what the names of a peer take while it is connected, in octets of the heap: with
// what is entered, and with room for the events that tell of its end, which come in any case.
func namesCost(c *Channel) int {
	const entered, lastEvents = 256, 2 * 3 * eventSize // three events, to monitors of it and of "*"
	cost := len(c.peer.ID) + entered + lastEvents
	for _, name := range c.peer.Aliases {
		cost += len(name)
	}
	for _, name := range c.aliases {
		cost += len(name) + entered + lastEvents
	}
	return cost
}

// enter makes a peer addressable by its id, which must be free, and by those of its aliases that
// are. mu is locked.
func (k *Kernel) enter(c *Channel) {
	id := c.peer.ID
	k.channels[id] = c
	c.entered = true
	if k.fallback == "" {
		k.fallback = id
	}
	if other := k.names[id]; other != nil && !k.cfg.PerlIdentity {
		delete(k.names, id) // an id is never another's alias
		k.await(id, other)
	}
	for _, name := range c.aliases {
		switch {
		case k.own(name):
		case k.names[name] != nil || k.channels[name] != nil:
			k.await(name, c)
		default:
			k.names[name] = c
		}
	}
}

// leave takes a peer's id and aliases from it, and gives them to those who wait for them. mu is
// locked.
func (k *Kernel) leave(c *Channel) {
	id := c.peer.ID
	k.giveUp(id, c)
	if !c.entered {
		return
	}
	c.entered = false
	delete(k.channels, id)
	if k.fallback == id {
		k.fallback = ""
	}
	for _, p := range k.proxies {
		if p.remote == id {
			k.dropProxy(p)
		}
	}
	for _, name := range c.aliases {
		if k.names[name] == c {
			delete(k.names, name)
		}
		k.giveUp(name, c)
	}
	k.passOn(id)
	for _, name := range c.aliases {
		k.passOn(name)
	}
}

// await has a channel wait for a name that is taken. mu is locked.
func (k *Kernel) await(name string, c *Channel) {
	if !k.cfg.PerlIdentity {
		k.awaited[name] = append(k.awaited[name], c)
	}
}

// giveUp ends that. mu is locked.
func (k *Kernel) giveUp(name string, c *Channel) {
	waiting := k.awaited[name]
	i := slices.Index(waiting, c)
	switch {
	case i < 0:
	case len(waiting) == 1:
		delete(k.awaited, name)
	default:
		k.awaited[name] = slices.Delete(waiting, i, i+1)
	}
}

// passOn gives a name that may have become free to whoever waits for it: before all others to the
// one whose id it is. mu is locked.
func (k *Kernel) passOn(name string) {
	waiting := k.awaited[name]
	if len(waiting) == 0 || k.channels[name] != nil {
		return
	}
	next := waiting[0]
	for _, c := range waiting {
		if c.peer.ID == name {
			next = c
			break
		}
	}
	switch {
	case next.peer.ID == name:
		k.giveUp(name, next)
		k.enter(next)
	case k.names[name] == nil:
		k.giveUp(name, next)
		k.names[name] = next
	}
}
