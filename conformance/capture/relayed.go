package capture

import "strings"

// A relay that ends a connection by itself says so in the comment of the packet, so that whoever
// reads the capture does not take the end for that of a peer. These are the beginnings of such
// comments; behind one may stand why.
const (
	// RelayUnreached: the connection was not passed on, since the target could not be reached or was
	// not called.
	RelayUnreached = "closed by the relay"
	// RelayCut: both sides were closed by the relay, and neither did it.
	RelayCut = "cut by the relay"
)

// Unreached tells whether a relay closed the connection because it had not passed it on. What the
// client said was said to nobody.
func (c *Closed) Unreached() bool { return strings.HasPrefix(c.Comment, RelayUnreached) }

// CutByRelay tells whether a relay cut the connection, so that neither side closed it.
func (c *Closed) CutByRelay() bool { return strings.HasPrefix(c.Comment, RelayCut) }
