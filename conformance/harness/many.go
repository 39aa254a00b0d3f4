package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	// manyRequests are more than the 200 after which SEQ-002 looks.
	manyRequests = 220
	// burstRequests go out in one write.
	burstRequests = 60
	// heldFor is how long a connection is held open after its last answer.
	heldFor = contract.HeldFor + 100*time.Millisecond
)

// requests are calls of IKC/ping and, of a target that has the conformance session, of its echo,
// each with a value of its own.
func (p *prober) requests(c *probe.Conn, n int) (list []*wire.Message) {
	for i := range n {
		if p.session && i%2 == 1 {
			list = append(list, c.Call("", contract.SessionAlias, contract.EchoState, perl.NewBytes(fmt.Sprintf("request %d", i))))
			continue
		}
		list = append(list, c.Call("", wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping)))
	}
	return list
}

// manyScenarios are about number: many requests of a connection, many at once, and two connections.
func manyScenarios() []scenario {
	const session = contract.SessionAlias
	x := perl.NewBytes("x")
	return []scenario{
		{
			name: "many requests on one connection", risk: safe, once: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message { return p.requests(c, manyRequests) })
			},
		},
		{
			name: "many requests at once", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				c, err := p.connect(ctx, p.config(), true)
				if err != nil {
					return err
				}
				defer c.Close()
				if err := c.Send(p.requests(c, burstRequests)...); err != nil {
					return err
				}
				return c.Barrier(ctx)
			},
		},
		{
			name: "two connections in turn", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				a, b, err := p.two(ctx)
				if err != nil {
					return err
				}
				defer a.Close()
				defer b.Close()
				for range 2 {
					for _, step := range []struct {
						c *probe.Conn
						m *wire.Message
					}{
						{a, a.Call("", contract.AbsentSession, "state", x)},
						{b, b.Call("", wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping))},
						{b, b.Post("", contract.AbsentSession, "state", x)},
						{a, a.Call("", wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping))},
					} {
						if err := step.c.Send(step.m); err != nil {
							return err
						}
					}
					for _, c := range []*probe.Conn{a, b} {
						if err := c.Barrier(ctx); err != nil {
							return err
						}
					}
				}
				return nil
			},
		},
		{
			name: "a count on two connections", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				a, b, err := p.two(ctx)
				if err != nil {
					return err
				}
				defer a.Close()
				defer b.Close()
				var params *perl.Value
				for _, c := range []*probe.Conn{a, b, a, b} {
					m, err := c.Ask(ctx, c.Call("", session, "count", params))
					if err != nil {
						return ignoreSilence(err)
					}
					params = perl.HashRef(perl.P(contract.CountedKey, m.Params))
				}
				return nil
			},
		},
	}
}

// two connects two probes.
func (p *prober) two(ctx context.Context) (a, b *probe.Conn, err error) {
	if a, err = p.connect(ctx, p.config(), true); err != nil {
		return nil, nil, err
	}
	if b, err = p.connect(ctx, p.config(), true); err != nil {
		return nil, nil, errors.Join(err, a.Close())
	}
	return a, b, nil
}

// held is a connection that stays open while scenarios are played on others.
type held struct {
	c     *probe.Conn
	since time.Time // when it had its last answer
}

// hold connects a probe, and has a few requests answered.
func (p *prober) hold(ctx context.Context) (*held, error) {
	c, err := p.connect(ctx, p.config(), true)
	if err != nil {
		return nil, err
	}
	h := &held{c: c}
	if err := c.Send(p.requests(c, 4)...); err != nil {
		return h, err
	}
	err = c.Barrier(ctx)
	h.since = time.Now()
	return h, err
}

// release waits until the connection has been held for long enough, and whether anything more comes
// on it before the answer to one more request.
func (h *held) release(ctx context.Context) error {
	select {
	case <-time.After(heldFor - time.Since(h.since)):
	case <-ctx.Done():
		return ctx.Err()
	}
	return h.c.Barrier(ctx)
}
