package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Pair is a conversation between two targets with drivers, for a capture.
type Pair struct {
	Server, Client *targets.Target
	// Role is what the client is: AsClient or AsClientLite.
	Role    cell.Role
	Dialect cell.Dialect
	// Serializer is Storable if it is empty.
	Serializer cell.Serializer
	// Path is the capture to write.
	Path string
	// Told: what drivers are asked and tell goes into the capture as well, and kernels are made to do what shows there.
	Told bool
}

// Record has the two converse and writes what they say. It returns what their drivers are.
func (p Pair) Record(ctx context.Context) (server, client *driver.Hello, err error) {
	at := cell.Cell{Role: p.Role, Dialect: p.Dialect, Serializer: p.Serializer}
	w, err := capture.Create(p.Path, capture.Meta{Comments: []string{fmt.Sprintf("%s as server, %s as %s, %s", p.Server, p.Client, p.Role, p.Dialect)}})
	if err != nil {
		return nil, nil, err
	}
	taps := [2]*controlTap{tapDriver(w, wire.Client), tapDriver(w, wire.Server)}
	defer func() {
		err = errors.Join(err, taps[wire.Client].close(), taps[wire.Server].close(), w.Close())
	}()
	tap := func(side wire.Role) driver.Options {
		if !p.Told {
			return driver.Options{}
		}
		return driver.Options{Tap: taps[side].line}
	}
	s, server, err := p.Server.Start(ctx, tap(wire.Server))
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	c, client, err := p.Client.Start(ctx, tap(wire.Client))
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	address, err := listen(ctx, s, p.Dialect)
	if err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	what := plot{handy(contract.Carried(at.Serializer.Wire())), p.Told}
	err = through(ctx, relay.Options{TargetAddress: address, Writer: w, Interface: "relay"}, func(relay string) error {
		if p.Role == cell.AsClientLite {
			return duetLite(ctx, c, relay, at, what)
		}
		return duet(ctx, s, c, relay, at, what)
	})
	return server, client, errors.Join(err, linger(ctx, s, c))
}

// handySize is what a value may have in a capture that is to be kept, in octets as Perl writes it.
const handySize = 1 << 10

// handy leaves out large values: they are in the capture several times.
func handy(values []*perl.Value) []*perl.Value {
	return slices.DeleteFunc(values, func(v *perl.Value) bool { return len(perl.Format(v, perl.FormatOptions{})) > handySize })
}

// through plays something by way of a relay that records it.
func through(ctx context.Context, opts relay.Options, play func(relay string) error) error {
	r, err := relay.Start(opts)
	if err != nil {
		return fmt.Errorf("%w: %w", targets.ErrUnusable, err)
	}
	err = play(r.Addr().String())
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait(ctx))
	defer cancel()
	return errors.Join(err, r.Close(limit))
}
