package dialogue

import (
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Connection is one TCP connection, read as IKC.
type Connection struct {
	Conn *capture.Conn
	// IsIKC is false for a connection that shows no sign of IKC; the rest is then empty but for Notes
	// and Control.
	IsIKC bool
	// Foreign is what a connection looks like that is not IKC: a protocol, "unknown", or "without
	// octets". It is there with the last part.
	Foreign string
	// Control is set if the connection is the conversation of a harness with a driver; its lines are
	// the Items then.
	Control *Control
	// Joined: the capture does not hold the start. Who is the client is a guess then, lines are among
	// the Items only, and the Negotiation is empty.
	Joined bool
	// Unreached: a relay could not connect to the server, so that what the client said was said to
	// nobody.
	Unreached bool
	// Gaps: octets in the middle are not known, so that nothing follows from what is not there; Losses
	// says which.
	Gaps bool
	// Doubtful: octets were captured twice with different contents. What came first was read; whether
	// the other side took that is not known.
	Doubtful bool
	// Losses are what is not known of the connection, in order; of each direction 64 are told apart.
	// Those at the start and at the end are added when the connection is over.
	Losses []*Loss
	Opened capture.Stamp
	// Negotiation is never nil.
	Negotiation *Negotiation
	// Items are lines, messages and frames that are no message, in the order of the capture.
	Items []Item
	// Exchanges are the requests with what came back, in the order of the requests.
	Exchanges []*Exchange
	// Broken tells, by wire.Role of the sender, why its octets could not be read to the end.
	Broken [2]*Problem
	// Ends tells, by wire.Role, how the direction was closed, nil if the capture does not show it.
	// Shut is the first of what closed it: an RST may follow a FIN.
	Ends, Shut [2]*capture.Closed
	// Transport is what TCP shows besides, nil if that is nothing out of the ordinary. It is complete
	// when the connection has ended.
	Transport *capture.Transport
	// Cut: the capture was cut short while the connection was open.
	Cut bool
	// Notes say what else is odd.
	Notes []Problem

	inParts  bool
	closings bool // they are among the Items
	obscure  bool // see MayBeIKC
}

// readable tells whether the connection was read as IKC, or as a Control.
func (c *Connection) readable() bool { return c.IsIKC || c.Control != nil }

// Problem is something that could not be read, or is off.
type Problem struct {
	From   wire.Role
	At     capture.Stamp
	Offset int64 // in the stream of the direction
	Text   string
	// Announced is the length of a frame that was too large to be read, else 0.
	Announced int64
	// Twin: another process is connected by the same name, see Twins.
	Twin bool
}

// Item is a *Line, a *Frame, a *Loss, a *Closing or a *ControlLine.
type Item interface {
	// Sender tells who sent it.
	Sender() wire.Role
	// Stamp tells where in the capture it became complete.
	Stamp() capture.Stamp
}

// Replayable tells whether what was said can be said again: the start of the connection was
// recorded, nothing is missing so far, and the serializer is known here.
func (c *Connection) Replayable() bool {
	return c.Negotiation.Complete && !c.Joined && !c.Gaps && SerializerOf(c.Negotiation.Serializer) != nil
}
