// Package probe is one end of a connection of IKC under full control: it negotiates as told, sends
// messages exactly as given, and hands over what comes, frame by frame. Scenarios use it where a
// kernel would be too well behaved, or too clever.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Config says who we are.
type Config struct {
	// Name is our name, ID our kernel id. With Lite we are a ClientLite, which has a name only.
	Name, ID string
	Lite     bool
	// Aliases are more names.
	Aliases []string
	Dialect wire.Dialect
	// Serializer is the only one that we know, unless there are several of Known, of which that is
	// used that is agreed on. Nil: Storable.
	Serializer wire.Serializer
	Known      []wire.Serializer
	// Offered are serializers that we offer, as if we knew them: Serializer alone, if there are none.
	Offered []string
	// Session is the session that our messages come from, if they say so.
	Session string
	// Early are messages to be sent in one write with the SETUP, before it was answered.
	Early []*wire.Message
	// FirstSetup is sent by a server in answer to the first SETUP, which is otherwise passed over.
	FirstSetup string
	// MaxAside bounds the octets that may come between two things that we say: a probe waits for one
	// message, and needs nothing else. 0: 4 MiB.
	MaxAside int
	// HelloAfter is how long a client waits for the answer to its SETUP before it goes on with HELLO.
	// 0: for Timeout, and then it fails.
	HelloAfter time.Duration
	// Timeout bounds every wait for the other side, or a sixteenth more. 0: DefaultTimeout.
	Timeout time.Duration
	// Finish, if not nil, has Dial come to the end of a negotiation although its context is
	// cancelled, since leaving in the middle is what ends a real Perl server. Only the deadline of
	// the context counts then. Finish is called when the context is cancelled meanwhile, and done
	// when the negotiation has ended.
	Finish func() (done func())
}

// Conn is a negotiated connection. It is for one goroutine.
type Conn struct {
	cfg    Config
	conn   net.Conn
	lines  wire.LineScanner
	frames *wire.FrameScanner
	// Peer and Dialect are what the negotiation came to. Silent: after HelloAfter.
	Peer     wire.Peer
	Dialect  wire.Dialect
	Silent   bool
	calls    int
	hello    bool // HelloAfter was waited for
	heard    wire.Heard
	deadline time.Time // of conn, as set
	aside    int       // octets that came since we last said something
	began    []byte    // what they began with
}

// maxAside is how much may come between two things that a probe says unless Config.MaxAside says
// otherwise, in octets. It holds no more than that, and 64 KiB.
const maxAside = 4 << 20

// FloodError says that the other side said more than a probe waits for.
type FloodError struct {
	// Octets are how many may come, Began is what they began with.
	Octets int
	Began  []byte
}

func (e *FloodError) Error() string {
	return fmt.Sprintf("expected an answer, got more than %d octets without one, which began with %+q", e.Octets, e.Began)
}

// DefaultTimeout bounds every wait for the other side whose context has no earlier deadline.
const DefaultTimeout = 5 * time.Second

// Serializer is the one that is used.
func (c *Conn) Serializer() wire.Serializer {
	if c.cfg.Serializer == nil {
		return storable.Serializer{}
	}
	return c.cfg.Serializer
}

