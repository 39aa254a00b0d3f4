package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Run tries a target, and closes it: several cells at a time if each has a driver of its own, else
// one after the other. The results are in the order of the cells. Its error is about the harness;
// what is wrong with the target is in the result. If ctx is cancelled, the error is the cause, and
// the result has the cells that were tried to the end by then.
func Run(ctx context.Context, t *targets.Target, opts Options) (*cell.TargetResult, error) {
	release, err := opts.prepare()
	if err != nil {
		return nil, err
	}
	m := newMatrix([]*targets.Target{t}, MatrixOptions{Options: opts, Jobs: jobsOf(t), Shard: 1, Shards: 1})
	r := m.results[0]
	r.Started = time.Now()
	defer release(r)
	defer t.Close()
	if err := m.targets[0].ready(ctx); err != nil && ctx.Err() == nil {
		r.Cells = nil
		return nil, err
	}
	m.play(ctx)
	if ctx.Err() != nil {
		r.Took = time.Since(r.Started)
		return r, context.Cause(ctx)
	}
	return r, nil
}

// tryCell tries one cell. It returns what the target's driver said of itself as well, nil if the
// target has no driver.
func tryCell(ctx context.Context, t *targets.Target, opts Options, tried cell.Cell) (*cell.Result, *driver.Hello) {
	r := &runner{target: t, opts: opts, cell: &cell.Result{Cell: tried}}
	began, done := time.Now(), ctx.Done()
	ctx = withWait(ctx, opts.Patience)
	if opts.Timeout > 0 {
		limit, cancel := context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
		ctx = limit
	}
	r.run(ctx, done)
	r.cell.Took = time.Since(began)
	return r.cell, r.hello
}

// runner tries one cell: it chooses what can be played, plays it and records it (play.go,
// probe.go), and has the finished capture judged (judging.go).
type runner struct {
	target *targets.Target
	opts   Options
	cell   *cell.Result
	writer *capture.Writer
	taps   []*controlTap
	hello  *driver.Hello
}

// run tries the cell, within ctx. What came of it is in r.cell. Once done is closed, nobody asks
// for it.
func (r *runner) run(ctx context.Context, done <-chan struct{}) {
	if r.cell.Skipped = Impossible(r.target, r.cell.Cell); r.cell.Skipped != "" {
		return
	}
	name := fmt.Sprintf("%s-%s.pcapng", FileName(r.target.Spec), r.cell.Cell.File())
	path := filepath.Join(r.opts.Dir, name)
	played, err := r.record(ctx, path)
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // nobody asks for the result
	case err != nil:
		r.cell.Err = err
	case errors.Is(played, targets.ErrUnusable):
		r.cell.Err = played
	case r.cell.Skipped != "":
		_ = os.Remove(path)
	default:
		if played != nil {
			r.problem(played)
		}
		r.judge(path, done)
	}
}

// Impossible says why a cell of a target cannot be tried, as far as that is known before the target
// is asked for what it can do; "" if nothing is known to keep it from being tried.
func Impossible(t *targets.Target, c cell.Cell) string {
	switch {
	case t.Driven():
	case c.Role != cell.AsServer:
		return "a target without a driver can only be tried as a server"
	case c.Dialect == cell.Fallback:
		return "it takes a driver to start the server with the protocol IKC"
	}
	return ""
}

// record plays the cell and writes the capture. played is what kept the cell from being played to
// the end, err what is wrong with the capture.
func (r *runner) record(ctx context.Context, path string) (played, err error) {
	comment := fmt.Sprintf("ikc-conform run %s (%s)", r.target, r.cell.Cell)
	if r.writer, err = capture.Create(path, capture.Meta{Comments: []string{comment}}); err != nil {
		return nil, err
	}
	r.writer.Limit(MaxCapture)
	played = r.play(ctx)
	if r.writer.Full() {
		err = fmt.Errorf("expected a conversation of at most %d octets, got more, and did not judge it", MaxCapture)
	}
	var closed []error
	for _, t := range r.taps {
		closed = append(closed, t.close())
	}
	return played, cmp.Or(err, errors.Join(append(closed, r.writer.Close())...))
}

// problem notes what kept something from being played to the end.
func (r *runner) problem(err error) { r.cell.Problems = append(r.cell.Problems, visible.Error(err)) }

// FileName makes a name of a file of a target's spec, or of any other text.
func FileName(text string) string { return unsafeInName.ReplaceAllString(text, "-") }

var unsafeInName = regexp.MustCompile(`[^-.\w]+`)
