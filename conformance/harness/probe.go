package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// probeServer plays scenarios on a server; target is its driver, nil for one without.
func (r *runner) probeServer(ctx context.Context, network, address string, session bool, target *driver.Driver) error {
	if !r.target.Driven() {
		if err := reachable(network, address); err != nil {
			return err
		}
	}
	err := through(ctx, r.relayOptions(network, address), func(relayed string) error {
		p := r.serverProber(address, relayed, session)
		if !r.target.Driven() {
			r.running(p)
		}
		r.playHolding(ctx, scenarios(), p)
		if !r.target.Driven() {
			r.playScenarios(ctx, hostileScenarios(), p) // they may end it, so they come last
		}
		if errors.Is(p.unusable, errSilent) {
			r.cell.Skipped = errSilent.Error()
			return nil
		}
		if p.unusable != nil {
			return fmt.Errorf("%w: %s: %w", targets.ErrUnusable, r.target.Spec, p.unusable)
		}
		return r.playCrowd(ctx, p, target)
	})
	if !r.target.Driven() && r.opts.Hostile {
		return r.noted(err)
	}
	return err
}

// serverProber is a prober of a server at address, through the relay at relayed.
func (r *runner) serverProber(address, relayed string, session bool) *prober {
	p := &prober{
		address: address,
		dialect: r.cell.Cell.Dialect.Client(), serializer: r.cell.Cell.Serializer.Wire(), timeout: r.opts.Patience,
		session: session, thorough: r.thorough(), pieces: r.opts.Segmentation != cell.AsSent,
	}
	p.connect = func(ctx context.Context, cfg probe.Config, negotiate bool) (*probe.Conn, error) {
		if negotiate && !r.target.Driven() && !p.met {
			return p.meet(ctx, relayed, cfg)
		}
		if negotiate {
			return probe.Dial(ctx, "tcp", relayed, cfg)
		}
		return probe.Open(ctx, "tcp", relayed, cfg)
	}
	return p
}

// helloAfter is how long a server that is running is given to answer the first SETUP, before it is
// tried whether it takes HELLO.
const helloAfter = 3 * time.Second

// errSilent says why the dialect IKC0 is not tried with a server that is running.
var errSilent = errors.New("it says nothing to a SETUP, and takes HELLO, as POE::Component::IKC " + release.SilentToSetup +
	" do: they do not speak IKC0")

// meet connects to a server that is running for the first time. One that says nothing to SETUP may
// be of an old release, or busy.
func (p *prober) meet(ctx context.Context, relayed string, cfg probe.Config) (*probe.Conn, error) {
	cfg.HelloAfter = helloAfter
	c, err := probe.Dial(ctx, "tcp", relayed, cfg)
	switch {
	case errors.Is(err, wire.ErrLateSetup):
		cfg.HelloAfter = 0
		return probe.Dial(ctx, "tcp", relayed, cfg)
	case err != nil || !c.Silent:
		return c, err
	}
	_ = c.Close()
	return nil, errSilent
}

// probeBare plays scenarios on a server whose driver cannot give it a session: those about what
// every kernel publishes itself, and those with the conformance session if the server has it from
// the start.
func (r *runner) probeBare(ctx context.Context, d *driver.Driver) error {
	at, err := d.Listen(ctx, driver.Listen{Name: contract.ServerName, Protocol: protocolOf(r.hello, r.cell.Cell.Dialect)})
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	session := r.hello.Has(driver.SessionPublished)
	if !session {
		r.cell.Notes = append(r.cell.Notes, "the driver has no command session: tried with what every kernel publishes itself")
	}
	return r.probeServer(ctx, "tcp", at.Address, session, nil)
}

