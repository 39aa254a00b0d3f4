package dialogue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Step is an item of a conversation as reports show it: decoded, bounded in size, and with its
// place in the capture. What cannot be seen, such as ESC and line ends, is escaped in its texts.
type Step struct {
	// Seconds since the connection opened.
	Seconds float64 `json:"seconds"`
	// From is the side that sent it: client or server.
	From string `json:"from"`
	// Packet counts from 1, 0 if unknown. Offset is its first octet in the stream of its side, and
	// Octets how many there are.
	Packet int64 `json:"packet,omitempty"`
	Offset int64 `json:"offset"`
	Octets int   `json:"octets"`
	// Frame counts the frames of a side from 1; 0 for a line. AtLeast: some before it may be missing.
	Frame   int  `json:"frame,omitempty"`
	AtLeast bool `json:"at_least,omitempty"`
	// Kind is "line", "post", "call", "answer", "error", or "unreadable" for a frame that is no
	// message, "gap" for octets that are missing, "closed" for the end of what a side
	// sends; of a Control it is "command", "reply" or "event".
	Kind string `json:"kind"`
	// Title says what it is; for a line, its text.
	Title string `json:"title"`
	// Params are the parameters on one line, about 100 octets.
	Params string `json:"params,omitempty"`
	// Value is the parameters whole, where one line did not hold them; at most MaxStepValue octets.
	Value string `json:"value,omitempty"`
	// RSVP is where the answer goes.
	RSVP string `json:"rsvp,omitempty"`
	// Answers is the other side's frame that this answers or reports on.
	Answers int `json:"answers,omitempty"`
	// Subject: it is what the exchange is shown for.
	Subject bool `json:"subject,omitempty"`
}

// MaxStepValue bounds Step.Value, and MaxStepTitle bounds Step.Title, in octets.
const (
	MaxStepValue = 2048
	MaxStepTitle = 400
)

