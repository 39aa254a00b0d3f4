package mutator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

// Options say what to try. Checks are required.
type Options struct {
	// Checks are tried: are they to notice?
	Checks []*judge.Check
	// Seed is the first seed, each that follows is one more. Count is how many mutations that
	// matter are wanted.
	Seed  uint64
	Count int
	// Jobs is how many plays there are at a time. At least 1.
	Jobs int
	// Dir is where captures of survivors are left. Empty: nowhere.
	Dir string
	// Progress is told of each mutation, in the order of seeds. Nil for nobody.
	Progress func(*Result)
}

// Outcome is what came of a mutation.
type Outcome string

// The outcomes.
const (
	// Void: what was to be mutated was not said.
	Void Outcome = "void"
	// Harmless: real Perl was given and returned what it always is.
	Harmless Outcome = "harmless"
	// Noticed: it matters to real Perl, and a check failed.
	Noticed Outcome = "noticed"
	// Survived: it matters to real Perl, and no check failed.
	Survived Outcome = "survived"
	// FalseAlarm: nothing was mutated, and a check failed.
	FalseAlarm Outcome = "false alarm"
)

// Result is a mutation that was tried.
type Result struct {
	*Mutation
	Outcome Outcome
	// Saw is what real Perl was given or returned otherwise, the first of it.
	Saw string
	// Failed are the ids of the checks that failed.
	Failed []string
	// Broke is why the conversation came to no end, nil if it did.
	Broke error
}

// Mattered tells whether the mutation was one for real Perl.
func (r *Result) Mattered() bool { return r.Outcome == Noticed || r.Outcome == Survived }

// Mutator tries mutations. It is made by New, and must be closed.
type Mutator struct {
	opts   Options
	stage  *stage
	remove func() error
	casts  []Cast
	plays  atomic.Int64

	mu      sync.Mutex
	learned map[Cast]*lesson
	// alarms are plays without a mutation in which checks failed.
	alarms []*Result
}

// lesson is what was learned of a cast.
type lesson struct {
	once  sync.Once
	mu    sync.Mutex
	usual *usual
	err   error
}

// New finds real Perl. The error is a *driver.PerlError if there is none.
func New(ctx context.Context, opts Options) (*Mutator, error) {
	found, err := driver.FindPerl(ctx)
	if err != nil {
		return nil, err
	}
	dir, remove, err := tempdir.New("ikc-conform-mutate-")
	if err != nil {
		return nil, err
	}
	if found.Perl, err = bounded(dir, found.Perl); err != nil {
		return nil, errors.Join(err, remove())
	}
	reference, err := targets.Parse("reference")
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	s := &stage{dir: dir, reference: reference, perl: targets.New("perl", found.Start)}
	return &Mutator{opts: opts, stage: s, remove: remove, casts: casts(), learned: map[Cast]*lesson{}}, nil
}

// Close removes what New has made.
func (m *Mutator) Close() error { return m.remove() }

// bounded runs a Perl by a program that sets it bounds: images that were mutated may ask for much.
func bounded(dir string, perl driver.Perl) (driver.Perl, error) {
	path := filepath.Join(dir, "bounded")
	perl.Command = append([]string{path}, perl.Command...)
	return perl, os.WriteFile(path, []byte("#!/bin/sh\nulimit -v 1000000\nulimit -t 60\nulimit -c 0\nexec \"$@\"\n"), 0o700)
}

// lessons is how many plays without a mutation show what is usual.
const lessons = 5

// usual is what is usual for a cast. It is learned when it is first asked for.
func (m *Mutator) usual(ctx context.Context, c Cast) (*lesson, error) {
	m.mu.Lock()
	l := m.learned[c]
	if l == nil {
		l = &lesson{usual: newUsual()}
		m.learned[c] = l
	}
	m.mu.Unlock()
	l.once.Do(func() {
		var plays sync.WaitGroup
		var errs [lessons]error
		for i := range errs { // most of their time they wait
			plays.Go(func() { errs[i] = m.learn(ctx, c, l) })
		}
		plays.Wait()
		l.err = errors.Join(errs[:]...)
	})
	return l, l.err
}

// tries is how often a play without a mutation may break off, as on a machine that is busy.
const tries = 3

// learn plays without a mutation, once.
func (m *Mutator) learn(ctx context.Context, c Cast, l *lesson) error {
	var broke error
	for range tries {
		p, failed, err := m.play(ctx, c, unchanged(c))
		if err != nil {
			return err
		}
		if len(failed) > 0 {
			m.mu.Lock()
			m.alarms = append(m.alarms, &Result{Mutation: unchanged(c), Outcome: FalseAlarm, Failed: failed, Broke: p.broke})
			m.mu.Unlock()
		}
		if broke = p.broke; broke == nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.usual.learn(p)
			return nil
		}
	}
	return fmt.Errorf("%s, without a mutation: %w", c, broke)
}

