package harness_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

func parseAll(t *testing.T, specs ...string) (list []*targets.Target) {
	for _, s := range specs {
		target, err := targets.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, target)
	}
	return list
}

// outcomes are all that a run found, by target, cell and check.
func outcomes(t *testing.T, into map[string]judge.Outcome, results []*cell.TargetResult) {
	for _, r := range results {
		for _, c := range r.Cells {
			if c.Err != nil || len(c.Problems) > 0 {
				t.Errorf("%s: %v: %v %v", r.Target, c.Cell, c.Err, c.Problems)
			}
			for _, v := range c.Verdicts {
				key := fmt.Sprintf("%s: %v: %s", r.Target, c.Cell, v.Check.ID)
				if _, twice := into[key]; twice {
					t.Errorf("%s: decided twice", key)
				}
				into[key] = v.Outcome
				if v.Check.ID == "SEQ-004" && v.Outcome == judge.Inconclusive {
					into[key] = judge.Pass // on a busy machine a second passes between two calls, and decides it
				}
			}
		}
	}
}

// A matrix finds what runs of its targets one by one find, and so do its shards together.
func TestMatrix(t *testing.T) {
	cells := cell.Cells()
	want, whole, sharded := map[string]judge.Outcome{}, map[string]judge.Outcome{}, map[string]judge.Outcome{}
	one, err := harness.Run(context.Background(), parseAll(t, "reference")[0], harness.Options{Cells: cells})
	if err != nil {
		t.Fatal(err)
	}
	outcomes(t, want, []*cell.TargetResult{one})
	ended := 0
	all, err := harness.Matrix(context.Background(), parseAll(t, "reference"), harness.MatrixOptions{Options: harness.Options{Cells: cells}, Jobs: 4,
		Cell: func(_ *targets.Target, _ *cell.Result, done, of int) {
			if ended++; done != ended || of != len(cells) {
				t.Errorf("told of %d of %d when %d had ended", done, of, ended)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	outcomes(t, whole, all)
	for i, c := range all[0].Cells {
		if c.Cell != cells[i] {
			t.Errorf("cell %d is %v, want %v", i, c.Cell, cells[i])
		}
	}
	for shard := 1; shard <= 4; shard++ {
		part, err := harness.Matrix(context.Background(), parseAll(t, "reference"),
			harness.MatrixOptions{Options: harness.Options{Cells: cells}, Shard: shard, Shards: 4})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(part[0].Cells); n < len(cells)/4 || n > len(cells)/4+1 {
			t.Errorf("shard %d of 4 has %d of %d cells", shard, n, len(cells))
		}
		outcomes(t, sharded, part)
	}
	for key, o := range want {
		if whole[key] != o || sharded[key] != o {
			t.Errorf("%s: alone %v, in a matrix %v, in a shard %v", key, o, whole[key], sharded[key])
		}
	}
	if len(whole) != len(want) || len(sharded) != len(want) {
		t.Errorf("%d verdicts alone, %d in a matrix, %d in shards", len(want), len(whole), len(sharded))
	}
}

// A target that cannot be had says so in each of its cells, and the others are tried all the same.
func TestMatrixWithoutTarget(t *testing.T) {
	dir := t.TempDir()
	cells := []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}, {Role: cell.AsClient, Dialect: cell.IKC}}
	all, err := harness.Matrix(context.Background(), parseAll(t, "cmd:/nonexistent/driver", "reference"), harness.MatrixOptions{Options: harness.Options{Cells: cells, Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all[0].Cells {
		if !errors.Is(c.Err, targets.ErrUnusable) {
			t.Errorf("%v: %v", c.Cell, c.Err)
		}
	}
	for _, c := range all[1].Cells {
		if _, err := os.Stat(c.Capture); c.Err != nil || err != nil {
			t.Errorf("%v: %v, %v", c.Cell, c.Err, err)
		}
	}
}

func TestMatrixInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	_, err := harness.Matrix(ctx, parseAll(t, "reference"), harness.MatrixOptions{Jobs: 1, Cell: func(_ *targets.Target, c *cell.Result, done, _ int) {
		if done == 2 {
			cancel(why)
		}
		if done > 2 && !errors.Is(c.Err, why) {
			t.Errorf("%v: %v", c.Cell, c.Err)
		}
	}})
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestParseShard(t *testing.T) {
	for s, want := range map[string][2]int{"": {0, 0}, "1/1": {1, 1}, "3/7": {3, 7}, "0/3": {-1}, "4/3": {-1}, "x": {-1}, "1/2/3": {-1}, "1/": {-1}} {
		i, n, err := harness.ParseShard(s)
		if want[0] < 0 {
			if err == nil {
				t.Errorf("%q: %d/%d", s, i, n)
			}
			continue
		}
		if err != nil || [2]int{i, n} != want {
			t.Errorf("%q: %d/%d, %v", s, i, n, err)
		}
	}
}

// TestJudgingIsInterrupted: when nobody asks for the result any more, what was recorded is not
// judged to its end.
func TestJudgingIsInterrupted(t *testing.T) {
	frames := func(ctx context.Context, looked func()) (n int64, err error) {
		var count atomic.Int64
		_, err = harness.Run(ctx, parseAll(t, "reference")[0], harness.Options{
			Cells: []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}},
			Checks: []*judge.Check{{ID: "T-1", Level: judge.Must, Party: judge.TheSender, Judge: judge.OnFrames(func(*judge.Trial, *dialogue.Frame) {
				count.Add(1)
				looked()
			})}},
		})
		return count.Load(), err
	}
	all, err := frames(t.Context(), func() {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	some, err := frames(ctx, cancel)
	if some == 0 || some > all/2 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d of %d frames were looked at, %v: expected few, since the first was when nobody asked any more", some, all, err)
	}
}
