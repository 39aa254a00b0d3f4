package harness

import (
	"context"
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// playLiteConversation plays a conversation in which the client is a ClientLite.
func playLiteConversation(ctx context.Context, client *driver.Driver, relayed string, c cell.Cell, opts conversationOpts) (err error) {
	connect := driver.LiteConnect{
		Name: contract.ClientName, Address: relayed, Protocol: c.Dialect.Client().String(), Timeout: wait(ctx).Seconds(),
	}
	if offer := c.Serializer.Offer(); len(offer) > 0 {
		connect.Serializer = offer[0]
	}
	if err := client.LiteConnect(ctx, connect); err != nil {
		return fmt.Errorf("%w: %w", errConnect, err)
	}
	defer func() {
		if err != nil {
			breakOffLite(ctx, client)
		}
	}()
	if err := liteRequests(ctx, client, opts.values); err != nil {
		return err
	}
	if opts.driverOnly {
		if err := waitLite(ctx, client, c); err != nil {
			return err
		}
	}
	if _, err := client.LiteCall(ctx, wire.SessionIKC+"/"+wire.StatePing, perl.NewBytes(wire.Ping)); err != nil {
		return err
	}
	if err := client.LiteDisconnect(ctx); err != nil || !opts.driverOnly {
		return err
	}
	hello, err := client.Hello(ctx)
	if err != nil || !triesTimeouts(hello, c.Dialect) {
		return err
	}
	return timeoutsLite(ctx, client, connect)
}

// breakOffLite is breakOff for a ClientLite.
func breakOffLite(ctx context.Context, client *driver.Driver) {
	limit, cancel := context.WithTimeout(ctx, 3*wait(ctx))
	defer cancel()
	for _, to := range []string{contract.SessionAlias + "/zero", wire.SessionIKC + "/" + wire.StatePing} {
		_, _ = client.LiteCall(limit, to, perl.NewBytes("x"))
	}
	_ = client.LiteDisconnect(limit)
}

// liteRequests sends what a ClientLite is to send; values are echoed.
func liteRequests(ctx context.Context, client *driver.Driver, values []*perl.Value) error {
	const session = contract.SessionAlias
	b := perl.NewBytes
	call := func(session, state string, params *perl.Value) error {
		_, err := client.LiteCall(ctx, session+"/"+state, params)
		return err
	}
	if err := call(wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	for _, value := range values {
		if err := call(session, "echo", value); err != nil {
			return err
		}
	}
	for _, state := range []string{"list", "zero", "empty", "args", "count"} {
		if err := call(session, state, b("x")); err != nil {
			return err
		}
		if _, err := client.LiteCallList(ctx, session+"/"+state, b("x")); err != nil {
			return err
		}
	}
	for _, state := range []string{"count", "count", "echo"} {
		if _, err := client.LitePost(ctx, session+"/"+state, b("posted")); err != nil {
			return err
		}
	}
	if err := call(session, "count", b("x")); err != nil {
		return err
	}
	if _, err := client.LitePostRespond(ctx, session+"/respond", b("to be sent back")); err != nil {
		return err
	}
	for _, s := range []string{session, contract.AbsentSession} {
		asked := perl.ArrayRef(b("poe://"+contract.ServerName+"/"+s), b(contract.ClientName))
		if err := call(wire.SessionIKC, wire.StateHave, asked); err != nil {
			return err
		}
	}
	for _, to := range []string{contract.AbsentSession + "/state", session + "/" + contract.HiddenState} {
		if _, err := client.LiteCall(ctx, to, b("x")); err != nil && !failed(err) {
			return fmt.Errorf("a call that is refused: %w", err)
		}
	}
	return nil
}

// waitLite has a ClientLite wait for what is posted to it, and ping the server.
func waitLite(ctx context.Context, client *driver.Driver, c cell.Cell) error {
	hello, err := client.Hello(ctx)
	if err != nil {
		return err
	}
	if hello.HasCommand("lite-responded") {
		if err := awaitPosts(ctx, client); err != nil {
			return err
		}
	}
	if c.Dialect == cell.IKC0 { // the original has nothing to ping then, and drops the connection
		return nil
	}
	_, err = client.LitePing(ctx)
	return err
}

// awaitPosts has a ClientLite wait for what a state posts to its sender, in both contexts.
func awaitPosts(ctx context.Context, client *driver.Driver) error {
	for _, responded := range []func() error{
		func() error { _, err := client.LiteResponded(ctx, contract.ReplyState); return err },
		func() error { _, err := client.LiteRespondedList(ctx, contract.ReplyState); return err },
	} {
		if _, err := client.LitePost(ctx, contract.SessionAlias+"/sender", perl.NewBytes(contract.AwaitedMark)); err != nil {
			return err
		}
		if err := responded(); err != nil && !failed(err) {
			return err
		}
	}
	return nil
}
