package dialogue

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// WriteOptions tell how a conversation is shown. The zero value shows a line a message.
type WriteOptions struct {
	// Values shows parameters whole, over several lines.
	Values bool
	// Width bounds the parameters on a line, in octets; 0 means 100.
	Width int
	// Full shows every specifier whole. Otherwise the kernel is left out where it is clear.
	Full bool
	// Columns cuts lines, unless Values; 0 leaves them whole.
	Columns int
	// Color marks kinds of messages with the escape sequences of terminals.
	Color bool
	// Sequence draws each message as an arrow between the two kernels, Columns wide, or 100.
	Sequence bool
	// Filter, if not nil, says what is shown.
	Filter *Filter
	// Remarks, if not nil, says what is worth knowing at the end of a connection.
	Remarks Remarks

	evidence bool // a step is for a report, which bounds strings itself
}

// Remarks say what is worth knowing of connections, see package diagnosis. They are asked with each
// part, and answer with the last.
type Remarks interface {
	Remarks(*Part) []Remark
}

// Remark is a line at the end of a connection.
type Remark struct {
	Problem
	// ID and Severity are those of a kind of notice; empty if it is of none.
	ID, Severity string
}

// remarks are the lines at the end of a connection. asked tells that said is what Remarks said of
// it, which is better than what was noted of what it says something.
func remarks(c *Connection, said []Remark, asked bool) (out []Remark) {
	for side, p := range c.Broken {
		if p != nil && c.IsIKC && !asked {
			q := *p
			q.Text = fmt.Sprintf("what the %s sent cannot be read on from octet %d (packet %d): %s", wire.Role(side), p.Offset, p.At.Packet, p.Text)
			out = append(out, Remark{Problem: q})
		}
	}
	for _, n := range c.Notes {
		if covered := asked && (n.Twin || len(said) > 0 && (!c.IsIKC || c.Unreached)); !covered {
			out = append(out, Remark{Problem: n})
		}
	}
	return append(out, said...)
}

// Write shows a connection to people: who talks to whom, then a line for each line and message with
// the time since the connection opened.
func Write(w io.Writer, c *Connection, opts WriteOptions) error {
	return NewPrinter(w, opts).Part(&Part{Connection: c, First: true, Last: true, Items: c.Items, Begun: c.Exchanges, Exchanges: c.Exchanges})
}

// summary tells what was negotiated.
func summary(c *Connection) string {
	n := c.Negotiation
	switch {
	case c.Joined:
		return "  the capture joined this connection in the middle; what was negotiated is unknown\n"
	case n.Partial:
		return "  octets of the negotiation are missing; what was agreed is not known\n"
	case !n.Complete:
		return "  the negotiation was not completed\n"
	}
	how := n.Dialect.String()
	if n.Fallback {
		how += " after a refused SETUP"
	}
	if n.Unheeded {
		how += " after a SETUP without an answer"
	}
	return fmt.Sprintf("  %s, %s; client %s; server %s\n", how, n.Serializer, kernel(n.Peers[wire.Client]), kernel(n.Peers[wire.Server]))
}

func kernel(p wire.Peer) string {
	s := p.ID
	if len(p.Aliases) > 0 {
		s += " (" + strings.Join(p.Aliases, ", ") + ")"
	}
	if p.PID != "" {
		s += " pid " + p.PID
	}
	return s
}

// isHave tells whether a message asks for a subscription.
func isHave(m *Message) bool { return m.To.Session == wire.SessionIKC && m.To.State == wire.StateHave }

// What says what a message is for, in a word or two.
func (m *Message) What() string {
	proxied := m.Event.State == specifier.ProxyState
	switch {
	case m.Kind == Call && isHave(m):
		return "subscribe request"
	case m.Kind == Post && m.Relation != nil && (m.Relation.Kind == Response || m.Relation.Kind == Astray):
		return "response"
	case m.Kind == Post && m.Exchange != nil && m.Exchange.asks:
		return "post_respond"
	case m.Kind == Post && proxied:
		return "proxied post"
	case m.Kind == Call && proxied:
		return "proxied call"
	}
	return m.Kind.String()
}

