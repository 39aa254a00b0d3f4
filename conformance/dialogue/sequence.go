package dialogue

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// timeColumns is what stands to the left of a sequence: seconds since the connection opened.
const timeColumns = 12

// leastArrow is the least room between two lifelines.
const leastArrow = 20

func (p *Printer) room() int { return max(p.opts.Columns-timeColumns-4, leastArrow) }

// lifelines names the two kernels above their lines.
func (p *Printer) lifelines(b *strings.Builder, c *Connection) {
	left, right := visible.Text(sideName(c, wire.Client)), visible.Text(sideName(c, wire.Server))
	half := (p.room() + 2) / 2
	left, right = fit(left, half-1), fit(right, half-1)
	gap := max(p.room()+2-utf8.RuneCountInString(left)-utf8.RuneCountInString(right), 1)
	p.cut(b, styleHead, strings.Repeat(" ", timeColumns+1)+left+strings.Repeat(" ", gap)+right)
}

// sideName is what people call a side: its name rather than its id, or client and server.
func sideName(c *Connection, side wire.Role) string {
	names := c.Negotiation.Names(side)
	if len(names) > 1 {
		return names[1]
	}
	if len(names) == 1 {
		return names[0]
	}
	return side.String()
}

// label is what stands on an arrow.
func (s Step) label() string {
	label := s.Title
	if s.Frame > 0 {
		label = s.number() + " " + s.Title
	}
	if s.Params != "" {
		label += "  " + s.Params
	}
	if s.RSVP != "" {
		label += "  rsvp " + s.RSVP
	}
	return label
}

// arrow draws a step between the lifelines.
func (p *Printer) arrow(b *strings.Builder, s Step) {
	room := p.room()
	over := func() int { return utf8.RuneCountInString(s.label()) - (room - 6) }
	if over() > max(utf8.RuneCountInString(s.Params)-leastParams, 0) {
		s.RSVP = "" // there is no room for it
	}
	s.shorten(over())
	label := s.label()
	label = " " + fit(label, room-6) + " "
	fill := strings.Repeat("-", max(room-3-utf8.RuneCountInString(label), 0))
	line := "--" + label + fill + ">"
	if s.From == "server" {
		line = "<--" + label + fill
	}
	if pad := room - utf8.RuneCountInString(line); pad > 0 {
		line += strings.Repeat("-", pad)
	}
	p.cut(b, styleOf(s), fmt.Sprintf("%*.6f |%s|", timeColumns, s.Seconds, line))
}
