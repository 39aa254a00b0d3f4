package ikc

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/internal/limits"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Defaults of Config, and how much Config.Headroom may be.
const (
	DefaultHandshakeTimeout = 30 * time.Second
	DefaultHelloAfter       = 2 * time.Second
	DefaultMaxQueue         = 64 << 20
	DefaultMaxMemory        = 1 << 30
	DefaultHeadroom         = 32 << 20
	MaxHeadroom             = 1 << 30
)

// Config says who a kernel is. The zero value is valid.
type Config struct {
	// Name is what peers call this kernel: one or more of [-:.\w]. Default: Client<pid>.
	Name string
	// Aliases are more names.
	Aliases []string
	// ID is the unique kernel id. Default: made as POE makes it, <host>-<time>-<pid>-<counter>.
	ID string
	// Dialect is what Dial opens with, and the best that Serve takes. The zero value is IKC0,
	// which falls back to IKC in both roles.
	Dialect wire.Dialect
	// Serializers in order of preference. Default: Storable.
	Serializers []wire.Serializer
	// HandshakeTimeout bounds connecting and negotiating, and how long a connection that ends waits
	// for the peer to read what is queued. Default: DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// HelloAfter is how long Dial waits for the answer to a SETUP before it goes on with HELLO on
	// the same connection: servers of the releases 0.1801 to 0.2200 say nothing to a SETUP. It is
	// logged as a warning; KeepConnected, and Dial to the same address, then begin with HELLO,
	// until the address cannot be reached. A server that was only slow is dialled once more,
	// without this. So DialConn does it with WithHelloAfter only. Below 0: never. Default:
	// DefaultHelloAfter, or half of HandshakeTimeout if that is less.
	HelloAfter time.Duration
	// IdleTimeout ends a connection from which nothing came for so long, with ErrIdle. Default:
	// never.
	IdleTimeout time.Duration
	// MaxConnections bounds the connections that each Serve has at once; more are accepted when
	// others have ended. Default: no bound.
	MaxConnections int
	// MaxFrame bounds the image of a frame received, in octets. Default: wire.DefaultMaxFrame.
	MaxFrame int
	// MaxQueue bounds what waits to be written to one peer, and what a peer has sent and waits to
	// be handled, in octets each. A peer that reads too slowly for the first loses its connection;
	// one that sends too fast for the second is read no further until there is room. Requests whose
	// states wait, for an answer of that peer perhaps, do not count; they may have 16 times as
	// much, and beyond that the connection ends. What requests of third kernels have sent to a peer
	// may be an eighth of it besides. Events of the kernel to itself count 256 octets each. What
	// monitors have not been told is bounded alike: see Monitor. Default: DefaultMaxQueue.
	MaxQueue int
	// MaxMemory bounds what all peers together make the kernel hold, in octets of its memory: parts
	// of frames, requests that wait, whose states do or that are detached, what waits to be
	// written, what monitors have not been told. Beyond it, the connection that holds the most is
	// ended, with ErrMemory. Each connection may hold 64 KiB, and a buffer of 64 KiB while
	// something comes, that do not count. While connections that were ended give back what they
	// held, it may be up to twice as much. One image, or all that are being thawed, may take half
	// of MaxMemory besides. What the program itself keeps of a request does not count either, and
	// garbage does not: a program that must not take more sets debug.SetMemoryLimit as well.
	// Default: DefaultMaxMemory.
	MaxMemory int
	// Headroom is how much more garbage may gather, in octets, before the collector of Go runs, while
	// so much comes that it would run all the time: 20 times a second or more, while 1 MiB of
	// frames or more come in a second. The kernel then holds so many octets that it never touches,
	// until less has come for 10 s. A program whose GOGC is not 100, or that has a memory limit
	// (GOMEMLIMIT, debug.SetMemoryLimit), has said itself how its collector is to run, so that
	// nothing is taken. Below 0: never. At most MaxHeadroom. Default: DefaultHeadroom.
	Headroom int
	// QueuePerSession gives every session a queue of its own, so that the states of different
	// sessions run at the same time. Those of one session still run one at a time, unless
	// WithConcurrency lets it have more, the requests of one connection to one session in order of
	// arrival. Unlike with WithConcurrency, none waits for requests to other sessions.
	QueuePerSession bool
	// AnswerCallersOnly has answers, and posts to the sender of a request, go only by the
	// connection that the request came by. Otherwise, as in the original, they go to whatever
	// kernel the request names, or to all of them, in this kernel's name. See "What a peer can make
	// this kernel send" in SECURITY.md.
	AnswerCallersOnly bool
	// PerlIdentity has names and answers belong to whom the original gives them, for a cluster that
	// depends on it. An alias stays with whoever came first, even if it is another's id. A
	// connection whose id is taken does not get it when it is free. Whatever a peer calls itself,
	// by any number of names, is entered. An answer is taken from any connection with the id of the
	// kernel that was asked: two kernels that have connected to each other may answer by either.
	// This kernel's own id and names are its own all the same.
	PerlIdentity bool
	// OnConnect is told of every connection that has been negotiated, in either role, before a
	// request that came by it is handled. It must not block.
	OnConnect func(*Channel)
	// OnError is told what goes wrong before a connection is there: operation is OpConnect,
	// OpAccept or OpNegotiate. Default: monitors get it as an error with PrefixChannel before the
	// operation.
	OnError func(operation string, err error)
	// Wrap may return a connection to be used in place of one just accepted or dialled: one that
	// records every octet, say. Default, also if it returns nil: the connection itself.
	Wrap func(net.Conn) net.Conn
	// Hooks are told what the kernel does, for metrics.
	Hooks Hooks
	// Logger gets what the original warns of, with level Warn; with Info that KeepConnected tries
	// again; and with Debug what is routine, such as peers that come and go, health checks that
	// connect and close, and each further attempt that failed. Default: slog.Default().
	Logger *slog.Logger
}

