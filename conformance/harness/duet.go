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

// Names of the two kernels of a duet, and of the client's own session.
const (
	serverName    = "ConformServer"
	clientName    = "ConformClient"
	clientSession = contract.ClientSession
	answerState   = "answer"
	silentState   = "silence" // rsvp of calls that are not answered
)

// defaultWait bounds every step of a duet unless Options.Patience says otherwise.
const defaultWait = 5 * time.Second

type waitKey struct{}

// withWait has every step take at most d, defaultWait if d is 0.
func withWait(ctx context.Context, d time.Duration) context.Context {
	if d == 0 {
		d = defaultWait
	}
	return context.WithValue(ctx, waitKey{}, d)
}

// wait is how long a step may take.
func wait(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(waitKey{}).(time.Duration); ok {
		return d
	}
	return defaultWait
}

// listen makes a driven server ready: the conformance session, and a listener.
func listen(ctx context.Context, server *driver.Driver, d cell.Dialect) (address string, err error) {
	if err := publishSession(ctx, server); err != nil {
		return "", err
	}
	hello, err := server.Hello(ctx)
	if err != nil {
		return "", err
	}
	protocol := d.Server().String()
	if d == cell.IKC && !hello.HasProtocol(protocol) {
		protocol = wire.IKC.String()
	}
	at, err := server.Listen(ctx, driver.Listen{Name: serverName, Aliases: serverNames.aliases(), Protocol: protocol})
	if err != nil {
		return "", err
	}
	if err := watch(ctx, server, clientNames); err != nil {
		return "", err
	}
	return at.Address, retractState(ctx, server)
}

// publishSession gives a driven kernel the conformance session. What is to be retracted is published as well, for
// retractState when there is a kernel.
func publishSession(ctx context.Context, d *driver.Driver) error {
	published := append(contract.PublishedStates(), contract.RetractedState)
	return d.Session(ctx, driver.Session{Session: contract.SessionAlias, States: contract.SessionStates(), Publish: &published})
}

func retractState(ctx context.Context, d *driver.Driver) error {
	return d.Retract(ctx, contract.SessionAlias, contract.RetractedState)
}

// connectTo is how a driven client is told to connect in a cell.
func connectTo(ctx context.Context, address string, c cell.Cell) driver.Connect {
	return driver.Connect{Name: clientName, Aliases: clientNames.aliases(), Protocol: c.Dialect.Client().String(), Address: address, Serializers: c.Serializer.Offer(), Timeout: wait(ctx).Seconds()}
}

// errConnect is wrapped when the driven client did not get a connection.
var errConnect = errors.New("connect")

// plot is what is played in a duet.
type plot struct {
	// values are echoed.
	values []*perl.Value
	// testify: what shows in the reports of drivers only is played as well, over several connections.
	testify bool
}

