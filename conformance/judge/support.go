package judge

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A capture may lack packets, begin late and end early. A violation counts if nothing that may be
// missing could explain it: what a message shows by itself is judged whatever is lost elsewhere,
// what rests on an answer that did not come only if it cannot have been lost. So each violation
// says on what it rests, and is held against the losses of its connection when they are all known.
// So it is with what a relay kept to itself: what a side did not get it does not react to.

// support says what a violation rests on besides the octets that show it.
type support struct {
	// Nothing that the client, or the server, sent between two packets may be missing, by wire.Role;
	// none if the last is 0.
	first, last [2]int64
	// names tells whose names it rests on.
	names [2]bool
	// octets are where the frames are that show it, by the side that sent them.
	octets []extent
	// framing: it rests on where frames begin and end.
	framing bool
}

// extent is a run of octets of a side, complete with a packet.
type extent struct {
	from       wire.Role
	begin, end int64
	packet     int64
}

func (s *support) needs(side wire.Role, first, last int64) {
	if s.last[side] == 0 {
		s.first[side] = first
	}
	s.first[side], s.last[side] = min(s.first[side], first), max(s.last[side], last)
}

// shownBy adds an item that shows the violation.
func (s *support) shownBy(item dialogue.Item) {
	switch item := item.(type) {
	case *dialogue.Frame:
		if item != nil {
			s.octets = append(s.octets, extent{item.From, item.Offset, item.End(), item.At.Packet})
		}
	case *dialogue.Line:
		if item != nil {
			s.octets = append(s.octets, extent{item.From, item.Offset, item.Offset + int64(len(item.Text)+len(item.End)), item.At.Packet})
		}
	}
}

// doubtful tells whether what is missing of the connection may explain the violation.
func (s *support) doubtful(c *dialogue.Connection) bool {
	for side, needed := range s.names {
		if needed && c.Negotiation.PartialOf(wire.Role(side)) {
			return true
		}
	}
	for side, last := range s.last {
		if last > 0 && c.LossBetween(wire.Role(side), s.first[side], last) {
			return true
		}
	}
	for _, l := range c.Losses {
		if l.Kind == dialogue.LostTwice && s.hit(l) {
			return true
		}
	}
	return s.unheard(c)
}

// unheard tells whether a side shows the violation when a relay had kept to itself what it was to
// react to.
func (s *support) unheard(c *dialogue.Connection) bool {
	for _, deaf := range []wire.Role{wire.Client, wire.Server} {
		since := c.WithheldSince(deaf.Other())
		if broken := c.Broken[deaf]; s.framing && broken != nil && broken.At.Packet > since {
			return true
		}
		for _, e := range s.octets {
			if e.from == deaf && e.packet > since {
				return true
			}
		}
	}
	return false
}

// hit tells whether octets that show the violation were captured twice with different contents.
func (s *support) hit(l *dialogue.Loss) bool {
	if s.framing || l.Octets < 0 {
		return true
	}
	for _, e := range s.octets {
		if e.from == l.From && e.begin < l.Offset+l.Octets && l.Offset < e.end {
			return true
		}
	}
	return false
}

// basis is what the next violation that is told rests on, as far as the check or its rule says.
// It is one octet, since each look of each check begins another.
type basis uint8

const (
	onExchange basis = 1 << iota // on what came back for Trial.exchange, or did not
	inOrder
	onAll
	onRequests
	onFraming
	onNames // of the client; those of the server by the next bit
)

// onNamesOf is on the names of a side.
func onNamesOf(side wire.Role) basis { return onNames << side }

// OnAll says that the next violation that is told rests on the whole connection: whatever is
// missing of it may explain that.
func (t *Trial) OnAll() { t.basis |= onAll }

// Alone says that it rests on nothing but what shows it.
func (t *Trial) Alone() { t.basis = 0 }

// OnRequests says that it rests on all that the other side sent.
func (t *Trial) OnRequests() { t.basis |= onRequests }

// OnPlace says that it rests on where frames begin and end, as the head of each tells.
func (t *Trial) OnPlace() { t.basis |= onFraming }

// support is what a violation rests on that an item shows.
func (t *Trial) support(at dialogue.Item) support {
	on := func(b basis) bool { return t.basis&b != 0 }
	s := support{framing: on(onFraming)}
	for side := range s.names {
		s.names[side] = on(onNamesOf(wire.Role(side)))
	}
	if on(onExchange) {
		s.exchange(t.exchange, on(inOrder))
	}
	if on(onAll) || on(onExchange) && t.exchange.Request.Frame.Late {
		s.needs(wire.Client, 0, dialogue.NoPacket)
		s.needs(wire.Server, 0, dialogue.NoPacket)
	}
	if on(onRequests) {
		s.needs(t.Side.Other(), 0, dialogue.NoPacket)
	}
	s.shownBy(at)
	return s
}

// MayLack tells whether something that a side sent after an item, or would have, may be missing.
func (t *Trial) MayLack(side wire.Role, after dialogue.Item) bool {
	first := int64(0)
	if after != nil {
		first = after.Stamp().Packet
	}
	return t.Conn.LossBetween(side, first, dialogue.NoPacket)
}

// exchange says that it rests on what came back for a request, or did not: a call that is missing
// may have had the same rsvp, so that what came back was for that one; and an answer may be
// missing.
func (s *support) exchange(x *dialogue.Exchange, inOrder bool) {
	caller := x.Request.Frame.From
	s.shownBy(x.Request.Frame)
	last := int64(0)
	for _, list := range [][]*dialogue.Message{x.Answers, x.Errors} {
		for _, m := range list {
			s.shownBy(m.Frame)
			last = max(last, m.Frame.At.Packet)
		}
	}
	first := x.Request.Frame.At.Packet
	switch {
	case last > 0:
	case x.Concluded > 0:
		last = x.Concluded
	default:
		last = dialogue.NoPacket
	}
	if inOrder {
		first = 0
	}
	s.needs(caller.Other(), first, last)
	switch {
	case inOrder:
		s.needs(caller, 0, last)
	case x.Request.WithLite():
		// A ClientLite counts in the states of its rsvps: no two calls have the same.
	case len(x.Answers)+len(x.Errors) > 0 || x.Concluded > 0:
		s.needs(caller, 0, last)
	}
}

// unexplained is the reason of a verdict that violations kept from passing which may be none.
func (v *Verdict) unexplained() string {
	return fmt.Sprintf("the capture is incomplete: what it lacks may explain %d violations in what there is of it", v.doubtful)
}
