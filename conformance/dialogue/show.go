package dialogue

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

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
		x := m.Exchange
		if x == nil {
			b.WriteString(" to one of more calls than are kept")
			break
		}
		b.WriteString(" to " + numbered(x.Request.Frame.Number, x.Request.Frame.AtLeast))
		if x.Ambiguous {
			b.WriteString(" (by order; several calls have this rsvp)")
		}
		if len(x.Answers) > 0 && x.Answers[0] != m {
			b.WriteString(" again (!)")
		} else if d, ok := x.Took(); ok {
			fmt.Fprintf(&b, " after %v", d.Round(time.Microsecond))
		}
		if isHave(x.Request) {
			b.WriteString(map[bool]string{true: " accepted", false: " refused"}[m.Params().Kind() == perl.Ref])
		}
	case ErrorReport:
		if m.Exchange != nil {
			b.WriteString(" on " + numbered(m.Exchange.Request.Frame.Number, m.Exchange.Request.Frame.AtLeast))
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

// warnings says what is off in exchanges that can be read, but for calls without an answer, which
// it counts.
func warnings(exchanges []*Exchange) (out []string, silent int) {
	for _, x := range exchanges {
		if len(x.Answers) > 1 {
			out = append(out, fmt.Sprintf("call #%d of the %s was answered %s times", x.Request.Frame.Number, x.Request.Frame.From, times(len(x.Answers))))
		}
		if x.Request.IsCall() && len(x.Answers)+len(x.Errors) == 0 {
			silent++
			if len(x.Misdirected) > 0 {
				out = append(out, fmt.Sprintf("call #%d of the %s was not answered, but a message to %v came", x.Request.Frame.Number, x.Request.Frame.From, x.Misdirected[0].Event))
			}
		}
	}
	return out, silent
}

// times writes how many replies there were, of which no more than maxReplies may have been kept.
func times(n int) string {
	if n == maxReplies {
		return fmt.Sprintf("%d or more", n)
	}
	return strconv.Itoa(n)
}

func silence(calls int, c *Connection) string {
	if !c.Whole() {
		return fmt.Sprintf("%d calls got no answer that the capture shows; it is incomplete (and a state that returns nothing sends none)", calls)
	}
	return fmt.Sprintf("%d calls got no answer (a state that returns nothing sends none)", calls)
}

func ending(c *Connection) string {
	var parts []string
	for side, e := range c.Ends {
		if e != nil {
			parts = append(parts, fmt.Sprintf("%s closed (%s) at %.6f", wire.Role(side), e.How, e.At.Time.Sub(c.Opened.Time).Seconds()))
		}
	}
	switch {
	case c.Cut:
		return "  the capture is cut short here"
	case len(parts) == 0:
		return "  still open at the end of the capture"
	}
	return "  " + strings.Join(parts, ", ")
}

func indent(s string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n      ") + "\n"
}
