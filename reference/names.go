package ikc

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Who is who. A name leads, in this order, to this kernel, by its id and its own names; to the peer
// whose id it is; to the peer that has it for an alias. So an alias never takes what belongs to an
// id, whoever came first, and nobody takes what belongs to this kernel.
//
// An alias that is taken stays with whoever has it; when that is gone it leads nowhere, until the
// next who announces it registers. An id that is taken is waited for: when the connection that has
// it is gone, the one that has waited longest registers. In the original it never does, nor with
// Config.PerlIdentity, which also has aliases go before ids. Source: Responder register,
// unregister, channel_list.

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
	k.targets.forget()
	if k.fallback == "" {
		k.fallback = id
	}
	if !k.cfg.PerlIdentity {
		delete(k.names, id)
	}
	for _, name := range c.aliases {
		if !k.own(name) && k.names[name] == nil && k.channels[name] == nil {
			k.names[name] = c
		}
	}
}

// leave takes a peer's id and aliases from it. Whoever has waited longest for the id gets it. mu is
// locked.
func (k *Kernel) leave(c *Channel) {
	id := c.peer.ID
	if !c.entered {
		k.awaited[id] = slices.DeleteFunc(k.awaited[id], func(w *Channel) bool { return w == c })
		if len(k.awaited[id]) == 0 {
			delete(k.awaited, id)
		}
		return
	}
	c.entered = false
	k.targets.forget()
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
	}
	if waiting := k.awaited[id]; len(waiting) > 0 {
		next := waiting[0]
		if k.awaited[id] = waiting[1:]; len(waiting) == 1 {
			delete(k.awaited, id)
		}
		k.enter(next)
	}
}

// await has a channel wait for its id, which is taken. mu is locked.
func (k *Kernel) await(c *Channel) {
	if id := c.peer.ID; !k.cfg.PerlIdentity {
		k.awaited[id] = append(k.awaited[id], c)
	}
}
