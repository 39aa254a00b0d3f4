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

// run says what followed something.
func (p *play) run(ctx context.Context, list []*said) {
	since := time.Now()
	for _, s := range list {
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
		default:
			p.m.busy.Add(1)
			go func() {
				defer p.m.busy.Done()
				p.call(p.l.ctx, s, m) // not in the turn of a state
			}()
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

// subscribe asks for a session, or a state of one, as the recorded side did. ok is false if what it
// asked is no subscription.
func (p *play) subscribe(ctx context.Context, s *said, m *wire.Message) (ok bool, err error) {
	if m.Event.Session != wire.SessionIKC || m.Event.State != wire.StateHave {
		return false, nil
	}
	spec, ok := wanted(m.Params)
	if !ok {
		return false, nil
	}
	if spec.Kernel == "" || spec.Kernel == s.c.peer.ID {
		spec.Kernel = p.peer()
	}
	_, err = p.m.kernel.Subscribe(ctx, spec.String())
	return true, err
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
func (p *play) call(ctx context.Context, s *said, m *wire.Message) {
	from := p.m.session(m)
	if from == nil {
		from = p.m.sessions[silentSession]
	}
	to := p.to(s, m)
	if !s.call.answered {
		if _, err := from.CallTo(ctx, to, m.Params, "poe:/"+silentSession+"/answer"); err != nil {
			p.m.trouble(s, err)
		}
		return
	}
	limit, cancel := context.WithTimeout(ctx, p.m.manner.Patience)
	defer cancel()
	ok, err := p.subscribe(limit, s, m)
	switch {
	case ok:
	case m.WantArray:
		_, err = from.CallList(limit, to, m.Params)
	default:
		_, err = from.Call(limit, to, m.Params)
	}
	if err != nil && ctx.Err() == nil {
		p.m.trouble(s, err)
	}
	p.run(ctx, s.call.then)
}
