package diagnosis

import (
	"fmt"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What tells a kernel that is not there any more, or is busy, from one whose state returned
// nothing. A POE kernel closes at once when the other side has closed, unless it is in a state.
const (
	diesWithin   = time.Second
	closesWithin = 200 * time.Millisecond
	// Who waits less for an answer than this, and than some times what the other side takes to close
	// in turn, has not shown that none comes.
	hardlyWaits  = 20 * time.Millisecond
	timesToClose = 10
)

// noter adds a notice of a request.
type noter func(k *Kind, format string, args ...any)

// state is what a request is addressed to, for people.
func state(x *dialogue.Exchange) string {
	return x.Request.To.Session + "/" + x.Request.To.State
}

// request is a request that names itself for people when it is asked to.
type request struct{ *dialogue.Exchange }

// String implements fmt.Stringer.
func (r request) String() string { return what(r.Exchange) }

// what names a request for people.
func what(x *dialogue.Exchange) string {
	return fmt.Sprintf("%s %s of the %s to %s", x.Request.What(), frameNumber(x.Request.Frame), x.Request.Frame.From, state(x))
}

// exchange notes what is off about a request and what came back for it.
func (w *Watch) exchange(p *dialogue.Part, x *dialogue.Exchange) {
	c := p.Connection
	if x.Elsewhere != nil {
		w.wentElsewhere(c, x)
	}
	if n := len(x.Answers); n > 1 && !x.Answers[0].Unseen() {
		w.add(at(answeredAgain, c, x.Answers[1].Frame, state(x), fmt.Sprintf("%s was answered %s times", what(x), dialogue.Times(n))))
	}
	if !x.Asks() || len(x.Answers)+len(x.Errors) > 0 || x.Response != nil || x.Elsewhere != nil {
		return
	}
	if len(x.Misdirected) > 0 && x.Request.IsCall() {
		w.explain(x.Misdirected)
		w.add(at(misdirected, c, x.Misdirected[0].Frame, state(x), fmt.Sprintf("%s was not answered, but a message to %v came", what(x), x.Misdirected[0].Event)))
	}
	if run := x.Run(); run != nil {
		same := func(s sharing) bool { return s.Run == run }
		if n := len(w.runs); n > 0 && same(w.runs[n-1]) || n == maxRuns || slices.ContainsFunc(w.runs, same) {
			return
		}
		w.runs = append(w.runs, sharing{run, at(oneOfSeveral, c, x.Request.Frame, "", "")})
		return
	}
	w.silent(p, x)
}

// wentElsewhere notes an answer that went to another connection.
func (w *Watch) wentElsewhere(c *dialogue.Connection, x *dialogue.Exchange) {
	answer := "the answer"
	if x.Outcome() == dialogue.Unsure {
		answer = "perhaps the answer"
	}
	kind, why := answerElsewhere, "as its rsvp says"
	if x.Misled(c) {
		kind, why = astray, "which is not where the caller waits"
	}
	w.add(at(kind, c, x.Request.Frame, "", fmt.Sprintf("%s to %s went to connection %d, %s", answer, what(x), x.ElsewhereConn, why)))
}

// silent notes a request that got no answer, with the reason that the capture shows.
func (w *Watch) silent(p *dialogue.Part, x *dialogue.Exchange) {
	c, f := p.Connection, x.Request.Frame
	call := request{x}
	note := func(k *Kind, format string, args ...any) {
		if about := state(x); !w.again(k, about) {
			w.add(at(k, c, f, about, fmt.Sprintf(format, args...)))
		}
	}
	switch {
	case x.Outcome() == dialogue.Unsure && x.MayBeElsewhere():
		note(mayBeMissing, "%s may have been answered on another connection, where a kernel of the same name is", call)
		return
	case x.Outcome() == dialogue.Unsure:
		note(mayBeMissing, "%s may have got an answer that is missing here, or came for one of more calls than are kept", call)
		return
	case w.mayBeUnread(x):
		note(mayBeMissing, "%s may have been answered by %s of the %s, which cannot be read", call, frameNumber(w.unread[f.From.Other()]), f.From.Other())
		return
	case x.AnswerGoesElsewhere():
		note(rsvpElsewhere, "%s got no answer on any connection here: the rsvp names kernel %s, which is not the caller", call, x.Request.RSVP.Kernel)
		return
	case x.RepliesAfter > 0 && x.Request.IsCall():
		note(returnedNothing, "%s got no answer, and later ones did: the state returned nothing", call)
		return
	case x.RepliesAfter > 0:
		note(returnedNothing, "%s got no response, and later requests did", call)
		return
	case !p.Last:
		note(mayBeMissing, "%s had no answer when it was left, since no more is kept of the connection", call)
		return
	}
	w.unanswered(c, x, note)
}

// mayBeUnread tells whether the other side sent something later that cannot be read.
func (w *Watch) mayBeUnread(x *dialogue.Exchange) bool {
	f := w.unread[x.Request.Frame.From.Other()]
	return f != nil && !f.At.Time.Before(x.Request.Frame.At.Time)
}

// unanswered tells why a request got no answer though none that came later did.
func (w *Watch) unanswered(c *dialogue.Connection, x *dialogue.Exchange, note noter) {
	f, call := x.Request.Frame, request{x}
	peer := f.From.Other()
	if w.neverAcknowledged(c, f) {
		s := c.Transport.Sides[f.From]
		note(notAcknowledged, "%s was never acknowledged: it was sent again %s within %s", call, times(s.Repeats), lasting(s.Again.Time.Sub(f.At.Time)))
		return
	}
	if w.stalled(c, f.From) {
		note(notRead, "%s got no answer: from %s on the %s took no more octets", call,
			clock(c.Transport.Sides[f.From].FullAt.Time.Sub(c.Opened.Time)), peer)
		return
	}
	if c.Withheld(f.From, f.End()) || c.UnreadSince(peer) != dialogue.NoPacket {
		return // see transport
	}
	own, other := end(c, f.From), end(c, peer)
	switch {
	case own == nil && other == nil:
		note(stillOpen, "%s had no answer when the capture ended", call)
	case other != nil && (own == nil || !own.At.Time.Before(other.At.Time)):
		w.closedByPeer(c, x, other, note)
	default:
		w.closedByCaller(c, x, own, other, note)
	}
}

// closedByPeer notes a request that was open when the side closed that was to answer.
func (w *Watch) closedByPeer(c *dialogue.Connection, x *dialogue.Exchange, other *capture.Closed, note noter) {
	f := x.Request.Frame
	took := other.At.Time.Sub(f.At.Time)
	switch peer := f.From.Other(); {
	case took < 0:
		if last := lastBefore(c, f.From, other); last != nil && other.At.Time.Sub(last.Request.Frame.At.Time) < diesWithin {
			w.add(at(closedAtOnce, c, last.Request.Frame, state(last), fmt.Sprintf("the %s closed (%s) %s after %s; %s came %s later", peer, other.How,
				lasting(other.At.Time.Sub(last.Request.Frame.At.Time)), what(last), what(x), lasting(-took))))
			return
		}
		note(closedBefore, "%s came %s after the %s had closed (%s)", what(x), lasting(-took), peer, other.How)
	case took < diesWithin:
		text := ""
		if x.Request.Frame.Image != nil && c.Negotiation.Serializer == wire.DefaultSerializer && holdsBooleans(f) {
			text = ": it holds booleans, on which a Perl before 5.38 dies"
		}
		note(closedAtOnce, "the %s closed (%s) %s after %s, which it did not answer%s", peer, other.How, lasting(took), what(x), text)
	default:
		note(closedLater, "the %s closed (%s) %s after %s, which it had not answered", peer, other.How, lasting(took), what(x))
	}
}

// lastBefore is the last request of a side before the other closed, nil if none is kept.
func lastBefore(c *dialogue.Connection, from wire.Role, closed *capture.Closed) *dialogue.Exchange {
	for _, x := range slices.Backward(c.Exchanges) {
		if f := x.Request.Frame; f.From == from && f.At.Packet < closed.At.Packet {
			return x
		}
	}
	return nil
}

// closedByCaller notes a request whose side closed before an answer came.
func (w *Watch) closedByCaller(c *dialogue.Connection, x *dialogue.Exchange, own, other *capture.Closed, note noter) {
	f := x.Request.Frame
	waited := own.At.Time.Sub(f.At.Time)
	text := fmt.Sprintf("the %s closed (%s) %s after its %s %s to %s, which had no answer", f.From, own.How, lasting(waited), x.Request.What(), frameNumber(f), state(x))
	peer := f.From.Other()
	switch {
	case other == nil && own.How == capture.RST:
		note(gaveUpBusy, "%s", text)
	case other == nil:
		note(gaveUpBusy, "%s; the %s had not closed when the capture ended: it was busy", text, peer)
	case waited < max(hardlyWaits, timesToClose*other.At.Time.Sub(own.At.Time)) && waited < closesWithin:
		note(leftAtOnce, "%s; the %s closed %s later", text, peer, lasting(other.At.Time.Sub(own.At.Time)))
	case other.At.Time.Sub(own.At.Time) < closesWithin:
		what := "its state returned nothing"
		if !x.Request.IsCall() {
			what = "it posted nothing back"
		}
		note(gaveUp, "%s; the %s closed %s later, so it was not busy then: most likely %s", text, peer, lasting(other.At.Time.Sub(own.At.Time)), what)
	default:
		note(gaveUpBusy, "%s; the %s closed only %s later: it was busy", text, peer, lasting(other.At.Time.Sub(own.At.Time)))
	}
}

// neverAcknowledged tells whether a frame, or its end, was not acknowledged before the connection
// ended.
func (w *Watch) neverAcknowledged(c *dialogue.Connection, f *dialogue.Frame) bool {
	t := c.Transport
	if t == nil || c.Broken[f.From] != nil || t.Sides[f.From].Full > 0 {
		return false
	}
	s := t.Sides[f.From]
	return s.Unacknowledged > 0 && s.Repeats > 0 && f.End() > w.ends[f.From]-s.Unacknowledged
}

// stalled tells whether the other side of a sender had stopped reading at the end.
func (w *Watch) stalled(c *dialogue.Connection, from wire.Role) bool {
	return c.Transport != nil && c.Transport.Sides[from].FullAt.Packet != 0
}

// end is how a side closed, nil if the capture does not show it.
func end(c *dialogue.Connection, side wire.Role) *capture.Closed {
	if e := c.Shut[side]; e != nil && e.How != capture.Forgotten {
		return e
	}
	return nil
}

// times counts for people.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// clock writes a time since a connection opened, as 'inspect' shows it.
func clock(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }

// transport notes a side that does not read though no call is open, and a relay that keeps what a
// side says to itself.
func (w *Watch) transport(c *dialogue.Connection) {
	for _, from := range []wire.Role{wire.Client, wire.Server} {
		if t := c.Transport; t != nil && t.Sides[from].Withheld != "" {
			s := t.Sides[from]
			how := "swallowed"
			if s.Withheld == capture.RelayHolds {
				how = "held"
			}
			text := fmt.Sprintf("the relay %s what the %s said behind octet %d: the %s did not get it", how, from, s.WithheldFrom, from.Other())
			if !c.Negotiation.Complete {
				text += ", and the negotiation was not complete"
			}
			w.add(on(withheld, c, from, s.WithheldAt, "", text))
		}
		if w.stalled(c, from) {
			s := c.Transport.Sides[from]
			w.add(on(notRead, c, from.Other(), s.FullAt, "", fmt.Sprintf("the %s took no more octets from %s on", from.Other(), clock(s.FullAt.Time.Sub(c.Opened.Time)))))
		}
	}
}
