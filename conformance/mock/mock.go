package mock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// DefaultPatience is how long a call of the recorded side waits for the answer that it got then.
const DefaultPatience = 10 * time.Second

// Manner is how a Kernel is played.
type Manner struct {
	// Speed is how many times as fast as recorded replies come, and what was said unasked; 0 is at
	// once.
	Speed float64
	// Strict refuses requests whose params are like none recorded for their state. Otherwise the
	// next is taken of those that have their shape, or else of all.
	Strict bool
	// Noise names what may differ in params that are alike.
	Noise *compare.Noise
	// Patience is how long a call waits for an answer that came then. Default: DefaultPatience.
	Patience time.Duration
	// Logger is told what was not in the recording. Default: nobody is.
	Logger *slog.Logger
}

// Mock plays a recorded kernel. It is safe for concurrent use.
type Mock struct {
	kernel *ikc.Kernel
	rec    *Kernel
	manner Manner
	ctx    context.Context
	cancel context.CancelFunc
	busy   sync.WaitGroup

	mu       sync.Mutex
	sessions map[string]*ikc.Session
	live     map[*ikc.Channel]*live
	turns    map[string]int // which connection of a name is next
	answers  int            // how many calls were made that wait for one
	calls    map[string]*outstanding
	found    tally
}

// live is a connection, and the recorded one that it stands for, which may be nil.
type live struct {
	ch  *ikc.Channel
	c   *connection
	ctx context.Context
}

// silentSession has the state that answers to calls go to which got none then.
const silentSession = "ikc-conform-mock"

