package shadow

import (
	"bytes"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	// maxOpen bounds the calls of a connection that wait for one of the two, and what servers said
	// unasked. Calls beyond that are not compared.
	maxOpen = 4096
	// maxSent is how many requests back an answer is found to belong to.
	maxSent = 4096
	// maxEarly bounds the octets of what a client says before the other server is reached.
	maxEarly = 1 << 20
)

// pair is a connection of a client with the real server, and its copy.
type pair struct {
	w       *worker
	number  int
	conns   [2]*capture.Conn
	read    [2]*dialogue.Connection // nil until something of it was read
	copy    *copied                 // nil until the client has negotiated
	old     wire.Peer               // the real server
	now     *wire.Peer              // the other, nil until it is reached
	early   []*dialogue.Frame       // to be sent then
	waiting int                     // octets of them
	sent    []int                   // of the frame n that was sent, at n modulo its size, which of the client it was
	count   int                     // how many frames were sent

	requests map[int]*request          // that wait for one of the two, by frame of the client
	unasked  map[string]*unasked       // by SESSION/STATE
	nUnasked int                       // how many
	calls    map[int]wire.Address      // where the other wants the answer to a call of the real server, by its frame
	answers  map[int]*dialogue.Message // of the client to such calls, that the other has not made yet

	ended   time.Time // when the client or the real server ended it
	held    int       // octets of the worker's
	dropped bool      // there is no copy any more
	lost    bool      // the copy ended after the connection
	gone    bool
}

// request is what a client asked, and what came back.
type request struct {
	to     specifier.Specifier
	at     time.Time // when it was looked at, or the first reply was
	reply  [2]*dialogue.Message
	took   [2]time.Duration
	unsure bool
}

// unasked are posts and calls of one server that the other has not made.
type unasked struct {
	side int
	list []saying
}

type saying struct {
	m  *dialogue.Message
	at time.Time // when it was looked at
}

// look looks what became of the connection by what was read last.
func (p *pair) look() {
	c := p.read[genuine]
	switch {
	case p.dropped || c == nil:
	case c.Broken[wire.Client] != nil || c.Broken[wire.Server] != nil || c.Gaps:
		p.drop("what passes cannot be read")
	case p.copy == nil && c.Negotiation.Complete:
		if dialogue.SerializerOf(c.Negotiation.Serializer) == nil {
			p.drop("the serializer is not known: " + c.Negotiation.Serializer)
			return
		}
		p.old = c.Negotiation.Peers[wire.Server]
		p.copy = p.w.reach(p, c.Negotiation)
	case p.read[also] == nil:
	case p.read[also].Broken[wire.Server] != nil:
		p.drop("what it says cannot be read: " + p.read[also].Broken[wire.Server].Text)
	case p.read[also].Gaps:
		p.drop("what it says takes too much memory")
	}
}

// observe is told of each line and frame.
func (p *pair) observe(side int, c *dialogue.Connection, item dialogue.Item) {
	p.read[side] = c
	f, ok := item.(*dialogue.Frame)
	if !ok || p.dropped {
		return
	}
	m := f.Message
	switch {
	case f.From == wire.Client && side == also: // that is what was sent
	case m == nil:
		if side == genuine {
			p.drop("a frame cannot be read")
		} else {
			p.drop("a frame of it cannot be read: " + f.Err.Error())
		}
	case f.From == wire.Client:
		p.asked(m)
	case m.Kind == dialogue.Answer || m.Kind == dialogue.ErrorReport:
		p.replied(side, m)
	default:
		p.said(side, m)
	}
}

// asked handles what the client said.
func (p *pair) asked(m *dialogue.Message) {
	switch m.Kind {
	case dialogue.ErrorReport: // on what the real server said
	case dialogue.Answer:
		if m.Exchange == nil {
			return
		}
		n := m.Exchange.Request.Frame.Number
		if rsvp, ok := p.calls[n]; ok {
			delete(p.calls, n)
			p.send(m.Frame, &rsvp)
		} else if len(p.answers) < maxOpen {
			p.answers[n] = m
			p.hold(m)
		}
	default:
		if m.Kind == dialogue.Call {
			p.w.count(func(r *Report) { r.Calls++ })
			if len(p.requests) < maxOpen {
				p.requests[m.Frame.Number] = &request{to: m.To, at: time.Now()}
			} else {
				p.w.count(func(r *Report) { r.Unsure++ })
			}
		} else {
			p.w.count(func(r *Report) { r.Posts++ })
		}
		if p.now != nil {
			p.send(m.Frame, nil)
			return
		}
		if p.waiting += len(m.Frame.Image); p.waiting > maxEarly {
			p.drop("it was not reached before the client had said much")
			return
		}
		p.early = append(p.early, m.Frame)
	}
}

// ready is told when the other server was reached.
func (p *pair) ready(peer *wire.Peer) {
	p.now = peer
	p.w.count(func(r *Report) { r.Copied++ })
	for _, f := range p.early {
		if !p.dropped {
			p.send(f, nil)
		}
	}
	p.early, p.waiting = nil, 0
}

