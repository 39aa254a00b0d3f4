package shadow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	// slice is how long it is worked at a time while something passes, and idle how many times as
	// long nothing is done then, so that who passes it on has the processors. What has to wait, waits
	// in the feed; batch is the least that it does.
	slice = time.Millisecond
	idle  = 9
	batch = 2 * time.Millisecond
	// sweepEvery is how often it is looked for what did not come.
	sweepEvery = 100 * time.Millisecond
	// maxPairs bounds the connections that have a copy at a time.
	maxPairs = 1024
	// maxFrame bounds an image, in octets.
	maxFrame = 16 << 20
	// maxHeld bounds the octets of images that wait for what the other server says.
	maxHeld = 64 << 20
)

// window bounds what is kept of all connections of a side to find out what belongs together.
var window = dialogue.Window{Items: 256, Total: 16 << 20, Held: 128 << 20}

// worker decodes and compares. What has no lock is of its goroutine.
type worker struct {
	opts  Options
	ctx   context.Context
	iface int
	feed  *feed
	news  chan news

	running sync.WaitGroup // what copies do
	pairs   map[int]*pair
	byConn  map[*capture.Conn]*pair
	sides   [2]*dialogue.Builder // real, also
	todo    []func()             // when what is being taken has been
	held    int                  // octets of images of replies and such that wait for one of the two

	tally  compare.Tally
	mu     sync.Mutex
	found  Report
	times  [2]times
	open   atomic.Int64 // pairs that are not over
	behind atomic.Bool  // there is something to look at
}

// The two servers.
const (
	genuine = iota
	also
)

func newWorker(ctx context.Context, opts Options) *worker {
	w := &worker{opts: opts, ctx: ctx, feed: newFeed(), news: make(chan news, 256), pairs: map[int]*pair{}, byConn: map[*capture.Conn]*pair{}}
	w.tally.Noise, w.tally.Learner, w.tally.Slower = opts.Noise, compare.NewLearner(), opts.Slower
	for side := range w.sides {
		o := dialogue.Options{MaxFrame: maxFrame, Observe: func(c *dialogue.Connection, item dialogue.Item) {
			if p := w.byConn[c.Conn]; p != nil {
				p.observe(side, c, item)
			}
		}}
		w.sides[side] = dialogue.NewBuilder(o, window, func(*dialogue.Part) {})
	}
	return w
}

// run works until the context ends.
func (w *worker) run() {
	var list, rest []passed
	var data []byte
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for w.ctx.Err() == nil {
		if len(rest) == 0 {
			list, data = w.feed.take(list, data)
			rest = list
		}
		if len(rest) == 0 && len(w.news) == 0 {
			w.behind.Store(false)
			select {
			case <-w.feed.wake:
				w.behind.Store(true)
				time.Sleep(batch)
			case n := <-w.news:
				w.hear(n)
			case <-sweep.C:
				w.sweep()
			case <-w.ctx.Done():
			}
			continue
		}
		w.behind.Store(true)
		began := time.Now()
		for ; len(rest) > 0 && time.Since(began) < slice; rest = rest[1:] {
			w.pass(rest[0], data)
		}
		for len(w.news) > 0 && time.Since(began) < 2*slice {
			w.hear(<-w.news)
		}
		select {
		case <-sweep.C:
			w.sweep()
		default:
		}
		if w.feed.passing() {
			time.Sleep(max(batch, idle*time.Since(began)))
		}
	}
	w.leave(rest)
	for _, p := range w.pairs {
		p.over()
	}
	w.settle()
	w.running.Wait()
}

// leave has connections of which something passed that was not looked at in the end count as those
// that the shadow did not keep up with.
func (w *worker) leave(rest []passed) {
	late, _ := w.feed.take(nil, nil)
	for _, list := range [][]passed{rest, late} {
		for _, c := range list {
			if c.what == over {
				continue
			}
			p := w.pairs[c.conn]
			if p == nil {
				p = w.begin(c)
			}
			p.drop(behind)
			w.settle()
		}
	}
}

func (w *worker) sweep() {
	for _, p := range w.pairs {
		p.sweep(time.Now())
	}
	w.settle()
}

// settled is closed when all that was said has been compared, or given up.
func (w *worker) settled() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for quiet := 0; quiet < 3 && w.ctx.Err() == nil; time.Sleep(sweepEvery / 4) {
			if quiet++; w.open.Load() > 0 || w.behind.Load() {
				quiet = 0
			}
		}
	}()
	return done
}

// pass takes what passed the relay.
func (w *worker) pass(c passed, data []byte) {
	p := w.pairs[c.conn]
	if p == nil {
		if c.what == over {
			return
		}
		p = w.begin(c)
	}
	switch {
	case c.what == over:
		p.ended = time.Now()
		p.sweep(p.ended)
		w.settle()
	case p.dropped:
	case c.what == unfit:
		p.drop(behind)
		w.settle()
	default:
		w.sides[genuine].Take(&capture.Data{Conn: p.conns[genuine], From: c.from, At: capture.Stamp{Time: c.at}, Bytes: data[c.start:c.end]})
		w.settle()
		p.look()
		w.settle()
	}
}

// later has something done when what is being taken has been, since a Builder cannot be used by
// what it calls.
func (w *worker) later(do func()) { w.todo = append(w.todo, do) }

func (w *worker) settle() {
	for len(w.todo) > 0 {
		todo := w.todo
		w.todo = nil
		for _, do := range todo {
			do()
		}
	}
}

// begin begins to watch a connection.
func (w *worker) begin(c passed) *pair {
	p := &pair{w: w, number: c.conn, requests: map[int]*request{}, unasked: map[string]*unasked{},
		calls: map[int]wire.Address{}, answers: map[int]*dialogue.Message{}}
	many := len(w.pairs) >= maxPairs
	w.pairs[c.conn] = p
	w.open.Add(1)
	w.count(func(r *Report) { r.Connections++ })
	if many {
		p.drop(fmt.Sprintf("%d connections have a copy already", maxPairs))
		w.settle()
		return p
	}
	for side := range p.conns {
		p.conns[side] = &capture.Conn{Index: c.conn, SYNSeen: true}
		w.byConn[p.conns[side]] = p
		w.sides[side].Take(&capture.Opened{Conn: p.conns[side], At: capture.Stamp{Time: c.at}})
	}
	return p
}

// hear takes what a copy has to tell.
func (w *worker) hear(n news) {
	p := n.pair
	switch {
	case p.dropped || p.gone:
	case n.peer != nil:
		p.ready(n.peer)
	case n.err != nil && p.now == nil:
		p.drop("it was not reached: " + reason(n.err))
	case n.err != nil && p.ended.IsZero():
		p.drop("it ended the connection: " + reason(n.err))
	case n.err != nil:
		p.lost = true
	default:
		w.sides[also].Take(&capture.Data{Conn: p.conns[also], From: n.from, At: capture.Stamp{Time: n.at}, Bytes: n.octets})
		w.settle()
		p.look()
	}
	w.settle()
}

// reason is an error without the addresses, which differ for each connection.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

func (w *worker) count(how func(*Report)) {
	w.mu.Lock()
	how(&w.found)
	w.mu.Unlock()
}