// headline says what a message is, but for its parameters and its rsvp.
func (m *Message) headline(c *Connection, opts WriteOptions) string {
	var b strings.Builder
	b.WriteString(m.What())
	switch m.Kind {
	case Answer:
		if m.Relation != nil {
			b.WriteString(m.Relation.text(m))
			break
		}
		b.WriteString(m.answersWhat())
		if x := m.Exchange; x != nil && isHave(x.Request) {
			b.WriteString(map[bool]string{true: " accepted", false: " refused"}[m.Params().Kind() == perl.Ref])
		}
	case ErrorReport:
		if m.Exchange != nil {
			b.WriteString(" on " + frameNumber(m.Exchange.Request.Frame.Number, m.Exchange.Request.Frame.AtLeast))
		}
		if !m.IsError {
			b.WriteString(" without is_error (!)")
		}
	default:
		b.WriteString(" " + brief(c, m.To, m.Frame.From.Other(), opts))
		if m.To.Arg != "" {
			b.WriteString("?" + m.To.Arg)
		}
	}
	if m.Kind == Post && m.Relation != nil {
		b.WriteString(m.Relation.text(m))
	}
	if m.WantArray {
		b.WriteString(" in list context")
	}
	if m.From.Present() && m.Kind != Answer {
		from := m.From.Specifier
		if !opts.Full {
			from.State = ""
		}
		b.WriteString(" from " + brief(c, from, m.Frame.From, opts))
	}
	return b.String()
}

// answersWhat says which call an answer is for, as far as that is known, and how long it took.
func (m *Message) answersWhat() string {
	var b strings.Builder
	c, x := m.Candidates(), m.Exchange
	switch {
	case c.Count == 0 && c.Unseen:
		return " to a call that the capture does not show"
	case c.Count == 0 && x != nil:
		return " to " + frameNumber(x.Request.Frame.Number, x.Request.Frame.AtLeast) + " again (!)"
	case c.Count == 0:
		return " to one of more calls than are kept"
	case c.Count == 1:
		b.WriteString(" to " + frameNumber(c.First[0].Number, x != nil && x.Request.Frame.AtLeast))
	default:
		fmt.Fprintf(&b, " to one of %s", Numbered(c.Numbers(), c.Count, ""))
	}
	if c.Elsewhere {
		b.WriteString(" or a call of another connection")
	}
	if c.Unseen {
		b.WriteString(" or an earlier call")
	}
	if d, atLeast, ok := m.Took(); ok {
		b.WriteString(" after ")
		if atLeast {
			b.WriteString("at least ")
		}
		b.WriteString(d.Round(time.Microsecond).String())
	}
	return b.String()
}

// text says what a message belongs to.
func (r *Relation) text(m *Message) string {
	numbers := Candidates{First: r.Candidates, Newest: r.newest}.Numbers()
	what := map[RelationKind]string{Response: " to ", ToSender: " to the sender of ", Astray: " to "}[r.Kind]
	if r.Count > 1 {
		what += "one of "
	}
	what += Numbered(numbers, r.Count, "")
	if r.Elsewhere {
		what += fmt.Sprintf(" of connection %d", r.Conn)
	}
	took, atLeast := r.Took(m)
	if what += " after "; atLeast {
		what += "at least "
	}
	return what + took.Round(time.Microsecond).String()
}

// Numbered names calls by their frames, with what they have in common. There are count of them: the
// first, and the last.
func Numbered(numbers []int, count int, what string) string {
	var b strings.Builder
	for i, n := range numbers {
		switch {
		case i > 0 && i == len(numbers)-1 && count > len(numbers):
			b.WriteString(" ... ")
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "#%d", n)
	}
	if count > len(numbers) {
		what = strings.TrimSuffix(fmt.Sprintf("%d calls, %s", count, what), ", ")
	}
	if what != "" {
		b.WriteString(" (" + what + ")")
	}
	return b.String()
}

// brief writes a specifier without its kernel if that is the side it belongs to.
func brief(c *Connection, spec specifier.Specifier, side wire.Role, opts WriteOptions) string {
	if opts.Full || spec.Kernel != "" && !slices.Contains(c.Negotiation.Names(side), spec.Kernel) {
		return spec.String()
	}
	if spec.State == "" {
		return spec.Session
	}
	return spec.Session + "/" + spec.State
}

// Times writes how many replies there were, of which no more than maxReplies may have been kept.
func Times(n int) string {
	if n == maxReplies {
		return fmt.Sprintf("%d or more", n)
	}
	return strconv.Itoa(n)
}

// ending says what there is to say at the end of a connection, if its closings are not among the
// items.
func ending(c *Connection) string {
	closed := slices.DeleteFunc(slices.Clone(c.Ends[:]), func(e *capture.Closed) bool { return e == nil })
	slices.SortStableFunc(closed, func(x, y *capture.Closed) int { return cmp.Compare(x.At.Packet, y.At.Packet) })
	var parts []string
	shown := false
	for _, e := range closed {
		shown = shown || c.closings && e.How != capture.Forgotten
		parts = append(parts, fmt.Sprintf("%s closed (%s) at %.6f", role(e.From), e.How, e.At.Time.Sub(c.Opened.Time).Seconds()))
	}
	switch {
	case c.Cut:
		return "  the capture is cut short here"
	case len(parts) == 0:
		return "  still open at the end of the capture"
	case shown:
		return ""
	}
	return "  " + strings.Join(parts, ", ")
}

func indent(s string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n      ") + "\n"
}