// send sends a frame of the client to the other server, to rsvp if that is not nil.
func (p *pair) send(f *dialogue.Frame, rsvp *wire.Address) {
	image, err := p.mapped(f, rsvp)
	if err != nil {
		p.drop("a frame cannot be sent under other names: " + err.Error())
		return
	}
	octets := wire.AppendFrame(nil, image)
	if !p.copy.send(octets) {
		p.drop("it does not read what is sent")
		return
	}
	p.count++
	if len(p.sent) < maxSent {
		p.sent = append(p.sent, f.Number)
	} else {
		p.sent[(p.count-1)%maxSent] = f.Number
	}
	ev := &capture.Data{Conn: p.conns[also], From: capture.FromClient, At: capture.Stamp{Time: time.Now()}, Bytes: octets}
	p.w.later(func() { p.w.sides[also].Take(ev) })
}

// mapped is the image of a frame as the other server is to get it: as it was, unless it has names
// of the real one.
func (p *pair) mapped(f *dialogue.Frame, rsvp *wire.Address) ([]byte, error) {
	names := append([]string{p.now.ID}, p.now.Aliases...)
	kernel := f.Message.Event.Kernel
	renamed := p.old.ID != p.now.ID && bytes.Contains(f.Image, []byte(p.old.ID))
	olds := append([]string{p.old.ID}, p.old.Aliases...)
	readdressed := kernel != p.now.ID && slices.Contains(olds, kernel) && !slices.Contains(names, kernel)
	if rsvp == nil && !renamed && !readdressed {
		return f.Image, nil
	}
	z := dialogue.SerializerOf(p.read[genuine].Negotiation.Serializer)
	v, err := z.Thaw(f.Image)
	if err != nil {
		return nil, err
	}
	if renamed {
		walk.Rename(v, p.old.ID, p.now.ID)
	}
	switch {
	case rsvp != nil:
		v.Target().Set("event", rsvp.ToValue())
	case readdressed:
		to := f.Message.Event.Specifier
		to.Kernel = p.now.ID
		v.Target().Set("event", wire.At(to).ToValue())
	}
	return z.Freeze(v)
}

// replied handles an answer or an error report of a server.
func (p *pair) replied(side int, m *dialogue.Message) {
	if m.Exchange == nil {
		p.w.count(func(r *Report) { r.Unsure++ })
		return
	}
	n := m.Exchange.Request.Frame.Number
	if side == also {
		if n > p.count || n <= p.count-maxSent {
			return
		}
		n = p.sent[(n-1)%maxSent]
	}
	r := p.requests[n]
	if r == nil {
		if len(p.requests) >= maxOpen || m.Exchange.Request.Kind == dialogue.Call { // not compared
			return
		}
		r = &request{to: m.Exchange.Request.To, at: time.Now()}
		p.requests[n] = r
	}
	if r.reply[side] != nil {
		return
	}
	r.reply[side], r.took[side] = m, m.Frame.At.Time.Sub(m.Exchange.Request.Frame.At.Time)
	r.unsure = r.unsure || m.Exchange.Ambiguous
	p.hold(m)
	if r.reply[genuine] != nil && r.reply[also] != nil {
		delete(p.requests, n)
		p.release(r.reply[genuine])
		p.release(r.reply[also])
		p.compare(n, r)
	}
}

// said handles a post or a call of a server.
func (p *pair) said(side int, m *dialogue.Message) {
	key := m.To.Session + "/" + m.To.State
	u := p.unasked[key]
	if u == nil || len(u.list) == 0 {
		u = &unasked{side: side}
		p.unasked[key] = u
	}
	if u.side == side {
		if u.list = append(u.list, saying{m, time.Now()}); p.nUnasked >= maxOpen {
			p.drop("one of the two says much that the other does not")
		}
		p.nUnasked++
		p.hold(m)
		return
	}
	both := [2]*dialogue.Message{}
	both[side], both[u.side] = m, u.list[0].m
	if u.list = u.list[1:]; len(u.list) == 0 {
		delete(p.unasked, key)
	}
	p.nUnasked--
	p.release(both[u.side])
	p.compareSaid(both)
	if m.Kind != dialogue.Call || both[genuine].Kind != dialogue.Call || both[also].Kind != dialogue.Call {
		return
	}
	n, rsvp := both[genuine].Frame.Number, both[also].RSVP
	if answer := p.answers[n]; answer != nil {
		delete(p.answers, n)
		p.release(answer)
		p.send(answer.Frame, &rsvp)
	} else if len(p.calls) < maxOpen {
		p.calls[n] = rsvp
	}
}

// hold counts a message that waits for what the other server says.
func (p *pair) hold(m *dialogue.Message) {
	p.held += len(m.Frame.Image)
	if p.w.held += len(m.Frame.Image); p.w.held > maxHeld {
		p.drop("much of what one of the two says waits for the other")
	}
}

// release ends that; m may be nil.
func (p *pair) release(m *dialogue.Message) {
	if m != nil {
		p.held -= len(m.Frame.Image)
		p.w.held -= len(m.Frame.Image)
	}
}

// drop ends the copy, and says why.
func (p *pair) drop(why string) {
	if p.dropped {
		return
	}
	p.dropped = true
	p.w.opts.Logger.Warn("shadow: no copy any more", "conn", p.number, "why", why)
	p.w.count(func(r *Report) { r.drop(why) })
	p.w.later(func() { p.forget(true) })
}

// forget lets go of what is held.
func (p *pair) forget(atOnce bool) {
	if p.copy != nil {
		p.copy.close(atOnce)
	}
	for side, c := range p.conns {
		if c != nil {
			p.w.sides[side].Drop(c)
			delete(p.w.byConn, c)
		}
	}
	p.w.held -= p.held
	p.held = 0
	p.requests, p.unasked, p.early, p.calls, p.answers = nil, nil, nil, nil, nil
}
