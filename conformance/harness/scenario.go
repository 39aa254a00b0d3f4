package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// risk is what a scenario may do to its target.
type risk uint8

const (
	safe    risk = iota // what any well-behaved peer does: for every target
	odd                 // what no peer should do, but the original survives: for targets that we started
	hostile             // what ends a real Perl server: only when asked for
)

// scenario produces traffic that makes checks decidable, by way of a probe that connects to the
// target. What the target does wrong is found in the capture; an error is only returned when the
// scenario cannot go on.
type scenario struct {
	name string
	risk risk
	// session: it needs the conformance session at the target.
	session bool
	run     func(ctx context.Context, s *stage) error
}

// stage is where a scenario plays: how to reach the target, and as whom.
type stage struct {
	dialect    wire.Dialect
	serializer wire.Serializer
	connect    func(ctx context.Context, cfg probe.Config, negotiate bool) (*probe.Conn, error)
	count      int
	// ikc0: the target has been seen to agree to the dialect IKC0. One that has not would take frames
	// behind a SETUP for lines.
	ikc0 bool
	// timeout bounds every wait for the target. 0: probe.DefaultTimeout.
	timeout time.Duration
}

// probeName is the kernel name that probes go by.
const probeName = "ConformProbe"

// config is who we are for the next connection: every one is a kernel of its own.
func (s *stage) config() probe.Config {
	s.count++
	return probe.Config{
		Name: fmt.Sprintf("%s%d", probeName, s.count), ID: fmt.Sprintf("conform-%08x-%08x-%08x", 1, 1, s.count),
		Dialect: s.dialect, Serializer: s.serializer, Session: "probe", Timeout: s.timeout,
	}
}

