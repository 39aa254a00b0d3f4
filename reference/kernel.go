// Package ikc is a kernel of IKC, the protocol of Perl's POE::Component::IKC, for Go programs: it
// joins a cluster of Perl POE processes as a server, as a client, or both. The import path ends in
// reference, the name is ikc:
//
//	import ikc "github.com/perl-ikc/ikc-conform/reference"
//
// A server:
//
//	k, err := ikc.New(ikc.Config{Name: "Timeserver"})
//	s, err := k.NewSession("clock", map[string]ikc.State{
//		"now": func(ctx context.Context, r *ikc.Request) (any, error) { return time.Now().Unix(), nil },
//	})
//	s.Publish("now")
//	l, err := net.Listen("tcp", "127.0.0.1:31337")
//	err = k.Serve(ctx, l)
//
// A client, which the server may call as well if it publishes something:
//
//	k, err := ikc.New(ikc.Config{Name: "Worker"})
//	c, err := k.Dial(ctx, "tcp", "localhost:31337") // or go k.KeepConnected(...)
//	v, err := k.Call(ctx, "poe://Timeserver/clock/now", nil)
//	var now int64
//	err = perl.Unmarshal(v, &now)
//
// A program that only wants to call a server and wait is better off with package clientlite.
//
// A [Kernel] is what a POE process is to its peers. It has sessions ([Kernel.NewSession]) with
// states ([State]); what a session publishes, remote kernels may post to and call. It takes
// connections ([Kernel.Serve]) and makes them ([Kernel.Dial]), and sends with [Kernel.Post] and
// [Kernel.Call]. [Kernel.Subscribe] makes proxies of remote sessions, [Kernel.Monitor] tells what
// happens to remote kernels.
//
// [CallAs] and [StateOf] save the conversions where types are known; [Config.Hooks] and
// [Kernel.Stats] are for metrics, [Config.Logger] for logs.
//
// Data goes from Go to Perl by [perl.Marshal] and comes back by [perl.Unmarshal], which say what
// becomes what; a [perl.Value] is Perl data with nothing lost. Params and answers are checked when
// they come, and thawed when somebody looks into them: a bridge that hands them on pays for no more
// than the check, and Unmarshal fills Go variables from what came.
//
// States run one at a time per kernel, the requests of one connection in the order of their
// arrival, as in POE. While a state waits in a method of this package that takes a context, and was
// given the state's own, others may run. A state whose answer takes its time need not keep others
// waiting: it detaches the request and answers later ([Request.Detach]), or its session runs
// several at a time ([WithConcurrency]). [Config.QueuePerSession] has one queue for each session.
//
// Peers with one id, such as ClientLites of one name, are told apart by their connections: each is
// sent the answers to its own calls, where Perl's kernel sends all of them to the peer that came
// first. What is addressed to the id goes to the first here, too, and Config.Logger is warned of
// the others ("a peer can send, but not be addressed").
//
// How long calls take, beside Perl's kernel and a bare echo: docs/benchmarks.md in this module,
// https://github.com/perl-ikc/ikc-conform/blob/main/docs/benchmarks.md.
//
// What a Perl kernel does is taken from POE::Component::IKC 0.2402; comments name module and sub.
package ikc

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Kernel is one participant of a cluster. It is made by [New], and safe for concurrent use.
// [Kernel.Shutdown] ends it.
type Kernel struct {
	cfg      Config
	id       string
	log      *slog.Logger
	turn     turn
	lastID   atomic.Uint64 // of rsvp states of subscriptions
	stats    counters
	watch    watchdog
	crowd    crowd
	headroom headroom
	ledger   ledger
	itself   *account // what is held for no connection in particular
	thawing  gate
	detached detachedSet
	events   monitorQueue
	local    inbox // requests to this kernel from itself
	targets  targets
	calls    callTable
	waiters  sync.Pool // of calls that have ended: nobody else has them, nor has another bubble of synctest
	lookups  lookups
	as       Identity

	localShare atomic.Int64    // what may be queued for this kernel itself, and for a session, in octets
	ctx        context.Context // of states that this kernel itself sent an event to
	cancel     context.CancelCauseFunc

	mu        sync.Mutex
	closed    bool
	sessions  map[string]*Session // by alias
	proxies   map[string]*Proxy   // by specifier, and by short alias
	permits   permits
	receipts  map[string]*receipt   // subscriptions asked for, by rsvp state
	ownNames  map[string]bool       // this kernel's, by any listener
	ownOrder  []string              // they, in the order in which they came
	channels  map[string]*Channel   // by remote kernel id
	names     map[string]*Channel   // by alias
	awaited   map[string][]*Channel // by id: who waits for it, the first of them first
	present   map[string]*Channel   // by id: whom monitors know as registered
	monitors  map[string][]*watcher
	fallback  string // id of the default kernel, "" if there is none
	open      map[*Channel]struct{}
	silent    map[string]struct{} // addresses of servers, see openingTo
	listeners map[net.Listener]struct{}
	running   sync.WaitGroup // goroutines of connections, of the local queue, of monitors
	down      chan struct{}  // closed by Shutdown
}

