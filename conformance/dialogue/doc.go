// Package dialogue reads the octets of captured connections as IKC: what was negotiated, which
// frames and messages followed, which answer belongs to which call. It judges nothing; what it
// cannot read it notes.
//
//	err := dialogue.Read(reader, dialogue.Options{}, func(c *dialogue.Connection) { ... })
//
// Connections are handed over one by one as they end, so memory is bounded by what is open at a
// time; [ReadParts] bounds it for connections of any length. Use [Write] for people and [Connection] for programs.
package dialogue

import (
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Connection is one TCP connection, read as IKC.
type Connection struct {
	Conn *capture.Conn
	// IsIKC is false for a connection that shows no sign of IKC; the rest is then empty but for Notes and Control.
	IsIKC bool
	// Control is set if the connection is the conversation of a harness with a driver; its lines are the Items then.
	Control *Control
	// Joined: the capture does not hold the start. Who is the client is a guess then, lines are among the
	// Items only, and the Negotiation is empty.
	Joined bool
	// Unreached: a relay could not connect to the server, so that what the client said was said to nobody.
	Unreached bool
	// Gaps: octets are missing in the middle, so that nothing follows from what is not there.
	Gaps   bool
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
	Ends [2]*capture.Closed
	// Cut: the capture was cut short while the connection was open.
	Cut bool
	// Notes say what else is odd.
	Notes []Problem

	inParts bool
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
}

// Item is a *Line, a *Frame or a *ControlLine.
type Item interface {
	// Sender tells who sent it.
	Sender() wire.Role
	// Stamp tells where in the capture it became complete.
	Stamp() capture.Stamp
}

// Line is a line of negotiation.
type Line struct {
	From   wire.Role
	At     capture.Stamp
	Offset int64  // of its first octet in the stream of its direction
	Text   string // without the end
	End    string // "\r\n", "\n" or "\r"
}

// Sender implements Item.
func (l *Line) Sender() wire.Role { return l.From }

// Stamp implements Item.
func (l *Line) Stamp() capture.Stamp { return l.At }

// Negotiation is the conversation before the frames.
type Negotiation struct {
	Lines []*Line
	// Complete: frames may follow.
	Complete bool
	// Dialect is the one agreed on, valid if Complete. Fallback: SETUP was refused and HELLO followed.
	Dialect  wire.Dialect
	Fallback bool
	// Serializer is the package agreed on; the default if none was named.
	Serializer string
	// Peers is what each side said of itself, by wire.Role.
	Peers [2]wire.Peer
	// Offered are the serializers that the client named.
	Offered []string
}

// Names returns all that a side called itself, the id first.
func (n *Negotiation) Names(side wire.Role) []string {
	p := n.Peers[side]
	if p.ID == "" {
		return nil
	}
	return append([]string{p.ID}, p.Aliases...)
}

// Frame is a frame with its image, and the message in it.
type Frame struct {
	From wire.Role
	// At is where the frame became complete.
	At capture.Stamp
	// Number counts the frames of a direction from 1; Offset is where it begins in the stream.
	Number int
	Offset int64
	// Head is the length as it was written; Image what follows the NUL.
	Head  string
	Image []byte
	// Early: a client sent it before the server had agreed, in a capture that would show it if it had.
	Early bool
	// Message is what the image means, nil if Err says why it is none, or cannot be thawed.
	Message *Message
	Err     error

	serial int64 // among the items of the connection, if it is read in parts
	value  atomic.Pointer[perl.Value]
	sketch *sketch // nil if value was made at once, or cannot be
}

// Sender implements Item.
func (f *Frame) Sender() wire.Role { return f.From }

// Stamp implements Item.
func (f *Frame) Stamp() capture.Stamp { return f.At }

// Message is a message and its place in the conversation.
type Message struct {
	// The field Params of this one may be missing: see the method.
	*wire.Message
	Frame *Frame
	Kind  Kind
	// Exchange is the request's exchange that it opens, answers or reports on, or nil: nobody knows of an answer to one
	// of more open calls than are kept, or of an error report that quotes none, which request it is for.
	Exchange *Exchange
	// To is what it is addressed to after IKC:proxy and ?arg were resolved.
	To specifier.Specifier

	proxied []*perl.Value // the arguments in a message to IKC:proxy, nil if it is none
}

// Kind tells what a message does.
type Kind uint8

// The kinds of message.
const (
	Post        Kind = iota // an event, nothing comes back
	Call                    // an event whose return value is wanted
	Answer                  // the return value of a call
	ErrorReport             // a request failed
)

// String names the kind for people.
func (k Kind) String() string { return [...]string{"post", "call", "answer", "error"}[k] }

// Exchange is a request and what came back.
type Exchange struct {
	Request *Message
	Answers []*Message
	Errors  []*Message
	// Misdirected are messages to the session that waits for the answer, but to a state nobody named.
	Misdirected []*Message
	// Ambiguous: other calls with the same rsvp were open when an answer came, so which of them it
	// answers is a guess by order.
	Ambiguous bool
	// RepliesAfter counts the later requests of the same side that something came back for.
	RepliesAfter int

	repliedBefore int  // what the count of those in earlier parts was when it was begun
	notOpen       bool // see waitingList
	notWaiting    bool
}

// Arg is argument i of the request, from 0; nil if it has fewer.
func (e *Exchange) Arg(i int) *perl.Value {
	if args := e.Request.Args(); i < len(args) {
		return args[i]
	}
	return nil
}

// Took is the time from request to first answer or error; ok is false if there was none.
func (e *Exchange) Took() (d time.Duration, ok bool) {
	for _, list := range [][]*Message{e.Answers, e.Errors} {
		if len(list) > 0 {
			return list[0].Frame.At.Time.Sub(e.Request.Frame.At.Time), true
		}
	}
	return 0, false
}
