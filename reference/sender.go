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
	from    wire.Address
}

// Specifier returns the sender's address.
func (s *Sender) Specifier() specifier.Specifier { return s.from.Specifier }

// Post sends an event to the sender, with any number of arguments. The sender's session must have
// published that state. A sender that is a ClientLite gets the arguments as one array.
// Source: Responder::Thunk _default.
func (s *Sender) Post(ctx context.Context, state string, args ...any) error {
	if s == nil {
		return ErrNoSender
	}
	list := perl.NewArray()
	for _, arg := range args {
		v, err := perl.Marshal(arg)
		if err != nil {
			return fmt.Errorf("ikc: arguments for %s: %w", state, err)
		}
		list.Append(v)
	}
	m := &wire.Message{Event: s.from, Params: perl.ArrayRef(str(state), perl.NewRef(list)), From: s.k.from(s.session)}
	if s.from.State == "" {
		to := s.from.Specifier
		to.State = state
		m.Event, m.Params = wire.At(to), perl.NewRef(list)
	}
	_, err := s.k.dispatch(ctx, s.from.Kernel, m, nil)
	return err
}
