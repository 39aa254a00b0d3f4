package harness

import (
	"context"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// hostileScenarios do what ends a real Perl server.
func hostileScenarios() []scenario {
	return []scenario{
		{
			name: "half a negotiation", risk: hostile,
			run: func(ctx context.Context, p *prober) error {
				c, err := p.connect(ctx, p.config(), false)
				if err != nil {
					return err
				}
				if err := c.WriteLine("HELLO"); err != nil {
					return err
				}
				_, _ = c.ReadLine(ctx)
				_ = c.Close()
				return p.stillThere(ctx)
			},
		},
		{
			name: "an image that is no hash", risk: hostile,
			run: func(ctx context.Context, p *prober) error {
				c, err := p.connect(ctx, p.config(), true)
				if err != nil {
					return err
				}
				if err := c.SendImage([]byte("\x05\x0b\x02\x00\x00\x00\x00")); err != nil {
					return err
				}
				_, _ = c.Receive(ctx)
				_ = c.Close()
				return p.stillThere(ctx)
			},
		},
		{
			name: "octets that are no frame", risk: hostile,
			run: func(ctx context.Context, p *prober) error {
				c, err := p.connect(ctx, p.config(), true)
				if err != nil {
					return err
				}
				if err := c.WriteLine("this is no frame"); err != nil {
					return err
				}
				_ = c.Close()
				return p.stillThere(ctx)
			},
		},
	}
}

// crashTime is how long a target is given to die of what it got, before it is asked whether it
// lives.
const crashTime = 200 * time.Millisecond

// stillThere finds out whether the target takes a connection. If it does not, the capture shows it.
func (p *prober) stillThere(ctx context.Context) error {
	select {
	case <-time.After(crashTime):
	case <-ctx.Done():
	}
	return ignoreSilence(p.talk(ctx, p.config(), func(*probe.Conn) []*wire.Message { return nil }))
}
