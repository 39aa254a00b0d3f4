package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// usualTargets are those of a matrix for which none were named: the reference, and one release of
// each way that POE::Component::IKC behaved.
var usualTargets = []string{"reference", "perl@0.1801", "perl@0.1904", "perl@0.2003", "perl@0.2102", "perl@0.2305", "perl@0.2401", "perl@0.2402"}

// allTargets are the reference and all releases that start. What an unpacked one needs and is not
// there is told.
func allTargets(ctx context.Context, w io.Writer) []string {
	all := []string{"reference"}
	unpacked := driver.Releases(driver.ReleasesDir())
	for _, r := range driver.Startable {
		var missing *driver.PerlError
		if slices.Contains(unpacked, r) {
			_, err := driver.FindPerlIn(ctx, filepath.Join(driver.ReleasesDir(), r))
			if errors.As(err, &missing) && missing.Missing != release.Implementation {
				fmt.Fprintf(w, "ikc-conform: %s is left out: it needs %s\n", r, missing.Missing)
				continue
			}
		}
		all = append(all, "perl@"+r)
	}
	return all
}

func matrixCommand() *cobra.Command {
	var (
		all   bool
		jobs  int
		shard string
		quiet bool
		perls []string
	)
	e := experiment{serializers: []string{"all"}}
	var small reduced
	c := &cobra.Command{
		Use:   "matrix [TARGET...]",
		Short: "Test several implementations in all roles, dialects and serializers at once",
		Long: `Matrix tries each target in each role, dialect and with each serializer, several at a time, and prints a
table. Without targets, it tries the reference and releases of POE::Component::IKC from 0.1801 to 0.2402, which are
looked for in $IKC_RELEASES (default ` + driver.DefaultReleases + `), else made into containers.

--perls tries each release on several Perls: the matrix has the dimension Perl beside release, role, dialect and
serializer.

--shard I/N tries the I-th of N parts, for the runners of a CI service; store each with --json, and put them
together with 'ikc-conform report --matrix shard-*.json'.`,
		Example: "  ikc-conform matrix\n  ikc-conform matrix --all --html matrix.html\n  ikc-conform matrix reference 'cmd:./mydriver' perl@0.2402 --serializers Storable\n" +
			"  ikc-conform matrix perl@0.2402 perl@0.1904 --perls 5.32,5.36,5.40,sid-s390x\n" +
			"  ikc-conform matrix --shard 2/4 --json shard-2.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return fmt.Errorf("--all: expected no targets beside it, got %d", len(args))
			case all:
				args = allTargets(cmd.Context(), cmd.ErrOrStderr())
			case len(args) == 0:
				args = usualTargets
			}
			err := once(args)
			if err != nil {
				return err
			}
			if args, err = onPerls(args, perls); err != nil {
				return err
			}
			if err := positive(cmd, "jobs", jobs); err != nil {
				return err
			}
			if err := e.parse(cmd, args); err != nil {
				return err
			}
			if err := small.parse(e.options.Dir); err != nil {
				return err
			}
			opts := harness.MatrixOptions{Options: e.options, Jobs: jobs}
			if opts.Shard, opts.Shards, err = harness.ParseShard(shard); err != nil {
				return fmt.Errorf("--shard: %w", err)
			}
			done := func() {}
			if !quiet {
				opts.Cell, done = progress(cmd.ErrOrStderr())
			}
			keeping(cmd.Context())
			results, err := harness.Matrix(cmd.Context(), e.targets, opts)
			done()
			if err != nil && (cmd.Context().Err() == nil || results == nil) {
				return broken(err)
			}
			var reports []*report.Report
			for _, r := range results {
				if len(r.Cells)+r.Untried > 0 {
					reports = append(reports, report.FromRun(r, e.level, e.known))
				}
			}
			failed := small.write(cmd.Context(), cmd.ErrOrStderr(), reports...)
			return cmp.Or(failed, e.showTried(cmd, report.NewDocument(version(), reports...), e.showMatrix))
		},
	}
	e.judging.flags(c)
	small.flag(c)
	e.flags(c, "captures", "cells", "serializers", "patience", "timeout", "baseline")
	c.Flags().StringSliceVar(&perls, "perls", nil, "try releases of POE::Component::IKC on each of these Perls, by name or version; all: on those that 'ikc-conform perls' lists")
	c.Flags().BoolVar(&all, "all", false, "all releases that start, not only those that differ most")
	c.Flags().IntVar(&jobs, "jobs", 0, fmt.Sprintf("how many combinations to try at a time (default %d: two for each processor)", harness.DefaultJobs()))
	c.Flags().StringVar(&shard, "shard", "", "only this part of the combinations: `I/N`")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "do not tell on standard error how far it is")
	return c
}

// onPerls is a list of targets in which each release of POE::Component::IKC that names no Perl
// stands once for each of some Perls; the perl in PATH is called perl.
func onPerls(specs, perls []string) ([]string, error) {
	if len(perls) == 0 {
		return specs, nil
	}
	if len(perls) == 1 && perls[0] == "all" {
		perls = []string{"perl"}
		for _, p := range driver.Perls(driver.PerlsDir()) {
			perls = append(perls, p.Name)
		}
	}
	var out []string
	for _, spec := range specs {
		for _, perl := range perls {
			if perl == "perl" {
				perl = ""
			}
			each, err := targets.WithPerl(spec, perl)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(out, each) {
				out = append(out, each)
			}
		}
	}
	return out, nil
}

// once demands that no target is named twice.
func once(specs []string) error {
	for i, spec := range specs {
		if slices.Contains(specs[:i], spec) {
			return fmt.Errorf("target %q: expected each once", spec)
		}
	}
	return nil
}

// progress tells of each cell as it ends: on a terminal in one line that changes, else in a line
// each. What is returned second ends that.
func progress(w io.Writer) (func(*targets.Target, *cell.Result, int, int), func()) {
	began, terminal := time.Now(), isTerminal(w)
	if terminal {
		w = visible.Raw(w) // the line is written over and over
	}
	return func(t *targets.Target, c *cell.Result, done, of int) {
			state := "done"
			switch {
			case c.Err != nil || len(c.Problems) > 0:
				state = "trouble"
			case c.Skipped != "":
				state = "skipped"
			}
			if terminal {
				fmt.Fprintf(w, "\r\x1b[K%d/%d  %v  %s: %v: %s", done, of, time.Since(began).Round(time.Second), visible.Text(t.String()), c.Cell, state)
				return
			}
			fmt.Fprintf(w, "%d/%d %s: %v: %s, %v\n", done, of, visible.Text(t.String()), c.Cell, state, c.Took.Round(10*time.Millisecond))
		}, func() {
			if terminal {
				fmt.Fprint(w, "\r\x1b[K")
			}
		}
}

func isTerminal(w io.Writer) bool {
	_, is := terminal(w)
	return is
}
