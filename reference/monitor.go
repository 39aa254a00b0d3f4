package ikc

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// Monitor says what to tell of a kernel. The zero value is told nothing. Its funcs run one at a
// time, in the order of events, each as a state does: methods that are given ctx let states run
// while they block. A func that is nil is not told, unless there is Any.
//
// What waits for monitors is bounded by [Config].MaxQueue and by an eighth of MaxMemory, in octets,
// each event counting 512 and its message. Errors beyond that are logged instead. All other events
// are told, however long it takes; so while monitors are that far behind, a peer that connects
// waits to be registered, for as long as HandshakeTimeout.
//
// What a peer asks is carried out after its register has been told, and before its unregister. A
// second connection with the id of a peer that is connected is told of by Channel only; when the
// first has gone, it registers.
//
// Nothing of a monitor is seen by the remote kernel. Source: Responder monitor, inform_monitors.
type Monitor struct {
	Register    func(ctx context.Context, e *MonitorEvent) // a kernel connected: PID
	Unregister  func(ctx context.Context, e *MonitorEvent) // it is gone
	Subscribe   func(ctx context.Context, e *MonitorEvent) // a proxy was made: Specifier
	Unsubscribe func(ctx context.Context, e *MonitorEvent) // it is gone: Specifier
	Shutdown    func(ctx context.Context, e *MonitorEvent) // this kernel shuts down; only for the kernel "*"
	Error       func(ctx context.Context, e *MonitorEvent) // Operation, Message
	Channel     func(ctx context.Context, e *MonitorEvent) // Change, Channel
	Reconnect   func(ctx context.Context, e *MonitorEvent) // KeepConnected is going to try again: Attempt, Delay, Message
	// Any is told of what has no func of its own.
	Any func(ctx context.Context, e *MonitorEvent)
	// Data comes with every event.
	Data any
}

// Event is what a monitor is told of. Source: Responder monitor, but for EventReconnect, which the
// original does not have.
type Event string

// The events.
const (
	EventRegister    Event = "register"
	EventUnregister  Event = "unregister"
	EventSubscribe   Event = "subscribe"
	EventUnsubscribe Event = "unsubscribe"
	EventShutdown    Event = "shutdown"
	EventError       Event = "error"
	EventChannel     Event = "channel"
	EventReconnect   Event = "reconnect"
)

// ChannelChange is what happened to a channel.
type ChannelChange string

// The changes of a channel.
const (
	ChannelReady ChannelChange = "ready"
	ChannelClose ChannelChange = "close"
)

// Operations of errors that monitors are told of: MonitorEvent.Operation.
//
// Behind PrefixLocal and PrefixRemote stands one of the operations of a RemoteError: a request that
// failed here, or at a peer. Behind PrefixChannel stands where a connection failed: OpConnect,
// OpAccept, OpNegotiate, OpRead or OpWrite. OpResolve alone is a kernel that nobody knows.
const (
	PrefixLocal   = "local-"
	PrefixRemote  = OpRemote + "-"
	PrefixChannel = "channel-"
	OpRemote      = "remote"    // an error report that names no operation
	OpSubscribe   = "subscribe" // a subscription was not accepted
	OpRegister    = "register"  // the id of a peer is taken
)

// Operations of a connection, as Config.OnError is told them, and monitors with PrefixChannel
// before.
const (
	OpConnect   = "connect"
	OpAccept    = "accept"
	OpNegotiate = "negotiate"
	OpRead      = "read"
	OpWrite     = "write"
)

// MonitorEvent is what a monitor is told. It is the monitor's own, and may be kept.
//
// An event about a kernel comes once for its id and once for each of its aliases, to monitors of
// these names and to those of "*".
type MonitorEvent struct {
	What   Event
	Kernel string // what was monitored
	About  string // the id or alias concerned, "*" if no kernel in particular
	Real   bool   // About is an id
	Data   any    // of the Monitor

	PID       string              // register: the process of the kernel, "" if it did not say
	Channel   *Channel            // channel
	Change    ChannelChange       // channel
	Operation string              // error: see OpRemote and beside it
	Message   string              // error, reconnect: what went wrong
	Specifier specifier.Specifier // subscribe, unsubscribe
	Attempt   int                 // reconnect: failures in a row, from 1
	Delay     time.Duration       // reconnect: how long it waits first
}

