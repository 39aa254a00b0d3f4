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
	// After is the last call that was open then and got no answer, nil if nothing is sure. It is of the
	// other side, so that this one did not answer it, or of this one, which waited no longer.
	After *Message
	// Took is the time since then.
	Took time.Duration
}

// Sender implements Item.
func (c *Closing) Sender() wire.Role { return c.From }

// Stamp implements Item.
func (c *Closing) Stamp() capture.Stamp { return c.At }

// String says what ended, and what it left open.
func (c *Closing) String() string {
	text := fmt.Sprintf("%s closed (%s)", c.From, c.How)
	if c.After == nil {
		return text
	}
	f := c.After.Frame
	took, number := c.Took.Round(time.Microsecond), frameNumber(f.Number, f.AtLeast)
	if f.From == c.From {
		return fmt.Sprintf("%s %v after its %s, which had got no answer", text, took, number)
	}
	return fmt.Sprintf("%s %v after %s, which it did not answer", text, took, number)
}

// recentCalls is how many requests are looked at for one that a closing left open.
const recentCalls = 64

// closing notes that a side has closed.
func (s *stream) closing(ev *capture.Closed) {
	if !s.opts.Related || !s.IsIKC || ev.How == capture.Forgotten {
		return
	}
	c := &Closing{From: role(ev.From), At: ev.At, Offset: ev.Offset, How: ev.How}
	c.After = s.openCall(c.From.Other())
	if c.After == nil && s.Ends[c.From.Other()] == nil {
		c.After = s.openCall(c.From)
	}
	if c.After != nil {
		c.Took = ev.At.Time.Sub(c.After.Frame.At.Time)
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
