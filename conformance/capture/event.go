package capture

import (
	"net/netip"
	"time"
)

// Event is something that happened to a TCP connection, or the end of the capture. It is one of
// *[Opened], *[Data], *[Gap], *[Conflict], *[Transport], *[Closed] and *[End].
//
// Events belong to the consumer and may be kept, except for the octets of a [Data].
type Event interface {
	// Stamp tells by which packet the event came about.
	Stamp() Stamp
}

// Stamp is a place in a capture: a packet and the time at which it was seen.
type Stamp struct {
	// Packet is the number of the packet in the file, counted from 1 as Wireshark does.
	Packet int64

	// Time is when the packet was captured, in UTC and with the resolution of the file. It is zero if
	// the file does not tell.
	Time time.Time
}

// Conn identifies one TCP connection of a capture. All events of a connection share one *Conn. It
// does not change once its Opened event has been given out.
type Conn struct {
	// Index counts the connections of the capture from 0, in order of their first packet. It is
	// Wireshark's tcp.stream, unless a limit made the reader forget connections or the SYN of a
	// connection that used the ports of an earlier one is missing: Wireshark takes the two for one.
	Index int

	// Client and Server are the addresses of the two sides, those of IPv4 that are mapped into IPv6 as
	// IPv4.
	Client, Server netip.AddrPort

	// Sockets are the paths of the Unix sockets by which the two sides were really connected, by
	// Direction of what they send, as a comment on the first packet says: see SocketComment. Empty:
	// by TCP. Client and Server are made up then.
	Sockets [2]string

	// SYNSeen is true if the capture holds the handshake, or enough of it to know where each direction
	// begins and who is the client: the SYN, or the SYN/ACK.
	// If it is false, the capture joined the connection in the middle: octets may have been exchanged
	// before, offset 0 is where the capture joined, and who is the client is a guess (the side with
	// the higher port number; the sender of the first packet if they are equal).
	SYNSeen bool

	// Interface is the interface on which the first packet was seen.
	Interface Interface
}

// Side gives the address of the side that sends in direction d.
func (c *Conn) Side(d Direction) netip.AddrPort {
	if d == FromClient {
		return c.Client
	}
	return c.Server
}

// Opened is the first event of every connection. Its stamp is that of the first packet of the
// connection, which need not be a SYN: see [Conn.SYNSeen].
type Opened struct {
	At   Stamp
	Conn *Conn

	// Comment holds the comments on the packet, joined by newlines.
	Comment string
}

// Data is a run of octets of one direction: in order, without repetition, as the receiving
// application got them. Octets before Offset in this direction have been in earlier events, as Data
// or Gap. The size of a run has no meaning. It is valid until the next event is asked for: copy it
// to keep it, and clone its Bytes.
type Data struct {
	// At is the packet by which the octets became readable: the packet that holds them, or, if they
	// arrived early, the later one that filled the gap before them or brought what they acknowledge
	// (or that made the reader give up waiting for it). The packet numbers of At never decrease from
	// event to event.
	At   Stamp
	Conn *Conn
	From Direction

	// Offset is how many octets of the direction came before, gaps of known size included.
	Offset int64

	// Bytes are never empty.
	Bytes []byte

	// Source is the packet that holds the octets. It differs from At only if the packet was early.
	Source Stamp

	// Comment holds the comments on that packet, joined by newlines.
	Comment string
}

// Held is the stamp of the packet that holds the octets: Source, or At if that is not set.
func (e *Data) Held() Stamp {
	if e.Source.Packet == 0 {
		return e.At
	}
	return e.Source
}

// Unknown is the number of octets in a [Gap] whose size cannot be known.
const Unknown int64 = -1

// Gap stands for octets of one direction that the capture does not hold.
type Gap struct {
	// At is the packet that made the reader give up waiting for the octets.
	At   Stamp
	Conn *Conn
	From Direction

	// Since is the number of the packet that holds the octets before, 0 if there are none: what is
	// missing was sent later than that.
	Since int64

	// Until is the packet that holds the octets behind, At if there are none.
	Until Stamp

	// Offset is how many octets of the direction came before.
	Offset int64

	// Octets is how many are missing, or Unknown. After an unknown gap, offsets are no more than a
	// guess.
	Octets int64

	Reason GapReason
}

// GapReason tells why octets are missing.
type GapReason uint8

