package ikc

import (
	"context"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Sender is the session, in a remote kernel, that a request came from. It may be kept and used
// after the state has ended.
type Sender struct {
	k       *Kernel
	session *Session
	channel *Channel
	from    wire.Address
}

// Specifier returns the sender's address, as the sender gave it; of a nil Sender it is empty.
func (s *Sender) Specifier() specifier.Specifier {
	if s == nil {
		return specifier.Specifier{}
	}
	return s.from.Specifier
}

// Post sends an event to the sender, with any number of arguments. The sender's session must have
// published that state. A sender that is a ClientLite gets the arguments as one array. Errors are
// those of [Kernel.Post]; ErrNoSender for a nil Sender, which is that of a request that does not
// say where it came from; and with Config.AnswerCallersOnly ErrThirdParty. Source:
// Responder::Thunk _default.
func (s *Sender) Post(ctx context.Context, state string, args ...any) error {
	if s == nil {
		return ErrNoSender
	}
	list, err := marshalAll(args)
	if err != nil {
		return fmt.Errorf("ikc: arguments for %s: %w", state, err)
	}
	s.k.stats.posts.Add(1)
	m := &wire.Message{Event: s.from, Params: perl.ArrayRef(str(state), perl.ArrayRef(list...)), From: s.k.from(s.session)}
	if s.from.State == "" {
		to := s.from.Specifier
		to.State = state
		m.Event, m.Params = wire.At(to), perl.ArrayRef(list...)
	}
	var how manner
	if c := s.channel; c != nil {
		switch {
		case c.calls(s.from.Kernel):
			return c.sendWait(ctx, m, how)
		case s.k.cfg.AnswerCallersOnly:
			return fmt.Errorf("%w: sender %v", ErrThirdParty, s.from)
		}
		how.sender = c.holds
	}
	_, err = new(dispatch).send(ctx, s.k, s.from.Kernel, m, how)
	return err
}

// calls tells whether a name is one by which this channel's peer is known, while it is connected.
// What is for the peer that asked can then go the way that it came, even if another peer has the
// same name.
func (c *Channel) calls(name string) bool {
	if c.ctx.Err() != nil {
		return false
	}
	if name == c.peer.ID {
		return true
	}
	for _, alias := range c.peer.Aliases {
		if alias == name {
			return true
		}
	}
	return false
}
