package dialogue

import (
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

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

	// Concluded is the number of the packet with the first reply to one of those later requests, 0 if
	// there is none, or if it is not known any more.
	Concluded int64

	repliedBefore int  // what the count of those in earlier parts was when it was begun
	light         bool // see shed
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
