package harness

import (
	"context"
	"errors"
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// listen makes a driven server ready: the conformance session, and a listener.
func listen(ctx context.Context, server *driver.Driver, d cell.Dialect) (address string, err error) {
	if err := publishSession(ctx, server); err != nil {
		return "", err
	}
	hello, err := server.Hello(ctx)
	if err != nil {
		return "", err
	}
	at, err := server.Listen(ctx, driver.Listen{Name: contract.ServerName, Aliases: serverNames.aliases(), Protocol: protocolOf(hello, d)})
	if err != nil {
		return "", err
	}
	if err := watch(ctx, server, clientNames); err != nil {
		return "", err
	}
	return at.Address, retractState(ctx, server)
}

// protocolOf is what a server in a dialect is told to speak: IKC, if it has no other.
func protocolOf(hello *driver.Hello, d cell.Dialect) string {
	protocol := d.Server().String()
	if d == cell.IKC && !hello.HasProtocol(protocol) {
		return wire.IKC.String()
	}
	return protocol
}

// publishSession gives a driven kernel the conformance session. The state that is to be retracted
// is published as well: it is retracted by retractState, which takes a kernel.
func publishSession(ctx context.Context, d *driver.Driver) error {
	published := append(contract.PublishedStates(), contract.RetractedState)
	return d.Session(ctx, driver.Session{Session: contract.SessionAlias, States: contract.SessionStates(), Publish: &published})
}

// retractState retracts what was published to be retracted.
func retractState(ctx context.Context, d *driver.Driver) error {
	return d.Retract(ctx, contract.SessionAlias, contract.RetractedState)
}

// connectTo is how a driven client is told to connect in a cell.
func connectTo(ctx context.Context, address string, c cell.Cell) driver.Connect {
	return driver.Connect{
		Name: contract.ClientName, Aliases: clientNames.aliases(), Protocol: c.Dialect.Client().String(),
		Address: address, Serializers: c.Serializer.Offer(), Timeout: wait(ctx).Seconds(),
	}
}

// errConnect is wrapped when the driven client did not get a connection.
var errConnect = errors.New("connect")

// conversationOpts say what is played in a conversation.
type conversationOpts struct {
	// values are echoed.
	values []*perl.Value
	// driverOnly: what only the reports of drivers show is played as well, over several
	// connections.
	driverOnly bool
}

// playConversation is the other of the two kinds of play (see scenario): a driven client kernel and
// a driven server kernel talk to each other. The client calls, posts, asks for subscriptions and
// makes mistakes, then the server calls the client.
func playConversation(ctx context.Context, server, client *driver.Driver, relayed string, c cell.Cell, opts conversationOpts) (err error) {
	own := driver.Session{
		Session: contract.ClientSession,
		States: map[string]driver.Action{
			contract.AnswerState: driver.Echo(), silentState: driver.Echo(),
			contract.OnceState: driver.Echo(), contract.ReplyState: driver.Echo(),
		},
		Publish: &[]string{contract.ReplyState},
	}
	if err := client.Session(ctx, own); err != nil {
		return err
	}
	if err := publishSession(ctx, client); err != nil {
		return err
	}
	if err := watch(ctx, client, serverNames); err != nil {
		return err
	}
	atClient, err := connectPeer(ctx, client, relayed, c)
	if err != nil {
		return fmt.Errorf("%w: %w", errConnect, err)
	}
	defer func() {
		if err != nil {
			breakOff(ctx, atClient, serverPeer(server))
		}
	}()
	if err := retractState(ctx, client); err != nil {
		return err
	}
	// Large ones a probe sends: drivers tell of each in JSON, several times.
	if err := atClient.clientRequests(ctx, withoutLarge(opts.values, maxAtOnce)); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	// Now the other way round, on the same connection.
	if err := server.Session(ctx, own); err != nil {
		return err
	}
	atServer := serverPeer(server)
	if err := atServer.serverRequests(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if !opts.driverOnly {
		return client.Disconnect(ctx)
	}
	if err := atServer.subscribe(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := atServer.playDriverOnly(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := atClient.playDriverOnly(ctx); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	if err := reconnect(ctx, server, client, relayed, c); err != nil {
		return err
	}
	return leave(ctx, server, client)
}

// breakOff ends a conversation in which something did not come: what is asked then and answered
// shows that it would have come before, and that the client leaves that nobody cut the connection.
// client is its side of it, server the other.
func breakOff(ctx context.Context, client, server peer) {
	for _, p := range []peer{client, server} {
		for _, state := range [][2]string{{contract.SessionAlias, "zero"}, {wire.SessionIKC, wire.StatePing}} {
			// A rsvp of their own tells their answers from those that are missing.
			_ = p.callBack(ctx, state[0], state[1], contract.OnceState, perl.NewBytes("x"))
		}
	}
	limit, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	_ = client.d.Disconnect(limit)
}
