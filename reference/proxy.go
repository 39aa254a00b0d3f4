package ikc

import (
	"context"
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Proxy stands for a session of a remote kernel that was subscribed to. It goes by
// poe://KERNEL/SESSION, and by SESSION if no session had that alias, in [Kernel.PostSession]. It
// ends with Unsubscribe or the connection. It comes of [Kernel.Subscribe], and is safe for
// concurrent use.
//
// Source: Proxy.
type Proxy struct {
	k      *Kernel
	found  specifier.Specifier // what the remote kernel accepted
	name   string              // poe://kernel/session
	short  string              // the other alias, "" if it was not free
	to     specifier.Specifier
	remote string // id of the kernel
}

// Specifier returns what was subscribed to: a session, or a state of one. Source: the event
// subscribe of monitors.
func (p *Proxy) Specifier() specifier.Specifier { return p.found }

// Name returns the alias poe://KERNEL/SESSION, with the kernel as it was asked for.
func (p *Proxy) Name() string { return p.name }

// KernelID returns the id of the remote kernel.
func (p *Proxy) KernelID() string { return p.remote }

// Post sends an event to the remote session, with any number of arguments. Errors are those of
// [Kernel.Post]. A proxy that has ended still posts if the kernel is connected again.
func (p *Proxy) Post(ctx context.Context, state string, args ...any) error {
	return p.post(ctx, nil, state, args)
}

func (p *Proxy) post(ctx context.Context, from *Session, state string, args []any) error {
	list, err := marshalAll(args)
	if err != nil {
		return fmt.Errorf("ikc: arguments for %s/%s: %w", p.name, state, err)
	}
	p.k.stats.posts.Add(1)
	m := &wire.Message{Event: wire.At(p.to), Params: perl.ArrayRef(str(state), perl.ArrayRef(list...)), From: p.k.from(from)}
	_, err = new(dispatch).send(ctx, p.k, p.to.Kernel, m, manner{})
	return err
}

func marshalAll(args []any) ([]*perl.Value, error) {
	list := make([]*perl.Value, len(args))
	for i, arg := range args {
		v, err := perl.Marshal(arg)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// Proxy returns the proxy of that alias, nil if there is none.
func (k *Kernel) Proxy(alias string) *Proxy {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.proxies[alias]
}

// makeProxy enters a proxy, or returns the one that is there. mu is locked.
func (k *Kernel) makeProxy(found specifier.Specifier, remote string) *Proxy {
	name := specifier.Specifier{Kernel: found.Kernel, Session: found.Session}.String()
	if p := k.proxies[name]; p != nil {
		return p
	}
	p := &Proxy{k: k, found: found, name: name, remote: remote,
		to: specifier.Specifier{Kernel: found.Kernel, Session: found.Session, State: wire.StateProxy}}
	if found.Kernel == specifier.Any {
		p.to.Kernel = remote // the manual: only the first that accepts is proxied
	}
	k.proxies[name] = p
	if short := found.Session; k.sessions[short] == nil && k.proxies[short] == nil {
		p.short = short
		k.proxies[short] = p
	}
	k.inform(remote, EventSubscribe, event{spec: found})
	return p
}

// dropProxy takes a proxy away. mu is locked.
func (k *Kernel) dropProxy(p *Proxy) {
	if k.proxies[p.name] != p {
		return
	}
	delete(k.proxies, p.name)
	if p.short != "" {
		delete(k.proxies, p.short)
	}
	k.inform(p.remote, EventUnsubscribe, event{spec: p.found})
}

// Unsubscribe ends proxies, named as they were subscribed to, by poe://KERNEL/SESSION or by the
// short alias. Nothing is sent; the other kernel does not know of subscriptions. Names of no proxy
// are passed over. Source: Responder unsubscribe, Proxy _shutdown.
func (k *Kernel) Unsubscribe(specifiers ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range specifiers {
		p := k.proxies[name]
		if p == nil {
			if s, err := specifier.Parse(name); err == nil {
				p = k.proxies[specifier.Specifier{Kernel: s.Kernel, Session: s.Session}.String()]
			}
		}
		if p != nil {
			k.dropProxy(p)
		}
	}
}

// PostSession posts to a session of this kernel, published or not, or to the proxy of a remote one,
// by alias: what POE's own post does. A session of this kernel gets the event after those that were
// posted before; if it has no such state, the event is dropped, which is no error.
//
// Errors: ErrUnknownSession, and those of [Kernel.Post]. For this kernel ErrQueueFull comes at
// once, when as many events wait as Config.MaxQueue has room for, each counted as 256 octets.
func (k *Kernel) PostSession(ctx context.Context, alias, state string, args ...any) error {
	return k.postSession(ctx, nil, alias, state, args)
}

// PostSession is Kernel.PostSession from a session, which the other side can answer if it has
// published anything.
func (s *Session) PostSession(ctx context.Context, alias, state string, args ...any) error {
	return s.k.postSession(ctx, s, alias, state, args)
}

func (k *Kernel) postSession(ctx context.Context, from *Session, alias, state string, args []any) error {
	k.mu.Lock()
	p, s := k.proxies[alias], k.sessions[alias]
	k.mu.Unlock()
	switch {
	case p != nil:
		return p.post(ctx, from, state, args)
	case s == nil:
		return fmt.Errorf("%w %q", ErrUnknownSession, alias)
	}
	list, err := marshalAll(args)
	if err != nil {
		return fmt.Errorf("ikc: arguments for %s/%s: %w", alias, state, err)
	}
	to := specifier.Specifier{Session: alias, State: state}
	m := &wire.Message{Event: wire.At(to), From: k.from(from)}
	h := &handling{Request: Request{Session: s, State: state, Args: list}, m: m}
	h.Request.h = h
	h.more().came = time.Since(start)
	h.aside.reply = func(*wire.Message) bool { return true } // no report: monitors are told, or the log
	l := k.localLoad(ctx)
	h.cost, h.payer = l.cost, l.to
	return k.locally(l, func(w *worker) {
		if s.queue != nil {
			_ = k.enqueue(nil, h, l)
			return
		}
		h.find(k)
		k.carryOut(nil, h, w)
	})
}
