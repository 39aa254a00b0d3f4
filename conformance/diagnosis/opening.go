package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// opening notes connections that did not come about, or that are not IKC.
func (w *Watch) opening(c *dialogue.Connection) {
	server, t := c.Conn.End(capture.FromServer), c.Transport
	switch {
	case c.Unreached:
		w.add(on(refused, c, wire.Server, c.Opened, server, c.Notes[len(c.Notes)-1].Text))
	case t != nil && !t.Established && c.Ends[wire.Server] != nil && c.Ends[wire.Server].How == capture.RST:
		w.add(on(refused, c, wire.Server, c.Ends[wire.Server].At, server, fmt.Sprintf("%s refused the connection: it answered the SYN by RST", server)))
	case t != nil && !t.Established && t.SYNs > 0:
		text := fmt.Sprintf("%s did not answer the SYN", server)
		if t.SYNs > 1 {
			text = fmt.Sprintf("%s answered none of %d SYNs, the last %s after the first", server, t.SYNs, lasting(t.LastSYN.Time.Sub(c.Opened.Time)))
		}
		w.add(on(noAnswerToSYN, c, wire.Client, t.LastSYN, server, text))
	case c.IsIKC || c.Control != nil:
	case c.Foreign == dialogue.ForeignSilent && c.MayBeIKC():
	case c.Foreign == dialogue.ForeignSilent && c.Ends[wire.Client] != nil:
		w.add(on(bare, c, wire.Client, c.Ends[wire.Client].At, server, fmt.Sprintf("the client connected to %s and closed (%s) %s later, without a word",
			server, c.Ends[wire.Client].How, lasting(c.Ends[wire.Client].At.Time.Sub(c.Opened.Time)))))
	case c.Foreign != "" && c.Foreign != dialogue.ForeignSilent && c.Foreign != dialogue.ForeignUnknown:
		w.add(on(otherProtocol, c, wire.Client, c.Opened, c.Foreign+" "+server, c.Notes[len(c.Notes)-1].Text))
	}
}

// negotiation notes what went wrong with it.
func (w *Watch) negotiation(c *dialogue.Connection) {
	n := c.Negotiation
	if c.Joined || c.Unreached {
		return
	}
	w.serializers(c)
	switch {
	case n.Partial:
	case !n.Complete && c.AnyWithheld(): // see transport
	case !n.Complete:
		w.broken(c)
	default:
		last := n.Lines[len(n.Lines)-1]
		took, ok := c.NegotiationTook()
		if !ok || took < dialogue.SlowNegotiation {
			break
		}
		before, from := c.Opened.Time, wire.Client
		longest := time.Duration(0)
		for _, l := range n.Lines {
			if d := l.At.Time.Sub(before); d > longest {
				longest, from = d, l.From
			}
			before = l.At.Time
		}
		w.add(on(slowNegotiation, c, from, last.At, c.Conn.End(capture.FromServer), fmt.Sprintf("the negotiation took %s, of which the %s had to be waited for %s", lasting(took), from, lasting(longest))))
	}
}

// serializers notes those that the server refused.
func (w *Watch) serializers(c *dialogue.Connection) {
	if c.Negotiation.Complete && c.Negotiation.Dialect == wire.IKC0 {
		return // nobody said NOT
	}
	turns, _ := dialogue.ServerTurns(c.Negotiation.Sound())
	for _, t := range turns {
		if t.Ask == dialogue.AskFreezer && t.Reply != nil && t.Reply.Text == "NOT" {
			name := strings.TrimSpace(strings.TrimPrefix(t.Line.Text, "FREEZER "))
			w.add(on(refusedSerializer, c, wire.Server, t.Reply.At, name, fmt.Sprintf("the server refused the serializer %s", name)))
		}
	}
}

// broken notes a negotiation that did not come to its end.
func (w *Watch) broken(c *dialogue.Connection) {
	lines := c.Negotiation.Lines
	after := "before any line"
	stamp := c.Opened
	if len(lines) > 0 {
		last := lines[len(lines)-1]
		stamp = last.At
		after = fmt.Sprintf("after the %s's %q", last.From, clipLine(last.Text))
	}
	var first *capture.Closed
	side := wire.Client
	for i, e := range c.Ends {
		if e != nil && e.How != capture.Forgotten && (first == nil || e.At.Time.Before(first.At.Time)) {
			first, side = e, wire.Role(i)
		}
	}
	if first == nil {
		if len(lines) > 0 && !c.Cut {
			w.add(on(brokeOff, c, lines[len(lines)-1].From.Other(), stamp, c.Conn.End(capture.FromServer), fmt.Sprintf("the negotiation stands still %s, to the end of the capture", after)))
		}
		return
	}
	if n := len(lines); n > 0 && lines[n-1].From == side {
		after += fmt.Sprintf(", to which the %s said nothing", side.Other())
	}
	w.add(on(brokeOff, c, side, first.At, c.Conn.End(capture.FromServer), fmt.Sprintf("the %s closed (%s) %s %s; the negotiation was not complete", side, first.How,
		lasting(first.At.Time.Sub(stamp.Time)), after)))
}

// clipLine cuts a line of a negotiation for people.
func clipLine(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
