package harness

import (
	"context"
	"errors"
	"net"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// triesTimeouts tells whether a ClientLite has to wait until its time is over in a dialect. Since
// that takes the original some seconds, it is tried in one dialect only: IKC0, or IKC if it has no
// other.
func triesTimeouts(hello *driver.Hello, d cell.Dialect) bool {
	only := len(hello.Protocols) > 0 && !hello.HasProtocol(wire.IKC0.String())
	return d == cell.IKC0 || d == cell.IKC && only
}

// shortTimeout is the timeout of a ClientLite that will get no answer, in seconds. The original
// waits for one second at least.
const shortTimeout = 0.2

// timeoutsLite has a ClientLite wait for what never comes, go on, and connect where nobody listens.
func timeoutsLite(ctx context.Context, client *driver.Driver, connect driver.LiteConnect) error {
	connect.Timeout = shortTimeout
	if err := client.LiteConnect(ctx, connect); err != nil {
		return err
	}
	const session = contract.SessionAlias
	b := perl.NewBytes
	if _, err := client.LiteCall(ctx, session+"/undef", b("x")); err != nil && !failed(err) {
		return err
	}
	if _, err := client.LitePostRespond(ctx, session+"/nothing", b("x")); err != nil && !failed(err) {
		return err
	}
	if _, err := client.LiteCall(ctx, session+"/echo", b("after the time was over")); err != nil && !failed(err) {
		return err
	}
	hello, err := client.Hello(ctx)
	if err != nil {
		return err
	}
	if hello.HasCommand("lite-responded") {
		if _, err := client.LiteResponded(ctx, neverState); err != nil && !failed(err) {
			return err
		}
	}
	if err := client.LiteDisconnect(ctx); err != nil {
		return err
	}
	return nobodyListens(ctx, client, connect)
}

// neverState is a state of a ClientLite that nobody posts to.
const neverState = "never"

// nobodyListens has a ClientLite connect to a port that nobody listens at.
func nobodyListens(ctx context.Context, client *driver.Driver, connect driver.LiteConnect) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	connect.Address = l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	if err := client.LiteConnect(ctx, connect); err != nil && !failed(err) {
		return err
	}
	return nil
}

// refuseLite has a ClientLite connect to a server that does not know its serializer.
func (r *runner) refuseLite(ctx context.Context, client *driver.Driver) error {
	if !triesTimeouts(r.hello, r.cell.Cell.Dialect) {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	return through(ctx, r.relayOptions("tcp", l.Addr().String()), func(relayed string) error {
		connecting := make(chan error, 1)
		go func() {
			connecting <- client.LiteConnect(ctx, driver.LiteConnect{
				Name: contract.ClientName, Address: relayed, Protocol: wire.IKC.String(), Timeout: wait(ctx).Seconds(),
			})
		}()
		conn, err := accept(ctx, l.(*net.TCPListener))
		if err != nil {
			return errors.Join(err, <-connecting)
		}
		c, err := probe.Accept(ctx, conn, probe.Config{
			Name: contract.ProbeName, ID: contract.ProbeName + "-server", Serializer: unknownSerializer{}, Timeout: wait(ctx),
		})
		if err == nil {
			defer c.Close()
		}
		if told := <-connecting; told != nil && !failed(told) {
			return told
		}
		return nil
	})
}

// unknownSerializer is one that no client offers.
type unknownSerializer struct{ storable.Serializer }

func (unknownSerializer) Name() string { return "Conform::Unknown" }