// Args are the arguments of the event that the original gives a callback, after the data; those of
// reconnect, which it does not have, are attempt, delay in seconds, and message.
func (e *MonitorEvent) Args() []*perl.Value {
	switch e.What {
	case EventRegister:
		if e.PID == "" {
			return []*perl.Value{perl.NewUndef()}
		}
		return []*perl.Value{str(e.PID)}
	case EventSubscribe, EventUnsubscribe:
		s := e.Specifier
		return []*perl.Value{perl.HashRef(perl.P("kernel", str(s.Kernel)), perl.P("session", str(s.Session)), perl.P("state", str(s.State)))}
	case EventError:
		return []*perl.Value{str(e.Operation), str(e.Message)}
	case EventChannel:
		return []*perl.Value{str(string(e.Change)), perl.NewInt(int64(e.Channel.ID()))}
	case EventReconnect:
		return []*perl.Value{perl.NewInt(int64(e.Attempt)), perl.NewDouble(e.Delay.Seconds()), str(e.Message)}
	}
	return nil
}

func (m *Monitor) handler(what Event) func(context.Context, *MonitorEvent) {
	f := m.Any
	for _, own := range []struct {
		what Event
		f    func(context.Context, *MonitorEvent)
	}{
		{EventRegister, m.Register}, {EventUnregister, m.Unregister},
		{EventSubscribe, m.Subscribe}, {EventUnsubscribe, m.Unsubscribe},
		{EventShutdown, m.Shutdown}, {EventError, m.Error},
		{EventChannel, m.Channel}, {EventReconnect, m.Reconnect},
	} {
		if own.what == what && own.f != nil {
			f = own.f
		}
	}
	return f
}

// Monitor watches a kernel, named by id, alias, or a specifier of which only the kernel counts, or
// every kernel: "*". It need not be connected. stop ends it; events that have happened are still
// told. The context that the funcs get does not end.
func (k *Kernel) Monitor(kernel string, m Monitor) (stop func()) {
	w := &watcher{name: kernel, m: m}
	key := kernelPart(kernel)
	k.mu.Lock()
	k.monitors[key] = append(k.monitors[key], w)
	k.mu.Unlock()
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.monitors[key] = slices.DeleteFunc(k.monitors[key], func(o *watcher) bool { return o == w })
		if len(k.monitors[key]) == 0 {
			delete(k.monitors, key)
		}
	}
}

type watcher struct {
	name string
	m    Monitor
}

// kernelPart is the kernel of a specifier, or the name as it is.
func kernelPart(name string) string {
	if name == specifier.Any {
		return name
	}
	spec := name
	if !strings.HasPrefix(spec, "poe:") {
		spec = "poe://" + spec
	}
	if s, err := specifier.Parse(spec); err == nil && s.Kernel != "" {
		return s.Kernel
	}
	return name
}

// event is what inform tells.
type event struct {
	pid       string
	channel   *Channel
	change    ChannelChange
	operation string
	message   string
	spec      specifier.Specifier
	attempt   int
	delay     time.Duration
	was       string // reconnect: the id that the peer had, "" if it was never connected
}

// inform tells monitors about a kernel, under its id and each of its aliases, or about none in
// particular ("" or "*"), and returns how many were told. mu is locked. An alias that is another
// kernel's id goes no further: the original follows it, and two peers that have each other's id for
// an alias are its end. Source: Responder inform_monitors.
func (k *Kernel) inform(about string, what Event, e event) int {
	if about == "" {
		about = specifier.Any
	}
	var aliases []string
	switch c := k.channels[about]; {
	case about == k.id:
		aliases = k.ownOrder
	case c != nil:
		aliases = c.aliases
	}
	return k.informOf(about, aliases, what, e)
}

// informOf is inform about a kernel with these aliases. mu is locked.
func (k *Kernel) informOf(about string, aliases []string, what Event, e event) int {
	if k.closed && what != EventShutdown || len(k.monitors) == 0 {
		return 0
	}
	n := k.informName(about, what, e)
	for _, alias := range aliases {
		if alias != about {
			n += k.informName(alias, what, e)
		}
	}
	return n
}

