package replay

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options say what to replay, and where to.
type Options struct {
	Network, Address string
	// Speed is how many times as fast as recorded; 0 is as fast as answers come.
	Speed float64
	// Patience bounds the wait for each answer.
	Patience time.Duration
	// Slower: an answer that takes so many times as long as it did, and 100 ms more, is late. 0: none
	// is.
	Slower float64
	// Noise is what may differ besides what differs in the recording itself.
	Noise *compare.Noise
	// Keep tells which requests are replayed, nil for all.
	Keep func(*dialogue.Connection, dialogue.Item) bool
}

// player replays a capture.
type player struct {
	opts   Options
	learnt *learner
	begun  time.Time // when the first connection was
	first  time.Time // of the recording

	held room

	mu     sync.Mutex
	report *Report
	byText map[string]*Deviation
}

// What may wait to be replayed: messages of a connection, and octets of all images together.
const (
	queued    = 1024
	maxQueued = 64 << 20
)

// together is how many lines and frames of a connection are read before those of another, so that
// what overlaps in the recording does so again.
const together = 64

// playing is a connection that is being replayed.
type playing struct {
	steps chan *step
}

// Learn reads a capture for what would be sent, and for what differs in it by itself.
func Learn(events dialogue.Source, opts Options) (*Plan, error) {
	p := &Plan{learnt: newLearner(), states: map[string]*Sends{}}
	err := dialogue.ReadParts(events, dialogue.Options{Related: true}, dialogue.Window{}, func(part *dialogue.Part) {
		c := part.Connection
		if !c.IsIKC || c.Control != nil {
			return
		}
		if part.First {
			p.Connections++
		}
		if part.Last && !playable(c) {
			p.Left++
		}
		for _, x := range part.Exchanges {
			p.learnt.add(c.Negotiation.Serializer, x)
			if m := x.Request; playable(c) && m.Frame.From == wire.Client && opts.keeps(c, m.Frame) {
				p.sends(m)
			}
		}
	})
	return p, err
}

// playable tells whether a connection can be replayed: its start was recorded, and nothing is
// missing so far.
func playable(c *dialogue.Connection) bool {
	return c.Negotiation.Complete && !c.Joined && !c.Gaps && serializer(c.Negotiation.Serializer) != nil
}

func (o *Options) keeps(c *dialogue.Connection, item dialogue.Item) bool {
	return o.Keep == nil || o.Keep(c, item)
}

// Plan is what a replay would send.
type Plan struct {
	Connections int
	// Left are connections that cannot be replayed: their start, or octets, are not in the capture.
	Left   int
	learnt *learner
	states map[string]*Sends
}

// Sends counts what would be sent to a state.
type Sends struct {
	State        string
	Calls, Posts int
}

// maxSends bounds the states that are told apart.
const maxSends = 4096

func (p *Plan) sends(m *dialogue.Message) {
	name := m.To.Session + "/" + m.To.State
	s := p.states[name]
	if s == nil && len(p.states) >= maxSends {
		name = "(further states)"
		s = p.states[name]
	}
	if s == nil {
		s = &Sends{State: name}
		p.states[name] = s
	}
	if m.Kind == dialogue.Call {
		s.Calls++
	} else {
		s.Posts++
	}
}

// States are what would be sent, by state.
func (p *Plan) States() []*Sends {
	return slices.SortedFunc(maps.Values(p.states), func(a, b *Sends) int { return cmp.Compare(a.State, b.State) })
}

// Play replays the capture that a plan was made of. The error is that of the capture; what was
// found by then is in the report.
func Play(ctx context.Context, events dialogue.Source, plan *Plan, opts Options) (*Report, error) {
	p := &player{opts: opts, learnt: plan.learnt, byText: map[string]*Deviation{},
		report: &Report{Schema: SchemaID, Left: plan.Left, Deviations: []*Deviation{}}}
	open := map[*dialogue.Connection]*playing{}
	var all sync.WaitGroup
	err := dialogue.ReadParts(events, dialogue.Options{Related: true}, dialogue.Window{Items: together}, func(part *dialogue.Part) {
		c := part.Connection
		if part.First && c.IsIKC && c.Control == nil && playable(c) && ctx.Err() == nil {
			open[c] = p.start(ctx, c, &all)
		}
		one := open[c]
		if one == nil {
			return
		}
		for _, item := range part.Items {
			if f, ok := item.(*dialogue.Frame); ok && opts.keeps(c, f) {
				if s := stepOf(f); s != nil {
					p.held.enter(len(s.image))
					one.steps <- s // whoever plays takes all, also if it was interrupted
				}
			}
		}
		if part.Last {
			close(one.steps)
			delete(open, c)
		}
	})
	for _, one := range open {
		close(one.steps)
	}
	all.Wait()
	p.report.finish(ctx.Err() != nil)
	return p.report, err
}

// start begins to replay a connection.
func (p *player) start(ctx context.Context, c *dialogue.Connection, all *sync.WaitGroup) *playing {
	one := &playing{steps: make(chan *step, queued)}
	if p.begun.IsZero() {
		p.begun, p.first = time.Now(), c.Opened.Time
	}
	all.Add(1)
	opened := c.Opened.Time
	begin := p.prepare(c)
	go func() {
		defer all.Done()
		p.pace(ctx, opened)
		cl, err := begin(ctx)
		if err != nil {
			p.lost(err)
			for s := range one.steps { // so that the others go on
				p.held.leave(len(s.image))
			}
			return
		}
		for s := range one.steps {
			p.pace(ctx, s.at)
			cl.play(ctx, s)
			p.held.leave(len(s.image))
		}
		cl.end(ctx)
		if cl.lost != nil && ctx.Err() == nil {
			p.lost(fmt.Errorf("connection %d of the capture: %w", cl.index, cl.lost))
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

func (p *player) mayDiffer(s *step, d compare.Difference) bool {
	steps, err := compare.Steps(d.Path)
	return err == nil && p.opts.Noise.Allows(s.to.Session, s.to.State, part(s.kind), steps) || p.learnt.allows(s, d) ||
		isTime(d.A, s.at) && isTime(d.B, time.Now())
}

// maxDeviations bounds those that are told apart.
const maxDeviations = 1000

// found counts a deviation.
func (p *player) found(s *step, d *Deviation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.State = s.to.Session + "/" + s.to.State
	p.report.Different++
	key := d.State + "\x00" + d.Kind + "\x00" + d.Part + "\x00" + anyElement(d.Path)
	if old := p.byText[key]; old != nil {
		old.Times++
		return
	}
	if len(p.byText) >= maxDeviations {
		p.report.More = true
		return
	}
	d.Times, d.Frame = 1, s.request
	p.byText[key] = d
	p.report.Deviations = append(p.report.Deviations, d)
}

func (p *player) compared(*step) { p.count(&p.report.Compared) }
func (p *player) unsure(*step)   { p.count(&p.report.Unsure) }

func (p *player) count(n *int) {
	p.mu.Lock()
	*n++
	p.mu.Unlock()
}

// maxLost bounds the errors that are kept.
const maxLost = 20

func (p *player) lost(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.report.lost++; len(p.report.Lost) < maxLost {
		p.report.Lost = append(p.report.Lost, err.Error())
	}
}