// play has a cast talk, and judges the side whose words are mutated.
func (m *Mutator) play(ctx context.Context, c Cast, mutation *Mutation) (p *played, failed []string, err error) {
	name := fmt.Sprintf("%d.pcapng", m.plays.Add(1))
	if p, err = m.stage.play(ctx, c, mutation, name); err != nil {
		return nil, nil, err
	}
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	j, err := judge.File(p.path, m.opts.Checks, dialogue.Options{AssumeIKC: true}, c.side())
	if err != nil {
		return nil, nil, err
	}
	if err := j.Failed(); err != nil {
		return nil, nil, err
	}
	for i := range j.Verdicts {
		if j.Verdicts[i].Outcome == judge.Fail {
			failed = append(failed, j.Verdicts[i].Check.ID)
		}
	}
	if m.opts.Dir != "" && (len(failed) == 0) == mutation.mutates() {
		keep := filepath.Join(m.opts.Dir, fmt.Sprintf("%d.pcapng", mutation.Seed))
		if !mutation.mutates() {
			keep = filepath.Join(m.opts.Dir, "unmutated-"+name)
		}
		return p, failed, os.Rename(p.path, keep)
	}
	return p, failed, os.Remove(p.path)
}

// confirmations is how often a mutation that no check noticed must matter again.
const confirmations = 2

// Try tries the mutation of a seed.
func (m *Mutator) Try(ctx context.Context, seed uint64) (*Result, error) {
	mutation, err := choose(seed, m.casts, func(c Cast) (*usual, error) {
		l, err := m.usual(ctx, c)
		return l.usual, err
	})
	if err != nil {
		return nil, err
	}
	l, err := m.usual(ctx, mutation.Cast)
	if err != nil {
		return nil, err
	}
	r := &Result{Mutation: mutation}
	for range 1 + confirmations {
		p, failed, err := m.play(ctx, mutation.Cast, mutation)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		saw := l.usual.differs(p.seen, mutation.delays)
		l.mu.Unlock()
		if r.Outcome == "" {
			r.Saw, r.Failed, r.Broke = saw, failed, p.broke
		}
		switch {
		case p.applied == 0:
			r.Outcome = Void
			return r, nil
		case saw == "":
			r.Outcome, r.Saw = Harmless, ""
			return r, nil
		case len(r.Failed) > 0:
			r.Outcome = Noticed
			return r, nil
		}
		r.Outcome = Survived
		if err := m.learn(ctx, mutation.Cast, l); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Run tries mutations until as many matter as are wanted. If ctx is cancelled, it returns what
// there is by then, and the cause.
func (m *Mutator) Run(ctx context.Context) (*Summary, error) {
	s := &Summary{}
	err := m.inOrder(ctx, m.Try, func(r *Result) bool {
		s.add(r)
		return s.Mattered() < m.opts.Count
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Alarms = m.alarms
	return s, err
}

// Only tries the mutations of some seeds.
func (m *Mutator) Only(ctx context.Context, seeds []uint64) (*Summary, error) {
	s := &Summary{}
	m.opts.Seed = 0
	try := func(ctx context.Context, i uint64) (*Result, error) {
		return m.Try(ctx, seeds[min(i, uint64(len(seeds)-1))])
	}
	left := len(seeds)
	err := m.inOrder(ctx, try, func(r *Result) bool {
		s.add(r)
		left--
		return left > 0
	})
	return s, err
}

// Unmutated has all casts talk in turn, Count times in all, without a mutation: every other time
// what is said is thawed and frozen again. A check that fails is a false alarm.
func (m *Mutator) Unmutated(ctx context.Context) (*Summary, error) {
	s, plays := &Summary{}, 0
	err := m.inOrder(ctx, m.tryUnmutated, func(r *Result) bool {
		s.add(r)
		plays++
		return plays < m.opts.Count
	})
	return s, err
}

func (m *Mutator) tryUnmutated(ctx context.Context, seed uint64) (*Result, error) {
	mutation := frozenAgain(m.casts[seed/2%uint64(len(m.casts))])
	if seed%2 == 0 {
		mutation = unchanged(mutation.Cast)
	}
	mutation.Seed = seed
	p, failed, err := m.play(ctx, mutation.Cast, mutation)
	if err != nil {
		return nil, err
	}
	r := &Result{Mutation: mutation, Outcome: Harmless, Failed: failed, Broke: p.broke}
	if len(failed) > 0 {
		r.Outcome = FalseAlarm
	}
	return r, nil
}

// inOrder tries seeds, several at a time, and hands over the results in the order of seeds until
// more says that there are enough.
func (m *Mutator) inOrder(ctx context.Context, try func(context.Context, uint64) (*Result, error), more func(*Result) bool) error {
	type tried struct {
		seed   uint64
		result *Result
		err    error
	}
	ctx, stop := context.WithCancelCause(ctx)
	results := make(chan tried)
	var next atomic.Uint64
	next.Store(m.opts.Seed)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stop(nil)
	for range m.opts.Jobs {
		workers.Go(func() {
			for ctx.Err() == nil {
				seed := next.Add(1) - 1
				r, err := try(ctx, seed)
				select {
				case results <- tried{seed, r, err}:
				case <-ctx.Done():
				}
			}
		})
	}
	waiting := map[uint64]*Result{}
	for seed := m.opts.Seed; ; {
		if r := waiting[seed]; r != nil {
			delete(waiting, seed)
			seed++
			enough := !more(r)
			if m.opts.Progress != nil {
				m.opts.Progress(r)
			}
			if enough {
				return nil
			}
			continue
		}
		select {
		case t := <-results:
			if t.err != nil {
				return t.err
			}
			waiting[t.seed] = t.result
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
