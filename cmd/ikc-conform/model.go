package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/model"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func modelCommand() *cobra.Command {
	var (
		seed    uint64
		runs    int
		kernels string
		replay  string
		dir     string
		shrink  time.Duration
		e       experiment
	)
	c := &cobra.Command{
		Use:   "model TARGET...",
		Short: "Put kernels through random sequences and compare with a model",
		Long: `Model connects kernels, one of them the server, and has them do random sequences of publish, retract, post,
call, subscribe, unsubscribe, posts by proxies, disconnect and connect. After each step, what ran in which kernel and with
which argument must be what a small model of the semantics says; after each run, its traffic is judged by the MUST
checks. A sequence that fails is shortened, printed, and saved with its capture; --replay does it again.

TARGET is any that has a driver. With several, kernels 0, 1, 2, ... are these in turn: kernel 0 is the server.

Exit status: 0 all runs went as the model says, 1 one did not, 3 a target or the harness broke,
130 an interrupt ended it: what was found so far is shown.`,
		Example: "  ikc-conform model reference --runs 1000\n  ikc-conform model perl@0.2402 reference --seed 7 --kernels 2..4\n  ikc-conform model reference --replay model-7.txt",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := apart(cmd, "replay", "the sequence is the one in the file, and its capture goes beside that", "seed", "runs", "kernels", "shrink", "dir")
			if err != nil {
				return err
			}
			if err := e.parse(cmd, args); err != nil {
				return err
			}
			least, most, err := kernelRange(kernels)
			if err != nil {
				return err
			}
			if runs < 1 {
				return fmt.Errorf("--runs %d: expected at least 1", runs)
			}
			if shrink < 0 {
				return fmt.Errorf("--shrink %v: expected a duration such as 30s, or 0 not to look for a shorter sequence", shrink)
			}
			if !cmd.Flags().Changed("seed") {
				seed = uint64(rand.Uint32())
			}
			m := newModel(&e)
			defer m.close()
			if err := m.prepare(cmd.Context()); err != nil && cmd.Context().Err() == nil {
				return err
			}
			cfg := model.Config{Seed: seed, Runs: runs, Least: least, Most: most, Start: m.start, ShrinkTime: shrink, Judge: m.judge}
			if replay != "" {
				return replayModel(cmd, cfg, replay)
			}
			var remove func() error
			if cfg.Dir, remove, err = modelDir(dir); err != nil {
				return broken(err)
			}
			began := time.Now()
			keeping(cmd.Context())
			went := 0
			cfg.Progress = func(done int) { went = done }
			err = model.Check(cmd.Context(), cfg)
			var f *model.Failure
			if errors.As(err, &f) {
				writeFailure(cmd.OutOrStdout(), f, args)
				if dir == "" {
					if err := tempdir.Keep(cfg.Dir); err != nil {
						return broken(err)
					}
				}
				if cmd.Context().Err() != nil {
					return interruptedAt(cmd, "this sequence fails, and may not be the shortest")
				}
				return exitStatus(report.ExitNotConformant)
			}
			if cmd.Context().Err() != nil && went < runs {
				if err := remove(); err != nil {
					return broken(err)
				}
				return interruptedAt(cmd, fmt.Sprintf("%d of %d runs, from seed %d on, of %s: these went as the model says",
					went, runs, seed, visible.Text(strings.Join(args, " and "))))
			}
			if err := errors.Join(err, remove()); err != nil {
				return broken(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d runs, seeds %d to %d, of %s: all as the model says (%v).\n", runs, seed, seed+uint64(runs)-1,
				visible.Text(strings.Join(args, " and ")), time.Since(began).Round(time.Second))
			return nil
		},
	}
	e.flags(c, "baseline")
	f := c.Flags()
	f.Uint64Var(&seed, "seed", 0, "of the first run; the next has one more (default random)")
	f.IntVar(&runs, "runs", 100, "how many runs")
	f.StringVar(&kernels, "kernels", "2..4", "how many kernels, N or N..M")
	f.StringVar(&replay, "replay", "", "do the sequence in a `file` instead, and keep its capture beside it")
	f.StringVar(&dir, "dir", "", "where to save a failure (default a new directory)")
	f.DurationVar(&shrink, "shrink", time.Minute, "how long to look for a shorter sequence; 0: not at all")
	return c
}

