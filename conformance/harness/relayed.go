package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// through starts a relay that records what goes through it, plays something at its address, and
// closes it.
func through(ctx context.Context, opts relay.Options, play func(relayed string) error) error {
	r, err := relay.Start(opts)
	if err != nil {
		return fmt.Errorf("%w: %w", targets.ErrUnusable, err)
	}
	err = play(r.Addr().String())
	limit, cancel := closing(ctx)
	defer cancel()
	return errors.Join(err, r.Close(limit))
}

// afterEnd is how long a relay waits for the ends of connections once the cell has ended.
const afterEnd = 200 * time.Millisecond

// closing is the context of a relay that is being closed: connections have the time of a step to end
// by themselves, but only afterEnd when ctx has ended.
func closing(ctx context.Context) (limit context.Context, done func()) {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(afterEnd, cancel) })
	return limit, func() { stop(); cancel() }
}

// relayOptions are those of a relay that records into the capture of the cell.
func (r *runner) relayOptions(network, address string) relay.Options {
	role := string(r.cell.Cell.Role)
	return relay.Options{
		TargetNetwork: network, TargetAddress: address, Writer: r.writer,
		Interface: role, Description: "the target is the " + role,
		Fault: func(_ int, from capture.Direction) relay.Fault {
			return segmentationFault(r.opts.Segmentation, from)
		},
	}
}
