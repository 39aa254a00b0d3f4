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

// peer is one side of a conversation: a driven kernel and whom it talks to. It sends from the
// session contract.ClientSession.
type peer struct {
	d *driver.Driver
	// to is the kernel that it talks to, own the name of its own kernel.
	to, own string
}

// silentState is a state of contract.ClientSession: the rsvp of calls that are not answered.
const silentState = "silence"

// connectPeer has a driven client connect, and is its side of the conversation then.
func connectPeer(ctx context.Context, client *driver.Driver, relayed string, c cell.Cell) (peer, error) {
	connected, err := client.Connect(ctx, connectTo(ctx, relayed, c))
	if connected == "" {
		connected = contract.ServerName
	}
	return peer{d: client, to: connected, own: contract.ClientName}, err
}

// serverPeer is the side of a driven server to which a client is connected.
func serverPeer(server *driver.Driver) peer {
	return peer{d: server, to: contract.ClientName, own: contract.ServerName}
}

// withKernel is the same peer when it talks to another kernel.
func (p peer) withKernel(kernel string) peer {
	p.to = kernel
	return p
}

// call calls a state and waits for the answer.
func (p peer) call(ctx context.Context, session, state string, params *perl.Value) (*perl.Value, error) {
	if err := p.callOnly(ctx, session, state, contract.AnswerState, params); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	e, err := p.d.WaitState(ctx, contract.ClientSession, contract.AnswerState)
	if err != nil {
		return nil, fmt.Errorf("no answer from %s/%s: %w", session, state, err)
	}
	if len(e.Args) == 0 {
		return nil, nil
	}
	return e.Args[0], nil
}

// callBack calls a state, and waits for the answer to come to another state than usual.
func (p peer) callBack(ctx context.Context, session, state, back string, params *perl.Value) error {
	if err := p.callOnly(ctx, session, state, back, params); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	_, err := p.d.WaitState(ctx, contract.ClientSession, back)
	return err
}

// callOnly calls a state and does not wait. back is the state that the answer goes to.
func (p peer) callOnly(ctx context.Context, session, state, back string, params *perl.Value) error {
	const own = contract.ClientSession
	_, err := p.d.Call(ctx, driver.Call{
		To: p.spec(session, state), Params: typed.Value{V: params}, Session: own, RSVP: "poe:/" + own + "/" + back,
	})
	return err
}

// post posts to a state.
func (p peer) post(ctx context.Context, session, state string, params *perl.Value) error {
	_, err := p.d.Post(ctx, driver.Post{
		To: p.spec(session, state), Params: typed.Value{V: params}, Session: contract.ClientSession,
	})
	return err
}

// spec is the specifier of a state of the other kernel.
func (p peer) spec(session, state string) string {
	return "poe://" + p.to + "/" + session + "/" + state
}

// clientRequests sends all that the client is to send first; values are echoed.
func (p peer) clientRequests(ctx context.Context, values []*perl.Value) error {
	const session = contract.SessionAlias
	b := perl.NewBytes
	if _, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	for _, value := range values {
		if _, err := p.call(ctx, session, "echo", value); err != nil {
			return err
		}
	}
	for _, state := range []string{"list", "zero", "empty", "count"} {
		if _, err := p.call(ctx, session, state, b("x")); err != nil {
			return err
		}
	}
	if err := p.callWithArgument(ctx, session); err != nil {
		return err
	}
	for _, state := range []string{"count", "count", "echo"} {
		if err := p.post(ctx, session, state, b("posted")); err != nil {
			return err
		}
	}
	if _, err := p.call(ctx, session, "count", b("x")); err != nil {
		return err
	}
	if err := p.post(ctx, session, "sender", b("to be sent back")); err != nil {
		return err
	}
	if err := p.subscribe(ctx); err != nil {
		return err
	}
	// What is refused: a post and a call, to a session and to a state.
	if err := p.post(ctx, contract.AbsentSession, "state", b("x")); err != nil {
		return err
	}
	if err := p.callOnly(ctx, session, contract.HiddenState, silentState, b("x")); err != nil {
		return err
	}
	// And what is not answered.
	for _, state := range []string{"undef", "nothing"} {
		if err := p.callOnly(ctx, session, state, silentState, b("x")); err != nil {
			return err
		}
	}
	_, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// callWithArgument calls with a ?ARG. Up to 0.1902 that is not part of a specifier: clients refuse
// it, and servers do not answer.
func (p peer) callWithArgument(ctx context.Context, session string) error {
	limit, cancel := context.WithTimeout(ctx, wait(ctx)/5)
	defer cancel()
	_, err := p.call(limit, session, "args?extra", perl.NewBytes("x"))
	if err == nil || refused(err) || ctx.Err() == nil && limit.Err() != nil {
		return nil
	}
	return err
}

// refused tells whether a driver would not do something.
func refused(err error) bool {
	code := driver.CodeOf(err)
	return code == driver.Usage || code == driver.Unsupported
}

// subscribe subscribes to a session that is there and to one that is not. A driver that cannot
// subscribe is told to call do_you_have instead.
func (p peer) subscribe(ctx context.Context) error {
	specs := []string{"poe://" + p.to + "/" + contract.SessionAlias, "poe://" + p.to + "/" + contract.AbsentSession}
	limit, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	_, err := p.d.Subscribe(limit, driver.Subscribe{Specifiers: specs, Session: contract.ClientSession})
	if !driver.IsUnsupported(err) {
		return err
	}
	for _, s := range specs {
		asked := perl.ArrayRef(perl.NewBytes(s), perl.NewBytes(contract.ClientName))
		if _, err := p.call(ctx, wire.SessionIKC, wire.StateHave, asked); err != nil {
			return err
		}
	}
	return nil
}

// serverRequests sends what the server is to send to the client first.
func (p peer) serverRequests(ctx context.Context) error {
	b := perl.NewBytes
	if _, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	if _, err := p.call(ctx, contract.SessionAlias, "echo", perl.HashRef(perl.P("greeting", b("hello")))); err != nil {
		return err
	}
	if err := p.post(ctx, contract.AbsentSession, "state", b("x")); err != nil {
		return err
	}
	_, err := p.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}
