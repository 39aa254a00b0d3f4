package replay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// meeter brings about the connections that are replayed.
type meeter interface {
	// connection makes one: cfg is who we are, name who the other was.
	connection(ctx context.Context, cfg probe.Config, name string) (*probe.Conn, error)
}

// visit connects to a server.
type visit struct {
	opts *Options
	mu   sync.Mutex
	met  bool
}

// again is how long a server that refuses is let alone.
const again = 20 * time.Millisecond

// connection connects. A server that has only been started may refuse for a while.
func (v *visit) connection(ctx context.Context, cfg probe.Config, _ string) (*probe.Conn, error) {
	v.mu.Lock()
	until := time.Now().Add(v.opts.StartWithin)
	if v.met {
		until = time.Now()
	}
	v.mu.Unlock()
	cfg.Finish = v.opts.Finishing
	for {
		conn, err := probe.Dial(ctx, v.opts.Network, v.opts.Address, cfg)
		refused := errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
		if !refused || !time.Now().Before(until) {
			v.mu.Lock()
			v.met = true
			v.mu.Unlock()
			return conn, err
		}
		select {
		case <-time.After(again):
		case <-v.opts.Gone:
			return nil, fmt.Errorf("the server has ended: %w", err)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// host is where workers connect. One at a time is negotiated with.
type host struct {
	opts *Options
	plan *Plan

	mu      sync.Mutex
	changed *sync.Cond
	waiting []*guest // in the order of the recording
	early   []*probe.Conn
	ended   bool
	done    chan struct{}
	stop    func() bool
}

// guest waits for a worker of a name.
type guest struct {
	cfg  probe.Config
	name string
	came chan *probe.Conn
}

// maxEarly bounds the workers that have come before their time.
const maxEarly = 64

// welcome lets workers connect.
func welcome(ctx context.Context, opts *Options, plan *Plan) *host {
	h := &host{opts: opts, plan: plan, done: make(chan struct{})}
	h.changed = sync.NewCond(&h.mu)
	h.stop = context.AfterFunc(ctx, h.leave)
	go h.accept(ctx)
	return h
}

// leave ends the waiting for workers.
func (h *host) leave() {
	_ = h.opts.Listener.Close()
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.changed.Broadcast()
}

// end gives up the listener, and workers that nobody waited for.
func (h *host) end() {
	h.stop()
	h.leave()
	<-h.done
	for _, c := range h.early {
		_ = c.Close()
	}
}

// accept takes workers as long as some are waited for.
func (h *host) accept(ctx context.Context) {
	defer close(h.done)
	for {
		h.mu.Lock()
		for len(h.waiting) == 0 && !h.ended {
			h.changed.Wait()
		}
		if h.ended {
			h.mu.Unlock()
			return
		}
		cfg := h.waiting[0].cfg
		h.mu.Unlock()
		conn, err := h.opts.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(again) // such as too many open files
			continue
		}
		if c, err := probe.Accept(ctx, conn, cfg); err == nil {
			h.meet(c)
		}
	}
}

// meet gives a worker to who waits for one of its name. One that the recording does not name is
// given to who has waited longest.
func (h *host) meet(c *probe.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := dialogue.ChosenName(c.Peer, c.Dialect)
	i := slices.IndexFunc(h.waiting, func(g *guest) bool { return g.name == name })
	if i < 0 && h.plan.names[name] && len(h.early) < maxEarly {
		h.early = append(h.early, c)
		return
	}
	if i = max(i, 0); i < len(h.waiting) {
		h.waiting[i].came <- c
		h.waiting = slices.Delete(h.waiting, i, i+1)
		return
	}
	_ = c.Close()
}

// connection waits for a worker.
func (h *host) connection(ctx context.Context, cfg probe.Config, name string) (*probe.Conn, error) {
	g := &guest{cfg: cfg, name: name, came: make(chan *probe.Conn, 1)}
	h.mu.Lock()
	if i := slices.IndexFunc(h.early, func(c *probe.Conn) bool { return dialogue.ChosenName(c.Peer, c.Dialect) == name }); i >= 0 {
		c := h.early[i]
		h.early = slices.Delete(h.early, i, i+1)
		h.mu.Unlock()
		return c, nil
	}
	h.waiting = append(h.waiting, g)
	h.mu.Unlock()
	h.changed.Broadcast()
	select {
	case c := <-g.came:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(h.opts.StartWithin):
	case <-h.gone():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = slices.DeleteFunc(h.waiting, func(other *guest) bool { return other == g })
	select {
	case c := <-g.came:
		return c, nil
	default:
		return nil, fmt.Errorf("expected a worker such as %s to connect within %v, and before it ended; none did", name, h.opts.StartWithin)
	}
}

// gone is closed when the program has ended that is to connect, and what it has begun is over.
func (h *host) gone() <-chan struct{} {
	if h.opts.Gone == nil {
		return nil
	}
	over := make(chan struct{})
	go func() {
		select {
		case <-h.opts.Gone:
			time.Sleep(lastWords)
		case <-h.done:
		}
		close(over)
	}()
	return over
}

// lastWords is how long the connections of a program that has ended may take to be accepted.
const lastWords = time.Second

// identity is who a side of a recorded connection was.
func identity(p wire.Peer, d wire.Dialect) probe.Config {
	cfg := probe.Config{ID: p.ID, Name: dialogue.ChosenName(p, d), Lite: len(p.Aliases) == 0}
	if names := dialogue.ChosenNames(p, d); len(names) > 0 {
		cfg.Aliases = names[1:]
	}
	return cfg
}
