package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Watch notices what there is of one connection, part by part. It is for one goroutine.
type Watch struct {
	notices []*Notice
	left    map[*Kind]int // that there was no room for
	room    *atomic.Int64 // shared with the other watches
	taken   int64
	runs    []sharing
	ends    [2]int64 // by wire.Role: where its last frame ended in the stream
	foreign []foreign
	// By wire.Role, what a side has said that the other may react to, and what nothing explains.
	reasons     [2]reasons
	unexplained []unexplained
	// unread is, by wire.Role, the last frame that could not be read.
	unread [2]*dialogue.Frame
}

// Bounds of what is kept of a connection, and octets of all connections that are open.
const (
	maxNotices = 64
	maxRuns    = 1000
	maxForeign = 64
	maxText    = 600
	maxOctets  = 16 << 20
)

// sharing are calls with one rsvp of which some got no answer, and one of them.
type sharing struct {
	*dialogue.Run
	first Notice
}

// foreign is a kernel that is neither side of the connection, to which something is addressed.
type foreign struct {
	kernel string
	first  Notice
}

// add notes something, or counts it if the same was noted before. n is how many calls it is about.
func (w *Watch) add(n Notice) {
	if n.Count == 0 {
		n.Count = 1
	}
	for _, have := range w.notices {
		if have.Kind == n.Kind && have.About == n.About {
			have.Count += n.Count
			return
		}
	}
	n.About, n.Text = clip(n.About), clip(n.Text)
	size := int64(len(n.About) + len(n.Text) + 200)
	if len(w.notices) == maxNotices || w.room.Add(-size) < 0 {
		if len(w.notices) < maxNotices {
			w.room.Add(size)
		}
		if w.left == nil {
			w.left = map[*Kind]int{}
		}
		w.left[n.Kind] += n.Count
		return
	}
	w.taken += size
	w.notices = append(w.notices, &n)
}

// again counts something that was noted before, once more.
func (w *Watch) again(k *Kind, about string) bool {
	for _, have := range w.notices {
		if have.Kind == k && have.About == about {
			have.Count++
			return true
		}
	}
	return false
}

// clip cuts a text, which it copies, not to keep what it was cut from.
func clip(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return strings.Clone(s)
}

// release gives back what the watch took of what all may keep.
func (w *Watch) release() { w.room.Add(w.taken); w.taken = 0 }

// Part looks at a part of a connection.
func (w *Watch) Part(p *dialogue.Part) {
	c := p.Connection
	if c.IsIKC {
		for _, item := range p.Items {
			if f, ok := item.(*dialogue.Frame); ok {
				w.frame(c, f)
			}
		}
		for _, x := range p.Begun {
			w.addressed(c, x)
		}
		if p.Last {
			w.transport(c)
		}
		for _, x := range p.Exchanges {
			w.exchange(p, x)
		}
	}
	if p.Last {
		w.over(c)
	}
}

// at makes a notice of a frame.
func at(k *Kind, c *dialogue.Connection, f *dialogue.Frame, about, text string) Notice {
	return Notice{Kind: k, About: about, Text: text, From: f.From, Frame: f.Number, At: f.At, Since: f.At.Time.Sub(c.Opened.Time)}
}

// on makes a notice of what is in no frame.
func on(k *Kind, c *dialogue.Connection, from wire.Role, stamp capture.Stamp, about, text string) Notice {
	return Notice{Kind: k, About: about, Text: text, From: from, At: stamp, Since: stamp.Time.Sub(c.Opened.Time)}
}

