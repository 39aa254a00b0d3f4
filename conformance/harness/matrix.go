package harness

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// MatrixOptions of a run over several targets.
type MatrixOptions struct {
	// Options are for every cell. Progress is not told of the cells of other shards.
	Options
	// Jobs is how many cells are tried at a time. 0: DefaultJobs.
	Jobs int
	// Shard of Shards, counted from 1, is the part of the cells to try; 0 of 0 is all of them. The
	// cells of all shards together are those of a run without shards, each once.
	Shard, Shards int
	// Cell is told of each cell as it ends, with its target and how many of how many have ended.
	// Nil for nobody.
	Cell func(t *targets.Target, c *cell.Result, done, of int)
}

// DefaultJobs is two for each processor: a cell spends more time waiting for its peers than
// working.
func DefaultJobs() int { return 2 * runtime.NumCPU() }

// jobsOf is how many cells of one target are tried at a time.
func jobsOf(t *targets.Target) int {
	if t.Startable() {
		return DefaultJobs()
	}
	return 1
}

// ParseShard reads I/N, the I-th of N shards.
func ParseShard(s string) (shard, shards int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	i, n, _ := strings.Cut(s, "/")
	shard, bad := strconv.Atoi(i)
	shards, worse := strconv.Atoi(n)
	if bad != nil || worse != nil || shard < 1 || shard > shards {
		return 0, 0, fmt.Errorf("shard %q: expected I/N with I from 1 to N, such as 2/4", s)
	}
	return shard, shards, nil
}

// Matrix tries several targets at once, cell by cell, and returns a Result for each, with its
// cells in the order of the options. A target that has no cell in the shard has a Result without
// cells. The error is about the harness; what is wrong with a target is in its Result. If ctx is
// cancelled, the error is the cause, and the Results have the cells that were tried to the end by
// then. Matrix closes the targets.
func Matrix(ctx context.Context, all []*targets.Target, opts MatrixOptions) ([]*cell.TargetResult, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = DefaultJobs()
	}
	if opts.Shards == 0 {
		opts.Shard, opts.Shards = 1, 1
	}
	release, err := opts.prepare()
	if err != nil {
		return nil, err
	}
	m := newMatrix(all, opts)
	m.play(ctx)
	for _, t := range all {
		_ = t.Close()
	}
	release(m.results...)
	if err := ctx.Err(); err != nil {
		return m.results, context.Cause(ctx)
	}
	return m.results, nil
}

// matrix is a run over several targets that goes on.
type matrix struct {
	opts    MatrixOptions
	targets []*shared
	todo    []job

	mu      sync.Mutex
	results []*cell.TargetResult
	done    int
	enough  bool // see Options.Enough
}

// shared is a target that several workers try cells of.
type shared struct {
	*targets.Target
	prepared sync.Once
	err      error // of Prepare
}

// ready prepares the target, once for all its cells.
func (t *shared) ready(ctx context.Context) error {
	t.prepared.Do(func() { t.err = t.Prepare(ctx) })
	return t.err
}

// job is a cell of a target: which of the targets, and which of its results.
type job struct {
	target, cell int
	cell.Cell
}

// newMatrix has the cells of the shard to try.
func newMatrix(all []*targets.Target, opts MatrixOptions) *matrix {
	m := &matrix{opts: opts, results: make([]*cell.TargetResult, len(all))}
	n := 0
	for i, t := range all {
		m.results[i] = &cell.TargetResult{Target: t.Spec}
		m.targets = append(m.targets, &shared{Target: t})
		for _, c := range opts.Cells {
			if n%opts.Shards == opts.Shard-1 {
				m.results[i].Cells = append(m.results[i].Cells, nil)
				m.todo = append(m.todo, job{i, len(m.results[i].Cells) - 1, c})
			}
			n++
		}
	}
	return m
}

// play tries all cells, or those that were begun when ctx is cancelled.
func (m *matrix) play(ctx context.Context) {
	queue := make(chan job)
	var workers sync.WaitGroup
	for range min(m.opts.Jobs, len(m.todo)) {
		workers.Go(func() {
			for j := range queue {
				m.try(ctx, j)
			}
		})
	}
	for _, j := range m.todo {
		queue <- j
	}
	close(queue)
	workers.Wait()
	for _, r := range m.results {
		r.Cells = slices.DeleteFunc(r.Cells, func(c *cell.Result) bool { return c == nil })
	}
}

// try tries one cell. A target that cannot be had is found out once, and told of each of its cells.
func (m *matrix) try(ctx context.Context, j job) {
	t := m.targets[j.target]
	began := time.Now()
	c, hello := &cell.Result{Cell: j.Cell, Err: t.ready(ctx)}, (*driver.Hello)(nil)
	switch {
	case c.Err != nil || ctx.Err() != nil:
	case m.hasEnough():
		c.Skipped = NotBegun
	default:
		began = time.Now()
		c, hello = tryCell(ctx, t.Target, m.opts.Options, j.Cell)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.results[j.target]
	if ctx.Err() != nil { // what was being tried looks broken
		r.Untried++
		return
	}
	r.Cells[j.cell] = c
	if r.Started.IsZero() || began.Before(r.Started) {
		r.Started = began
	}
	r.Took = max(r.Took, time.Since(r.Started))
	if hello != nil {
		r.Identity = hello
	}
	m.done++
	if m.opts.Enough != nil && !m.enough && c.Skipped == "" {
		m.enough = m.opts.Enough(&cell.TargetResult{Target: r.Target, Identity: r.Identity, Cells: []*cell.Result{c}})
	}
	if m.opts.Progress != nil {
		m.opts.Progress(c)
	}
	if m.opts.Cell != nil {
		m.opts.Cell(t.Target, c, m.done, len(m.todo))
	}
}

// NotBegun is why cells are skipped after Options.Enough said so of another.
const NotBegun = "not begun, since another combination had failed"

func (m *matrix) hasEnough() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.enough
}
