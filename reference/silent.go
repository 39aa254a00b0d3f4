package ikc

import (
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// opening is how a negotiation is begun.
type opening struct {
	dialect    wire.Dialect
	helloAfter time.Duration // see wire.NegotiatorConfig
}

// maxSilent bounds the addresses of servers that are known to say nothing to SETUP.
const maxSilent = 1024

// openingTo is how to begin at an address: with HELLO, if the server there said nothing to SETUP.
func (k *Kernel) openingTo(address string, helloAfter time.Duration) opening {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, silent := k.silent[address]; silent {
		return opening{dialect: wire.IKC}
	}
	return opening{dialect: k.as.Dialect, helloAfter: max(helloAfter, 0)}
}

// learn notes whether a server said nothing to SETUP. One that cannot be reached may come back as a
// release that does.
func (k *Kernel) learn(address string, c *Channel, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err != nil:
		delete(k.silent, address)
	case c.silent && len(k.silent) < maxSilent:
		k.silent[address] = struct{}{}
	}
}