// Start makes a kernel that is as the recorded one, with cfg for what that does not say. Fields of
// cfg that are set are left as they are. Nothing connects yet: see Kernel.
func Start(rec *Kernel, cfg ikc.Config, manner Manner) (*Mock, error) {
	if manner.Patience == 0 {
		manner.Patience = DefaultPatience
	}
	if manner.Logger == nil {
		manner.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Mock{rec: rec, manner: manner, sessions: map[string]*ikc.Session{}, live: map[*ikc.Channel]*live{},
		turns: map[string]int{}, calls: map[string]*outstanding{}}
	m.found.init(rec)
	if cfg.Name == "" {
		cfg.Name, cfg.Aliases = rec.Name, rec.Aliases
	}
	if cfg.Serializers == nil {
		cfg.Serializers = append(cfg.Serializers, rec.Serializers...)
		for _, z := range dialogue.Serializers() { // nobody knows that it did not take them
			if !rec.agreed(z) {
				cfg.Serializers = append(cfg.Serializers, z)
			}
		}
	}
	cfg.Dialect = max(cfg.Dialect, rec.Dialect)
	cfg.OnConnect = m.connected
	var err error
	if m.kernel, err = ikc.New(cfg); err != nil {
		return nil, fmt.Errorf("mock: %w", err)
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	if err := m.furnish(); err != nil {
		return nil, errors.Join(err, m.Close(context.Background()))
	}
	m.kernel.Monitor("*", ikc.Monitor{Error: m.refused})
	return m, nil
}

// furnish makes the sessions and states that were seen.
func (m *Mock) furnish() error {
	session := func(alias string) (*ikc.Session, error) {
		if s := m.sessions[alias]; s != nil {
			return s, nil
		}
		s, err := m.kernel.NewSession(alias, nil)
		if err != nil {
			return nil, fmt.Errorf("mock: session %s: %w", alias, err)
		}
		m.sessions[alias] = s
		return s, nil
	}
	for _, st := range m.rec.states {
		if err := st.index(m.manner.Noise); err != nil {
			return fmt.Errorf("mock: %s: %w", st.name, err)
		}
		s, err := session(st.takes[0].to.Session)
		if err != nil {
			return err
		}
		s.Handle(st.takes[0].to.State, m.handle(st))
	}
	for alias, states := range m.rec.published {
		s, err := session(alias)
		if err != nil {
			return err
		}
		for name := range states {
			s.Publish(name)
		}
		if len(states) == 0 { // it was subscribed to, and asked for nothing
			s.Publish("(none)")
		}
	}
	s, err := session(silentSession)
	if err != nil {
		return err
	}
	s.Handle("answer", func(context.Context, *ikc.Request) (any, error) { return nil, nil })
	return nil
}

// Kernel is the kernel that plays, to Serve or to KeepConnected.
func (m *Mock) Kernel() *ikc.Kernel { return m.kernel }

// Close ends the kernel, and what is being said, as Kernel.Shutdown does.
func (m *Mock) Close(ctx context.Context) error {
	m.cancel()
	err := m.kernel.Shutdown(ctx)
	m.busy.Wait()
	return err
}

// connected takes a connection for one that was recorded, and says what was said there unasked.
func (m *Mock) connected(ch *ikc.Channel) {
	l := &live{ch: ch}
	var gone context.CancelFunc
	l.ctx, gone = context.WithCancel(m.ctx)
	m.mu.Lock()
	l.c = m.standsFor(ch.Peer(), ch.Dialect())
	m.live[ch] = l
	m.found.connected(l.c != nil)
	m.mu.Unlock()
	if l.c == nil {
		m.manner.Logger.Warn("a kernel that is not in the recording", "name", dialogue.ChosenName(ch.Peer(), ch.Dialect()))
	}
	m.busy.Add(2)
	go func() {
		defer m.busy.Done()
		defer gone()
		select {
		case <-ch.Done():
		case <-m.ctx.Done():
		}
		m.mu.Lock()
		delete(m.live, ch)
		m.mu.Unlock()
	}()
	go func() {
		defer m.busy.Done()
		if l.c != nil {
			p := &play{m: m, l: l, unasked: true}
			p.run(l.ctx, l.c.opening)
		}
	}()
}

// standsFor finds a recorded connection for a peer: the next of its name, or else of its kind. The
// names of ClientLites are others each time.
func (m *Mock) standsFor(p wire.Peer, d wire.Dialect) *connection {
	name, lite := dialogue.ChosenName(p, d), isLite(p)
	var same, kind []*connection
	for _, c := range m.rec.connections {
		if c.name == name {
			same = append(same, c)
		}
		if c.lite == lite {
			kind = append(kind, c)
		}
	}
	key := "name " + name
	if len(same) == 0 {
		same, key = kind, fmt.Sprintf("lite %t", lite)
	}
	if len(same) == 0 {
		return nil
	}
	n := m.turns[key]
	m.turns[key] = n + 1
	return same[n%len(same)]
}

// of is the connection that a request came by; of one of this kernel itself it stands for none.
func (m *Mock) of(ch *ikc.Channel) *live {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.live[ch]; l != nil {
		return l
	}
	return &live{ch: ch, ctx: m.ctx}
}

// handle is what a state does.
func (m *Mock) handle(s *state) ikc.State {
	return func(ctx context.Context, r *ikc.Request) (any, error) {
		l := m.of(r.Channel)
		args := make([]*perl.Value, len(r.Args))
		for i := range args {
			args[i] = r.Arg(i)
		}
		back, peer := s.back(r.IsCall, args), ""
		if l.ch != nil {
			peer = l.ch.Peer().ID
		}
		known := ask(r.Session.Alias(), r.State, r.IsCall, back != nil, args, m.kernel.ID(), peer, m.manner.Noise)
		m.mu.Lock()
		t, how := s.find(known, l.c, m.manner.Strict)
		m.found.asked(s, how)
		m.mu.Unlock()
		if how != likeOne {
			m.manner.Logger.Warn("params that are not in the recording", "state", s.name, "params", known.near)
		}
		if t == nil {
			return nil, fmt.Errorf("expected params that were recorded for %s, got %s, which are like none of them", s.name, known.near)
		}
		return nil, (&play{m: m, l: l, t: t, r: r, back: back}).say(ctx)
	}
}

// refused is told of requests that were not carried out, here or by a peer.
func (m *Mock) refused(_ context.Context, e *ikc.MonitorEvent) {
	if strings.HasPrefix(e.Operation, ikc.PrefixRemote) && e.Real {
		m.reported(&wire.RemoteError{Message: e.Message})
	}
	if e.Operation != ikc.PrefixLocal+ikc.OpCheck && e.Operation != ikc.PrefixLocal+ikc.OpResolve {
		return
	}
	for _, request := range (&wire.RemoteError{Message: e.Message}).Requests() {
		to, err := specifier.Parse(request)
		if err != nil {
			continue // a reading of the text that is none
		}
		if to.Kernel != e.About {
			return // it is told once more, by another name of the kernel
		}
		name := stateOf(to)
		if s := m.rec.states[name]; s != nil && s.refused > 0 {
			m.mu.Lock()
			m.found.asked(s, likeOne)
			m.mu.Unlock()
			return
		}
		m.mu.Lock()
		m.found.unknown(name)
		m.mu.Unlock()
		m.manner.Logger.Warn("a state that is not in the recording", "state", name)
		return
	}
}
