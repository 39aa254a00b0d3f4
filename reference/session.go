package ikc

import (
	"context"
	"fmt"
	"sort"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// State is what a session does when an event reaches it.
//
// The value returned is the answer to a call. It may be anything perl.Marshal takes; a [List] is
// Perl's list of several values. As in the original, nil, an undef and an empty List are no answer:
// the caller gets nothing. (An undef is one value to a caller that wants a list.) An error is
// reported to the remote kernel with operation "invocation".
//
// The context ends when this side ends the connection: by Channel.Close, by Shutdown, or because
// the peer does not read. It does not end because the peer is gone: what a peer sent is handled to
// the end, as in POE; until then the connection is not over, and monitors are not told of it.
// Methods of this package that block let other states run when they are given the context. They
// must not be given another in a state, or whatever they wait for waits for this state.
//
// A state whose answer takes its time detaches the request, and returns: see [Request.Detach].
//
// A panic in a state ends the program, as any other.
type State func(ctx context.Context, r *Request) (any, error)

// List is what a state returns to give several values: the caller gets all of them if it asked for
// a list, else the last.
type List []any

// Request is what a state is told about the event that it handles. It is the state's own, and may
// be kept.
type Request struct {
	// Session and State are what was addressed.
	Session *Session
	State   string
	// Args are ARG0 and on, as many as were sent. One that is nil is an undef; see [Request.Arg].
	Args []*perl.Value
	// WantArray tells whether a caller wants a list. Source: wantarray of the message.
	WantArray bool
	// IsCall tells whether the return value goes anywhere; that of a post is dropped.
	IsCall bool
	// Sender is who sent the event, nil if it did not say: sessions that have published nothing do
	// not.
	Sender *Sender
	// Channel is the connection it came by, nil if it came from this kernel itself.
	Channel *Channel

	h *handling
}

// Arg returns argument i, counted from 0; an undef if there is none.
func (r *Request) Arg(i int) *perl.Value {
	if i >= 0 && i < len(r.Args) && r.Args[i] != nil {
		return r.Args[i]
	}
	return perl.NewUndef()
}

// Session is an addressable object of a kernel: a set of states under an alias, or several. It is
// made by [Kernel.NewSession], and safe for concurrent use.
type Session struct {
	k         *Kernel
	aliases   []string // the first is the one it was made with
	states    map[string]State
	published map[string]bool
	closed    atomic.Bool
	parallel  int  // states that may run at a time, if it has a queue of its own
	reuse     bool // WithReuse
	turn      *turn
	from      atomic.Pointer[wire.Address] // who sends for it; nil if that is not known
	queue     *inbox                       // with WithConcurrency or Config.QueuePerSession; else nil
}

// SessionOption is a condition or a wish of [Kernel.NewSession].
type SessionOption func(*Session) error

// WithConcurrency gives a session a queue of its own, from which up to n of its states run at a
// time, beside those of all other sessions, and whatever the peer. They have to guard what they
// share. n is at least 1; with that, the states of the session still run one at a time.
//
// Requests of one connection are taken to that queue in the order of their arrival: one waits there
// for none behind it, and waits before that for the states, of sessions that have no queue of their
// own, that the connection asked for earlier. Answers are sent as they come; an error report, which
// does not say which request it is about, when no older call of the same state by the same
// connection can be answered any more, so that callers take it for the right one.
func WithConcurrency(n int) SessionOption {
	return func(s *Session) error {
		if n < 1 {
			return fmt.Errorf("concurrency: expected 1 or more, got %d", n)
		}
		s.parallel = n
		return nil
	}
}

// WithReuse has requests of a session used again: when a state returns, what it was given is no
// longer its own, which is the Request, the context, the arguments, and their strings. Whatever it
// keeps, or leaves to a goroutine, it must copy before, as [strings.Clone] does; else it will be
// that of another request. What came of [perl.Unmarshal] must be copied as well.
//
// Posts and calls whose images have up to 256 octets and that come at once then take no memory that
// is to be collected, and those of 128 KiB and more hardly any. In a program with a small heap, for
// which Go collects garbage every 4 MiB, that is a quarter of the time of a flood of posts, and
// half of that of a call with 1 MiB. A request that is detached is not used again, nor one whose
// state calls, or waits, or posts to this kernel itself. A session that has a queue of its own
// (WithConcurrency, Config.QueuePerSession) uses none again, nor does a kernel with Hooks.Request
// those that are short.
func WithReuse() SessionOption {
	return func(s *Session) error {
		s.reuse = true
		return nil
	}
}

// NewSession adds a session to the kernel, with a copy of states, which may be nil. Nothing of it
// is published yet. The error says that the alias is empty, that a session or a proxy has it, or
// what options say.
func (k *Kernel) NewSession(alias string, states map[string]State, options ...SessionOption) (*Session, error) {
	s := &Session{k: k, states: map[string]State{}, published: map[string]bool{}, turn: &k.turn}
	if k.cfg.QueuePerSession {
		s.parallel = 1
	}
	for _, option := range options {
		if err := option(s); err != nil {
			return nil, fmt.Errorf("ikc: session %q: %w", alias, err)
		}
	}
	for name, state := range states {
		s.states[name] = state
	}
	if s.parallel > 0 {
		s.turn, s.queue = newTurn(s.parallel), new(inbox)
		s.queue.init(k.cfg.MaxQueue, &k.localShare, s.parallel)
	}
	if err := s.AddAlias(alias); err != nil {
		return nil, err
	}
	return s, nil
}

// Alias returns the name that the session was made with; "" once it has been closed.
func (s *Session) Alias() string {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if len(s.aliases) == 0 {
		return ""
	}
	return s.aliases[0]
}

// AddAlias gives the session one more name, under which it is published too.
func (s *Session) AddAlias(alias string) error {
	if alias == "" {
		return fmt.Errorf("ikc: session: expected an alias, got an empty string")
	}
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if s.closed.Load() {
		return fmt.Errorf("ikc: session: alias %q for a session that has been closed", alias)
	}
	if s.k.sessions[alias] != nil || s.k.proxies[alias] != nil {
		return fmt.Errorf("ikc: session %q exists already in kernel %q", alias, s.k.cfg.Name)
	}
	s.k.sessions[alias] = s
	s.aliases = append(s.aliases, alias)
	s.changed()
	return nil
}

// Close takes the session from its kernel, for good. Its aliases are free, and nobody is told.
// States that are running go on; events that have come but not begun are not handled any more.
func (s *Session) Close() {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	for _, alias := range s.aliases {
		delete(s.k.sessions, alias)
	}
	s.aliases = nil
	s.closed.Store(true)
	clear(s.published)
	clear(s.states)
	s.changed()
}

// Handle adds a state, or replaces one. A nil f takes it away. In a session that has been closed it
// does nothing.
func (s *Session) Handle(state string, f State) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	switch {
	case f == nil:
		delete(s.states, state)
	case !s.closed.Load():
		s.states[state] = f
	}
	s.changed()
}

// Publish lets remote kernels post to and call these states, which may come later: an event for a
// state that is published and not there is dropped, as by POE.
func (s *Session) Publish(states ...string) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	for _, state := range states {
		s.published[state] = true
	}
	s.changed()
}

// Retract takes back Publish, without telling anybody: of these states, or of all when none is
// named.
func (s *Session) Retract(states ...string) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if len(states) == 0 {
		clear(s.published)
	}
	for _, state := range states {
		delete(s.published, state)
	}
	s.changed()
}

// Published returns the published states in alphabetical order.
func (s *Session) Published() []string {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	states := make([]string, 0, len(s.published))
	for state := range s.published {
		states = append(states, state)
	}
	sort.Strings(states)
	return states
}

// concurrent tells whether its states may run beside each other.
func (s *Session) concurrent() bool { return s.parallel > 1 }

// Kernel returns the kernel that the session belongs to.
func (s *Session) Kernel() *Kernel { return s.k }