// The reasons for a Gap.
const (
	NotCaptured  GapReason = iota // the packets are not in the capture
	CutBySnaplen                  // the packet is in the capture but was cut short when it was recorded
	OverLimit                     // the reader gave up waiting because of a limit: see Limits
)

// String gives the reason as messages to people do.
func (r GapReason) String() string {
	switch r {
	case NotCaptured:
		return "not captured"
	case CutBySnaplen:
		return "packet cut short by the snapshot length of the capture"
	case OverLimit:
		return "a limit of the reader was exceeded"
	}
	return "unknown reason"
}

// Conflict says that octets of a direction were captured twice with different contents: sent again,
// or in segments that overlap. What came first is given out as Data; which of the two the receiver
// took is not known. Of a connection, 16 are told; octets sent again long after they were first are
// not compared (see Limits.RecentOctets), nor are keep-alives.
type Conflict struct {
	// At is the packet that has the later octets.
	At   Stamp
	Conn *Conn
	From Direction

	// Offset is that of the first octet that differs, Octets is how many do, and End the offset behind
	// the last of them.
	Offset int64
	Octets int
	End    int64

	// First and Again are up to 24 octets from there on, as they were first and as they came again.
	First, Again []byte

	// Last: further conflicts of this connection are only counted.
	Last bool
}

// Closed ends one direction of a connection, or with an RST the whole of it: then the other
// direction need not have a Closed event, and a direction that ended with a FIN may have this
// second one. A connection that was open when the capture ended has none.
type Closed struct {
	At   Stamp
	Conn *Conn
	From Direction

	// Offset is how many octets the direction carried in all, gaps of known size included.
	Offset int64

	How CloseHow

	// Comment holds the comments on the packet, joined by newlines.
	Comment string
}

// CloseHow tells how a direction was closed.
type CloseHow uint8

// The ways in which a direction ends.
const (
	// FIN: the sender has no more to send. The other direction goes on.
	FIN CloseHow = iota

	// RST: the sender aborted the connection. What the other side had under way may follow as Data.
	RST

	// Forgotten: nothing was seen on the wire, but the reader dropped the connection because of
	// Limits.Connections. Later packets appear as a new connection, joined in the middle.
	Forgotten
)

// String names the way as messages to people do.
func (h CloseHow) String() string {
	switch h {
	case FIN:
		return "FIN"
	case RST:
		return "RST"
	case Forgotten:
		return "forgotten by the reader"
	}
	return "unknown"
}

// End is the last event of every capture. Its stamp is that of the last packet.
type End struct {
	At    Stamp
	Stats Stats

	// Err is what cut the capture short, a *TruncatedError or *FormatError, or nil. The same error
	// is given by the iterator after this event.
	Err error
}

// Stats counts what a reader came across.
type Stats struct {
	Packets     int64   // packets in the file
	Octets      int64   // octets of the file that were read
	Connections int     // TCP connections
	Retransmits int64   // segments, or parts of one, that repeated octets already seen and were left out
	OutOfOrder  int64   // segments that arrived before their turn
	Gaps        int64   // Gap events
	Conflicts   int64   // pieces of octets that were sent again with other contents, told or not
	NotTCP      int64   // packets of other protocols
	Undecodable int64   // packets that could not be decoded, such as headers cut short or link types not known
	Fragments   int64   // IP fragments
	Back        Back    // whether the file goes back in time
	Others      []Other // what the packets are that NotTCP and Undecodable count, the most first
}

// Stamp returns At.
func (e *Opened) Stamp() Stamp { return e.At }

// Stamp returns At.
func (e *Data) Stamp() Stamp { return e.At }

// Stamp returns At.
func (e *Gap) Stamp() Stamp { return e.At }

// Stamp returns At.
func (e *Conflict) Stamp() Stamp { return e.At }

// Stamp returns At.
func (e *Closed) Stamp() Stamp { return e.At }

// Stamp returns At.
func (e *End) Stamp() Stamp { return e.At }

// ConnOf returns the connection that an event is about, nil for an *[End] and for no event.
func ConnOf(ev Event) *Conn {
	switch ev := ev.(type) {
	case *Opened:
		return ev.Conn
	case *Data:
		return ev.Conn
	case *Gap:
		return ev.Conn
	case *Conflict:
		return ev.Conn
	case *Transport:
		return ev.Conn
	case *Closed:
		return ev.Conn
	}
	return nil
}