// Open connects without negotiating.
func Open(ctx context.Context, network, address string, cfg Config) (*Conn, error) {
	conn, err := (&net.Dialer{Timeout: cmp.Or(cfg.Timeout, DefaultTimeout)}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newConn(conn, cfg), nil
}

func newConn(conn net.Conn, cfg Config) *Conn {
	cfg.Timeout, cfg.MaxAside = cmp.Or(cfg.Timeout, DefaultTimeout), cmp.Or(cfg.MaxAside, maxAside)
	return &Conn{cfg: cfg, conn: conn}
}

// Dial connects and negotiates as a client, falling back to IKC where the server wants it. It ends
// with ctx, unless cfg.Finish says otherwise. The error of a negotiation is a *wire.StrangerError
// if nothing of IKC came.
func Dial(ctx context.Context, network, address string, cfg Config) (*Conn, error) {
	c, err := Open(ctx, network, address, cfg)
	if err != nil {
		return nil, err
	}
	negotiating, done := c.lasting(ctx)
	err = c.Negotiate(negotiating, wire.Client)
	done()
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// lasting is the context of a negotiation: ctx, or with cfg.Finish only its deadline. done is to
// be called when the negotiation has ended.
func (c *Conn) lasting(ctx context.Context) (negotiating context.Context, done func()) {
	if c.cfg.Finish == nil {
		return ctx, func() {}
	}
	negotiating, cancel := context.WithoutCancel(ctx), func() {}
	if deadline, ok := ctx.Deadline(); ok {
		negotiating, cancel = context.WithDeadline(negotiating, deadline)
	}
	finished := make(chan func(), 1)
	stop := context.AfterFunc(ctx, func() { finished <- c.cfg.Finish() })
	return negotiating, func() {
		cancel()
		if !stop() {
			(<-finished)()
		}
	}
}

// Accept negotiates as a server over a connection that was accepted.
func Accept(ctx context.Context, conn net.Conn, cfg Config) (*Conn, error) {
	c := newConn(conn, cfg)
	if err := c.Negotiate(ctx, wire.Server); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// Negotiate comes to terms with the other side. The error is a *wire.StrangerError if nothing of
// IKC came.
func (c *Conn) Negotiate(ctx context.Context, role wire.Role) error {
	return c.heard.Explain(c.negotiate(ctx, role))
}

func (c *Conn) negotiate(ctx context.Context, role wire.Role) error {
	cfg := wire.NegotiatorConfig{
		Role: role, Dialect: c.cfg.Dialect, KernelID: c.cfg.ID, PID: "1",
		Names:       slices.Concat([]string{c.cfg.Name}, c.cfg.Aliases, []string{c.conn.LocalAddr().String()}),
		Serializers: []string{c.Serializer().Name()},
	}
	if len(c.cfg.Known) > 0 {
		cfg.Serializers = names(c.cfg.Known)
	}
	if len(c.cfg.Offered) > 0 {
		cfg.Serializers = c.cfg.Offered
	}
	if c.cfg.Lite {
		cfg.KernelID, cfg.Names = c.cfg.Name, nil
	}
	n := wire.NewNegotiator(cfg)
	early, err := c.freeze(c.cfg.Early)
	if err != nil {
		return err
	}
	if err := c.write(append(joinLines(n.Start()), early...)); err != nil {
		return err
	}
	first := c.cfg.FirstSetup
	for !n.Done() {
		line, err := c.nextLine(ctx, n)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("negotiation: expected a line, the connection was closed: %w", err)
		}
		if err != nil {
			return fmt.Errorf("negotiation: %w", err)
		}
		if first != "" {
			if err := c.WriteLine(first); err != nil {
				return err
			}
			first = ""
			continue
		}
		if line == "NOT" && role == wire.Server && c.cfg.FirstSetup != "" {
			// The client refused; it is offered a good SETUP without having to ask again.
			setup := wire.Setup{Kernel: append([]string{cfg.KernelID}, cfg.Names...), Serializers: cfg.Serializers, PID: cfg.PID}
			if err := c.WriteLine(setup.String()); err != nil {
				return err
			}
			c.frames = c.lines.Frames(0)
			return nil
		}
		reply, err := n.Receive(line)
		if err != nil {
			return err
		}
		if err := c.write(joinLines(reply)); err != nil {
			return err
		}
	}
	c.Peer, c.Dialect, c.Silent = n.Peer(), n.Dialect(), n.Silent()
	for _, z := range c.cfg.Known {
		if z.Name() == n.Serializer() {
			c.cfg.Serializer = z
		}
	}
	c.frames = c.lines.Frames(0)
	return nil
}

func names(list []wire.Serializer) (out []string) {
	for _, z := range list {
		out = append(out, z.Name())
	}
	return out
}

// nextLine waits for a line of the negotiation, and goes on with HELLO where that is wanted.
func (c *Conn) nextLine(ctx context.Context, n *wire.Negotiator) (string, error) {
	if c.cfg.HelloAfter > 0 && !c.hello {
		c.hello = true
		limit, cancel := context.WithTimeout(ctx, c.cfg.HelloAfter)
		line, err := c.ReadLine(limit)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return line, err
		}
		if err := c.write(joinLines(n.Silence())); err != nil {
			return "", err
		}
	}
	return c.ReadLine(ctx)
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// WriteLine sends a line.
func (c *Conn) WriteLine(line string) error { return c.write(wire.AppendLine(nil, line)) }

// ReadLine waits for a line.
func (c *Conn) ReadLine(ctx context.Context) (string, error) {
	for {
		line, ok, err := c.lines.Next()
		if ok {
			c.heard.Line(line)
		}
		if ok || err != nil {
			return line, err
		}
		octets := make([]byte, readSize)
		n, err := c.read(ctx, octets)
		if err != nil {
			return "", err
		}
		c.heard.Octets(octets[:n])
		c.lines.Write(octets[:n])
	}
}

// SendImage sends a frame with an image of any content.
func (c *Conn) SendImage(image []byte) error { return c.write(wire.AppendFrame(nil, image)) }

// Send sends messages, all in one write.
func (c *Conn) Send(messages ...*wire.Message) error {
	b, err := c.freeze(messages)
	if err != nil {
		return err
	}
	return c.write(b)
}

func (c *Conn) freeze(messages []*wire.Message) (b []byte, err error) {
	for _, m := range messages {
		image, err := c.Serializer().Freeze(m.ToValue())
		if err != nil {
			return nil, err
		}
		b = wire.AppendFrame(b, image)
	}
	return b, nil
}

// SendOctets sends octets as they are.
func (c *Conn) SendOctets(b []byte) error { return c.write(b) }

// Receive waits for a message.
func (c *Conn) Receive(ctx context.Context) (*wire.Message, error) {
	m := new(wire.Message)
	if _, err := c.ReceiveInto(ctx, m); err != nil {
		return nil, err
	}
	return m, nil
}

// ReceiveInto waits for a message and reads it into m. The image is valid until the next is waited
// for.
func (c *Conn) ReceiveInto(ctx context.Context, m *wire.Message) (image []byte, err error) {
	for {
		image, ok, err := c.frames.Next()
		if err != nil {
			return nil, err
		}
		if ok {
			return image, c.frames.Thaw(c.Serializer(), image, m)
		}
		n, err := c.read(ctx, c.frames.Room(readSize))
		if err != nil {
			return nil, err
		}
		c.frames.Advance(n)
	}
}

// ErrNoBarrier says that a ping was not answered, so nothing is known about what came before it.
var ErrNoBarrier = errors.New("the call of IKC/ping that ends a scenario was not answered")

// Barrier calls IKC/ping and waits for the answer. Requests are handled in order, so nothing more
// can come for what was sent before. What comes meanwhile is read and dropped.
func (c *Conn) Barrier(ctx context.Context) error {
	ping := c.Call("", wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping))
	if err := c.Send(ping); err != nil {
		return err
	}
	if _, err := c.answer(ctx, ping); err != nil {
		return fmt.Errorf("%w: %w", ErrNoBarrier, err)
	}
	return nil
}

// Ask sends a call and waits for its answer. What comes meanwhile is read and dropped.
func (c *Conn) Ask(ctx context.Context, call *wire.Message) (*wire.Message, error) {
	if err := c.Send(call); err != nil {
		return nil, err
	}
	return c.answer(ctx, call)
}

// answer waits for what comes to the rsvp of a call.
func (c *Conn) answer(ctx context.Context, call *wire.Message) (*wire.Message, error) {
	for {
		m, err := c.Receive(ctx)
		if err != nil || m.Event.Session == call.RSVP.Session && m.Event.State == call.RSVP.State {
			return m, err
		}
	}
}

// Post makes a message to a state of the other kernel; kernel is its id unless given.
func (c *Conn) Post(kernel, session, state string, params *perl.Value) *wire.Message {
	if kernel == "" {
		kernel = c.Peer.ID
	}
	m := &wire.Message{Event: wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state}), Params: params}
	if c.cfg.Session != "" {
		from := specifier.Specifier{Kernel: c.Name(), Session: c.cfg.Session}
		if !c.cfg.Lite {
			from.State = specifier.ProxyState
		}
		m.From = wire.At(from)
	}
	return m
}

