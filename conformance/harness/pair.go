package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
	// Told: what drivers are asked and tell goes into the capture as well, and kernels are made to
	// do what shows there.
	Told bool
	// Patience bounds every wait for one of the two. 0: that of a conversation.
	Patience time.Duration
	// Rewrite is that of the relay between the two. Nil for none.
	Rewrite func(conn int, from capture.Direction, pass func(octets []byte)) relay.Rewriter
	// Tap sees every line that the driver of a side is told or tells. It is called from several
	// goroutines. Nil for nobody.
	Tap func(side wire.Role, line driver.Line)
}

// Record has the two talk to each other, and writes what they say. It returns what their drivers
// are.
func (p Pair) Record(ctx context.Context) (server, client *driver.Hello, err error) {
	at := cell.Cell{Role: p.Role, Dialect: p.Dialect, Serializer: p.Serializer}
	comment := fmt.Sprintf("%s as server, %s as %s, %s", p.Server, p.Client, p.Role, p.Dialect)
	w, err := capture.Create(p.Path, capture.Meta{Comments: []string{comment}})
	if err != nil {
		return nil, nil, err
	}
	taps := [2]*controlTap{tapDriver(w, wire.Client), tapDriver(w, wire.Server)}
	defer func() {
		err = errors.Join(err, taps[wire.Client].close(), taps[wire.Server].close(), w.Close())
	}()
	tap := func(side wire.Role) driver.Options {
		return driver.Options{Tap: func(line driver.Line) {
			if p.Told {
				taps[side].line(line)
			}
			if p.Tap != nil {
				p.Tap(side, line)
			}
		}}
	}
	ctx = withWait(ctx, p.Patience)
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
	values := contract.Held(contract.Carried(at.Serializer.Wire()), client.Integers)
	opts := conversationOpts{values: withoutLarge(values, maxRecordedValue), driverOnly: p.Told}
	err = through(ctx, relay.Options{
		TargetAddress: address, Writer: w, Interface: "relay", Rewrite: p.Rewrite,
	}, func(relayed string) error {
		if p.Role == cell.AsClientLite {
			return playLiteConversation(ctx, c, relayed, at, opts)
		}
		return playConversation(ctx, s, c, relayed, at, opts)
	})
	return server, client, errors.Join(err, letDriversReport(ctx, s, c))
}

// maxRecordedValue is how large a value may be in a capture that is to be kept: octets, as Perl
// writes it.
const maxRecordedValue = 1 << 10

// withoutLarge leaves out values of more octets, as Perl writes them.
func withoutLarge(values []*perl.Value, octets int) []*perl.Value {
	return slices.DeleteFunc(values, func(v *perl.Value) bool {
		return len(perl.Format(v, perl.FormatOptions{MaxWidth: octets + 1, MaxString: octets})) > octets
	})
}
