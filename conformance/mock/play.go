package mock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/walk"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// play is what the recorded side said because of a request, or unasked, said again.
type play struct {
	m    *Mock
	l    *live
	t    *take // nil: it is unasked
	r    *ikc.Request
	back *perl.Value // where a response by post goes
	// unasked: it follows the opening of the connection.
	unasked bool
	// request is what is answered, nil if nothing came back then.
	request *ikc.Detached
}

// soon is how long what follows an opening waits at most, at a Speed of 0: as recorded, or so long.
// What a program does first may have to be done by then.
const soon = 200 * time.Millisecond

// wait waits until something is due that came so long after a moment then. It tells whether it
// is to be said.
func (p *play) wait(ctx context.Context, since time.Time, after time.Duration) bool {
	if speed := p.m.manner.Speed; speed > 0 {
		after = time.Duration(float64(after) / speed)
	} else if p.unasked {
		after = min(after, soon)
	} else {
		after = 0
	}
	if after = time.Until(since.Add(after)); after <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// run says what followed something, in the order of the recording.
func (p *play) run(ctx context.Context, list []*said) {
	since := time.Now()
	for i, s := range list {
		if !p.wait(ctx, since, s.after) {
			return
		}
		m, err := s.message(p.m.kernel.ID(), p.peer())
		switch {
		case err != nil:
		case s.reply != nil:
			err = p.reply(ctx, s, m)
		case s.call == nil:
			err = p.post(ctx, s, m)
		case s.subscribes:
			if i == 0 || !list[i-1].subscribes {
				p.subscribe(list[i:])
			}
		default:
			err = p.call(ctx, s, m)
		}
		if err != nil {
			p.m.trouble(s, err)
		}
	}
}

// peer is the id of who is talked to, "" if it is this kernel itself.
func (p *play) peer() string {
	if p.l.ch == nil {
		return ""
	}
	return p.l.ch.Peer().ID
}

// message is what was said, with the ids of now.
func (s *said) message(own, peer string) (*wire.Message, error) {
	m, err := message(s.c.by, s.image)
	if err != nil {
		return nil, err
	}
	if m.Params != nil {
		walk.Rename(m.Params, s.c.own.ID, own)
		walk.Rename(m.Params, s.c.peer.ID, peer)
	}
	return m, nil
}

// report is the error report that was made.
func (s *said) report() *wire.RemoteError {
	m, err := message(s.c.by, s.image)
	if err != nil {
		return &wire.RemoteError{}
	}
	return wire.ParseRemoteError(m.Params)
}

// reply answers the request, or reports on it.
func (p *play) reply(ctx context.Context, s *said, m *wire.Message) error {
	switch {
	case s.isError:
		text, _, _ := strings.Cut(wire.ParseRemoteError(m.Params).Message, ".  Request ")
		return p.request.Answer(nil, errors.New(text))
	case p.back != nil:
		return errors.Join(p.r.Session.Respond(ctx, p.back, m.Params), p.request.Answer(nil, nil))
	case m.Params == nil:
		return nil
	case p.t.wantArray:
		if list, ok := walk.Elems(m.Params); ok {
			values := make(ikc.List, len(list))
			for i, v := range list {
				values[i] = v
			}
			return p.request.Answer(values, nil)
		}
	}
	return p.request.Answer(m.Params, nil)
}

// to is where a message of the recorded side goes now.
func (p *play) to(s *said, m *wire.Message) string {
	to := m.Event.Specifier
	if to.Kernel == "" || to.Kernel == s.c.peer.ID || slices.Contains(s.c.peer.Aliases, to.Kernel) {
		to.Kernel = p.peer()
	}
	if to.Arg != "" {
		return to.String() + "?" + to.Arg
	}
	return to.String()
}

// post posts, from the session that did; through a proxy, if that did.
func (p *play) post(ctx context.Context, s *said, m *wire.Message) error {
	from, to := p.m.session(m), p.to(s, m)
	if state, args, ok := m.Proxied(); ok {
		values := make([]any, len(args))
		for i, v := range args {
			values[i] = v
		}
		if proxy := p.proxy(m.Event.Session); proxy != nil {
			if from == nil {
				return proxy.Post(ctx, state, values...)
			}
			return from.PostSession(ctx, proxy.Name(), state, values...)
		}
		if len(values) > 1 {
			return fmt.Errorf("expected that %s had been subscribed to, as in the recording: a post without a proxy has one argument, not %d", m.Event.Session, len(values))
		}
		m.Params = append(args, nil)[0]
		to = specifier.Specifier{Kernel: p.peer(), Session: m.Event.Session, State: state}.String()
	}
	if from != nil {
		_, err := from.Post(ctx, to, m.Params)
		return err
	}
	_, err := p.m.kernel.Post(ctx, to, m.Params)
	return err
}

// proxy is the one of a session of the peer, nil if there is none.
func (p *play) proxy(session string) *ikc.Proxy {
	for _, name := range append([]string{p.peer()}, p.l.ch.Peer().Aliases...) {
		if proxy := p.m.kernel.Proxy(specifier.Specifier{Kernel: name, Session: session}.String()); proxy != nil {
			return proxy
		}
	}
	return nil
}

// subscribes tells whether a call is a subscription.
func subscribes(to wire.Address, params *perl.Value) bool {
	_, ok := wanted(params)
	return ok && to.Session == wire.SessionIKC && to.State == wire.StateHave
}

// subscribe asks for the sessions that the recorded side asked for together, and says what followed
// the answers.
func (p *play) subscribe(list []*said) {
	var names []string
	for i, s := range list {
		if !s.subscribes {
			list = list[:i]
			break
		}
		m, err := s.message(p.m.kernel.ID(), p.peer())
		if err != nil {
			p.m.trouble(s, err)
			continue
		}
		spec, _ := wanted(m.Params)
		if spec.Kernel == "" || spec.Kernel == s.c.peer.ID {
			spec.Kernel = p.peer()
		}
		names = append(names, spec.String())
	}
	ctx := p.l.ctx // not in the turn of a state
	p.m.busy.Go(func() {
		limit, cancel := context.WithTimeout(ctx, p.m.manner.Patience)
		defer cancel()
		_, err := p.m.kernel.Subscribe(limit, names...)
		var failed *ikc.SubscribeError
		if errors.As(err, &failed) {
			err = p.unexpected(failed, list)
		}
		if err != nil && ctx.Err() == nil {
			p.m.trouble(list[0], err)
		}
		for _, s := range list {
			p.run(ctx, s.call.then)
		}
	})
}

// unexpected are the refusals of what was not refused then.
func (p *play) unexpected(failed *ikc.SubscribeError, list []*said) error {
	then := 0
	for _, s := range list {
		if s.call.refused {
			then++
		}
	}
	if len(failed.Refused) == then {
		return nil
	}
	return failed
}

// wanted is what a subscription asks for.
func wanted(params *perl.Value) (spec specifier.Specifier, ok bool) {
	asked := params.Target().Elem(0)
	if hash := asked.Target(); hash.Kind() == perl.Hash {
		return specifier.Specifier{Kernel: hash.Get("kernel").Str(), Session: hash.Get("session").Str(), State: hash.Get("state").Str()}, true
	}
	text, ok := asked.AsString()
	if !ok {
		return spec, false
	}
	spec, err := specifier.Parse(text)
	return spec, err == nil
}

// session is the one that sent a message, nil if that had published nothing.
func (m *Mock) session(msg *wire.Message) *ikc.Session {
	if !msg.From.Present() {
		return nil
	}
	return m.sessions[msg.From.Session]
}

// call calls, and says what followed the answer. One that got no answer then is not waited for.
func (p *play) call(ctx context.Context, s *said, m *wire.Message) error {
	from := p.m.session(m)
	if from == nil {
		from = p.m.sessions[silentSession]
	}
	to := p.to(s, m)
	if !s.call.answered {
		_, err := from.CallTo(ctx, to, m.Params, "poe:/"+silentSession+"/answer")
		return err
	}
	state, came := p.m.expect(to)
	if _, err := from.CallTo(ctx, to, m.Params, "poe:/"+silentSession+"/"+state); err != nil {
		p.m.forget(state)
		return err
	}
	ctx = p.l.ctx // not in the turn of a state
	p.m.busy.Go(func() {
		defer p.m.forget(state)
		select {
		case <-came:
		case <-time.After(p.m.manner.Patience):
			p.m.trouble(s, fmt.Errorf("expected an answer within %v, none came", p.m.manner.Patience))
		case <-ctx.Done():
			return
		}
		p.run(ctx, s.call.then)
	})
	return nil
}

// outstanding is a call that waits for an answer.
type outstanding struct {
	number int
	to     string
	came   chan struct{} // takes one thing
}

func (o *outstanding) arrived() {
	select {
	case o.came <- struct{}{}:
	default:
	}
}

// expect makes a state for the answer to a call, and tells when that, or an error report, comes.
func (m *Mock) expect(to string) (state string, came <-chan struct{}) {
	m.mu.Lock()
	m.answers++
	o := &outstanding{m.answers, to, make(chan struct{}, 1)}
	state = fmt.Sprintf("answer%d", o.number)
	m.calls[state] = o
	m.mu.Unlock()
	m.sessions[silentSession].Handle(state, func(context.Context, *ikc.Request) (any, error) {
		o.arrived()
		return nil, nil
	})
	return state, o.came
}

// forget takes the state for an answer away.
func (m *Mock) forget(state string) {
	m.sessions[silentSession].Handle(state, nil)
	m.mu.Lock()
	delete(m.calls, state)
	m.mu.Unlock()
}

// reported gives an error report to the oldest call that it may be about.
func (m *Mock) reported(e *wire.RemoteError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var first *outstanding
	for _, o := range m.calls {
		if e.About(o.to) && (first == nil || o.number < first.number) {
			first = o
		}
	}
	if first != nil {
		first.arrived()
	}
}
