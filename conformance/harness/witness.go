package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What is not on the wire is judged by what drivers report (conformance.Check.ByDriver). Here kernels are made to do what
// makes that decidable; none of it looks at what they do.

// names of a kernel.
type names struct {
	name  string
	too   string // another, for which a monitor wants to be told of unregister only
	ended string // and another, of which a monitor is ended before anything happens
}

var (
	serverNames = names{serverName, "ConformServerToo", "ConformServerEnded"}
	clientNames = names{clientName, "ConformClientToo", "ConformClientEnded"}
)

func (n names) aliases() []string { return []string{n.too, n.ended} }

const (
	nobody   = "ConformNobody" // a name that neither has
	everyone = "*"
)

// watch has a kernel monitor another by its names, and every kernel. It has to be done before they are connected.
func watch(ctx context.Context, d *driver.Driver, of names) error {
	hello, err := d.Hello(ctx)
	if err != nil || len(hello.Monitors) == 0 {
		return err
	}
	for _, m := range []driver.Monitor{
		{Kernel: everyone, Events: hello.Monitors}, {Kernel: of.name, Events: hello.Monitors}, {Kernel: of.too, Events: []string{"unregister"}},
		{Kernel: of.ended, Events: hello.Monitors}, {Kernel: of.ended},
	} {
		if err := d.Monitor(ctx, m.Kernel, m.Events...); err != nil {
			return err
		}
	}
	return nil
}

// awaitMonitor waits until a monitor of every kernel was told of something about a kernel. That it never is, is for the
// judge to find.
func awaitMonitor(ctx context.Context, d *driver.Driver, what, about string) {
	hello, err := d.Hello(ctx)
	if err != nil || !hello.HasMonitor(what) {
		return
	}
	limit, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	_, _ = d.Wait(limit, func(e *driver.Event) bool {
		return e.Kind == "monitor" && e.Kernel == everyone && e.What == what && e.About == about
	})
}

// testify has a kernel do what shows in the reports of drivers only, or in those of the other side as well.
func (v voice) testify(ctx context.Context) error {
	const session = contract.SessionAlias
	b := perl.NewBytes
	// Through a proxy, until there is none.
	subscribed := "poe://" + v.to + "/" + session
	proxied := driver.ProxyPost{To: subscribed, State: "args", Session: v.session, Args: typed.Wrap([]*perl.Value{b("one"), perl.ArrayRef(b("two")), perl.NewUndef()})}
	if err := v.d.ProxyPost(ctx, proxied); err != nil && !failed(err) {
		return err
	}
	if _, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	if err := v.d.Unsubscribe(ctx, subscribed); err != nil {
		return err
	}
	if err := v.d.ProxyPost(ctx, proxied); err != nil && !failed(err) {
		return err
	}
	// To itself, as if it were remote.
	self := v.speakingTo(v.own)
	if _, err := self.call(ctx, session, "echo", b(contract.LocalMark)); err != nil {
		return err
	}
	if err := self.post(ctx, contract.AbsentSession, "state", b(contract.LocalMark)); err != nil {
		return err
	}
	// To everybody, itself included, and to nobody.
	if err := v.speakingTo(everyone).post(ctx, session, "count", b("to all")); err != nil {
		return err
	}
	if err := v.speakingTo(nobody).post(ctx, session, "count", b("to nobody")); err != nil && !failed(err) {
		return err
	}
	if err := v.speakingTo(nobody).callOnly(ctx, session, "echo", silentState, b("of nobody")); err != nil && !failed(err) {
		return err
	}
	_, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// answerTwice has another kernel post once more to the rsvp of a call that it has answered. It must not be the one that is
// judged by what it answers.
func answerTwice(ctx context.Context, v voice, other *driver.Driver) error {
	b := perl.NewBytes
	if err := v.callOnly(ctx, contract.SessionAlias, "echo", contract.OnceState, b("once")); err != nil {
		return err
	}
	if _, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	back := voice{other, v.own, v.session, v.to}
	if err := back.post(ctx, v.session, contract.OnceState, b("twice")); err != nil {
		return err
	}
	_, err := back.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// failed tells whether a driver reported that its implementation said no.
func failed(err error) bool { return driver.CodeOf(err) == driver.Failed }

// again has a client leave, and come back under the same name.
func again(ctx context.Context, server, client *driver.Driver, relay string, c cell.Cell) error {
	if err := client.Disconnect(ctx); err != nil {
		return err
	}
	awaitMonitor(ctx, server, "unregister", clientNames.ended)
	awaitMonitor(ctx, client, "unregister", serverNames.ended)
	connected, err := client.Connect(ctx, connectTo(ctx, relay, c))
	if err != nil {
		return fmt.Errorf("a second time: %w: %w", errConnect, err)
	}
	if connected == "" {
		connected = serverName
	}
	v := voice{client, connected, clientSession, clientName}
	if _, err := v.call(ctx, contract.SessionAlias, "echo", perl.NewBytes("again")); err != nil {
		return err
	}
	return v.greet(ctx)
}

// curtain ends the target's kernel, while it is connected and has something to send. What it does to connections is in the
// capture, what it tells monitors in the reports.
func curtain(ctx context.Context, target voice, names names, other *driver.Driver) error {
	if err := answerTwice(ctx, target, other); err != nil {
		return err
	}
	if err := target.post(ctx, contract.SessionAlias, "count", perl.NewBytes(contract.LastWords)); err != nil {
		return err
	}
	if err := target.d.Shutdown(ctx); err != nil {
		return fmt.Errorf("shutdown: %w", err)
	}
	awaitMonitor(ctx, other, "unregister", names.ended)
	return linger(ctx, target.d, other)
}

// linger gives drivers the time to tell what there is to tell, and has the capture show that they had it.
func linger(ctx context.Context, drivers ...*driver.Driver) error {
	select {
	case <-time.After(afterlife):
	case <-ctx.Done():
	}
	for _, d := range drivers {
		if _, err := d.Hello(ctx); err != nil && !errors.Is(err, driver.ErrGone) {
			return err
		}
	}
	return nil
}

// afterlife is how long a kernel that was shut down may still tell something.
const afterlife = 50 * time.Millisecond
