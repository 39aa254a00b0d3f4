package harness

import (
	"context"
	"errors"
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Stand starts a target that has a driver, with the conformance session and nothing else, for
// somebody else to talk to. With a worker address it connects there, else it listens, at the
// address that is returned. end ends it. Errors wrap targets.ErrUnusable if there is no target.
func Stand(ctx context.Context, t *targets.Target, worker string) (address string, end func() error, err error) {
	d, hello, err := t.Start(ctx, driver.Options{})
	if err != nil {
		return "", nil, errors.Join(err, t.Close())
	}
	dialect := cell.IKC0
	if len(hello.Protocols) > 0 && !hello.HasProtocol(wire.IKC0.String()) {
		dialect = cell.IKC // as releases before IKC0
	}
	end = func() error { return errors.Join(d.Close(), t.Close()) }
	if worker == "" {
		address, err = listen(ctx, d, dialect)
	} else if err = publishSession(ctx, d); err == nil {
		_, err = d.Connect(ctx, connectTo(ctx, worker, cell.Cell{Role: cell.AsClient, Dialect: dialect}))
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("%s: %w", t.Spec, err), end())
	}
	return address, end, nil
}
