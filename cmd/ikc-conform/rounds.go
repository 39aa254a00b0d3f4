package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// maxRepeat bounds --repeat: a report of the catalogue has about 250 KiB for each run, and
// what is stored can be read up to report.MaxSize.
const maxRepeat = 500

// rounds is what run does: an experiment, once or as often as asked.
type rounds struct {
	experiment
	specs         []string // of the targets
	segmentation  bool
	reduced       reduced
	failFast, dry bool
	repeat        int
	watched       []string // directories
	failed        bool     // with failFast: something has
}

func (r *rounds) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&r.segmentation, "segmentation", false, "repeat everything with single octets, line ends cut in two, coalesced and delayed pieces, and RST for FIN; say which verdicts depend on it")
	r.reduced.flag(c)
	f.BoolVar(&r.failFast, "fail-fast", false, "begin no combination any more after one that failed or broke")
	f.BoolVar(&r.dry, "dry-run", false, "say which combinations and checks would be tried, and try nothing")
	f.IntVar(&r.repeat, "repeat", 1, "try `N` times, and list the checks that flapped")
	f.StringArrayVar(&r.watched, "watch", nil, "try again whenever files below this `DIR` have changed; may be given several times")
}

// parse reads the flags and the targets.
func (r *rounds) parse(cmd *cobra.Command, specs []string) error {
	err := cmp.Or(
		apart(cmd, "dry-run", "nothing is tried, so there is nothing to report", "captures", "github", "reduce", "repeat", "segmentation", "watch"),
		apart(cmd, "repeat", "verdicts are of several runs", "segmentation"),
	)
	for _, f := range report.Formats() {
		err = cmp.Or(err, apart(cmd, "dry-run", "nothing is tried, so there is nothing to report", f.Name))
	}
	if err != nil {
		return err
	}
	if r.repeat < 1 || r.repeat > maxRepeat {
		return fmt.Errorf("--repeat %d: expected a number of runs from 1 to %d", r.repeat, maxRepeat)
	}
	if err := r.experiment.parse(cmd, specs); err != nil {
		return err
	}
	if err := r.reduced.parse(r.options.Dir); err != nil {
		return err
	}
	r.specs = specs
	if r.failFast {
		r.options.Enough = func(of *cell.TargetResult) bool {
			exit := report.FromRun(of, r.level, r.known).Exit
			r.failed = exit == report.ExitNotConformant || exit == report.ExitBroken
			return r.failed
		}
	}
	return nil
}

// round tries all targets, as often as asked, and shows the report.
func (r *rounds) round(cmd *cobra.Command) error {
	keeping(cmd.Context())
	r.failed = false
	var reports []*report.Report
	for i := range r.targets {
		if r.failed {
			fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s is not tried, since another target failed\n", visible.Text(r.targets[i].Spec))
			continue
		}
		one, err := r.repeated(cmd.Context(), i)
		if err != nil {
			return err
		}
		reports = append(reports, one)
	}
	failed := r.reduced.write(cmd.Context(), cmd.ErrOrStderr(), reports...)
	return cmp.Or(failed, r.showTried(cmd, report.NewDocument(version(), reports...), r.show))
}

// repeated tries a target as often as asked.
func (r *rounds) repeated(ctx context.Context, i int) (*report.Report, error) {
	opts := r.options
	if opts.Dir != "" && len(r.targets) > 1 {
		opts.Dir = filepath.Join(opts.Dir, harness.FileName(r.targets[i].Spec))
	}
	if r.repeat == 1 {
		return r.one(ctx, i, opts)
	}
	var runs []*report.Report
	dir := opts.Dir
	for n := 1; n <= r.repeat && ctx.Err() == nil && !r.failed; n++ {
		if dir != "" {
			opts.Dir = filepath.Join(dir, fmt.Sprintf("run-%d", n))
		}
		one, err := r.one(ctx, i, opts)
		if err != nil {
			return nil, err
		}
		runs = append(runs, one)
	}
	all, err := report.Repeat(runs...)
	if err != nil {
		return nil, broken(err)
	}
	if ctx.Err() != nil && len(runs) < r.repeat {
		all.Interrupt(fmt.Sprintf("%d of %d runs begun", len(runs), r.repeat))
	}
	return all, nil
}

// one tries a target once. A target that has been tried is closed, and replaced by a new one.
func (r *rounds) one(ctx context.Context, i int, opts harness.Options) (*report.Report, error) {
	t := r.targets[i]
	result, err := harness.Run(ctx, t, opts)
	stopped := ctx.Err() != nil
	if err != nil && (!stopped || result == nil) {
		return nil, broken(err)
	}
	one := report.FromRun(result, r.level, r.known)
	if r.segmentation && !stopped && !r.failed {
		opts.Enough = nil
		swept, err := harness.Sweep(ctx, result, opts, r.known)
		switch {
		case ctx.Err() != nil:
			one.Interrupt("it was not tried with each segmentation")
			return one, nil
		case err != nil:
			return nil, broken(err)
		}
		one.AddSegmentation(swept)
	}
	again, err := r.reach(r.specs[i : i+1])
	if err != nil {
		return nil, err
	}
	r.targets[i] = again[0]
	return one, nil
}

// showPlan says which cells and checks would be tried.
func (r *rounds) showPlan(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	cells := r.options.Cells
	for _, t := range r.targets {
		fmt.Fprintf(out, "%s\n\n", visible.Text(t.String()))
		tried := 0
		for _, c := range cells {
			if why := harness.Impossible(t, c); why != "" {
				fmt.Fprintf(out, "  %-32s skipped: %s\n", c, why)
				continue
			}
			tried++
			about := 0
			for _, k := range r.selected {
				if k.Party.Binds(c.Role.Side()) {
					about++
				}
			}
			fmt.Fprintf(out, "  %-32s %d checks\n", c, about)
		}
		fmt.Fprintf(out, "\n%s of %d, as far as is known before the target is asked what it can do.\n\n", combinations(tried), len(cells))
	}
	fmt.Fprintf(out, "Checks (%d):\n\n", len(r.selected))
	for _, k := range r.selected {
		listCheck(out, k)
	}
	return nil
}

func combinations(n int) string {
	if n == 1 {
		return "1 combination"
	}
	return fmt.Sprintf("%d combinations", n)
}
