// Package clientlite is the blocking client of IKC: it connects to one kernel, posts and calls, and
// waits for the answer. It has no sessions and no goroutines. It is to package ikc what
// POE::Component::IKC::ClientLite is to the rest of the module; methods are named as in its manual.
//
//	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: "localhost:31337"})
//	now, err := c.Call(ctx, "timeserver/now", nil)
//
// It reconnects by itself: when an event cannot be sent, the client connects again and sends it
// once more. An event that was sent is never sent twice, so that a call whose connection breaks
// while it waits fails.
//
// A specifier is poe://KERNEL/SESSION/STATE, or SESSION/STATE at the kernel that the client is
// connected to.
//
// Source: ClientLite and its manual, 0.2402. What differs: ping works in both dialects, and an
// error report is an *wire.RemoteError rather than the string ARRAY(0x...); a connection that is
// closed by the other side fails a call at once rather than by its timeout.
package clientlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Defaults of Config.
const (
	DefaultAddress   = "localhost:603"
	DefaultTimeout   = 30 * time.Second
	DefaultBlockSize = 65535
)

// Config says who the client is and what it connects to. The zero value is valid; numbers below 0
// are as 0.
type Config struct {
	// Network and Address are as in net.Dial. Default: tcp, DefaultAddress.
	Network, Address string
	// Name is what the server calls this client: one or more of [-:.\w]. It should be unique among
	// the server's peers. Default: Client<pid>.
	Name string
	// Dialect is what negotiations open with. The zero value is IKC0, which falls back to IKC.
	Dialect wire.Dialect
	// Serializer. Default: Storable.
	Serializer wire.Serializer
	// Timeout is how long Call, PostRespond, Responded and Ping wait, and how long it may take to
	// write an event. A deadline of the context that is nearer counts instead. Default:
	// DefaultTimeout.
	Timeout time.Duration
	// ConnectTimeout is how long each phase of connecting may take: connecting, and each answer of
	// the negotiation, which altogether may take four times as long. Default: Timeout.
	ConnectTimeout time.Duration
	// HelloAfter is how long the answer to a SETUP is waited for before it goes on with HELLO on the
	// same connection: servers of the releases 0.1801 to 0.2200 say nothing to a SETUP. Later
	// connections begin with HELLO then, until the server cannot be reached. A server that was only
	// slow is connected to once more, without this. Below 0: never. Default: 2 s, or half of
	// ConnectTimeout if that is less.
	HelloAfter time.Duration
	// BlockSize is how much is read at a time, in octets. Default: DefaultBlockSize.
	BlockSize int
	// MaxFrame bounds the image of a frame received, in octets. Default: wire.DefaultMaxFrame.
	MaxFrame int
	// DialContext makes connections. Default: that of a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger is told of messages that nobody waits for, and of servers that say nothing to SETUP.
	// Default: nobody is told.
	Logger *slog.Logger
}

// Errors of a client, for errors.Is.
var (
	// ErrNotConnected: there is no connection, and the method does not make one.
	ErrNotConnected = errors.New("clientlite: not connected")
	// ErrDisconnected: the connection ended while waiting for an answer.
	ErrDisconnected = errors.New("clientlite: connection lost")
	// ErrTimeout: no answer came in time. A state that returns nothing sends none. If it was the
	// context that set the time, the error matches context.DeadlineExceeded as well.
	ErrTimeout = errors.New("clientlite: no answer in time")
)

// Client is a connection to a kernel. It is made by New or Spawn. It is safe for concurrent use;
// its methods run one at a time, and those with a context wait for their turn no longer than that.
type Client struct {
	cfg  Config
	turn chan struct{} // holds an item while a method runs, which has what follows

	conn     net.Conn // nil if there is none
	frames   *wire.FrameScanner
	peer     wire.Peer
	remote   string // the kernel that specifiers without one get
	dialect  wire.Dialect
	silent   bool // the server says nothing to SETUP
	serial   uint64
	deadline time.Time // of conn, as set
	from     wire.Address
	scalar   []perl.Pair // what tells of scalar context: the original's client always says which it is
	used     time.Time   // when conn was known to live
	out      wire.Outgoing
	to       string       // the specifier that was sent to last, as given
	event    wire.Address // made of it

	mu  sync.Mutex // of err, and of peer and dialect for others than the method that runs
	err error
}

// New makes a client that connects when it is first used, or by Connect. A Name that no kernel can
// have is an error of connecting.
func New(cfg Config) *Client {
	if cfg.Network == "" {
		cfg.Network = "tcp"
	}
	if cfg.Address == "" {
		cfg.Address = DefaultAddress
	}
	if cfg.Name == "" {
		cfg.Name = "Client" + strconv.Itoa(os.Getpid())
	}
	if cfg.Serializer == nil {
		cfg.Serializer = storable.Serializer{}
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = cfg.Timeout
	}
	if cfg.HelloAfter == 0 {
		cfg.HelloAfter = min(2*time.Second, cfg.ConnectTimeout/2)
	}
	if cfg.BlockSize <= 0 {
		cfg.BlockSize = DefaultBlockSize
	}
	if cfg.DialContext == nil {
		cfg.DialContext = new(net.Dialer).DialContext
	}
	c := &Client{cfg: cfg, turn: make(chan struct{}, 1), remote: cfg.Address}
	c.from = wire.At(specifier.Specifier{Kernel: cfg.Name, Session: wire.SessionIKCLite})
	c.scalar = []perl.Pair{perl.P("wantarray", perl.NewBytes(""))}
	return c
}

