package driver

import (
	"context"

	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Hello asks the driver what it is.
func (d *Driver) Hello(ctx context.Context) (*Hello, error) {
	h := new(Hello)
	if err := d.Do(ctx, "hello", nil, h); err != nil {
		return nil, err
	}
	if d.network != nil {
		h.Capabilities = withoutUnix(h.Capabilities)
	}
	return h, nil
}

// Listen has the driver listen. It is ready for connections when Listen returns.
func (d *Driver) Listen(ctx context.Context, l Listen) (Listening, error) {
	var at Listening
	if l.Unix == "" {
		address, err := d.translate(Network.ListenAt, l.Address)
		if err != nil {
			return at, err
		}
		l.Address = address
	}
	err := d.Do(ctx, "listen", l, &at)
	if err == nil && at.Address != "" {
		at.Address, err = d.translate(Network.ReachedAt, at.Address)
	}
	return at, err
}

// Connect has the driver connect; it returns when the negotiation is over, with the id of the
// remote kernel if known.
func (d *Driver) Connect(ctx context.Context, c Connect) (kernel string, err error) {
	var to Connected
	if c.Unix == "" {
		if c.Address, err = d.translate(Network.DialAs, c.Address); err != nil {
			return "", err
		}
	}
	err = d.Do(ctx, "connect", c, &to)
	return to.Kernel, err
}

// Session creates a session of scripted states, or adds states to it.
func (d *Driver) Session(ctx context.Context, s Session) error { return d.Do(ctx, "session", s, nil) }

// Publish publishes states of a session.
func (d *Driver) Publish(ctx context.Context, session string, states ...string) error {
	return d.Do(ctx, "publish", Publication{session, states}, nil)
}

// Retract retracts states of a session.
func (d *Driver) Retract(ctx context.Context, session string, states ...string) error {
	return d.Do(ctx, "retract", Publication{session, states}, nil)
}

// Post posts to a remote state and returns to how many kernels that went, -1 if unknown.
func (d *Driver) Post(ctx context.Context, p Post) (int, error) { return d.send(ctx, "post", p) }

// ProxyPost posts to the proxy of a session that was subscribed to.
func (d *Driver) ProxyPost(ctx context.Context, p ProxyPost) error {
	return d.Do(ctx, "proxy-post", p, nil)
}

// Call calls a remote state; the answer comes as an event of the rsvp's state.
func (d *Driver) Call(ctx context.Context, c Call) (int, error) { return d.send(ctx, "call", c) }

func (d *Driver) send(ctx context.Context, cmd string, fields any) (int, error) {
	var sent Sent
	if err := d.Do(ctx, cmd, fields, &sent); err != nil || sent.Count == nil {
		return -1, err
	}
	return *sent.Count, nil
}

// Subscribe subscribes and returns the specifiers that were accepted.
func (d *Driver) Subscribe(ctx context.Context, s Subscribe) ([]string, error) {
	var a Accepted
	err := d.Do(ctx, "subscribe", s, &a)
	return a.Accepted, err
}

// Unsubscribe ends subscriptions.
func (d *Driver) Unsubscribe(ctx context.Context, specifiers ...string) error {
	return d.Do(ctx, "unsubscribe", Subscribe{Specifiers: specifiers}, nil)
}

// Monitor has the driver report events of a kernel; without events, no longer.
func (d *Driver) Monitor(ctx context.Context, kernel string, events ...string) error {
	if events == nil {
		events = []string{}
	}
	return d.Do(ctx, "monitor", Monitor{kernel, events}, nil)
}

// Disconnect closes every connection of the driver's kernel.
func (d *Driver) Disconnect(ctx context.Context) error { return d.Do(ctx, "disconnect", nil, nil) }

// Shutdown shuts the driver's IKC down.
func (d *Driver) Shutdown(ctx context.Context) error { return d.Do(ctx, "shutdown", nil, nil) }

// Quit asks the driver to end, and waits until it has.
func (d *Driver) Quit(ctx context.Context) error {
	if err := d.Do(ctx, "quit", nil, nil); err != nil {
		return err
	}
	select {
	case <-d.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// LiteConnect connects the driver's ClientLite.
func (d *Driver) LiteConnect(ctx context.Context, c LiteConnect) error {
	address, err := d.translate(Network.DialAs, c.Address)
	if err != nil {
		return err
	}
	c.Address = address
	return d.Do(ctx, "lite-connect", c, nil)
}

// LitePost posts with the ClientLite, and tells whether it could.
func (d *Driver) LitePost(ctx context.Context, to string, params *perl.Value) (bool, error) {
	var s LiteSent
	err := d.Do(ctx, "lite-post", LiteMessage{To: to, Params: typed.Value{V: params}}, &s)
	return s.Sent, err
}

// LiteCall calls in scalar context.
func (d *Driver) LiteCall(ctx context.Context, to string, params *perl.Value) (*perl.Value, error) {
	return d.liteScalar(ctx, "lite-call", LiteMessage{To: to, Params: typed.Value{V: params}})
}

// LiteCallList calls in list context.
func (d *Driver) LiteCallList(ctx context.Context, to string, params *perl.Value) ([]*perl.Value, error) {
	var r LiteResult
	err := d.Do(ctx, "lite-call", LiteMessage{To: to, Params: typed.Value{V: params}, Context: ContextList}, &r)
	return typed.Unwrap(r.Values), err
}

// LitePostRespond posts [params, rsvp] and returns what is posted to rsvp.
func (d *Driver) LitePostRespond(ctx context.Context, to string, params *perl.Value) (*perl.Value, error) {
	return d.liteScalar(ctx, "lite-post-respond", LiteMessage{To: to, Params: typed.Value{V: params}})
}

// LiteResponded waits for a post to a state of the ClientLite.
func (d *Driver) LiteResponded(ctx context.Context, state string) (*perl.Value, error) {
	return d.liteScalar(ctx, "lite-responded", LiteResponded{State: state})
}

// LiteRespondedList does so in list context.
func (d *Driver) LiteRespondedList(ctx context.Context, state string) ([]*perl.Value, error) {
	var r LiteResult
	err := d.Do(ctx, "lite-responded", LiteResponded{State: state, Context: ContextList}, &r)
	return typed.Unwrap(r.Values), err
}

func (d *Driver) liteScalar(ctx context.Context, cmd string, fields any) (*perl.Value, error) {
	var r LiteResult
	if err := d.Do(ctx, cmd, fields, &r); err != nil {
		return nil, err
	}
	if r.Value == nil || r.Value.V == nil {
		return perl.NewUndef(), nil
	}
	return r.Value.V, nil
}

// LitePing pings with the ClientLite.
func (d *Driver) LitePing(ctx context.Context) (bool, error) {
	var a LiteAlive
	err := d.Do(ctx, "lite-ping", nil, &a)
	return a.Alive, err
}

// LiteDisconnect disconnects the ClientLite.
func (d *Driver) LiteDisconnect(ctx context.Context) error {
	return d.Do(ctx, "lite-disconnect", nil, nil)
}
