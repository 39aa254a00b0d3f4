package relay

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// DefaultDialTimeout is how long a relay waits for its target to accept a connection.
const DefaultDialTimeout = 10 * time.Second

// DefaultMaxConnections is how many connections a relay has at a time. Each takes two buffers of 64
// KiB: all of them 512 MiB.
const DefaultMaxConnections = 4096

// Options tells a relay what to do.
type Options struct {
	// ListenNetwork and ListenAddress say where clients connect: "tcp" ("tcp4", "tcp6") and host:port,
	// where port 0 takes any free one, or "unix" and a path. The zero values mean "tcp" and
	// "127.0.0.1:0".
	ListenNetwork, ListenAddress string

	// TargetNetwork and TargetAddress say where the server is. The network is "tcp" if empty; the
	// address is required.
	TargetNetwork, TargetAddress string

	// Writer is the capture. Required. It may be shared with other relays; the relay flushes it and
	// does not close it.
	Writer *capture.Writer

	// Interface is the name of the interface of the capture on which the relay's traffic is recorded,
	// and Description says what it is. Relays that give the same name share the interface. The zero
	// values mean "relay" and a text with both addresses.
	Interface, Description string

	// Comment is put on the first packet of every connection, after the relay's own. Empty for none.
	Comment string

	// RecordTarget is the server's address in the capture. The zero value means the address that
	// TargetAddress resolves to when the relay starts. A Unix socket has none: it becomes
	// 127.0.0.1:603, and clients that come by a Unix socket get 127.0.0.1 and ports from 40000 up; a
	// comment tells the path.
	RecordTarget netip.AddrPort

	// EagerDial connects to the target as soon as a client connects, for protocols in which the server
	// speaks first. By default, the relay connects when the client has sent its first octet: IKC
	// clients speak first, and a server must not be troubled by one that never does.
	EagerDial bool

	// DialTimeout is how long the target may take to accept a connection. Zero means
	// DefaultDialTimeout.
	DialTimeout time.Duration

	// StartWithin is how long a target that refuses is tried again, since it has only been started.
	// Zero: it is tried once.
	StartWithin time.Duration

	// MaxConnections bounds the connections at a time: the next is accepted when another has ended.
	// Zero means DefaultMaxConnections.
	MaxConnections int

	// Tap is called with every piece of data after it was recorded and before it is passed on. Calls
	// for one connection and direction come in order; others may be concurrent. Nil for none.
	Tap func(Chunk)

	// Ended is told when a connection has ended, and nothing more comes to the Tap of it. Nil for
	// none.
	Ended func(conn int)

	// Fault says what to do to a direction of a connection, counted from 0 in order of arrival, until
	// Relay.Disturb says otherwise. It is asked once or twice for each. Nil for nothing.
	Fault func(conn int, from capture.Direction) Fault

	// Rewrite makes the Rewriter of a direction of a connection, counted from 0 in order of arrival.
	// It is asked once for each. The Rewriter hands octets to pass, one call at a time, until its End
	// returns. What a Fault coalesces is passed on as it comes. Nil for what is passed on as it was
	// sent.
	Rewrite func(conn int, from capture.Direction, pass func(octets []byte)) Rewriter

	// Logger gets one record for each connection, and every error. Nil discards them.
	Logger *slog.Logger
}

// Chunk is a piece of data on its way through a relay. The size of a piece has no meaning.
type Chunk struct {
	Conn  int // number of the connection of this relay, from 0 in order of arrival
	From  capture.Direction
	Time  time.Time
	Bytes []byte // valid until the Tap returns
}

// unixTarget is the address under which a server on a Unix socket is recorded.
var unixTarget = netip.MustParseAddrPort("127.0.0.1:603")

// unixClientPort is the first port of clients on Unix sockets, and unixClientPorts how many there
// are before the first comes again.
const (
	unixClientPort  = 40000
	unixClientPorts = 20000
)

func (o Options) withDefaults() (Options, error) {
	if o.Writer == nil {
		return o, errors.New("relay: expected Options.Writer, got nil")
	}
	if o.TargetAddress == "" {
		return o, errors.New("relay: expected Options.TargetAddress, got none")
	}
	if o.ListenNetwork == "" {
		o.ListenNetwork = "tcp"
	}
	if o.TargetNetwork == "" {
		o.TargetNetwork = "tcp"
	}
	if o.ListenAddress == "" {
		if o.ListenNetwork == "unix" {
			return o, errors.New("relay: expected the path of a Unix socket in Options.ListenAddress, got none")
		}
		o.ListenAddress = "127.0.0.1:0"
	}
	for _, network := range []string{o.ListenNetwork, o.TargetNetwork} {
		switch network {
		case "tcp", "tcp4", "tcp6", "unix":
		default:
			return o, fmt.Errorf("relay: expected network tcp, tcp4, tcp6 or unix, got %q", network)
		}
	}
	if !o.RecordTarget.IsValid() {
		o.RecordTarget = unixTarget
		if o.TargetNetwork != "unix" {
			addr, err := net.ResolveTCPAddr(o.TargetNetwork, o.TargetAddress)
			if err != nil {
				return o, fmt.Errorf("relay: target: %w", err)
			}
			o.RecordTarget = plain(addr)
			if !o.RecordTarget.IsValid() { // ":603" is this host
				o.RecordTarget = netip.AddrPortFrom(unixTarget.Addr(), uint16(addr.Port))
			}
		}
	}
	if o.Interface == "" {
		o.Interface = "relay"
	}
	if o.DialTimeout <= 0 {
		o.DialTimeout = DefaultDialTimeout
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
