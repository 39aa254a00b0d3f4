package harness

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// confide has a ClientLite wait for what is posted to it, and ping.
func confide(ctx context.Context, client *driver.Driver, c cell.Cell) error {
	hello, err := client.Hello(ctx)
	if err != nil {
		return err
	}
	if hello.HasCommand("lite-responded") {
		if err := await(ctx, client); err != nil {
			return err
		}
	}
	if c.Dialect == cell.IKC0 { // the original has nothing to ping then, and drops the connection
		return nil
	}
	_, err = client.LitePing(ctx)
	return err
}

// await has a ClientLite wait for what a state posts to its sender, in both contexts.
func await(ctx context.Context, client *driver.Driver) error {
	for _, wait := range []func() error{
		func() error { _, err := client.LiteResponded(ctx, contract.ReplyState); return err },
		func() error { _, err := client.LiteRespondedList(ctx, contract.ReplyState); return err },
	} {
		if _, err := client.LitePost(ctx, contract.SessionAlias+"/sender", perl.NewBytes("to be waited for")); err != nil {
			return err
		}
		if err := wait(); err != nil && !failed(err) {
			return err
		}
	}
	return nil
}

// atLength tells whether a ClientLite is tried in a dialect with what takes its time: IKC0, or IKC if it has no other.
func atLength(hello *driver.Hello, d cell.Dialect) bool {
	only := len(hello.Protocols) > 0 && !hello.HasProtocol(wire.IKC0.String())
	return d == cell.IKC0 || d == cell.IKC && only
}

// shortly is the timeout of a ClientLite that will get no answer, in seconds. The original's is one second at least.
const shortly = 0.2

// outwait has a ClientLite wait for what never comes, and go on, and connect where nobody listens. It is done in one dialect only, since it takes a real one some seconds.
func outwait(ctx context.Context, client *driver.Driver, connect driver.LiteConnect) error {
	connect.Timeout = shortly
	if err := client.LiteConnect(ctx, connect); err != nil {
		return err
	}
	if _, err := client.LiteCall(ctx, contract.SessionAlias+"/undef", perl.NewBytes("x")); err != nil && !failed(err) {
		return err
	}
	if _, err := client.LitePostRespond(ctx, contract.SessionAlias+"/nothing", perl.NewBytes("x")); err != nil && !failed(err) {
		return err
	}
	if _, err := client.LiteCall(ctx, contract.SessionAlias+"/echo", perl.NewBytes("after the time was over")); err != nil && !failed(err) {
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
	if !atLength(r.hello, r.cell.Cell.Dialect) {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	return r.through(ctx, "tcp", l.Addr().String(), func(relay string) error {
		connecting := make(chan error, 1)
		go func() {
			connecting <- client.LiteConnect(ctx, driver.LiteConnect{Name: clientName, Address: relay, Protocol: wire.IKC.String(), Timeout: wait(ctx).Seconds()})
		}()
		if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(wait(ctx))); err != nil {
			return err
		}
		conn, err := l.Accept()
		if err != nil {
			return errors.Join(err, <-connecting)
		}
		c, err := probe.Accept(ctx, conn, probe.Config{Name: probeName, ID: probeName + "-server", Serializer: unknownSerializer{}, Timeout: wait(ctx)})
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
