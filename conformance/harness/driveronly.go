package harness

import (
	"context"
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What is not on the wire is judged by what drivers report (judge.Check.ByDriver). What is played
// here makes that decidable; what the kernels do then is not looked at here.

// kernelNames are the names of a kernel of a conversation.
type kernelNames struct {
	name string
	// too is an alias. The other kernel has a monitor of it that wants to be told of unregister
	// only.
	too string
	// ended is another alias. The other kernel ends a monitor of it before anything happens.
	ended string
}

var (
	serverNames = kernelNames{contract.ServerName, contract.ServerName + contract.TooSuffix, contract.ServerName + contract.EndedSuffix}
	clientNames = kernelNames{contract.ClientName, contract.ClientName + contract.TooSuffix, contract.ClientName + contract.EndedSuffix}
)

// aliases are the names that the kernel goes by besides its own.
func (n kernelNames) aliases() []string { return []string{n.too, n.ended} }

// nobody is a name that neither kernel has.
const nobody = "ConformNobody"

// playDriverOnly has a kernel do what only the reports of its driver show, or of both drivers.
func (p peer) playDriverOnly(ctx context.Context) error {
	const session = contract.SessionAlias
	b := perl.NewBytes
	// Through a proxy, until there is none.
	subscribed := "poe://" + p.to + "/" + session
	proxied := driver.ProxyPost{
		To: subscribed, State: "args", Session: contract.ClientSession,
		Args: typed.Wrap([]*perl.Value{b("one"), perl.ArrayRef(b("two")), perl.NewUndef()}),
	}
	if err := p.d.ProxyPost(ctx, proxied); err != nil && !failed(err) {
		return err
	}
	if _, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	if err := p.d.Unsubscribe(ctx, subscribed); err != nil {
		return err
	}
	if err := p.d.ProxyPost(ctx, proxied); err != nil && !failed(err) {
		return err
	}
	// To itself, as if it were remote.
	self := p.withKernel(p.own)
	if _, err := self.call(ctx, session, "echo", b(contract.LocalMark)); err != nil {
		return err
	}
	if err := self.post(ctx, contract.AbsentSession, "state", b(contract.LocalMark)); err != nil {
		return err
	}
	// To everybody, itself included, and to nobody.
	if err := p.withKernel(contract.EveryKernel).post(ctx, session, "count", b(contract.AllMark)); err != nil {
		return err
	}
	toNobody := p.withKernel(nobody)
	if err := toNobody.post(ctx, session, "count", b("to nobody")); err != nil && !failed(err) {
		return err
	}
	if err := toNobody.callOnly(ctx, session, "echo", silentState, b("of nobody")); err != nil && !failed(err) {
		return err
	}
	_, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// answerTwice has another kernel post once more to the rsvp of a call that it has answered. The
// other kernel must not be the target, which is judged by what it answers.
func answerTwice(ctx context.Context, p peer, other *driver.Driver) error {
	b := perl.NewBytes
	if err := p.callOnly(ctx, contract.SessionAlias, "echo", contract.OnceState, b("once")); err != nil {
		return err
	}
	if _, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	back := peer{d: other, to: p.own, own: p.to}
	if err := back.post(ctx, contract.ClientSession, contract.OnceState, b("twice")); err != nil {
		return err
	}
	_, err := back.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// failed tells whether a driver reported that its implementation said no.
func failed(err error) bool { return driver.CodeOf(err) == driver.Failed }

// reconnect has a client leave, and come back under the same name.
func reconnect(ctx context.Context, server, client *driver.Driver, relayed string, c cell.Cell) error {
	if err := leave(ctx, server, client); err != nil {
		return err
	}
	p, err := connectPeer(ctx, client, relayed, c)
	if err != nil {
		return fmt.Errorf("a second time: %w: %w", errConnect, err)
	}
	if _, err := p.call(ctx, contract.SessionAlias, "echo", perl.NewBytes("again")); err != nil {
		return err
	}
	return p.serverRequests(ctx)
}

// leave has a client leave, and waits until the capture shows that both have closed: otherwise the
// judge would take what is wrong on the next connection for a confusion with this one.
func leave(ctx context.Context, server, client *driver.Driver) error {
	if err := client.Disconnect(ctx); err != nil {
		return err
	}
	awaitMonitor(ctx, server, driver.MonitorUnregister, clientNames.ended)
	awaitMonitor(ctx, client, driver.MonitorUnregister, serverNames.ended)
	return letDriversReport(ctx, server, client)
}

// shutDownConnected shuts the target's kernel down while it is connected and has something to send.
// own are the target's names.
func shutDownConnected(ctx context.Context, target peer, own kernelNames, other *driver.Driver) error {
	if err := answerTwice(ctx, target, other); err != nil {
		return err
	}
	if err := target.post(ctx, contract.SessionAlias, "count", perl.NewBytes(contract.LastWords)); err != nil {
		return err
	}
	if err := target.d.Shutdown(ctx); err != nil {
		return fmt.Errorf("shutdown: %w", err)
	}
	awaitMonitor(ctx, other, driver.MonitorUnregister, own.ended)
	return nil
}
