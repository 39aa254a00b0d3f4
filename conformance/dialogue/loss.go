package dialogue

import (
	"fmt"
	"math"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Loss is a stretch of what one side sent that is not known. Those in the middle of a connection
// are among its Items, in their place; all of them are in [Connection.Losses].
type Loss struct {
	From wire.Role
	Kind LossKind
	// At is the packet behind the loss, by which it was noticed; of LostEnd, the last packet there is.
	At capture.Stamp
	// Since is the number of the packet before the loss, and Until that of the one behind it: what is
	// not known was sent between the two. Since is 0 if it may be older than the capture, Until is
	// NoPacket if it may be younger.
	Since, Until int64
	// Offset is where in the stream of the side it begins, Octets how many there are, or -1.
	Offset, Octets int64
	// Text says what is not known, and why.
	Text string
}

// NoPacket is behind every packet of a capture.
const NoPacket = math.MaxInt64

// LossKind tells why octets are not known.
type LossKind uint8

// The kinds of Loss. The first two are among the Items.
const (
	LostOctets LossKind = iota // the capture does not hold them
	LostTwice                  // the capture holds them twice, with different contents
	LostStart                  // the capture joined the connection in the middle
	LostEnd                    // it ends before the connection does
	LostHere                   // they would take too much memory here
)

// String names the kind, for people and for programs.
func (k LossKind) String() string {
	return [...]string{"gap", "captured twice", "start not captured", "end not captured", "too large"}[k]
}

// Sender implements Item.
func (l *Loss) Sender() wire.Role { return l.From }

// Stamp implements Item.
func (l *Loss) Stamp() capture.Stamp { return l.At }

// Between tells whether what is not known may have been sent between two packets, both included.
func (l *Loss) Between(first, last int64) bool { return l.Since <= last && l.Until >= first }

// LossBetween tells whether something that a side sent between two packets, both included, may be
// unknown: 0 is the start of the connection, NoPacket its end. So may what it would have said if a
// relay had not kept to itself what it was to react to. Until the connection has ended, later
// losses and its end are not told.
func (c *Connection) LossBetween(from wire.Role, first, last int64) bool {
	for _, l := range c.Losses {
		if l.From == from && l.Between(first, last) {
			return true
		}
	}
	return last > min(c.WithheldSince(from.Other()), c.UnreadSince(from))
}

// Whole tells whether the capture holds a connection that has ended from its start to its end.
func (c *Connection) Whole() bool { return len(c.Losses) == 0 }

// maxLosses is how many losses of a direction are told apart. The last then stands for all that
// follow.
const maxLosses = 64

// lost notes a loss. Those in the middle are items.
func (s *stream) lost(l *Loss) {
	s.Gaps = true
	if l.Kind == LostOctets || l.Kind == LostTwice {
		s.added(l)
		s.observe(l)
	}
	n, at := 0, 0
	for i, have := range s.Losses {
		if have.From == l.From {
			n, at = n+1, i
		}
	}
	if n < maxLosses {
		s.Losses = append(s.Losses, l)
		return
	}
	rest := *s.Losses[at] // the item stays as it is
	rest.Since, rest.Until, rest.Octets = min(rest.Since, l.Since), max(rest.Until, l.Until), -1
	rest.Text = "more octets are missing, in several places"
	s.Losses[at] = &rest
}

// passedOver notes that a direction was searched for a frame up to a packet: what is between that
// and the loss before it was captured, but not read.
func (s *stream) passedOver(d *direction, packet int64) {
	for i := len(s.Losses) - 1; i >= 0; i-- {
		if l := s.Losses[i]; l.From == d.role && l.Kind == LostOctets {
			l.Until = max(l.Until, packet)
			return
		}
	}
	d.began = max(d.began, packet)
}

// lostEnds notes what is not known before the start and behind the end of a connection that has
// been read. live says that the connections of the capture may be open at its end.
func (s *stream) lostEnds() {
	for _, d := range s.dirs {
		if d.mode == modeSearch || d.mode == modeLost && s.Joined {
			s.passedOver(d, NoPacket)
		}
	}
	if s.Joined {
		for role, d := range s.dirs {
			s.Losses = append(s.Losses, &Loss{From: wire.Role(role), Kind: LostStart, At: s.Opened,
				Until: max(s.Opened.Packet, d.began), Octets: -1, Text: "the capture does not hold the start"})
		}
	}
	if s.opts.AssumeIKC && !s.Cut {
		return // whoever made it recorded the end
	}
	reset := false
	for _, e := range s.Ends {
		reset = reset || e != nil && e.How == capture.RST
	}
	for role, d := range s.dirs {
		if e := s.Ends[role]; reset || e != nil && e.How != capture.Forgotten {
			continue
		}
		d.torn()
		s.Losses = append(s.Losses, &Loss{From: wire.Role(role), Kind: LostEnd, At: d.at, Since: d.at.Packet, Until: NoPacket,
			Offset: d.base, Octets: -1, Text: "the capture does not hold the end"})
	}
}

// gap notes octets that are missing, and finds out how to read on.
func (d *direction) gap(g *capture.Gap) {
	l := &Loss{From: d.role, At: g.Until, Since: g.Since, Until: g.Until.Packet, Offset: g.Offset, Octets: g.Octets}
	what := "an unknown number of octets is missing"
	if g.Octets >= 0 {
		what = fmt.Sprintf("%d octets are missing", g.Octets)
	}
	l.Text = fmt.Sprintf("%s (%s), sent between packets %d and %d", what, g.Reason, g.Since, g.Until.Packet)
	switch {
	case g.Reason == capture.CutBySnaplen:
		l.Text = fmt.Sprintf("%s (%s)", what, g.Reason)
	case g.Since == 0:
		l.Text = fmt.Sprintf("%s (%s), sent before packet %d", what, g.Reason, g.Until.Packet)
	}
	l.Text += d.skip(g)
	d.s.lost(l)
	d.s.match.missing(d.role, d.s.dirs[d.role.Other()].count)
}

// skip gets over a gap. Where the frame that the gap is in tells its length, and the gap ends
// before the frame does, the next frame is known to begin behind it; else it must be searched for.
// It says what is lost.
func (d *direction) skip(g *capture.Gap) (lost string) {
	end := g.Offset + max(g.Octets, 0)
	if d.mode == modeLost {
		return ""
	}
	d.torn()
	d.lostStart = d.lostStart || g.Offset == 0
	frames := d.mode == modeFrames || d.mode == modeSkip
	if d.mode == modeLines && len(d.buf) > 0 && d.role == wire.Client && looksLikeStart(string(d.buf[:min(len(d.buf), 8)])) {
		d.s.IsIKC = true
	}
	if !frames && d.count == 0 {
		d.s.Negotiation.lose(d, g.Since)
	}
	if d.mode == modeFrames && len(d.buf) > 0 {
		d.count++ // that frame is lost
		lost = fmt.Sprintf("; with them frame #%d", d.count)
		d.skipTo = 0
		if size := wanted(d.buf); size > 0 && size-len(d.buf) <= d.maxFrame() {
			d.skipTo = d.base + int64(size)
		}
	} else if d.mode == modeFrames {
		d.skipTo = 0
	}
	d.release()
	d.base = end
	switch {
	case frames && g.Octets >= 0 && end < d.skipTo:
		d.mode = modeSkip
	case frames && g.Octets >= 0 && end == d.skipTo:
		d.mode = modeFrames
	case d.mode == modeLines:
		d.mode, d.atLeast = modeSearch, true
		return "; with them lines of the negotiation, or frames"
	default:
		d.mode, d.atLeast = modeSearch, true
		lost += "; frames that were in them are not counted"
	}
	return lost
}

// torn notes that the line whose CR was the last octet may go on.
func (d *direction) torn() {
	if d.endsInCR != nil {
		d.endsInCR.Torn = true
		d.endsInCR = nil
	}
}

func (d *direction) maxFrame() int {
	if d.s.opts.MaxFrame > 0 {
		return d.s.opts.MaxFrame
	}
	return wire.DefaultMaxFrame
}

// lose notes that lines of a negotiation may be missing behind a packet, so that what the side said
// of itself is not known whole, nor what was agreed.
func (n *Negotiation) lose(d *direction, since int64) {
	if n.Complete && !n.Partial && (d.role == wire.Server || d.said) {
		return // it had said all that it had to
	}
	if !n.Partial || since < n.since {
		n.since = since
	}
	n.Partial, n.partial[d.role] = true, true
	n.Peers[d.role], n.names = wire.Peer{}, [2][]string{}
	n.Complete, n.Serializer = false, ""
}

// PartialOf tells whether lines of a side may be missing.
func (n *Negotiation) PartialOf(side wire.Role) bool { return n.partial[side] }

// Sound is the negotiation as far as nothing is missing: a line that came when others may have been
// missing already is not in it.
func (n *Negotiation) Sound() *Negotiation {
	if !n.Partial {
		return n
	}
	sound := *n
	sound.Lines = nil
	for _, l := range n.Lines {
		if l.At.Packet > n.since {
			break
		}
		sound.Lines = append(sound.Lines, l)
	}
	return &sound
}