// duet plays a conversation between two driven kernels: the client calls, posts, asks for
// subscriptions and makes mistakes, then the server calls the client.
func duet(ctx context.Context, server, client *driver.Driver, relay string, c cell.Cell, p plot) error {
	own := driver.Session{Session: clientSession, States: map[string]driver.Action{
		answerState: driver.Echo(), silentState: driver.Echo(), contract.OnceState: driver.Echo(), contract.ReplyState: driver.Echo(),
	}, Publish: &[]string{contract.ReplyState}}
	if err := client.Session(ctx, own); err != nil {
		return err
	}
	if err := publishSession(ctx, client); err != nil {
		return err
	}
	if err := watch(ctx, client, serverNames); err != nil {
		return err
	}
	connected, err := client.Connect(ctx, connectTo(ctx, relay, c))
	if err != nil {
		return fmt.Errorf("%w: %w", errConnect, err)
	}
	if err := retractState(ctx, client); err != nil {
		return err
	}
	if connected == "" {
		connected = serverName
	}
	there := voice{client, connected, clientSession, clientName}
	if err := there.converse(ctx, p.values); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	// Now the other way round, on the same connection.
	back := driver.Session{Session: clientSession, States: own.States, Publish: own.Publish}
	if err := server.Session(ctx, back); err != nil {
		return err
	}
	here := voice{server, clientName, clientSession, serverName}
	if err := here.greet(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if !p.testify {
		return client.Disconnect(ctx)
	}
	if err := here.ask(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := here.testify(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := there.testify(ctx); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	if err := again(ctx, server, client, relay, c); err != nil {
		return err
	}
	return client.Disconnect(ctx)
}

// voice is one side of a duet: a driven kernel and whom it talks to.
type voice struct {
	d       *driver.Driver
	to      string // kernel
	session string // of ours, that sends
	own     string // the name of the kernel itself
}

// speakingTo is the same voice when it talks to another kernel.
func (v voice) speakingTo(kernel string) voice {
	v.to = kernel
	return v
}

// call calls a state and waits for the answer.
func (v voice) call(ctx context.Context, session, state string, params *perl.Value) (*perl.Value, error) {
	if err := v.callOnly(ctx, session, state, answerState, params); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	e, err := v.d.WaitState(ctx, v.session, answerState)
	if err != nil {
		return nil, fmt.Errorf("no answer from %s/%s: %w", session, state, err)
	}
	if len(e.Args) == 0 {
		return nil, nil
	}
	return e.Args[0], nil
}

func (v voice) callOnly(ctx context.Context, session, state, back string, params *perl.Value) error {
	_, err := v.d.Call(ctx, driver.Call{
		To: v.spec(session, state), Params: typed.Value{V: params}, Session: v.session,
		RSVP: "poe:/" + v.session + "/" + back,
	})
	return err
}

func (v voice) post(ctx context.Context, session, state string, params *perl.Value) error {
	_, err := v.d.Post(ctx, driver.Post{To: v.spec(session, state), Params: typed.Value{V: params}, Session: v.session})
	return err
}

func (v voice) spec(session, state string) string {
	return "poe://" + v.to + "/" + session + "/" + state
}

// converse is what the client has to say; values are echoed.
func (v voice) converse(ctx context.Context, values []*perl.Value) error {
	const session = contract.SessionAlias
	b := perl.NewBytes
	if _, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	for _, value := range values {
		if _, err := v.call(ctx, session, "echo", value); err != nil {
			return err
		}
	}
	for _, state := range []string{"list", "zero", "empty", "count"} {
		if _, err := v.call(ctx, session, state, b("x")); err != nil {
			return err
		}
	}
	if err := v.callWithArgument(ctx, session); err != nil {
		return err
	}
	for _, state := range []string{"count", "count", "echo"} {
		if err := v.post(ctx, session, state, b("posted")); err != nil {
			return err
		}
	}
	if _, err := v.call(ctx, session, "count", b("x")); err != nil {
		return err
	}
	if err := v.post(ctx, session, "sender", b("to be sent back")); err != nil {
		return err
	}
	if err := v.ask(ctx); err != nil {
		return err
	}
	// What is refused: a post and a call, to a session and to a state.
	if err := v.post(ctx, contract.AbsentSession, "state", b("x")); err != nil {
		return err
	}
	if err := v.callOnly(ctx, session, contract.HiddenState, silentState, b("x")); err != nil {
		return err
	}
	// And what is not answered.
	for _, state := range []string{"undef", "nothing"} {
		if err := v.callOnly(ctx, session, state, silentState, b("x")); err != nil {
			return err
		}
	}
	_, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// callWithArgument calls with a ?ARG, which up to 0.1902 is no part of a specifier: clients refuse it, servers do not answer.
func (v voice) callWithArgument(ctx context.Context, session string) error {
	limit, cancel := context.WithTimeout(ctx, wait(ctx)/5)
	defer cancel()
	_, err := v.call(limit, session, "args?extra", perl.NewBytes("x"))
	if err == nil || refused(err) || ctx.Err() == nil && limit.Err() != nil {
		return nil
	}
	return err
}

// refused tells whether a driver would not do something: up to 0.1902, ?ARG is no part of a specifier.
func refused(err error) bool {
	code := driver.CodeOf(err)
	return code == driver.Usage || code == driver.Unsupported
}

// ask asks for subscriptions: by subscribing if the driver can, else by calling do_you_have.
func (v voice) ask(ctx context.Context) error {
	specs := []string{"poe://" + v.to + "/" + contract.SessionAlias, "poe://" + v.to + "/" + contract.AbsentSession}
	limit, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	_, err := v.d.Subscribe(limit, driver.Subscribe{Specifiers: specs, Session: v.session})
	if !driver.IsUnsupported(err) {
		return err
	}
	for _, s := range specs {
		if _, err := v.call(ctx, wire.SessionIKC, wire.StateHave, perl.ArrayRef(perl.NewBytes(s), perl.NewBytes(clientName))); err != nil {
			return err
		}
	}
	return nil
}

// greet is what the server has to say to the client.
func (v voice) greet(ctx context.Context) error {
	b := perl.NewBytes
	if _, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	if _, err := v.call(ctx, contract.SessionAlias, "echo", perl.HashRef(perl.P("greeting", b("hello")))); err != nil {
		return err
	}
	if err := v.post(ctx, contract.AbsentSession, "state", b("x")); err != nil {
		return err
	}
	_, err := v.call(ctx, wire.SessionIKC, wire.StatePing, b(wire.Ping))
	return err
}

// duetLite plays a conversation in which the client is a ClientLite.
func duetLite(ctx context.Context, client *driver.Driver, relay string, c cell.Cell, p plot) error {
	const session = contract.SessionAlias
	b := perl.NewBytes
	serializer := ""
	if offer := c.Serializer.Offer(); len(offer) > 0 {
		serializer = offer[0]
	}
	connect := driver.LiteConnect{Name: clientName, Address: relay, Protocol: c.Dialect.Client().String(), Serializer: serializer, Timeout: wait(ctx).Seconds()}
	if err := client.LiteConnect(ctx, connect); err != nil {
		return fmt.Errorf("%w: %w", errConnect, err)
	}
	call := func(session, state string, params *perl.Value) error {
		_, err := client.LiteCall(ctx, session+"/"+state, params)
		return err
	}
	if err := call(wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	for _, value := range p.values {
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
		if err := call(wire.SessionIKC, wire.StateHave, perl.ArrayRef(b("poe://"+serverName+"/"+s), b(clientName))); err != nil {
			return err
		}
	}
	for _, refused := range []string{contract.AbsentSession + "/state", session + "/" + contract.HiddenState} {
		_, err := client.LiteCall(ctx, refused, b("x"))
		var told *driver.Error
		if err != nil && !(errors.As(err, &told) && told.Code == driver.Failed) {
			return fmt.Errorf("a call that is refused: %w", err)
		}
	}
	if p.testify {
		if err := confide(ctx, client, c); err != nil {
			return err
		}
	}
	if err := call(wire.SessionIKC, wire.StatePing, b(wire.Ping)); err != nil {
		return err
	}
	if err := client.LiteDisconnect(ctx); err != nil || !p.testify {
		return err
	}
	hello, err := client.Hello(ctx)
	if err != nil || !atLength(hello, c.Dialect) {
		return err
	}
	return outwait(ctx, client, connect)
}