// talk connects, sends what make returns, and waits until all of it has been dealt with.
func (s *stage) talk(ctx context.Context, cfg probe.Config, make func(c *probe.Conn) []*wire.Message) error {
	c, err := s.connect(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer c.Close()
	s.ikc0 = s.ikc0 || c.Dialect == wire.IKC0
	for _, m := range make(c) {
		if err := c.Send(m); err != nil {
			return err
		}
	}
	// Up to 0.2102 a post is only queued when it comes, so what it causes may follow the answer to a
	// call that came later; but not that to a call after that.
	if _, err = c.Barrier(ctx); err == nil {
		_, err = c.Barrier(ctx)
	}
	return err
}

// silence tells whether an error only means that the other side said nothing more, which is for the
// judge to weigh.
func silence(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.As(err, &t) && t.Timeout()
}

func scenarios() []scenario {
	return append(append(responderScenarios(), negotiationScenarios()...), hostileScenarios()...)
}

// responderScenarios play on one connection, whoever opened it.
func responderScenarios() []scenario {
	const session, absent = contract.SessionAlias, contract.AbsentSession
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
	byAlias := func(c *probe.Conn, s *stage, m *wire.Message) *wire.Message {
		m.RSVP.Kernel = fmt.Sprintf("%s%d", probeName, s.count)
		return m
	}
	anonymous := func(m *wire.Message) *wire.Message { m.From = wire.Address{}; return m }
	nowhere := func(m *wire.Message) *wire.Message { m.Event.Kernel = ""; return m }
	return []scenario{
		{"states that every kernel has", safe, false, func(ctx context.Context, s *stage) error {
			return s.talk(ctx, s.config(), func(c *probe.Conn) []*wire.Message {
				return []*wire.Message{
					c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
					list(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
					asString(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)), "poe://"+c.Peer.ID+"/IKC/ping"),
					asString(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)), "IKC/ping"),
					c.Call("SomeoneElse", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
					back(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping)), "poe://"+c.Name()+"/probe/back"),
					byAlias(c, s, c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
					anonymous(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
					nowhere(c.Call("", wire.SessionIKC, wire.StatePing, b(wire.Ping))),
					c.Call("", wire.SessionIKC, wire.StatePing, nil),
					c.Call("", wire.SessionIKC, wire.StatePing, perl.ArrayRef(b("anything"))),
					c.Post("", wire.SessionIKC, wire.StatePing, b(wire.Ping)),
					c.Call("", wire.SessionIKC, wire.StateHave, perl.ArrayRef(b("poe://"+c.Peer.ID+"/IKC"), b(c.Peer.ID))),
					have(c, c.Peer.ID, wire.SessionIKC, ""),
					have(c, "", wire.SessionIKC, ""),
					have(c, "Elsewhere", wire.SessionIKC, wire.StatePing),
					have(c, c.Peer.ID, wire.SessionIKC, "no_such_state"),
					have(c, c.Peer.ID, absent, ""),
					have(c, c.Peer.ID, absent, "state"),
				}
			})
		}},
		{"requests that are refused", safe, false, func(ctx context.Context, s *stage) error {
			for _, lite := range []bool{false, true} {
				cfg := s.config()
				if cfg.Lite = lite; lite {
					cfg.Session = wire.SessionIKCLite
				}
				err := s.talk(ctx, cfg, func(c *probe.Conn) []*wire.Message {
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
		}},
		{"values of every kind", safe, true, func(ctx context.Context, s *stage) error {
			return s.talk(ctx, s.config(), func(c *probe.Conn) (m []*wire.Message) {
				for _, v := range contract.Carried(s.serializer) {
					m = append(m, c.Call("", session, "echo", v))
				}
				return m
			})
		}},
		{"contexts and returns", safe, true, func(ctx context.Context, s *stage) error {
			return s.talk(ctx, s.config(), func(c *probe.Conn) (m []*wire.Message) {
				scalar := c.Call("", session, "list", b("x"))
				scalar.Other = []perl.Pair{perl.P("wantarray", perl.NewInt(0))}
				m = append(m, scalar)
				for _, state := range []string{"list", "zero", "empty", "undef", "nothing", "echo"} {
					m = append(m, c.Call("", session, state, b("x")), list(c.Call("", session, state, b("x"))))
				}
				return m
			})
		}},
		{"spellings and arguments", safe, true, func(ctx context.Context, s *stage) error {
			return s.talk(ctx, s.config(), func(c *probe.Conn) []*wire.Message {
				return []*wire.Message{
					c.Call("", session, "args", b("x")),
					asString(c.Call("", session, "args", b("x")), session+"/args"),
					withArg(c.Call("", session, "args", b("x")), "extra"),
					proxied(c.Call("", session, "args", nil), b("x"), perl.NewInt(2), b("y")),
					list(proxied(c.Call("", session, "args", nil), b("x"))),
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
		}},
		{"posts", safe, true, func(ctx context.Context, s *stage) error {
			return s.talk(ctx, s.config(), func(c *probe.Conn) []*wire.Message {
				return []*wire.Message{
					c.Call("", session, "count", nil),
					c.Post("", session, "count", nil),
					c.Post("", session, "count", b("x")),
					c.Call("", session, "count", nil),
					proxied(c.Post("", session, "count", nil), b("x")),
					c.Call("", session, "count", nil),
					c.Post("", session, "echo", b("not answered")),
					c.Post("", session, "list", b("not answered either")),
				}
			})
		}},
		{"the sender", safe, true, func(ctx context.Context, s *stage) error {
			for _, lite := range []bool{false, true} {
				cfg := s.config()
				if cfg.Lite = lite; lite {
					cfg.Session = wire.SessionIKCLite
				}
				err := s.talk(ctx, cfg, func(c *probe.Conn) []*wire.Message {
					return []*wire.Message{c.Post("", session, "sender", b("to be sent back"))}
				})
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"an error report on nothing", odd, false, func(ctx context.Context, s *stage) error {
			return s.talk(ctx, s.config(), func(c *probe.Conn) []*wire.Message {
				m := c.Post("", absent, "state", perl.ArrayRef(b("an error"), b("K"), b("check")))
				m.IsError = true
				return []*wire.Message{m}
			})
		}},
	}
}

// negotiationScenarios are about opening a connection to a server.
func negotiationScenarios() []scenario {
	return []scenario{
		{"frames behind the SETUP", safe, false, func(ctx context.Context, s *stage) error {
			if !s.ikc0 {
				return nil
			}
			cfg := s.config()
			early := &wire.Message{
				Event:  wire.AtString("IKC/ping"),
				Params: perl.NewBytes(wire.Ping),
				RSVP:   wire.At(specifier.Specifier{Kernel: cfg.ID, Session: "probe", State: "early"}),
			}
			cfg.Early = []*wire.Message{early}
			return s.talk(ctx, cfg, func(*probe.Conn) []*wire.Message { return nil })
		}},
		{"a dialect that does not exist", odd, false, func(ctx context.Context, s *stage) error {
			c, err := s.connect(ctx, s.config(), false)
			if err != nil {
				return err
			}
			defer c.Close()
			if err := c.WriteLine("HELLO IKC1"); err != nil {
				return err
			}
			if line, err := c.ReadLine(ctx); err != nil || line != "NOT" {
				return ignoreSilence(err)
			}
			if err := c.Negotiate(ctx, wire.Client); err != nil {
				return ignoreSilence(err)
			}
			_, err = c.Barrier(ctx)
			return ignoreSilence(err)
		}},
		{"lines that are refused", odd, false, func(ctx context.Context, s *stage) error {
			cfg := s.config()
			c, err := s.connect(ctx, cfg, false)
			if err != nil {
				return err
			}
			defer c.Close()
			for _, line := range []string{
				"SETUP KERNEL=conform;FREEZER=Storable;COLOUR=blue",
				"SETUP FREEZER=Storable",
				"SETUP KERNEL=conform",
				"SETUP KERNEL=conform;FREEZER=No::Such::Serializer",
			} {
				if err := c.WriteLine(line); err != nil {
					return err
				}
				if _, err := c.ReadLine(ctx); err != nil {
					return ignoreSilence(err)
				}
			}
			if err := c.WriteLine("GOOD DAY"); err != nil {
				return err
			}
			if err := c.Negotiate(ctx, wire.Client); err != nil {
				return ignoreSilence(err)
			}
			_, err = c.Barrier(ctx)
			return ignoreSilence(err)
		}},
		{"lines that are refused after HELLO", odd, false, func(ctx context.Context, s *stage) error {
			cfg := s.config()
			c, err := s.connect(ctx, cfg, false)
			if err != nil {
				return err
			}
			defer c.Close()
			// Each line, and whether an answer is due.
			for _, step := range []struct {
				line  string
				reply bool
			}{
				{"HELLO", true}, {"WHAT", true}, {"NOT", false},
			} {
				if err := c.WriteLine(step.line); err != nil {
					return err
				}
				if step.reply {
					if _, err := c.ReadLine(ctx); err != nil {
						return ignoreSilence(err)
					}
				}
			}
			for line := ""; line != "DONE"; {
				if err := c.WriteLine("OK"); err != nil {
					return err
				}
				if line, err = c.ReadLine(ctx); err != nil {
					return ignoreSilence(err)
				}
			}
			for _, step := range []struct {
				line  string
				reply bool
			}{
				{"IAM " + cfg.ID, true}, {"IAM not a name", true}, {"IAM " + cfg.Name, true}, {"DONE", false},
				{"FREEZER No::Such::Serializer", true}, {"FREEZER not;a;package", true}, {"FREEZER Storable", true}, {"WORLD", true},
			} {
				if err := c.WriteLine(step.line); err != nil {
					return err
				}
				if step.reply {
					if _, err := c.ReadLine(ctx); err != nil {
						return ignoreSilence(err)
					}
				}
			}
			return nil
		}},
	}
}

func ignoreSilence(err error) error {
	if err != nil && silence(err) {
		return nil
	}
	return err
}

// clientScenarios are about opening a connection from a client: the probe is the server.
func clientScenarios() []scenario {
	return []scenario{
		{"a SETUP with two serializers", odd, false, func(ctx context.Context, s *stage) error {
			if !s.ikc0 {
				return nil
			}
			cfg := s.config()
			cfg.FirstSetup = "SETUP KERNEL=" + cfg.ID + "," + cfg.Name + ";FREEZER=Storable,FreezeThaw;PID=1"
			c, err := s.connect(ctx, cfg, true)
			if err != nil {
				return ignoreSilence(err)
			}
			return c.Close()
		}},
	}
}

// hostileScenarios do what ends a real Perl server.
func hostileScenarios() []scenario {
	return []scenario{
		{"half a negotiation", hostile, false, func(ctx context.Context, s *stage) error {
			c, err := s.connect(ctx, s.config(), false)
			if err != nil {
				return err
			}
			if err := c.WriteLine("HELLO"); err != nil {
				return err
			}
			_, _ = c.ReadLine(ctx)
			_ = c.Close()
			return s.stillThere(ctx)
		}},
		{"an image that is no hash", hostile, false, func(ctx context.Context, s *stage) error {
			c, err := s.connect(ctx, s.config(), true)
			if err != nil {
				return err
			}
			if err := c.SendImage([]byte("\x05\x0b\x02\x00\x00\x00\x00")); err != nil {
				return err
			}
			_, _ = c.Receive(ctx)
			_ = c.Close()
			return s.stillThere(ctx)
		}},
		{"octets that are no frame", hostile, false, func(ctx context.Context, s *stage) error {
			c, err := s.connect(ctx, s.config(), true)
			if err != nil {
				return err
			}
			if err := c.WriteLine("this is no frame"); err != nil {
				return err
			}
			_ = c.Close()
			return s.stillThere(ctx)
		}},
	}
}

// dying is how long a target is given to die of what it got, before it is asked whether it lives.
const dying = 200 * time.Millisecond

// stillThere finds out whether the target takes a connection. If it does not, the capture shows it.
func (s *stage) stillThere(ctx context.Context) error {
	select {
	case <-time.After(dying):
	case <-ctx.Done():
	}
	return ignoreSilence(s.talk(ctx, s.config(), func(*probe.Conn) []*wire.Message { return nil }))
}
