package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// client plays one connection of the recording.
type client struct {
	p          *player
	index      int
	conn       *probe.Conn
	serializer wire.Serializer
	old        wire.Peer                   // of the recorded server
	sent       map[int]time.Time           // when calls went out that nothing came back for yet
	answers    map[int]came                // that came before they were waited for, by request
	errors     []came                      // likewise
	posts      map[string][]came           // likewise, by SESSION/STATE
	rsvps      map[int]wire.Address        // of calls of the server, by frame of the recording
	silent     map[int]specifier.Specifier // calls that got no answer then
	lost       error
}

// came is a message, and when it came.
type came struct {
	m  *wire.Message
	at time.Time
}

// serializer is the one of a name, nil if it is not known here.
func serializer(name string) wire.Serializer {
	for _, z := range dialogue.Serializers() {
		if z.Name() == name {
			return z
		}
	}
	return nil
}

// rsvpState is what the states begin with that answers go to now.
const rsvpState = "replayed"

// prepare is how to connect as the recorded client did.
func (p *player) prepare(c *dialogue.Connection) func(ctx context.Context) (*client, error) {
	n := c.Negotiation
	cl := &client{p: p, index: c.Conn.Index, serializer: serializer(n.Serializer), old: n.Peers[wire.Server],
		sent: map[int]time.Time{}, answers: map[int]came{},
		posts: map[string][]came{}, silent: map[int]specifier.Specifier{}, rsvps: map[int]wire.Address{}}
	me := n.Peers[wire.Client]
	cfg := probe.Config{ID: me.ID, Name: me.ID, Dialect: n.Dialect, Serializer: cl.serializer, Timeout: p.opts.Patience, Lite: true}
	for _, name := range me.Aliases {
		if !strings.Contains(name, ":") {
			cfg.Name, cfg.Lite = name, false
		}
	}
	if n.Fallback {
		cfg.Dialect = wire.IKC0
	}
	return func(ctx context.Context) (*client, error) {
		conn, err := probe.Dial(ctx, p.opts.Network, p.opts.Address, cfg)
		if err != nil {
			return nil, err
		}
		cl.conn = conn
		return cl, nil
	}
}

// play does a step.
func (c *client) play(ctx context.Context, s *step) {
	if c.lost != nil {
		return
	}
	v, err := c.serializer.Thaw(s.image)
	var m *wire.Message
	if err == nil {
		m, err = wire.ParseMessage(v)
	}
	switch {
	case err != nil:
		c.lost = err
	case s.sends:
		c.send(s, v, m)
	default:
		c.await(ctx, s, m)
	}
}

// send sends a message of the recorded client, under the names of now.
func (c *client) send(s *step, v *perl.Value, m *wire.Message) {
	hash := v.Target() // what is not known here stays as it is
	if m.Params != nil && c.old.ID != "" {
		rename(m.Params, c.old.ID, c.conn.Peer.ID)
	}
	if s.kind == dialogue.Answer {
		to, ok := c.rsvps[s.request]
		if !ok {
			return // to a call that did not come
		}
		hash.Set("event", to.ToValue())
	} else if slices.Contains(append([]string{c.old.ID}, c.old.Aliases...), m.Event.Kernel) {
		to := m.Event.Specifier
		to.Kernel = c.conn.Peer.ID
		hash.Set("event", wire.At(to).ToValue())
	}
	if m.IsCall() {
		back := m.RSVP.Specifier
		back.State = fmt.Sprint(rsvpState, s.request)
		hash.Set("rsvp", wire.At(back).ToValue())
	}
	if m.IsCall() {
		c.sent[s.request] = time.Now()
	}
	if s.silent {
		c.silent[s.request] = s.to
	}
	image, err := c.serializer.Freeze(v)
	if err == nil {
		err = c.conn.SendImage(image)
	}
	c.lost = err
}

// rename puts another name into strings.
func rename(v *perl.Value, from, to string) {
	for _, part := range walk.Parts(nil, v) {
		if k := part.Kind(); (k == perl.Bytes || k == perl.Text) && strings.Contains(part.Str(), from) {
			part.SetStr(strings.ReplaceAll(part.Str(), from, to))
		}
	}
}

// await waits for what the recorded server said, and compares it.
func (c *client) await(ctx context.Context, s *step, old *wire.Message) {
	limit, cancel := context.WithTimeout(ctx, c.p.opts.Patience)
	defer cancel()
	for {
		if got := c.take(s); got.m != nil {
			c.compare(s, old, got)
			return
		}
		m, err := c.conn.Receive(limit)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
				c.p.found(s, &Deviation{Kind: Silence, Part: part(s.kind), Text: "nothing came"})
				return
			}
			c.lost = err
			return
		}
		c.put(m)
	}
}

