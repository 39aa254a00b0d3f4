package harness

import (
	"context"

	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// negotiationScenarios are about opening a connection to a server.
func negotiationScenarios() []scenario {
	return []scenario{
		{
			name: "frames behind the SETUP", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				if !p.ikc0 {
					return nil
				}
				cfg := p.config()
				early := &wire.Message{
					Event:  wire.AtString(wire.SessionIKC + "/" + wire.StatePing),
					Params: perl.NewBytes(wire.Ping),
					RSVP:   wire.At(specifier.Specifier{Kernel: cfg.ID, Session: "probe", State: "early"}),
				}
				cfg.Early = []*wire.Message{early}
				return p.talk(ctx, cfg, func(*probe.Conn) []*wire.Message { return nil })
			},
		},
		{
			name: "every serializer that Perl may have", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				if !p.ikc0 || p.serializer.Name() != wire.DefaultSerializer {
					return nil
				}
				cfg := p.config()
				cfg.Offered = []string{wire.DefaultSerializer, "FreezeThaw", "POE::Component::IKC::Freezer"}
				c, err := p.connect(ctx, cfg, true)
				if err != nil {
					return ignoreSilence(err)
				}
				return c.Close() // it may have chosen one that this probe does not know
			},
		},
		{
			name: "a serializer that nobody has, before Storable", risk: odd,
			run: func(ctx context.Context, p *prober) error {
				if !p.ikc0 || p.serializer.Name() != wire.DefaultSerializer {
					return nil
				}
				cfg := p.config()
				cfg.Offered = []string{"No::Such::Serializer", wire.DefaultSerializer}
				return p.talk(ctx, cfg, func(*probe.Conn) []*wire.Message { return nil })
			},
		},
		{
			name: "a dialect that does not exist", risk: odd,
			run: func(ctx context.Context, p *prober) error {
				c, err := p.connect(ctx, p.config(), false)
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
				return ignoreSilence(c.Barrier(ctx))
			},
		},
		{
			name: "lines that are refused", risk: odd,
			run: func(ctx context.Context, p *prober) error {
				cfg := p.config()
				c, err := p.connect(ctx, cfg, false)
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
				return ignoreSilence(c.Barrier(ctx))
			},
		},
		{
			name: "lines that are refused after HELLO", risk: odd,
			run: func(ctx context.Context, p *prober) error {
				cfg := p.config()
				c, err := p.connect(ctx, cfg, false)
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
			},
		},
	}
}

// clientScenarios are about opening a connection from a client: the probe is the server.
func clientScenarios() []scenario {
	return []scenario{
		{
			name: "a SETUP with two serializers", risk: odd,
			run: func(ctx context.Context, p *prober) error {
				if !p.ikc0 {
					return nil
				}
				cfg := p.config()
				cfg.FirstSetup = "SETUP KERNEL=" + cfg.ID + "," + cfg.Name + ";FREEZER=Storable,FreezeThaw;PID=1"
				c, err := p.connect(ctx, cfg, true)
				if err != nil {
					return ignoreSilence(err)
				}
				return c.Close()
			},
		},
	}
}
