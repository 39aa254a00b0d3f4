package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// client plays one side of one connection of the recording. It is for one goroutine.
type client struct {
	p       *player
	index   int
	cfg     probe.Config
	conn    *probe.Conn
	old     wire.Peer                // the other side, as recorded
	name    string                   // that its program chose
	in, out codecs                   // for what comes, and what goes
	sent    few[time.Time]           // when calls went out that nothing came back for yet
	rsvps   few[wire.Address]        // of calls of the other side, by frame of the recording
	silent  few[specifier.Specifier] // calls that got no answer then
	aside   aside
	says    wire.Message // what is sent
	ready   []byte       // the frame of what is sent next, nil if there is none yet
	said    wire.Message // what was said then
	was     []byte       // the octets of the params of said, nil if there is no telling
	got     wire.Message // what was received last
	quit    func() bool
	lost    error
	message []byte // the image of got, valid until the next is received
}

// codecs are those of the recording and of what is said now.
type codecs struct{ then, now compare.Codec }

// rsvpState is what the states begin with that answers go to now.
const rsvpState = "replayed"

// maxReceived bounds the octets that come while one thing is waited for: it must be possible to
// wait for the largest frame.
const maxReceived = 2 * wire.DefaultMaxFrame

// prepare is who plays a connection of the recording.
func (p *player) prepare(c *dialogue.Connection) *client {
	n := c.Negotiation
	cl := &client{p: p, index: c.Conn.Index, old: n.Peers[p.opts.Side.Other()]}
	cl.name = dialogue.ChosenName(cl.old, n.Dialect)
	then := dialogue.SerializerOf(n.Serializer)
	cl.in.then.Serializer, cl.out.then.Serializer = then, then
	cl.cfg = identity(n.Peers[p.opts.Side], n.Dialect)
	cl.cfg.Dialect, cl.cfg.Serializer, cl.cfg.Timeout, cl.cfg.MaxAside = n.Dialect, then, p.opts.Patience, maxReceived
	switch {
	case p.opts.Side == wire.Client && n.Fallback:
		cl.cfg.Dialect = wire.IKC0
	case p.opts.Side == wire.Server && !n.Fallback:
		cl.cfg.Dialect = wire.IKC0 // which takes both
	}
	if p.opts.Side == wire.Server {
		cl.cfg.Known = dialogue.Serializers() // which worker comes is not known before
	}
	return cl
}

// connect makes the connection. It is closed when ctx ends.
func (c *client) connect(ctx context.Context) (err error) {
	if c.conn, err = c.p.meet.connection(ctx, c.cfg, c.name); err != nil {
		return err
	}
	c.in.now.Serializer, c.out.now.Serializer = c.conn.Serializer(), c.conn.Serializer()
	c.quit = context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	return nil
}

// play does a step. next is the one behind it, nil if that is not known.
func (c *client) play(s, next *step) {
	switch {
	case c.lost != nil:
	case s.sends:
		c.lost = c.send(s)
	case s.own && c.p.opts.OnlyReplies:
	default:
		c.await(s, next)
	}
}

// send sends a message that was recorded, under the names of now.
func (c *client) send(s *step) (err error) {
	frame := c.ready
	if c.ready = nil; frame == nil {
		if frame, err = c.frame(s); err != nil || frame == nil {
			return err
		}
	}
	switch {
	case s.kind != dialogue.Call:
	case s.silent:
		c.silent.note(s.request, s.to)
	default:
		c.sent.note(s.request, time.Now())
	}
	return c.conn.SendOctets(frame)
}

// prepare makes the frame of what is sent next, before what comes first is waited for. If it
// cannot, send tells.
func (c *client) prepare(next *step) {
	if next != nil && next.sends && next.kind != dialogue.Answer {
		c.ready, _ = c.frame(next)
	}
}

// frame is a message that was recorded, under the names of now; nil if there is nobody for it.
func (c *client) frame(s *step) ([]byte, error) {
	m := &c.says
	if err := c.out.then.Read(s.image, m); err != nil {
		return nil, err
	}
	rename(m.Params, s.image, c.old.ID, c.conn.Peer.ID)
	switch {
	case s.kind == dialogue.Answer:
		to, ok := c.rsvps.take(s.request)
		if !ok {
			return nil, nil // to a call that did not come
		}
		m.Event = to
	case !c.knows(m.Event.Kernel):
		m.Event = atKernel(m.Event, c.conn.Peer.ID)
	}
	if m.IsCall() {
		back := m.RSVP.Specifier
		back.State = rsvpState + strconv.Itoa(s.request)
		m.RSVP = wire.At(back)
	}
	return c.out.now.Frame(m)
}