// complete sets defaults, or says what makes no sense. Slices become the kernel's own.
func (cfg *Config) complete() error {
	cfg.Aliases, cfg.Serializers = slices.Clone(cfg.Aliases), slices.Clone(cfg.Serializers)
	if cfg.Name == "" {
		cfg.Name = "Client" + strconv.Itoa(os.Getpid())
	}
	if cfg.ID == "" {
		cfg.ID = newID()
	}
	if len(cfg.Serializers) == 0 {
		cfg.Serializers = []wire.Serializer{storable.Serializer{}}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	own := cfg.identity()
	err := errors.Join(
		checkName("ID", cfg.ID), own.checkNames(), own.checkSerializers(),
		limit("HandshakeTimeout", &cfg.HandshakeTimeout, DefaultHandshakeTimeout),
		limit("IdleTimeout", &cfg.IdleTimeout, 0),
		limit("MaxConnections", &cfg.MaxConnections, 0),
		limit("MaxFrame", &cfg.MaxFrame, wire.DefaultMaxFrame),
		limit("MaxQueue", &cfg.MaxQueue, DefaultMaxQueue),
		limit("MaxMemory", &cfg.MaxMemory, DefaultMaxMemory),
	)
	if cfg.Headroom > MaxHeadroom {
		err = errors.Join(err, fmt.Errorf("%s: expected at most %d octets, got %d", "Headroom", MaxHeadroom, cfg.Headroom))
	}
	if cfg.HelloAfter == 0 {
		cfg.HelloAfter = min(DefaultHelloAfter, cfg.HandshakeTimeout/2)
	}
	switch {
	case cfg.Headroom == 0:
		cfg.Headroom = DefaultHeadroom
	case cfg.Headroom < 0:
		cfg.Headroom = 0
	}
	return err
}

// limit sets a field that is 0 to its default.
func limit[T ~int | ~int64](field string, v *T, standard T) error {
	if !limits.Set(v, standard, 0) {
		return fmt.Errorf("%s: expected a positive one, or 0 for the default, got %v", field, *v)
	}
	return nil
}