// frame looks at what a frame shows by itself.
func (w *Watch) frame(c *dialogue.Connection, f *dialogue.Frame) {
	w.ends[f.From] = f.End()
	if f.Message == nil {
		w.unread[f.From] = f
	} else {
		w.weigh(c, f)
	}
	switch m := f.Message; {
	case f.TooLarge:
	case f.Err != nil && c.Negotiation.Serializer == freezeThaw && countsCharacters(f.Image):
		w.add(at(characters, c, f, "", fmt.Sprintf("%s of the %s is a FreezeThaw text whose counts are of characters, not of octets: it holds wide characters", frameNumber(f), f.From)))
	case f.Err != nil && w.again(unreadable, f.From.String()):
	case f.Err != nil:
		w.add(at(unreadable, c, f, f.From.String(), fmt.Sprintf("%s of the %s cannot be read: %v", frameNumber(f), f.From, f.Err)))
	case m.Kind == dialogue.ErrorReport:
		w.report(c, f, m)
	case c.Negotiation.Serializer == wire.DefaultSerializer && holdsBooleans(f):
		w.add(at(booleans, c, f, f.From.String(), fmt.Sprintf("%s of the %s holds booleans, which a Perl before 5.38 cannot read", frameNumber(f), f.From)))
	}
}

// report notes an error report.
func (w *Watch) report(c *dialogue.Connection, f *dialogue.Frame, m *dialogue.Message) {
	e := wire.ParseRemoteError(m.Params())
	operation := e.Operation
	if operation == "" {
		operation = "no operation"
	}
	on, about := "", operation
	if x := m.Exchange; x != nil && x.Request != m {
		about += " " + state(x)
		on = fmt.Sprintf(" on %s", what(x))
	}
	if w.again(errorReport, about) {
		return
	}
	w.add(at(errorReport, c, f, about, fmt.Sprintf("the %s reported an error%s (%s): %s", f.From, on, operation, e.Message)))
}

// addressed notes what is addressed to a kernel that is neither side, as far as both are known.
func (w *Watch) addressed(c *dialogue.Connection, x *dialogue.Exchange) {
	m := x.Request
	kernel := m.Event.Kernel
	if kernel == "" || !c.Negotiation.Complete || kernel == c.Negotiation.Peers[m.Frame.From.Other()].ID {
		return
	}
	for _, p := range c.Negotiation.Peers {
		if p.ID == kernel || slices.Contains(p.Aliases, kernel) {
			return
		}
	}
	for i := range w.foreign {
		if w.foreign[i].kernel == kernel {
			w.foreign[i].first.Count++
			return
		}
	}
	if len(w.foreign) == maxForeign {
		return
	}
	n := at(nobody, c, m.Frame, clip(kernel), fmt.Sprintf("%s is addressed to kernel %s, and no kernel of the capture has this name", what(x), kernel))
	n.Count, n.Text = 1, clip(n.Text)
	w.foreign = append(w.foreign, foreign{strings.Clone(kernel), n})
}

// over notes what is known when the connection has ended.
func (w *Watch) over(c *dialogue.Connection) {
	for _, n := range c.Notes {
		if n.Twin {
			w.add(on(twins, c, n.From, n.At, n.Text, n.Text))
		}
	}
	if c.IsIKC {
		w.sharing(c)
		w.withoutReason(c)
		w.negotiation(c)
		for side, p := range c.Broken {
			if p != nil && p.At.Packet < c.WithheldSince(wire.Role(side).Other()) { // else see transport
				w.add(on(unreadable, c, wire.Role(side), p.At, "rest of the "+wire.Role(side).String(), fmt.Sprintf("what the %s sent cannot be read on from octet %d (packet %d): %s",
					wire.Role(side), p.Offset, p.At.Packet, p.Text)))
			}
		}
	}
	for _, l := range c.Losses {
		if c.IsIKC && (l.Kind == dialogue.LostOctets || l.Kind == dialogue.LostTwice) {
			w.add(on(gaps, c, l.From, l.At, "", fmt.Sprintf("of the %s: %s", l.From, l.Text)))
		}
	}
	w.opening(c)
}

// sharing notes the runs of calls with one rsvp of which some got no answer.
func (w *Watch) sharing(c *dialogue.Connection) {
	for _, r := range w.runs {
		if n := r.Unanswered(); n > 0 && !r.Sure() {
			about := dialogue.Numbered(r.Numbers(), r.Calls(), "same rsvp")
			r.first.About, r.first.Text = about, fmt.Sprintf("%d of %s got no answer", n, about)
			w.add(r.first)
		}
	}
	w.runs = nil
}
