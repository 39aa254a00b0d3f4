package harness

import (
	"context"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// confide has a ClientLite wait for what is posted to it, and ping.
func confide(ctx context.Context, client *driver.Driver, c Cell) error {
	hello, err := client.Hello(ctx)
	if err != nil {
		return err
	}
	if hello.HasCommand("lite-responded") {
		if err := await(ctx, client); err != nil {
			return err
		}
	}
	if c.Dialect == IKC0 { // the original has nothing to ping then, and drops the connection
		return nil
	}
	_, err = client.LitePing(ctx)
	return err
}

// await has a ClientLite wait for what a state posts to its sender, in both contexts.
func await(ctx context.Context, client *driver.Driver) error {
	for _, wait := range []func() error{
		func() error { _, err := client.LiteResponded(ctx, conformance.ReplyState); return err },
		func() error { _, err := client.LiteRespondedList(ctx, conformance.ReplyState); return err },
	} {
		if _, err := client.LitePost(ctx, conformance.SessionAlias+"/sender", perl.NewBytes("to be waited for")); err != nil {
			return err
		}
		if err := wait(); err != nil && !failed(err) {
			return err
		}
	}
	return nil
}

// shortly is the timeout of a ClientLite that will get no answer, in seconds. The original's is one second at least.
const shortly = 0.2

// outwait has a ClientLite call what never answers, and go on. It is done in one dialect only, since it takes a real one a second or two.
func outwait(ctx context.Context, client *driver.Driver, connect driver.LiteConnect) error {
	connect.Timeout = shortly
	if err := client.LiteConnect(ctx, connect); err != nil {
		return err
	}
	if _, err := client.LiteCall(ctx, conformance.SessionAlias+"/undef", perl.NewBytes("x")); err != nil && !failed(err) {
		return err
	}
	if _, err := client.LiteCall(ctx, conformance.SessionAlias+"/echo", perl.NewBytes("after the time was over")); err != nil && !failed(err) {
		return err
	}
	return client.LiteDisconnect(ctx)
}
