package replay

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options say what to replay, and to whom.
type Options struct {
	// Side is who is played: the clients, or the server.
	Side wire.Role
	// Network and Address are those of the server, to which clients are played.
	Network, Address string
	// Listener is where workers connect, to which a server is played. It is closed when the replay has
	// ended.
	Listener net.Listener
	// StartWithin is how long a server may refuse connections, since it has only been started, and how
	// long a worker may take to connect.
	StartWithin time.Duration
	// Gone, if not nil, is closed when the program has ended that is to be met: then nobody is waited
	// for any more.
	Gone <-chan struct{}
	// Finishing, if not nil, is called when ctx ends in a negotiation with a server, which goes on,
	// and done when that has ended. See probe.Config.
	Finishing func() (done func())
	// Speed is how many times as fast as recorded; 0 is as fast as answers come.
	Speed float64
	// Patience bounds the wait for each answer.
	Patience time.Duration
	// Slower: an answer that takes so many times as long as it did, and 100 ms more, is late. 0: none
	// is.
	Slower float64
	// OnlyReplies: posts and calls of the other side are not expected, but for those that are
	// responses to a request: it does nothing by itself.
	OnlyReplies bool
	// Noise is what may differ besides what differs in the recording itself.
	Noise *compare.Noise
	// Keep tells which requests are replayed, nil for all.
	Keep func(*dialogue.Connection, dialogue.Item) bool
}

func (o *Options) keeps(c *dialogue.Connection, item dialogue.Item) bool {
	return o.Keep == nil || o.Keep(c, item)
}

// player replays a capture.
type player struct {
	opts  Options
	begun time.Time // when the first connection was
	first time.Time // of the recording
	meet  meeter

	held room
	findings
}

// What may wait to be replayed: messages of a connection in batches, and octets of all images
// together.
const (
	queued    = 16
	maxQueued = 64 << 20
)

// together is how many lines and frames of a connection are read before those of another, so that
// what overlaps in the recording does so again.
const together = 64

// playing is a connection that is being replayed.
type playing struct {
	batches chan *batch
}

// Play replays a capture, which it reads once. The plan is of the same capture; it may be nil
// unless workers connect. The error is that of the capture; what was found by then is in the
// report.
func Play(ctx context.Context, events dialogue.Source, plan *Plan, opts Options) (*Report, error) {
	p := &player{opts: opts}
	p.Noise, p.Learner, p.Slower = opts.Noise, compare.NewLearner(), opts.Slower
	if opts.Side == wire.Server {
		w := welcome(ctx, &opts, plan)
		defer w.end()
		p.meet = w
	} else {
		p.meet = &visit{opts: &p.opts}
	}
	open := map[*dialogue.Connection]*playing{}
	var all sync.WaitGroup
	how := dialogue.Options{Related: opts.OnlyReplies}
	err := dialogue.ReadParts(events, how, dialogue.Window{Items: together}, func(part *dialogue.Part) {
		c := part.Connection
		if !c.IsIKC || c.Control != nil {
			return
		}
		if part.Last && !c.Replayable() {
			p.report.Left++
		}
		if part.First && c.Replayable() && ctx.Err() == nil {
			open[c] = p.start(ctx, c, &all)
		}
		for _, x := range part.Exchanges {
			if x.Outcome() == dialogue.Replied && len(x.Answers) == 1 {
				p.Learner.Add(c.Negotiation, x.Request, x.Answers[0])
			}
		}
		one := open[c]
		if one == nil {
			return
		}
		p.hand(one, part)
		if part.Last {
			close(one.batches)
			delete(open, c)
		}
	})
	for _, one := range open {
		close(one.batches)
	}
	all.Wait()
	return p.finish(ctx.Err() != nil), err
}

// hand hands over what is next: whoever plays takes all, also if it was interrupted.
func (p *player) hand(one *playing, part *dialogue.Part) {
	c := part.Connection
	b := batches.Get().(*batch)
	b.left = part.Last && leaves(c, p.opts.Side.Other())
	for _, item := range part.Items {
		if f, ok := item.(*dialogue.Frame); ok && f.Message != nil && p.opts.keeps(c, f) {
			b.add(stepOf(f, p.opts.Side))
		}
	}
	p.held.enter(len(b.images))
	one.batches <- b
}

// leaves tells whether a side was the first to close a connection.
func leaves(c *dialogue.Connection, side wire.Role) bool {
	own, other := c.Shut[side], c.Shut[side.Other()]
	return own != nil && (other == nil || own.At.Packet < other.At.Packet)
}

// start begins to replay a connection.
func (p *player) start(ctx context.Context, c *dialogue.Connection, all *sync.WaitGroup) *playing {
	one := &playing{batches: make(chan *batch, queued)}
	if p.begun.IsZero() {
		p.begun, p.first = time.Now(), c.Opened.Time
	}
	all.Add(1)
	opened := c.Opened.Time
	cl := p.prepare(c)
	go func() {
		defer all.Done()
		p.pace(ctx, opened)
		err := cl.connect(ctx)
		if err != nil {
			p.lose(err)
			for b := range one.batches { // so that the others go on
				p.held.leave(len(b.images))
				b.done()
			}
			return
		}
		left := false
		for b := range one.batches {
			for i := range b.steps {
				p.pace(ctx, b.steps[i].at)
				var next *step
				if i+1 < len(b.steps) {
					next = &b.steps[i+1]
				}
				cl.play(&b.steps[i], next)
			}
			left = b.left
			p.held.leave(len(b.images))
			b.done()
		}
		cl.end(left)
		if cl.lost != nil && ctx.Err() == nil {
			p.lose(fmt.Errorf("connection %d of the capture: %w", cl.index, cl.lost))
		}
	}()
	return one
}

// pace waits until it is time for what was recorded at a time.
func (p *player) pace(ctx context.Context, at time.Time) {
	if p.opts.Speed == 0 {
		return
	}
	due := p.begun.Add(time.Duration(float64(at.Sub(p.first)) / p.opts.Speed))
	select {
	case <-time.After(time.Until(due)):
	case <-ctx.Done():
	}
}
