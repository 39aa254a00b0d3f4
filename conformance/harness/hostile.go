package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
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

// playHostile plays each hostile scenario on a server of its own, as one may end it.
func (r *runner) playHostile(ctx context.Context) error {
	for _, sc := range hostileScenarios() {
		if err := r.playOnNew(ctx, sc); err != nil {
			return fmt.Errorf("a server for scenario %q: %w", sc.name, err)
		}
	}
	return nil
}

// playOnNew starts the target once more, and plays a scenario on it.
func (r *runner) playOnNew(ctx context.Context, sc scenario) error {
	d, hello, err := r.target.Start(ctx, driver.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	at, err := d.Listen(ctx, driver.Listen{Name: contract.ServerName, Protocol: protocolOf(hello, r.cell.Cell.Dialect)})
	if err != nil {
		return err
	}
	opts := r.relayOptions("tcp", at.Address)
	opts.Interface = contract.UntoldInterface
	return r.noted(through(ctx, opts, func(relayed string) error {
		r.playScenarios(ctx, []scenario{sc}, r.serverProber(at.Address, relayed, false))
		return nil
	}))
}

// noted makes a note of the error of a relay to a target that may be gone, which is what hostile
// scenarios are about.
func (r *runner) noted(err error) error {
	if err == nil || errors.Is(err, targets.ErrUnusable) {
		return err
	}
	r.cell.Notes = append(r.cell.Notes, visible.Error(err))
	return nil
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