// address is a state of a session of this kernel.
type address struct{ session, state string }

// New makes a kernel. It listens to nothing and is connected to nobody yet; it has the session IKC,
// which every kernel has. An error says which field of cfg makes no sense. What is in cfg is not to
// be changed any more, but for its slices, of which it makes copies.
func New(cfg Config) (*Kernel, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("ikc: config: %w", err)
	}
	k := &Kernel{
		cfg: cfg, id: cfg.ID, log: slog.New(briefHandler{visible.Logger(cfg.Logger).Handler()}).With("kernel", cfg.Name),
		sessions: map[string]*Session{}, proxies: map[string]*Proxy{},
		receipts: map[string]*receipt{},
		channels: map[string]*Channel{}, names: map[string]*Channel{}, awaited: map[string][]*Channel{},
		present: map[string]*Channel{}, monitors: map[string][]*watcher{},
		open: map[*Channel]struct{}{}, silent: map[string]struct{}{}, listeners: map[net.Listener]struct{}{}, down: make(chan struct{}),
	}
	k.ctx, k.cancel = context.WithCancelCause(context.Background())
	k.watch.wake = make(chan struct{}, 1)
	k.crowd.init()
	k.headroom.init(cfg.Headroom)
	k.ledger.init(cfg.MaxMemory)
	k.itself = k.ledger.open("the kernel itself", nil)
	k.thawing.init(int64(cfg.MaxMemory) / thawShare)
	k.events.limit, k.events.holds = min(cfg.MaxQueue, cfg.MaxMemory/queueShare), k.itself
	k.localShare.Store(int64(cfg.MaxMemory) / queueShare)
	k.local.init(cfg.MaxQueue, &k.localShare, 1)
	k.as = cfg.identity()
	k.ownNames = map[string]bool{}
	k.ownOrder = k.as.names()
	for _, name := range k.ownOrder {
		k.ownNames[name] = true
	}
	if err := k.addResponder(); err != nil {
		return nil, err
	}
	return k, nil
}

// ID returns the unique kernel id: Config.ID or its default.
func (k *Kernel) ID() string { return k.id }

// Name returns what peers call this kernel: Config.Name or its default.
func (k *Kernel) Name() string { return k.cfg.Name }

// start runs f in a goroutine that Shutdown waits for, unless the kernel is shut down already.
func (k *Kernel) start(f func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return false
	}
	k.running.Go(f)
	return true
}

// ids counts the kernels of this process.
var ids atomic.Uint32

// newID makes an id as POE::Kernel does: host, start time, process and a counter, in hex.
func newID() string {
	host, err := os.Hostname()
	if err != nil || !wire.ValidName(host) {
		host = "localhost"
	}
	return fmt.Sprintf("%s-%08x-%08x-%08x", host, uint32(time.Now().Unix()), os.Getpid(), ids.Add(1))
}