// informName is inform under one name. mu is locked.
func (k *Kernel) informName(name string, what Event, e event) int {
	isID := k.channels[name] != nil || name == k.id || name == e.was
	n := k.tell(name, name, what, isID, e)
	if name != specifier.Any {
		n += k.tell(specifier.Any, name, what, isID, e)
	}
	return n
}

func (k *Kernel) tell(key, about string, what Event, isID bool, e event) (n int) {
	for _, w := range k.monitors[key] {
		f := w.m.handler(what)
		if f == nil {
			continue
		}
		told := &MonitorEvent{
			What: what, Kernel: w.name, About: about, Real: isID, Data: w.m.Data,
			PID: e.pid, Channel: e.channel, Change: e.change, Operation: e.operation, Message: e.message,
			Specifier: e.spec, Attempt: e.attempt, Delay: e.delay,
		}
		if k.events.put(k, eventSize+len(e.message), what == EventError, func(yield func()) {
			h := &hold{yield: yield}
			h.begin(context.Background(), &k.turn, nil)
			f(h, told)
			h.end(nil)
		}) {
			n++
		}
	}
	return n
}

// eventSize is about what an event takes while it waits to be told, in octets, apart from its
// message.
const eventSize = 512

// monitorQueue has events told in order by a goroutine that lives only while there are any. It is
// peers who make them, so they have a bound: errors beyond it are refused, and nobody is registered
// (waitRoom) who would make more.
type monitorQueue struct {
	limit int      // for octets
	holds *account // of the kernel itself

	mu     sync.Mutex
	queue  []notice
	octets int        // of events that are queued or being told
	busy   bool       // the goroutine is there
	last   uint64     // number of the event queued last
	told   uint64     // number of the event told last, or being told by a func that waits
	passed *sync.Cond // told or octets have changed; nil until somebody waits for that
}

// notice is an event to be told to a monitor; yield is called if the func of the monitor waits.
type notice struct {
	tell func(yield func())
	size int // that it counts for, in octets
}

// put queues an event. One that may be refused is, if there are too many. The kernel's mu is
// locked.
func (q *monitorQueue) put(k *Kernel, size int, refusable bool, tell func(yield func())) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if refusable && q.octets > 0 && q.octets+size > q.limit {
		return false
	}
	q.queue = append(q.queue, notice{tell, size})
	q.octets += size
	q.holds.add(size)
	q.last++
	if !q.busy {
		q.busy = true
		k.running.Go(q.tellAll)
	}
	return true
}

// tellAll tells what is queued.
func (q *monitorQueue) tellAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for number := q.told; len(q.queue) > 0; {
		batch := q.queue
		q.queue = nil
		for i, n := range batch {
			batch[i] = notice{}
			number++
			this := number
			pass := func() { q.pass(this) }
			q.mu.Unlock()
			n.tell(pass)
			pass()
			q.mu.Lock()
			q.octets -= n.size
			q.holds.add(-n.size)
			if q.passed != nil {
				q.passed.Broadcast()
			}
		}
	}
	q.busy = false
}

// pass notes that an event has been told, or that its monitor waits for something.
func (q *monitorQueue) pass(number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.told = max(q.told, number); q.passed != nil {
		q.passed.Broadcast()
	}
}

// waitTold waits until an event and those before it have been told. A monitor that waits for
// something itself counts as told.
func (q *monitorQueue) waitTold(number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.passed == nil {
		q.passed = sync.NewCond(&q.mu)
	}
	for q.told < number {
		q.passed.Wait()
	}
}

// waitRoom waits until no more events wait than there may, but for at most the time given. It
// returns false if there are still too many, or if ctx ends before.
func (q *monitorQueue) waitRoom(ctx context.Context, limit time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.octets <= q.limit {
		return true
	}
	if q.passed == nil {
		q.passed = sync.NewCond(&q.mu)
	}
	var over atomic.Bool
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-stop:
			return
		}
		over.Store(true)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.passed.Broadcast()
	}()
	for q.octets > q.limit && !over.Load() {
		q.passed.Wait()
	}
	return q.octets <= q.limit
}

// pending returns the number of the event that was queued last, for waitTold; 0 if all have been
// told.
func (q *monitorQueue) pending() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.told == q.last {
		return 0
	}
	return q.last
}
