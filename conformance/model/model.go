package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// Config says what to run.
type Config struct {
	// Seed is that of the first run, the next has Seed+1.
	Seed uint64
	Runs int
	// Least and Most bound how many kernels a run has. Default 2 to 4.
	Least, Most int
	// Start starts the driver of a kernel.
	Start func(ctx context.Context, kernel int) (Driver, error)
	// Dir is where a failing sequence and its capture are saved.
	Dir string
	// ShrinkTime is how long to look for a shorter sequence. 0: not at all.
	ShrinkTime time.Duration
	// Judge looks at the capture of a run that went as the model says. Nil for nothing.
	Judge func(path string) error
	// Progress is told after each run. Nil for nothing.
	Progress func(done int)
}

// Failure is a run that did not go as the model says. It is an error.
type Failure struct {
	Seed uint64
	// Sequence is the shortest that was found to fail, and Err how it does.
	Sequence Sequence
	Err      error
	// Steps is how many steps the run had before.
	Steps int
	// File and Capture are where it was saved.
	File, Capture string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d, %d of %d steps: %v", f.Seed, len(f.Sequence.Steps), f.Steps, f.Err)
}

// Unwrap gives the error of the run.
func (f *Failure) Unwrap() error { return f.Err }

// Check does the runs. The error is a *Failure at the first that fails, or says what could not be
// had.
func Check(ctx context.Context, c Config) error {
	if c.Least == 0 {
		c.Least = 2
	}
	if c.Most == 0 {
		c.Most = max(c.Least, 4)
	}
	if c.Least < 2 || c.Most < c.Least || c.Most > MaxKernels {
		return fmt.Errorf("expected 2 to %d kernels, got %d to %d", MaxKernels, c.Least, c.Most)
	}
	kernels, err := Start(ctx, c.Most, c.Start)
	if err != nil {
		return err
	}
	defer kernels.Close()
	path := filepath.Join(c.Dir, "model.pcapng")
	for n := range c.Runs {
		seed := c.Seed + uint64(n)
		s := Generate(seed, c.Least, c.Most)
		err := kernels.Run(ctx, s, path)
		if err == nil && c.Judge != nil {
			err = c.Judge(path)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return c.fail(ctx, seed, s, err)
		}
		if c.Progress != nil {
			c.Progress(n + 1)
		}
	}
	return os.Remove(path)
}

// Replay does one sequence with fresh kernels and leaves its capture at path.
func (c Config) Replay(ctx context.Context, s Sequence, path string) error {
	kernels, err := Start(ctx, s.Kernels, c.Start)
	if err != nil {
		return err
	}
	err = kernels.Run(ctx, s, path)
	if err == nil && c.Judge != nil {
		err = c.Judge(path)
	}
	return errors.Join(err, kernels.Close())
}

// fail shrinks a sequence and saves it; the whole of it, if ctx ends meanwhile.
func (c Config) fail(ctx context.Context, seed uint64, s Sequence, err error) error {
	f := &Failure{Seed: seed, Steps: len(s.Steps), Sequence: s, Err: err}
	trial := filepath.Join(c.Dir, "model-trial.pcapng")
	f.Sequence = Shrink(s, time.Now().Add(c.ShrinkTime), func(t Sequence) bool {
		err := c.Replay(ctx, t, trial)
		return ctx.Err() == nil && err != nil
	})
	base := filepath.Join(c.Dir, fmt.Sprintf("model-%d", seed))
	f.File, f.Capture = base+".txt", base+".pcapng"
	if ctx.Err() != nil { // what was recorded is the whole sequence
		f.Sequence = s
		if err := os.Rename(filepath.Join(c.Dir, "model.pcapng"), f.Capture); err != nil {
			return err
		}
	} else if again := c.Replay(ctx, f.Sequence, f.Capture); again != nil {
		f.Err = again
	} else {
		f.Err = fmt.Errorf("%w (not every time: the shortened sequence went well when it was tried again)", err)
	}
	_ = os.Remove(trial)
	text := fmt.Sprintf("# seed %d: %v\n%v", seed, f.Err, f.Sequence)
	return errors.Join(f, outfile.Write(f.File, 0o600, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }))
}