// put keeps what came until it is waited for.
func (c *client) put(m *wire.Message) {
	var n int
	switch {
	case m.IsError:
		c.errors = append(c.errors, came{m, time.Now()})
	case strings.HasPrefix(m.Event.State, rsvpState):
		if _, err := fmt.Sscanf(m.Event.State, rsvpState+"%d", &n); err == nil {
			c.answers[n] = came{m, time.Now()}
		}
	default:
		key := m.Event.Session + "/" + m.Event.State
		if state, _, ok := m.Proxied(); ok {
			key = m.Event.Session + "/" + state
		}
		c.posts[key] = append(c.posts[key], came{m, time.Now()})
	}
}

// take is what came of what is waited for, the zero value if it did not yet. An error report comes
// in place of an answer, and the other way round: that is a deviation, and no silence.
func (c *client) take(s *step) came {
	if s.kind != dialogue.Answer && s.kind != dialogue.ErrorReport {
		key := s.to.Session + "/" + s.to.State
		if list := c.posts[key]; len(list) > 0 {
			c.posts[key] = list[1:]
			return list[0]
		}
		return came{}
	}
	if m, ok := c.answers[s.request]; ok {
		delete(c.answers, s.request)
		return m
	}
	if len(c.errors) > 0 {
		m := c.errors[0]
		c.errors = c.errors[1:]
		return m
	}
	return came{}
}

// compare holds what came against what came then.
func (c *client) compare(s *step, old *wire.Message, came came) {
	got := came.m
	c.p.compared(s)
	sent, timed := c.sent[s.request]
	delete(c.sent, s.request)
	if s.kind == dialogue.Call {
		c.rsvps[s.request] = got.RSVP
	}
	if old.IsError != got.IsError {
		c.p.found(s, &Deviation{Kind: Outcome, Part: part(s.kind), Text: fmt.Sprintf("%s came, expected %s", outcome(got), outcome(old))})
		return
	}
	if got.Params != nil && c.old.ID != "" {
		rename(got.Params, c.conn.Peer.ID, c.old.ID)
	}
	if s.unsure {
		c.p.unsure(s)
		return
	}
	a, b := old.Params, got.Params
	if old.IsError {
		a, b = perl.NewBytes(wire.ParseRemoteError(a).Message), perl.NewBytes(wire.ParseRemoteError(b).Message)
	}
	if a == nil {
		a = new(perl.Value)
	}
	if b == nil {
		b = new(perl.Value)
	}
	for _, d := range compare.Values(a, b, "") {
		if !c.p.mayDiffer(s, d) {
			c.p.found(s, &Deviation{Kind: string(d.Kind), Part: part(s.kind), Path: d.Path, Was: d.A, Is: d.B})
		}
	}
	slow := c.p.opts.Slower
	if took := came.at.Sub(sent); timed && slow > 0 && took-s.took >= leastSlower && took.Seconds() >= slow*s.took.Seconds() {
		c.p.found(s, &Deviation{Kind: Late, Part: part(s.kind), Was: shown(s.took), Is: shown(took)})
	}
}

// leastSlower is how much longer an answer must take to be called late.
const leastSlower = 100 * time.Millisecond

func shown(d time.Duration) string { return d.Round(time.Millisecond).String() }

func outcome(m *wire.Message) string {
	if m.IsError {
		return "an error report (" + wire.ParseRemoteError(m.Params).Message + ")"
	}
	return "an answer"
}

// part is what noise calls a message of a kind.
func part(k dialogue.Kind) string {
	switch k {
	case dialogue.Answer:
		return "answer"
	case dialogue.ErrorReport:
		return "error"
	}
	return "params"
}

// end pings, so that all that is to come has come: answers to calls that got none then, and posts
// that were not made. Then it closes.
func (c *client) end(ctx context.Context) {
	if c.lost == nil {
		if err := c.drain(ctx); err != nil && ctx.Err() == nil {
			c.lost = err
		}
	}
	_ = c.conn.Close()
	for n := range c.answers {
		if to, ok := c.silent[n]; ok {
			c.p.found(&step{to: to, request: n}, &Deviation{Kind: Outcome, Part: "answer", Text: "an answer came, expected none"})
		}
	}
	for _, m := range c.errors {
		c.p.found(&step{to: m.m.Event.Specifier}, &Deviation{Kind: Outcome, Part: "error", Text: outcome(m.m) + " came, expected none"})
	}
	for _, list := range c.posts {
		for _, m := range list {
			c.p.found(&step{to: m.m.Event.Specifier}, &Deviation{Kind: Outcome, Part: "params", Text: "a message to it came, expected none"})
		}
	}
}

// drain reads until a ping is answered.
func (c *client) drain(ctx context.Context) error {
	ping := c.conn.Call("", wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping))
	ping.RSVP.State = rsvpState + "0"
	if err := c.conn.Send(ping); err != nil {
		return err
	}
	for c.answers[0].m == nil {
		m, err := c.conn.Receive(ctx)
		if err != nil {
			return err
		}
		c.put(m)
	}
	delete(c.answers, 0)
	return nil
}
