package ikc

import (
	"context"
	"fmt"
	"sort"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// State is what a session does when an event reaches it.
//
// The value returned is the answer to a call. It may be anything perl.Marshal takes; a [List] is
// Perl's list of several values. As in the original, nil, an undef and an empty List are no answer:
// the caller gets nothing. (An undef is one value to a caller that wants a list.) An error is
// reported to the remote kernel with operation "invocation".
//
// The context ends when the connection does or the kernel is shut down. Blocking calls made with it let other states run.
type State func(ctx context.Context, r *Request) (any, error)

// List is what a state returns to give several values: the caller gets all of them if it asked for
// a list, else the last.
type List []any

// Request is what a state is told about the event that it handles.
type Request struct {
	// Session and State are what was addressed.
	Session *Session
	State   string
	// Args are ARG0 and on.
	Args []*perl.Value
	// WantArray tells whether a caller wants a list.
	WantArray bool
	// IsCall tells whether the return value goes anywhere.
	IsCall bool
	// Sender is who sent the event, nil if it did not say.
	Sender *Sender
	// Channel is the connection it came by, nil if it came from this kernel itself.
	Channel *Channel
}

// Arg returns argument i, an undef if there are fewer.
func (r *Request) Arg(i int) *perl.Value {
	if i < len(r.Args) && r.Args[i] != nil {
		return r.Args[i]
	}
	return perl.NewUndef()
}

// Session is an addressable object of a kernel: a set of states under an alias.
type Session struct {
	k         *Kernel
	alias     string
	states    map[string]State
	published map[string]bool
}

// NewSession adds a session to the kernel. Nothing of it is published yet.
func (k *Kernel) NewSession(alias string, states map[string]State) (*Session, error) {
	if alias == "" {
		return nil, fmt.Errorf("ikc: session: expected an alias, got an empty string")
	}
	s := &Session{k: k, alias: alias, states: map[string]State{}, published: map[string]bool{}}
	for name, state := range states {
		s.states[name] = state
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sessions[alias] != nil {
		return nil, fmt.Errorf("ikc: session %q exists already in kernel %q", alias, k.cfg.Name)
	}
	k.sessions[alias] = s
	return s, nil
}

// Alias returns the name of the session.
func (s *Session) Alias() string { return s.alias }

// Handle adds a state, or replaces one.
func (s *Session) Handle(state string, f State) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	s.states[state] = f
}

// Publish lets remote kernels post to and call these states.
func (s *Session) Publish(states ...string) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	for _, state := range states {
		s.published[state] = true
	}
}

// Retract takes back Publish, without telling anybody: of these states, or of all when none is named.
func (s *Session) Retract(states ...string) {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if len(states) == 0 {
		clear(s.published)
	}
	for _, state := range states {
		delete(s.published, state)
	}
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