// probeClient has a driven client connect to probes that play scenarios on it.
func (r *runner) probeClient(ctx context.Context, client *driver.Driver) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	tried := r.cell.Cell
	return through(ctx, r.relayOptions("tcp", l.Addr().String()), func(relayed string) error {
		p := &prober{dialect: tried.Dialect.Server(), serializer: tried.Serializer.Wire(), timeout: r.opts.Patience}
		p.connect = func(ctx context.Context, cfg probe.Config, _ bool) (*probe.Conn, error) {
			connecting := make(chan error, 1)
			go func() {
				_, err := client.Connect(ctx, connectTo(ctx, relayed, tried))
				connecting <- err
			}()
			conn, err := accept(ctx, l.(*net.TCPListener))
			if err != nil {
				return nil, errors.Join(err, <-connecting)
			}
			c, err := probe.Accept(ctx, conn, cfg)
			if told := <-connecting; err == nil && told != nil {
				_ = c.Close()
				err = told
			}
			return c, err
		}
		p.session, p.thorough, p.pieces = true, r.thorough(), r.opts.Segmentation != cell.AsSent
		r.playHolding(ctx, slices.Concat(responderScenarios(), addressScenarios(), manyScenarios(), clientScenarios()), p)
		return r.playCrowd(ctx, p, client)
	})
}

// playCrowd plays the scenarios in which several connections ask a driven target at the same time.
func (r *runner) playCrowd(ctx context.Context, p *prober, target *driver.Driver) error {
	if target == nil {
		return nil
	}
	if err := publishCrowd(ctx, target); err != nil {
		return fmt.Errorf("sessions for several connections: %w", err)
	}
	r.playScenarios(ctx, append(crowdScenarios(target), namesakeScenarios(target)...), p)
	return nil
}

// allowed tells whether a scenario may be played on the target.
func (r *runner) allowed(s scenario, session bool) bool {
	switch {
	case s.session && !session:
		return false
	case s.risk == hostile:
		return r.opts.Hostile
	case s.risk == odd:
		return r.target.Driven() || r.opts.Hostile
	}
	return true
}

// thorough tells whether what is played once is played in this cell: in the first dialect that the
// target speaks, and as it is sent, since a MiB in single octets would take a minute.
func (r *runner) thorough() bool {
	if r.opts.Segmentation != cell.AsSent {
		return false
	}
	d := r.cell.Cell.Dialect
	return d == cell.IKC0 || d == cell.IKC && r.hello != nil && len(r.hello.Protocols) > 0 && !r.hello.HasProtocol(wire.IKC0.String())
}

// playHolding plays scenarios while one more connection is open, to see what comes on it.
func (r *runner) playHolding(ctx context.Context, list []scenario, p *prober) {
	if !p.thorough {
		r.playScenarios(ctx, list, p)
		return
	}
	var kept *held
	hold := scenario{name: "a connection that is held open", risk: safe, run: func(ctx context.Context, p *prober) (err error) {
		kept, err = p.hold(ctx)
		return err
	}}
	release := scenario{name: "what comes on a connection that was held open", risk: safe, run: func(ctx context.Context, _ *prober) error {
		if kept == nil || kept.since.IsZero() {
			return nil
		}
		return kept.release(ctx)
	}}
	r.playScenarios(ctx, slices.Concat([]scenario{hold}, list, []scenario{release}), p)
	if kept != nil {
		_ = kept.c.Close()
	}
}

// maxFailuresInARow is how many scenarios in a row may fail before the rest is not tried.
const maxFailuresInARow = 3

// playScenarios plays the scenarios that are allowed, one after the other.
func (r *runner) playScenarios(ctx context.Context, list []scenario, p *prober) {
	failures := 0
	for _, sc := range list {
		if !r.allowed(sc, p.session) || sc.once && !p.thorough {
			continue
		}
		if failures == maxFailuresInARow {
			r.problem(fmt.Errorf("scenario %q and those after it were not tried, since the %d before it came to nothing",
				sc.name, maxFailuresInARow))
			return
		}
		failures++
		err := ofServer(p.address, sc.run(ctx, p))
		if !r.target.Driven() && sc.risk != hostile && p.giveUp(err) {
			return
		}
		if err != nil && sc.risk == hostile && silence(err) {
			gone := fmt.Sprintf("scenario %q: the target is not there any more: %v", sc.name, err)
			r.cell.Notes = append(r.cell.Notes, gone)
			continue
		}
		if err != nil {
			r.problem(fmt.Errorf("scenario %q: %w", sc.name, err))
			continue
		}
		failures = 0
	}
}
