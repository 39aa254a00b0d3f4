package ikc

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// register enters a negotiated peer under its id and aliases, and under the address it was reached
// at, and tells monitors. A peer whose id is taken can send, but not be addressed, until whoever
// has the id is gone. Source: Responder register, Channel _negociation_done.
func (k *Kernel) register(c *Channel, address string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return ErrClosed
	}
	if _, open := k.open[c]; !open { // it was ended here
		return context.Cause(c.ctx)
	}
	id := c.peer.ID
	var passed int
	c.aliases, passed = k.aliasesOf(c.peer, address)
	if passed > 0 {
		k.log.Warn("aliases of a peer that are no names, or beyond the first, were passed over",
			"id", id, "passed", passed, "most", MaxAliases)
	}
	c.named = namesCost(c)
	c.holds.add(c.named)
	c.ready = true
	if old := k.channels[id]; old != nil && old.lost && !k.cfg.PerlIdentity {
		k.leave(old) // the peer is back before all that it sent before is done
	}
	switch {
	case id == k.id || k.own(id) && !k.cfg.PerlIdentity:
		k.notAddressable(id, fmt.Sprintf("Remote kernel '%s' already exists", brief(id)))
	case k.channels[id] != nil:
		k.notAddressable(id, fmt.Sprintf("Remote kernel '%s' already exists", brief(id)))
		k.await(c)
	case !k.cfg.PerlIdentity && !wire.ValidName(id):
		k.notAddressable(id, fmt.Sprintf("Remote kernel '%s' has no valid name", brief(id)))
	default:
		k.enter(c)
		k.announce(c)
	}
	if c.silent {
		k.log.Warn("the server says nothing to SETUP, as POE::Component::IKC 0.1801 to 0.2200: went on with HELLO", "id", id,
			"address", c.conn.RemoteAddr().String())
	}
	k.inform(id, EventChannel, event{channel: c, change: ChannelReady})
	return nil
}

// notAddressable tells that a peer cannot be entered under its id. mu is locked.
func (k *Kernel) notAddressable(id, why string) {
	k.inform("", EventError, event{operation: OpRegister, message: why})
	k.log.Warn("a peer can send, but not be addressed", "id", id, "reason", why)
}

// announce tells monitors that a peer is there, unless they know another under its id: then it is
// told when they have been told that this one is gone. mu is locked.
func (k *Kernel) announce(c *Channel) {
	id := c.peer.ID
	if k.present[id] != nil {
		return
	}
	k.present[id] = c
	k.informOf(id, c.aliases, EventRegister, event{pid: c.peer.PID})
	k.log.Debug("kernel registered", "id", id, "aliases", c.aliases, "dialect", c.dialect.String())
}

// lose fails what waits for an answer from a peer: none can come any more. If the peer is back
// already, it can be addressed from now on.
func (k *Kernel) lose(c *Channel, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.lost {
		return
	}
	c.lost = true
	cause = &disconnectedError{cause}
	k.calls.lose(c, cause)
	for _, r := range k.receipts {
		if _, waits := r.pending[c]; waits {
			k.refused(r, c, "Refused subscription to "+r.asked, cause)
		}
	}
	if c.entered && len(k.awaited[c.peer.ID]) > 0 {
		k.leave(c)
	}
}

// unregister takes a channel that has ended off the books.
func (k *Kernel) unregister(c *Channel, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, c)
	c.holds.add(-c.named)
	c.named = 0
	k.permits.end(c)
	if !c.ready {
		return
	}
	if !closedHere(cause) {
		operation := OpRead
		if errors.Is(cause, ErrQueueFull) {
			operation = OpWrite
		}
		k.channelError(c, operation, cause)
	}
	var fault *faultError
	if !closedHere(cause) && !errors.Is(cause, io.EOF) && !errors.As(cause, &fault) {
		k.log.Warn("connection lost", "id", c.peer.ID, "error", cause)
	}
	k.forget(c)
	k.log.Debug("kernel unregistered", "id", c.peer.ID, "cause", cause)
}

// channelError tells monitors, once, why a connection ends. mu is locked.
// Source: Channel channel_error, Util monitor_error.
func (k *Kernel) channelError(c *Channel, operation string, cause error) {
	if c.failed || !c.ready || k.closed {
		return
	}
	if c.failed = true; len(k.monitors) == 0 {
		return
	}
	k.inform(c.peer.ID, EventError, event{operation: PrefixChannel + operation, message: wheelError(cause)})
}

// forget takes a channel's names away and tells monitors; whoever has its id now is announced. mu
// is locked. Source: Channel _close_channel, Responder unregister.
func (k *Kernel) forget(c *Channel) {
	c.ready = false
	id := c.peer.ID
	k.inform(id, EventChannel, event{channel: c, change: ChannelClose})
	if k.present[id] == c {
		delete(k.present, id)
		k.informOf(id, c.aliases, EventUnregister, event{})
	}
	k.leave(c)
	if next := k.channels[id]; next != nil {
		k.announce(next)
	}
}