func kernelRange(s string) (least, most int, err error) {
	low, high, ok := strings.Cut(s, "..")
	if !ok {
		high = low
	}
	least, err1 := strconv.Atoi(low)
	most, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || least < 2 || most < least || most > model.MaxKernels {
		return 0, 0, fmt.Errorf("--kernels %q: expected N or N..M with 2 to %d kernels", s, model.MaxKernels)
	}
	return least, most, nil
}

// modelDir makes the directory for what fails. remove takes it away again if it is not one that the
// user named.
func modelDir(dir string) (path string, remove func() error, err error) {
	if dir == "" {
		return tempdir.New("ikc-conform-model-")
	}
	return dir, func() error { return nil }, os.MkdirAll(dir, 0o755)
}

func writeFailure(out io.Writer, f *model.Failure, targets []string) {
	fmt.Fprintf(out, "Not as the model says: seed %d.\n\n  %s\n\nThe shortest sequence found, %d of %d steps:\n\n  %s\n\n", f.Seed, visible.Error(f.Err),
		len(f.Sequence.Steps), f.Steps, visible.Block(f.Sequence.String()))
	fmt.Fprintf(out, "Capture: %s\nAgain:   ikc-conform model '%s' --replay %s\n", visible.Text(f.Capture), visible.Text(strings.Join(targets, "' '")), visible.Text(f.File))
}

func replayModel(cmd *cobra.Command, cfg model.Config, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return broken(err)
	}
	s, err := model.Parse(string(text))
	if err != nil {
		return err
	}
	to := strings.TrimSuffix(path, filepath.Ext(path)) + ".replay.pcapng"
	err = cfg.Replay(cmd.Context(), s, to)
	if cmd.Context().Err() != nil {
		return broken(context.Cause(cmd.Context()))
	}
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "As the model says. Capture: %s\n", visible.Text(to))
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Not as the model says.\n\n  %s\n\nCapture: %s\n", visible.Error(err), visible.Text(to))
	return exitStatus(report.ExitNotConformant)
}

// modelTargets are the targets whose kernels a model drives.
type modelTargets struct {
	*experiment
	deviations known.Deviations // of any of them
	must       []*judge.Check
}

func newModel(e *experiment) *modelTargets {
	m := &modelTargets{experiment: e}
	for _, c := range checks.Catalogue() {
		if c.Level == judge.Must {
			m.must = append(m.must, c)
		}
	}
	return m
}

// prepare does what takes long before the first kernel is started.
func (m *modelTargets) prepare(ctx context.Context) error {
	for _, t := range m.targets {
		if !t.Driven() {
			return fmt.Errorf("target %q: expected one with a driver", t.Spec)
		}
		if err := t.Prepare(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (m *modelTargets) close() {
	for _, t := range m.targets {
		_ = t.Close()
	}
}

func (m *modelTargets) start(ctx context.Context, kernel int) (model.Driver, error) {
	d, hello, err := m.targets[kernel%len(m.targets)].Start(ctx, driver.Options{})
	if err != nil {
		return nil, err
	}
	m.deviations = append(m.deviations, m.known.Of(hello.Implementation, hello.Release, hello.Versions)...)
	return d, nil
}

// judge judges the traffic of a run.
func (m *modelTargets) judge(path string) error {
	f, err := judge.File(path, m.must, dialogue.Options{AssumeIKC: true})
	if err != nil {
		return err
	}
	for _, v := range f.Verdicts {
		if v.Outcome == judge.Fail && m.deviations.Find(v.Check.ID) == nil {
			return fmt.Errorf("%s of the %v: expected %s, got %s (%s)", v.Check.ID, v.Side, v.Findings[0].Expected, v.Findings[0].Actual, v.Findings[0].Where())
		}
	}
	return f.Failed()
}