// Spawn makes a client and connects it.
func Spawn(ctx context.Context, cfg Config) (*Client, error) {
	c := New(cfg)
	if err := c.Connect(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Name returns what the server calls this client: Config.Name or its default.
func (c *Client) Name() string { return c.cfg.Name }

// Peer returns what the server said of itself in the last negotiation; it is zero before the first.
func (c *Client) Peer() wire.Peer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer
}

// Dialect returns how the last connection was negotiated.
func (c *Client) Dialect() wire.Dialect {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialect
}

// Err returns the last error of any method, nil if there was none. It is not reset by success. An
// error report about an event that was posted is only to be had here. Source: ClientLite error.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// note keeps an error for Err, and returns it.
func (c *Client) note(err error) error {
	if err != nil {
		c.mu.Lock()
		c.err = err
		c.mu.Unlock()
	}
	return err
}

// begin waits until no other method runs, or until ctx ends. end must follow if there is no error.
func (c *Client) begin(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return c.note(fmt.Errorf("clientlite: another method runs: %w", context.Cause(ctx)))
	}
}

func (c *Client) end() { <-c.turn }

// Post sends an event; params, which becomes ARG0 there, is anything perl.Marshal takes. No error
// means that it could be sent, not that it arrived.
//
// Errors of all methods: those of connecting ([net.OpError], [wire.ErrRefused], ErrTimeout);
// *specifier.Error and *perl.ConversionError for what cannot be sent; the context's.
func (c *Client) Post(ctx context.Context, to string, params any) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.end()
	v, err := perl.Marshal(params)
	if err != nil {
		return c.note(fmt.Errorf("clientlite: params for %s: %w", to, err))
	}
	return c.note(c.trySend(ctx, to, &wire.Message{Params: v, From: c.from}))
}

// Call sends an event and waits for what the state returns, in scalar context. Errors, besides
// those of Post: *wire.RemoteError if the server reports one about the event, ErrTimeout,
// ErrDisconnected. The connection does not outlive the last two, so that a late answer is not taken
// for another's.
func (c *Client) Call(ctx context.Context, to string, params any) (*perl.Value, error) {
	return c.call(ctx, to, params, false)
}

// CallList is Call in list context: it returns all values of the state.
func (c *Client) CallList(ctx context.Context, to string, params any) ([]*perl.Value, error) {
	v, err := c.call(ctx, to, params, true)
	if err != nil {
		return nil, err
	}
	return list(v), nil
}

func (c *Client) call(ctx context.Context, to string, params any, wantArray bool) (*perl.Value, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	defer c.end()
	v, err := perl.Marshal(params)
	if err != nil {
		return nil, c.note(fmt.Errorf("clientlite: params for %s: %w", to, err))
	}
	rsvp := c.rsvp()
	m := &wire.Message{Params: v, From: c.from, RSVP: wire.At(rsvp), WantArray: wantArray}
	if !wantArray {
		m.Other = c.scalar
	}
	return c.exchange(ctx, to, m, rsvp)
}

// PostRespond sends an event whose state knows that it is asked by PostRespond: it gets [params,
// rsvp], and some state there posts to rsvp, once, at any time. That is what PostRespond waits for
// and returns.
func (c *Client) PostRespond(ctx context.Context, to string, params any) (*perl.Value, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	defer c.end()
	v, err := perl.Marshal(params)
	if err != nil {
		return nil, c.note(fmt.Errorf("clientlite: params for %s: %w", to, err))
	}
	rsvp := c.rsvp()
	m := &wire.Message{Params: perl.ArrayRef(v, wire.At(rsvp).ToValue()), From: c.from}
	return c.exchange(ctx, to, m, rsvp)
}

// Responded waits for a post to a state of this client: what a state there posts to its sender. It
// returns the reference to the array of arguments. What comes for other states meanwhile is
// dropped. Errors are those of Call, and ErrNotConnected.
func (c *Client) Responded(ctx context.Context, state string) (*perl.Value, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	defer c.end()
	rsvp := specifier.Specifier{Kernel: c.cfg.Name, Session: wire.SessionIKCLite, State: state}
	if c.conn == nil {
		return nil, c.note(ErrNotConnected)
	}
	v, err := c.await(ctx, rsvp, "")
	return v, c.note(err)
}

// RespondedList is Responded in list context: it returns the arguments.
func (c *Client) RespondedList(ctx context.Context, state string) ([]*perl.Value, error) {
	v, err := c.Responded(ctx, state)
	if err != nil {
		return nil, err
	}
	return list(v), nil
}

// list is what Perl makes of an answer in list context.
func list(v *perl.Value) []*perl.Value {
	if v.Kind() == perl.Ref && v.Target().Kind() == perl.Array && v.Target().Class() == "" {
		return v.Target().Elems()
	}
	return []*perl.Value{v}
}

// Ping finds out whether the connection is there and the kernel answers. It does not reconnect;
// without a connection it fails with ErrNotConnected.
func (c *Client) Ping(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.end()
	return c.note(c.ping(ctx))
}
