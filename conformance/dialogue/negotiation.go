package dialogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Negotiation is the conversation before the frames.
type Negotiation struct {
	Lines []*Line
	// Complete: frames may follow.
	Complete bool
	// Dialect is the one agreed on, valid if Complete. Fallback: SETUP was refused and HELLO followed.
	// Unheeded: SETUP got no answer, HELLO followed, and that was taken.
	Dialect  wire.Dialect
	Fallback bool
	Unheeded bool
	// Serializer is the package agreed on; the default if none was named.
	Serializer string
	// Peers is what each side said of itself, by wire.Role.
	Peers [2]wire.Peer
	// Offered are the serializers that the client named.
	Offered []string
	// Partial: lines may be missing. Then it is not Complete, and Peers has what is known for certain.
	Partial bool

	partial [2]bool // by wire.Role, whose lines are missing
	since   int64   // the packet behind which they are

	// names are the Names by wire.Role, nil until it is Complete.
	names [2][]string
}

// NegotiationTook is how long it took from the opening of the connection until frames could follow;
// ok is false if that is not known.
func (c *Connection) NegotiationTook() (d time.Duration, ok bool) {
	n := c.Negotiation
	if !n.Complete || n.Partial || c.Joined || len(n.Lines) == 0 {
		return 0, false
	}
	return n.Lines[len(n.Lines)-1].At.Time.Sub(c.Opened.Time), true
}

// Names returns all that a side called itself, the id first.
func (n *Negotiation) Names(side wire.Role) []string {
	if n.names[side] != nil {
		return n.names[side]
	}
	p := n.Peers[side]
	if p.ID == "" {
		return nil
	}
	return append([]string{p.ID}, p.Aliases...)
}

// maxNegotiation bounds the lines of a negotiation, of both sides. A kernel that has hundreds of
// names says so in twice as many.
const maxNegotiation = 1 << 14

// line follows a negotiation from outside: both sides' lines in the order of the capture.
func (s *stream) line(l *Line) {
	n := s.Negotiation
	n.names = [2][]string{}
	d := s.dirs[l.From]
	l.read()
	if s.Joined {
		// What was said before is not known, and not for certain who is who.
		s.IsIKC = s.IsIKC || looksLikeStart(l.Text) || strings.HasPrefix(l.Text, "IAM ")
		s.added(l)
		s.observe(l)
		return
	}
	if l.From == wire.Client {
		s.IsIKC = s.IsIKC || looksLikeStart(l.Text)
		d.said = d.said || wire.IsSetup(l.Text) || l.Text == "WORLD"
	}
	s.IsIKC = s.IsIKC || means(l.From, l.Text)
	if !s.IsIKC && l.From == wire.Client {
		// Something else, most likely; a few more lines may still show that it is IKC.
		if d.base > maxStart {
			d.lose("not IKC")
		}
	}
	if !s.IsIKC && l.From == wire.Server && d.base > 16*maxStart {
		d.lose("not IKC") // a server says little before it is known
	}
	if len(n.Lines) == maxNegotiation {
		d.lose(fmt.Sprintf("expected a negotiation of at most %d lines, got more", maxNegotiation))
		return
	}
	n.Lines = append(n.Lines, l)
	s.hold(cost(l)) // they stay when they have been shown
	s.added(l)
	defer s.observe(l) // once it is known what it agrees on
	if l.From == wire.Client {
		n.client(l)
		if s.agreed && l.Text == "NOT" {
			s.agreed, n.Complete = false, false
		}
		return
	}
	if n.server(l) {
		s.agreed, n.Complete = true, true
	}
	if n.Partial {
		n.Complete, n.Serializer = false, ""
	}
	if n.Complete {
		n.names = [2][]string{wire.Client: n.Names(wire.Client), wire.Server: n.Names(wire.Server)}
	}
}

// client notes what a client's line tells.
func (n *Negotiation) client(l *Line) {
	line := l.Text
	key, value, _ := strings.Cut(line, " ")
	switch key {
	case "SETUP":
		if setup, err := l.Setup(); err == nil {
			n.Dialect, n.Offered = wire.IKC0, setup.Serializers
			n.setPeer(wire.Client, setup)
		}
	case "HELLO":
		if line == "HELLO" {
			n.Fallback = len(n.Offered) > 0
			n.Dialect, n.Offered, n.Peers[wire.Client] = wire.IKC, nil, wire.Peer{}
		}
	case "IAM":
		n.iam(wire.Client, line)
	case "FREEZER":
		n.Offered = append(n.Offered, strings.TrimSpace(value))
	}
}

// server notes what a server's line tells, and whether it ends the negotiation.
func (n *Negotiation) server(l *Line) bool {
	line := l.Text
	key, _, _ := strings.Cut(line, " ")
	switch {
	case key == "SETUP":
		setup, err := l.Setup()
		if err != nil {
			return false
		}
		n.setPeer(wire.Server, setup)
		if len(setup.Serializers) > 0 {
			n.Serializer = setup.Serializers[0]
		}
		return len(setup.Serializers) == 1
	case key == "IAM":
		if n.Fallback && n.saidOnly("SETUP ", "HELLO") {
			n.Fallback, n.Unheeded = false, true
		}
		n.iam(wire.Server, line)
	case line == "OK" && n.lastClient("FREEZER "):
		n.Serializer = n.Offered[len(n.Offered)-1]
	case line == "UP":
		if n.Serializer == "" {
			n.Serializer = wire.DefaultSerializer
		}
		return true
	}
	return false
}

func (n *Negotiation) setPeer(side wire.Role, s wire.Setup) {
	if n.partial[side] {
		return
	}
	n.Peers[side] = wire.Peer{ID: s.Kernel[0], Aliases: s.Kernel[1:], PID: s.PID}
}

func (n *Negotiation) iam(side wire.Role, line string) {
	name, ok := wire.ParseIAm(line)
	if !ok || n.partial[side] {
		return
	}
	p := &n.Peers[side]
	if p.ID == "" {
		p.ID = name
		return
	}
	p.Aliases = append(p.Aliases, name)
}

// saidOnly tells whether, before the last line, the client has said two lines, and the server
// nothing: one that begins with first, and second.
func (n *Negotiation) saidOnly(first, second string) bool {
	return !n.Partial && len(n.Lines) == 3 && n.Lines[0].From == wire.Client && strings.HasPrefix(n.Lines[0].Text, first) &&
		n.Lines[1].From == wire.Client && n.Lines[1].Text == second
}

// lastClient tells whether the last line of the client begins with prefix.
func (n *Negotiation) lastClient(prefix string) bool {
	for i := len(n.Lines) - 1; i >= 0; i-- {
		if n.Lines[i].From == wire.Client {
			return strings.HasPrefix(n.Lines[i].Text, prefix)
		}
	}
	return false
}

// ChosenNames are the names of a kernel that its program chose, its name before its aliases: its id
// is another each time, and so is its address. A ClientLite has none.
func ChosenNames(p wire.Peer, d wire.Dialect) (names []string) {
	for _, name := range p.Aliases {
		if !address.MatchString(name) {
			names = append(names, name)
		}
	}
	if d == wire.IKC { // which announces them the other way round
		slices.Reverse(names)
	}
	return names
}

// address is what kernels announce of their sockets.
var address = regexp.MustCompile(`:\d+$|^unix:`)

// ChosenName is the first of ChosenNames; of a ClientLite it is the id, which is all that it has.
func ChosenName(p wire.Peer, d wire.Dialect) string {
	if names := ChosenNames(p, d); len(names) > 0 {
		return names[0]
	}
	return p.ID
}