// String is the step on one line, as Write shows it.
func (s Step) String() string {
	arrow := "C>S"
	if s.From == "server" {
		arrow = "C<S"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%12.6f  %s  ", s.Seconds, arrow)
	if s.Frame > 0 {
		fmt.Fprintf(&b, "%-4s ", s.number())
	}
	b.WriteString(s.Title)
	if s.Params != "" {
		b.WriteString("  " + s.Params)
	}
	if s.RSVP != "" {
		b.WriteString("  rsvp " + s.RSVP)
	}
	return b.String()
}

// number is how the frame is called: with a plus if some before it may be missing.
func (s Step) number() string { return frameNumber(s.Frame, s.AtLeast) }

func frameNumber(n int, atLeast bool) string {
	if atLeast {
		return fmt.Sprintf("#%d+", n)
	}
	return fmt.Sprintf("#%d", n)
}

// step makes a Step of an item.
func step(c *Connection, item Item, opts WriteOptions) Step {
	at := item.Stamp()
	s := Step{Seconds: at.Time.Sub(c.Opened.Time).Seconds(), From: item.Sender().String(), Packet: at.Packet}
	switch item := item.(type) {
	case *ControlLine:
		item.step(&s, opts)
	case *Line:
		s.Kind, s.Offset, s.Octets, s.Title = "line", item.Offset, len(item.Text)+len(item.End), item.Text
		if item.End != "\r\n" {
			s.Title += fmt.Sprintf("  (ends in %q)", item.End)
		}
	case *Loss:
		s.Kind, s.Offset, s.Octets, s.Title = "gap", item.Offset, int(max(item.Octets, 0)), "! "+item.Text
	case *Closing:
		s.Kind, s.Offset, s.Title = "closed", item.Offset, item.text(c)
	case *Frame:
		s.AtLeast = item.AtLeast
		s.Frame, s.Offset, s.Octets = item.Number, item.Offset, len(item.Head)+1+len(item.Image)
		m := item.Message
		if m == nil {
			s.Kind, s.Title = "unreadable", fmt.Sprintf("! %d octets that are no message: %v", len(item.Image), item.Err)
			break
		}
		s.Kind, s.Title = m.Kind.String(), m.headline(c, opts)
		if m.Params() != nil {
			s.Params = paramsOn(m.Params(), opts)
		}
		if m.Kind == Call {
			s.RSVP = brief(c, m.RSVP.Specifier, m.Frame.From, opts)
		}
		if x := m.Exchange; x != nil && x.Request != m && (m.Kind != Answer || m.pairing.sure()) {
			s.Answers = x.Request.Frame.Number
		}
	}
	s.Title, s.Params, s.RSVP = visible.Text(s.Title), visible.Text(s.Params), visible.Text(s.RSVP)
	return s
}

// paramsOn are parameters on one line of about so many octets. Strings are cut to that, and to less
// where there are several; those of evidence are whole.
func paramsOn(v *perl.Value, opts WriteOptions) string {
	width := opts.Width
	if opts.evidence {
		const more = 8 // octets: that the string is cut is to be seen once the whole is bounded
		return perl.Format(v, perl.FormatOptions{MaxWidth: width, MaxString: MaxStepValue + more, SortKeys: true})
	}
	text := ""
	for _, part := range []int{1, 3} {
		text = perl.Format(v, perl.FormatOptions{MaxWidth: width, MaxString: max(width/part, 8), SortKeys: true})
		if len(text) <= width+len("''...") {
			break
		}
	}
	return text
}

// around is how many items are shown before the one that a finding is about, and maxAround how many
// of an exchange.
const (
	around    = 4
	maxAround = 12
)

// Around shows what leads to an item: of a message that belongs to an exchange, the request and
// what came back; else the items before it. Of a long exchange the first steps and those around the
// item are shown.
func Around(c *Connection, item Item) []Step {
	wanted := map[Item]bool{item: true}
	if f, ok := item.(*Frame); ok && f.Message != nil && f.Message.Exchange != nil {
		x := f.Message.Exchange
		for _, list := range [][]*Message{{x.Request}, x.Answers, x.Errors, x.Misdirected} {
			for _, m := range list[:min(len(list), maxAround)] {
				wanted[m.Frame] = true
			}
		}
	}
	if l, ok := item.(*ControlLine); ok && l.Answer != nil && l.Answer.To != nil {
		wanted[l.Answer.To] = true
	}
	last := slices.Index(c.Items, item)
	if last < 0 {
		last = len(c.Items) - 1
	}
	var out []Step
	for i, it := range c.Items {
		if !wanted[it] && (len(wanted) > 1 || i < last-around || i > last) {
			continue
		}
		if len(out) == maxAround && i < last {
			out = out[:maxAround-1] // the item itself is shown in any case
		}
		if len(out) < maxAround {
			out = append(out, evidence(c, it, it == item))
		}
	}
	return out
}

// evidence is a step with its value, within bounds.
func evidence(c *Connection, item Item, subject bool) Step {
	s := step(c, item, WriteOptions{Width: 100, evidence: true})
	s.Subject = subject
	s.Title, s.Params = bounded(s.Title, MaxStepTitle), bounded(s.Params, MaxStepValue)
	if f, ok := item.(*Frame); ok && f.Message != nil && f.Message.Params() != nil {
		whole := perl.FormatOptions{SortKeys: true, MaxWidth: MaxStepValue, MaxString: MaxStepValue / 2}
		if perl.Format(f.Message.Params(), whole) != s.Params {
			whole.Indent = "  "
			s.Value = bounded(perl.Format(f.Message.Params(), whole), MaxStepValue)
		}
	}
	return s
}

// bounded cuts a text that is longer than a number of octets.
func bounded(s string, octets int) string {
	if len(s) <= octets {
		return s
	}
	return strings.ToValidUTF8(s[:octets], "") + "..."
}
