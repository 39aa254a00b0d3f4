package harness

import (
	"context"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxAtOnce is how large a value may be that is one of several sent before anything is read:
// octets, as Perl writes it. A larger one might wait for its answer to be read.
const maxAtOnce = 256 << 10

// maxInPieces is how large one may be where the stream is cut in pieces: in single octets, what is
// larger takes long, and shows nothing else.
const maxInPieces = 4 << 10

// maxValue is how large a value may be that a probe sends with others.
func (p *prober) maxValue() int {
	if p.pieces {
		return maxInPieces
	}
	return maxAtOnce
}

// responderScenarios play on one connection, whoever opened it.
func responderScenarios() []scenario {
	const session, absent = contract.SessionAlias, contract.AbsentSession
	const ping = wire.SessionIKC + "/" + wire.StatePing
	have := func(c *probe.Conn, kernel, session, state string) *wire.Message {
		spec := wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
		return c.Call("", wire.SessionIKC, wire.StateHave, perl.ArrayRef(spec.ToValue(), perl.NewBytes(c.Peer.ID)))
	}
	b := perl.NewBytes
	list := func(m *wire.Message) *wire.Message { m.WantArray = true; return m }
	asString := func(m *wire.Message, s string) *wire.Message { m.Event = wire.AtString(s); return m }
	proxied := func(m *wire.Message, args ...*perl.Value) *wire.Message {
		m.Params = perl.ArrayRef(b(m.Event.State), perl.ArrayRef(args...))
		m.Event.State = specifier.ProxyState
		return m
	}
	withArg := func(m *wire.Message, arg string) *wire.Message {
		m.Event = wire.AtString(m.Event.String() + "?" + arg)
		return m
	}
	back := func(m *wire.Message, s string) *wire.Message { m.RSVP = wire.AtString(s); return m }
	byAlias := func(c *probe.Conn, p *prober, m *wire.Message) *wire.Message {
		m.RSVP.Kernel = p.name()
		return m
	}
	anonymous := func(m *wire.Message) *wire.Message { m.From = wire.Address{}; return m }
	nowhere := func(m *wire.Message) *wire.Message { m.Event.Kernel = ""; return m }
	return []scenario{
		{
			name: "states that every kernel has", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message {
					return []*wire.Message{
						c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
						list(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
						asString(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)), "poe://"+c.Peer.ID+"/"+ping),
						asString(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)), ping),
						c.Call("SomeoneElse", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
						back(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)), "poe://"+c.Name()+"/probe/back"),
						byAlias(c, p, c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
						anonymous(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
						nowhere(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
						c.Call("", wire.SessionIKC, wire.StatePing, nil),
						c.Call("", wire.SessionIKC, wire.StatePing, perl.ArrayRef(b("anything"))),
						c.Post("", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
						c.Call("", wire.SessionIKC, wire.StateHave, perl.ArrayRef(b("poe://"+c.Peer.ID+"/"+wire.SessionIKC), b(c.Peer.ID))),
						have(c, c.Peer.ID, wire.SessionIKC, ""),
						have(c, "", wire.SessionIKC, ""),
						have(c, "Elsewhere", wire.SessionIKC, wire.StatePing),
						have(c, c.Peer.ID, wire.SessionIKC, "no_such_state"),
						have(c, c.Peer.ID, absent, ""),
						have(c, c.Peer.ID, absent, "state"),
					}
				})
			},
		},
		{
			name: "requests that are refused", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				for _, lite := range []bool{false, true} {
					cfg := p.config()
					if cfg.Lite = lite; lite {
						cfg.Session = wire.SessionIKCLite
					}
					err := p.talk(ctx, cfg, func(c *probe.Conn) []*wire.Message {
						return []*wire.Message{
							c.Post("", absent, "state", b("x")),
							anonymous(c.Post("", absent, "state", b("x"))),
							c.Call("", absent, "state", b("x")),
							asString(c.Call("", absent, "state", b("x")), "poe://"+c.Peer.ID+"/"+absent+"/state"),
							c.Call("", wire.SessionIKC, "no_such_state", b("x")),
							c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
						}
					})
					if err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "values of every kind", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) (m []*wire.Message) {
					for _, v := range withoutLarge(contract.Carried(p.serializer), p.maxValue()) {
						m = append(m, c.Call("", session, "echo", v))
					}
					return m
				})
			},
		},
		{
			name: "a large value", risk: safe, session: true, once: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message {
					return []*wire.Message{c.Call("", session, "echo", contract.LargeValue())}
				})
			},
		},
		{
			name: "contexts and returns", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) (m []*wire.Message) {
					scalar := c.Call("", session, "list", b("x"))
					scalar.Other = []perl.Pair{perl.P("wantarray", perl.NewInt(0))}
					m = append(m, scalar)
					for _, state := range []string{"list", "zero", "empty", "undef", "nothing", "echo"} {
						m = append(m, c.Call("", session, state, b("x")), list(c.Call("", session, state, b("x"))))
					}
					return m
				})
			},
		},
		{
			name: "spellings and arguments", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message {
					return []*wire.Message{
						c.Call("", session, "args", b("x")),
						asString(c.Call("", session, "args", b("x")), session+"/args"),
						withArg(c.Call("", session, "args", b("x")), "extra"),
						proxied(c.Call("", session, "args", nil), b("x"), perl.NewInt(2), b("y")),
						proxied(c.Call("", session, "args", nil), b("x"), perl.NewInt(2), b("y"), perl.NewUndef()),
						list(proxied(c.Call("", session, "args", nil), b("x"))),
						list(asString(c.Call("", session, "list", b("x")), "poe://"+c.Peer.ID+"/"+session+"/list")),
						proxied(c.Call("", session, "args", nil)),
						proxied(c.Post("", session, contract.HiddenState, nil), b("x")),
						c.Call("", session, contract.RetractedState, b("x")),
						have(c, c.Peer.ID, session, contract.RetractedState),
						c.Call("", session, contract.HiddenState, b("x")),
						have(c, c.Peer.ID, session, ""),
						have(c, c.Peer.ID, session, "echo"),
						have(c, c.Peer.ID, session, contract.HiddenState),
					}
				})
			},
		},
		{
			name: "posts", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message {
					return []*wire.Message{
						c.Call("", session, "count", nil),
						c.Post("", session, "count", nil),
						c.Post("", session, "count", b("x")),
						c.Call("", session, "count", nil),
						proxied(c.Post("", session, "count", nil), b("x")),
						c.Call("", session, "count", nil),
						c.Post("", session, contract.HiddenState, b("x")),
						c.Post("", session, "echo", b("not answered")),
						c.Post("", session, "list", b("not answered either")),
					}
				})
			},
		},
		{
			name: "the sender", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				for _, lite := range []bool{false, true} {
					cfg := p.config()
					if cfg.Lite = lite; lite {
						cfg.Session = wire.SessionIKCLite
					}
					err := p.talk(ctx, cfg, func(c *probe.Conn) []*wire.Message {
						return []*wire.Message{c.Post("", session, "sender", b("to be sent back"))}
					})
					if err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "a post that is responded to", risk: safe, session: true,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message {
					to := "poe://" + c.Name() + "/" + contract.ProbeSession + "/responded"
					return []*wire.Message{c.Post("", session, "respond", perl.ArrayRef(b("to be sent back"), b(to)))}
				})
			},
		},
		{
			name: "an error report on nothing", risk: odd,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) []*wire.Message {
					m := c.Post("", absent, "state", perl.ArrayRef(b("an error"), b("K"), b("check")))
					m.IsError = true
					return []*wire.Message{m}
				})
			},
		},
	}
}
