package dialogue

import (
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Closing is the end of what one side sent. It is among the Items if Options.Related is set.
type Closing struct {
	From   wire.Role
	At     capture.Stamp
	Offset int64 // octets that the side sent
	How    capture.CloseHow

	after *Message // see Left
}

// Sender implements Item.
func (c *Closing) Sender() wire.Role { return c.From }

// Stamp implements Item.
func (c *Closing) Stamp() capture.Stamp { return c.At }

// Left is the last call that was open then and got no answer, and the time since it, nil if
// nothing is sure. It is of the other side, so that this one did not answer it, or of this one,
// which waited no longer. Of a connection that goes on it is what is sure so far.
func (cl *Closing) Left(c *Connection) (*Message, time.Duration) {
	if cl.after == nil {
		return nil, 0
	}
	asked := cl.after.Frame
	if by := asked.From.Other(); c.Ends[by] == nil || c.LossBetween(by, asked.At.Packet, cl.At.Packet) {
		return nil, 0 // an answer may be missing
	}
	return cl.after, cl.At.Time.Sub(asked.At.Time)
}

// text says what ended, and what it left open.
func (cl *Closing) text(c *Connection) string {
	text := fmt.Sprintf("%s closed (%s)", cl.From, cl.How)
	left, took := cl.Left(c)
	if left == nil {
		return text
	}
	f := left.Frame
	took = took.Round(time.Microsecond)
	if f.From == cl.From {
		return fmt.Sprintf("%s %v after its %s, which had got no answer", text, took, frameNumber(f.Number, f.AtLeast))
	}
	return fmt.Sprintf("%s %v after %s, which it did not answer", text, took, frameNumber(f.Number, f.AtLeast))
}

// recentCalls is how many requests are looked at for one that a closing left open.
const recentCalls = 64

// closing notes that a side has closed.
func (s *stream) closing(ev *capture.Closed) {
	if !s.opts.Related || !s.IsIKC || ev.How == capture.Forgotten {
		return
	}
	c := &Closing{From: role(ev.From), At: ev.At, Offset: ev.Offset, How: ev.How}
	c.after = s.openCall(c.From.Other())
	if c.after == nil && s.Ends[c.From.Other()] == nil {
		c.after = s.openCall(c.From)
	}
	s.closings = true
	s.added(c)
	s.observe(c)
}

// openCall is the last call of a side, if it is sure to have got no answer yet.
func (s *stream) openCall(from wire.Role) *Message {
	for i := len(s.Exchanges) - 1; i >= max(0, len(s.Exchanges)-recentCalls); i-- {
		x := s.Exchanges[i]
		if x.Request.Frame.From != from || !x.Asks() {
			continue
		}
		if x.Outcome() == Silent && !x.AnswerGoesElsewhere() {
			return x.Request
		}
		return nil
	}
	return nil
}
