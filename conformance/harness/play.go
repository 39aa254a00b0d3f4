package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// play plays the cell. A target without a driver is probed; one with a driver has a conversation
// with the reference kernel first, and ends while it is connected last. What may end it otherwise
// is played on processes of its own.
func (r *runner) play(ctx context.Context) error {
	if !r.target.Driven() {
		return r.probeServer(ctx, r.target.Network, r.target.Address, r.opts.Session, nil)
	}
	d, err := r.start(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if r.cell.Skipped != "" {
		return nil
	}
	if err := r.playDriven(ctx, d); err != nil || r.cell.Skipped != "" || r.cell.Cell.Role != cell.AsServer || !r.opts.Hostile {
		return err
	}
	return r.playHostile(ctx)
}

// playDriven plays all but what is hostile on a target that has a driver.
func (r *runner) playDriven(ctx context.Context, d *driver.Driver) error {
	tried := r.cell.Cell
	if tried.Role == cell.AsServer && len(r.hello.Commands) > 0 && !slices.Contains(r.hello.Commands, "session") {
		return r.probeBare(ctx, d)
	}
	reference, err := targets.Parse("reference")
	if err != nil {
		return err
	}
	other, _, err := reference.Start(ctx, r.recorded(tried.Role.Side().Other()))
	if err != nil {
		return err
	}
	defer other.Close()
	server, client := d, other
	if tried.Role != cell.AsServer {
		server, client = other, d
	}
	address, err := listen(ctx, server, tried.Dialect)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	sends, err := client.Hello(ctx)
	if err != nil {
		return err
	}
	values := contract.Held(contract.Carried(tried.Serializer.Wire()), sends.Integers)
	if r.opts.Segmentation != cell.AsSent {
		values = withoutLarge(values, maxInPieces)
	}
	opts := conversationOpts{values: values, driverOnly: true}
	err = through(ctx, r.relayOptions("tcp", address), func(relayed string) error {
		if tried.Role == cell.AsClientLite {
			return playLiteConversation(ctx, client, relayed, tried, opts)
		}
		return playConversation(ctx, server, client, relayed, tried, opts)
	})
	switch {
	case tried.Role != cell.AsServer && errors.Is(err, errConnect) && driver.IsUnsupported(err):
		r.cell.Skipped = fmt.Sprintf("%s %s: %v", r.hello.Implementation, r.hello.Release, err)
		return nil
	case err != nil:
		r.problem(err)
	}
	switch tried.Role {
	case cell.AsServer:
		err = r.probeServer(ctx, "tcp", address, true, d)
	case cell.AsClient:
		err = r.probeClient(ctx, d)
	case cell.AsClientLite:
		return r.refuseLite(ctx, d)
	}
	if err != nil {
		return err
	}
	return through(ctx, r.relayOptions("tcp", address), func(relayed string) error {
		err := r.lastConnection(ctx, server, client, relayed)
		// If the target did not do its part, the capture must show that the harness waited for it.
		if silent := letDriversReport(ctx, d, other); err == nil {
			err = silent
		}
		if err != nil {
			r.problem(err)
		}
		return nil
	})
}

// start starts the target's driver, and skips the cell if the target says that it cannot play it.
func (r *runner) start(ctx context.Context) (*driver.Driver, error) {
	d, hello, err := r.target.Start(ctx, r.recorded(r.cell.Cell.Role.Side()))
	if err != nil {
		return nil, err
	}
	r.hello = hello
	tried := r.cell.Cell
	if !hello.Has(string(tried.Role)) {
		r.cell.Skipped = fmt.Sprintf("the driver of %s cannot be a %s", hello.Implementation, tried.Role)
	}
	if len(tried.Serializer.Offer()) > 0 && !slices.Contains(hello.Serializers, string(tried.Serializer)) {
		r.cell.Skipped = fmt.Sprintf("%s %s does not have the serializer %s", hello.Implementation, hello.Release, tried.Serializer)
	}
	switch protocol := tried.Dialect.Client().String(); {
	case hello.HasProtocol(protocol) || len(hello.Protocols) == 0:
	case tried.Role == cell.AsServer && tried.Dialect == cell.Fallback:
		r.cell.Skipped = fmt.Sprintf("%s %s does not know SETUP, and so refuses none", hello.Implementation, hello.Release)
	default:
		r.cell.Skipped = fmt.Sprintf("%s %s does not speak %s", hello.Implementation, hello.Release, protocol)
	}
	return d, nil
}

// lastConnection has the two kernels connect once more, and shuts the target's down meanwhile.
func (r *runner) lastConnection(ctx context.Context, server, client *driver.Driver, relayed string) error {
	atClient, err := connectPeer(ctx, client, relayed, r.cell.Cell)
	if err != nil {
		return fmt.Errorf("a last time: %w", err)
	}
	if _, err := atClient.call(ctx, wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping)); err != nil {
		return err
	}
	if r.cell.Cell.Role == cell.AsServer {
		return shutDownConnected(ctx, serverPeer(server), serverNames, client)
	}
	return shutDownConnected(ctx, atClient, clientNames, server)
}