// Call is Post with an rsvp that was not used before.
func (c *Conn) Call(kernel, session, state string, params *perl.Value) *wire.Message {
	m := c.Post(kernel, session, state, params)
	c.calls++
	back := c.cfg.Session
	if back == "" {
		back = wire.SessionIKCLite
	}
	m.RSVP = wire.At(specifier.Specifier{Kernel: c.Name(), Session: back, State: wire.StateResponse + strconv.Itoa(c.calls)})
	return m
}

// Name is what the other side knows us by.
func (c *Conn) Name() string {
	if c.cfg.Lite {
		return c.cfg.Name
	}
	return c.cfg.ID
}

func (c *Conn) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := c.until(time.Now().Add(c.cfg.Timeout)); err != nil {
		return err
	}
	c.aside, c.began = 0, c.began[:0]
	_, err := c.conn.Write(b)
	return err
}

// readSize is how much is read at a time, in octets.
const readSize = 64 << 10

// read waits for octets, and tells how many came, at least one. More than may come since the last
// write are a *FloodError.
func (c *Conn) read(ctx context.Context, into []byte) (int, error) {
	deadline := time.Now().Add(c.cfg.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := c.until(deadline); err != nil {
		return 0, err
	}
	stop, stopped := func() bool { return true }, (chan struct{})(nil)
	if ctx.Done() != nil {
		stopped = make(chan struct{})
		stop = context.AfterFunc(ctx, func() {
			_ = c.conn.SetReadDeadline(time.Unix(1, 0))
			close(stopped)
		})
	}
	n, err := c.conn.Read(into)
	if !stop() {
		<-stopped
		c.deadline = time.Time{}
	}
	if n == 0 {
		return 0, err
	}
	if c.aside == 0 {
		c.began = append(c.began, into[:min(n, mostBegan)]...)
	}
	if c.aside += n; c.aside > c.cfg.MaxAside {
		return 0, &FloodError{Octets: c.cfg.MaxAside, Began: c.began}
	}
	return n, nil
}

// until sets the deadline of what is read or written next. To set one costs: one that is a little
// late is kept.
func (c *Conn) until(deadline time.Time) error {
	slack := c.cfg.Timeout / 16
	if late := c.deadline.Sub(deadline); late >= 0 && late <= slack {
		return nil
	}
	c.deadline = deadline.Add(slack)
	return c.conn.SetDeadline(c.deadline)
}

// mostBegan is how much of a flood is kept to be shown, in octets.
const mostBegan = 64

func joinLines(lines []string) (b []byte) {
	for _, l := range lines {
		b = wire.AppendLine(b, l)
	}
	return b
}
