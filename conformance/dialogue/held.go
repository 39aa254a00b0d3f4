package dialogue

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A capture may have any number of connections that are open at the same time, each with a frame in
// either direction that is never finished, or with messages that wait for what comes of them. What
// they hold in all has a bound: beyond it, the connection that holds the most is given up.

// The bound, in octets of memory, and what it is at least of several builders: two frames of the
// largest size, and a little.
const (
	defaultHeld = 512 << 20
	leastHeld   = 256 << 20
)

// keptLines is what may stay of the lines of negotiation of a connection that is given up.
const keptLines = 4 << 10

// hold counts octets of memory that a connection takes, or gives back.
func (s *stream) hold(octets int) {
	s.held += octets
	s.b.held += octets
}

// relieve gives up connections until the bound is kept.
func (b *Builder) relieve() {
	for b.held > b.maxHeld {
		var most *stream
		for _, s := range b.open {
			if !s.givenUp && (most == nil || s.held > most.held || s.held == most.held && s.order < most.order) {
				most = s
			}
		}
		if most == nil {
			return
		}
		most.giveUp()
	}
}

// giveUp reads on no more. What was read is shown, and nothing follows from what is missing.
func (s *stream) giveUp() {
	text := fmt.Sprintf("given up here, %d octets of memory being taken by what is not finished: the connections of this capture "+
		"that are open at the same time take more than %d, and this one the most", s.held, s.b.maxHeld)
	for _, d := range s.dirs {
		if d.mode != modeLost {
			s.note(d, text)
		}
		s.lost(&Loss{From: d.role, Kind: LostHere, At: d.at, Since: d.at.Packet, Until: NoPacket, Offset: d.base, Octets: -1, Text: "the connection was given up"})
		d.release()
		d.mode = modeLost
	}
	if c := s.Control; c != nil {
		c.Partial = text
		s.hold(-len(c.dirs[wire.Client].rest) - len(c.dirs[wire.Server].rest))
		c.dirs[wire.Client].rest, c.dirs[wire.Server].rest = nil, nil
	}
	s.givenUp = true
	if s.window != nil && s.Control == nil {
		s.part(len(s.Items)-s.parts.items, false)
	}
	n, kept := s.Negotiation, 0
	for i, l := range n.Lines {
		if kept += cost(l); kept > keptLines {
			for _, l := range n.Lines[i:] {
				s.hold(-cost(l))
			}
			n.Lines = slices.Clone(n.Lines[:i])
			break
		}
	}
}

// release lets go of octets that no frame has been made of.
func (d *direction) release() {
	d.s.hold(-d.held)
	d.buf, d.held, d.wanted, d.from, d.sought = nil, 0, 0, 0, 0
}