// knows tells whether a kernel may be called what it was called in the recording: it is not the
// other side, or that has the name still.
func (c *client) knows(kernel string) bool {
	return kernel == "" || kernel == c.conn.Peer.ID || slices.Contains(c.conn.Peer.Aliases, kernel) ||
		kernel != c.old.ID && !slices.Contains(c.old.Aliases, kernel)
}

// atKernel is an address at another kernel, in the form that it has.
func atKernel(a wire.Address, kernel string) wire.Address {
	if text, ok := a.AsText(); ok {
		return wire.AtString(strings.Replace(text, a.Kernel, kernel, 1))
	}
	hash := a.ToValue()
	hash.Target().Set("kernel", perl.NewBytes(kernel))
	return wire.ParseAddress("event", hash)
}

// await waits for what the other side said then, and compares it. next is what is played next, if
// that is known.
func (c *client) await(s, next *step) {
	if c.lost = c.in.then.Read(s.image, &c.said); c.lost != nil {
		return
	}
	c.was = c.in.then.Params(c.said.Params)
	c.prepare(next)
	for {
		if got, ok := c.aside.take(s); ok {
			c.compare(s, got)
			return
		}
		if c.lost = c.receive(); c.lost != nil {
			if errors.Is(c.lost, os.ErrDeadlineExceeded) {
				c.lost = nil
				c.found(s, compare.Deviation{Kind: compare.Silence, Text: "nothing came"})
			}
			return
		}
		if got := (came{&c.got, c.message, time.Now()}); fits(s, placeOf(got.m), got.m) {
			c.compare(s, got)
			return
		}
		if c.lost = c.put(); c.lost != nil {
			return
		}
	}
}

// receive waits for the next message.
func (c *client) receive() (err error) {
	c.message, err = c.conn.ReceiveInto(context.Background(), &c.got)
	return err
}

// put keeps what was received until it is waited for.
func (c *client) put() error {
	m := c.got
	return c.aside.put(came{&m, bytes.Clone(c.message), time.Now()})
}

// compare holds what came against what came then.
func (c *client) compare(s *step, came came) {
	got := came.m
	sent, timed := c.sent.take(s.request)
	if s.kind == dialogue.Call {
		c.rsvps.note(s.request, got.RSVP)
	}
	old := &c.said
	c.p.counted(s.unsure)
	if old.IsError != got.IsError {
		c.found(s, compare.Deviation{Kind: compare.Outcome, Text: fmt.Sprintf("%s came, expected %s", outcome(got), outcome(old))})
		return
	}
	if s.unsure {
		return
	}
	if c.was == nil || !bytes.Equal(c.was, c.in.now.Params(got.Params)) {
		c.values(s, old, came)
	}
	if timed {
		c.p.Took(c.about(s), s.took, came.at.Sub(sent))
	}
}

func outcome(m *wire.Message) string { return compare.Reply(m.IsError, m.Params) }

// end pings, so that all that is to come has come: answers to calls that got none then, and posts
// that were not made. Then it closes. left tells that the other side may close first, as it did.
func (c *client) end(left bool) {
	if c.lost == nil {
		c.lost = c.drain()
		if left && (errors.Is(c.lost, io.EOF) || isReset(c.lost)) {
			c.lost = nil
		}
	}
	c.quit()
	_ = c.conn.Close()
	for at, list := range c.aside.all {
		s := &step{to: specifier.Specifier{Session: at.session, State: at.state}, request: at.request, kind: at.kind}
		text := "a message to it came, expected none"
		switch at.kind {
		case dialogue.Answer:
			to, ok := c.silent.take(at.request)
			if !ok {
				continue
			}
			s.to, text = to, "an answer came, expected none"
		case dialogue.ErrorReport:
			s.to, text = list[0].m.Event.Specifier, outcome(list[0].m)+" came, expected none"
		}
		for range list {
			c.found(s, compare.Deviation{Kind: compare.Outcome, Text: text})
		}
	}
}

// drain reads until a ping is answered.
func (c *client) drain() error {
	ping := c.conn.Call("", wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping))
	ping.RSVP.State = rsvpState + "0"
	if err := c.conn.Send(ping); err != nil {
		return err
	}
	for {
		if err := c.receive(); err != nil {
			return err
		}
		if c.got.Event.State == ping.RSVP.State {
			return nil
		}
		if err := c.put(); err != nil {
			return err
		}
	}
}
