package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// judging are the flags of commands that judge.
type judging struct {
	reporting
	checks []string
	gate   string
}

func (j *judging) flags(c *cobra.Command) {
	c.Flags().StringSliceVar(&j.checks, "checks", nil, "only the checks whose id matches one of these patterns, such as 'HS-*,ERR-00?'")
	c.Flags().StringVar(&j.gate, "gate", "should", "the level up to which a failed check counts: must, should or may")
	j.reporting.flags(c)
}

// parse reads the flags: the gate and the checks to apply.
func (j *judging) parse() (judge.Level, []*judge.Check, error) {
	level, err := parseGate(j.gate)
	if err != nil {
		return 0, nil, err
	}
	selected, err := checks.Select(j.checks...)
	if err != nil {
		return 0, nil, err
	}
	return level, selected, j.check()
}

func runCommand() *cobra.Command {
	var (
		j        judging
		dir      string
		cells    []string
		with     []string
		session  bool
		hostile  bool
		timeout  time.Duration
		patience time.Duration
		progress bool
		debug    bool
		baseline []string
		oracle   string
		segments bool
	)
	c := &cobra.Command{
		Use:   "run TARGET...",
		Short: "Test implementations",
		Long: `Run puts each target through scenarios, as server and as client, in each dialect, records what
goes over the wire, and judges the recording. A target is

  reference            the Go reference kernel, in this process
  tcp:HOST:PORT        a server that is running
  unix:PATH            the same, on a Unix socket
  cmd:PROGRAM ARGS     a driver: a program that puts your implementation under the control of the
                       harness, see conformance/DRIVER.md; quotes mean what they mean to a shell
  driver:HOST:PORT     a driver that is running, under a debugger perhaps, and listens; also driver:PATH
  image:NAME           a container of an image whose entrypoint is a driver
  container:ID         a driver in a container that is running
  perl                 the POE::Component::IKC that the local perl finds (PERL5LIB), else a container
  perl@RELEASE         an unpacked release in $IKC_RELEASES/RELEASE (default ` + driver.DefaultReleases + `),
                       else a container of that release

A server that is running is safe: each connection completes its negotiation, nothing malformed is
sent, and no state is called but those that every kernel publishes itself (ping, do_you_have),
unless --session says that it has published the session of 'ikc-conform list --session'.`,
		Example: "  ikc-conform run reference\n  ikc-conform run tcp:127.0.0.1:31337 --captures out/\n  ikc-conform run perl 'cmd:./mydriver --verbose'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			level, selected, err := j.parse()
			if err != nil {
				return err
			}
			opts := harness.Options{Checks: selected, Session: session, Hostile: hostile, Patience: patience, Timeout: timeout}
			if opts.Cells, err = selectCells(cells, with); err != nil {
				return err
			}
			if debug {
				opts.Patience, opts.Timeout = 24*time.Hour, -1
			}
			if progress {
				opts.Progress = func(c *cell.Result) { fmt.Fprintf(cmd.ErrOrStderr(), "%s: done\n", c.Cell) }
			}
			deviations, err := known.Load(baseline...)
			if err != nil {
				return err
			}
			if oracle != "" {
				return runOracle(cmd, args, oracle, opts, dir)
			}
			var reports []*report.Report
			var swept sweep
			for _, spec := range args {
				target, err := targets.Parse(spec)
				if err != nil {
					return err
				}
				if opts.Dir = dir; dir != "" && len(args) > 1 {
					opts.Dir = filepath.Join(dir, unsafeInName.ReplaceAllString(spec, "-"))
				}
				result, err := harness.Run(cmd.Context(), target, opts)
				if err != nil {
					return broken(err)
				}
				reports = append(reports, report.FromRun(result, level, deviations))
				if segments {
					if err := swept.add(cmd.Context(), spec, result, opts, deviations); err != nil {
						return broken(err)
					}
				}
			}
			shown := j.show(cmd, report.NewDocument(version(), reports...))
			if segments {
				swept.write(cmd.OutOrStdout(), shown == nil)
				if shown == nil && len(swept.stale) > 0 {
					return exitStatus(report.ExitStale)
				}
			}
			return shown
		},
	}
	j.flags(c)
	c.Flags().StringVar(&dir, "captures", "", "keep the captures in this directory")
	c.Flags().StringSliceVar(&cells, "cells", nil, "only these combinations of role and dialect, such as server,client/IKC,/fallback")
	c.Flags().StringSliceVar(&with, "serializers", nil, "with these serializers: Storable, FreezeThaw, Freezer, or all (default Storable)")
	c.Flags().BoolVar(&session, "session", false, "the target has published the conformance session")
	c.Flags().BoolVar(&hostile, "hostile", false, "also do what ends a real Perl server: broken negotiations, bad images, bad frames")
	c.Flags().DurationVar(&patience, "patience", 0, "how long to wait for an answer (default 5s, for a server that is running 30s)")
	c.Flags().DurationVar(&timeout, "timeout", harness.DefaultTimeout, "how long one combination may take")
	c.Flags().BoolVar(&debug, "debug", false, "wait without limit, for a target that is being debugged")
	c.Flags().BoolVar(&segments, "segmentation", false, "repeat everything with single octets, line ends cut in two, coalesced and delayed pieces, and RST for FIN; say which verdicts depend on it")
	c.Flags().StringVar(&oracle, "oracle", "", "play the scenarios with this target as well, and show where the others say something else")
	c.Flags().StringSliceVar(&baseline, "baseline", nil, "files with more known deviations, in the form of conformance/known/deviations.json")
	c.Flags().BoolVar(&progress, "progress", false, "tell on standard error what has been done")
	return c
}

var unsafeInName = regexp.MustCompile(`[^-.\w]+`)

// selectCells reads ROLE, ROLE/DIALECT and /DIALECT, and the names of serializers.
func selectCells(words, with []string) ([]cell.Cell, error) {
	serializers, err := selectSerializers(with)
	if err != nil {
		return nil, err
	}
	all := cell.Cells(serializers...)
	if len(words) == 0 {
		return all, nil
	}
	var cells []cell.Cell
	for _, w := range words {
		role, dialect, _ := strings.Cut(w, "/")
		found := false
		for _, c := range all {
			if (role == "" || role == string(c.Role)) && (dialect == "" || strings.EqualFold(dialect, string(c.Dialect))) {
				cells, found = append(cells, c), true
			}
		}
		if !found {
			return nil, fmt.Errorf("--cells %q: expected ROLE, ROLE/DIALECT or /DIALECT, with role server, client or clientlite, and dialect IKC0, IKC or fallback", w)
		}
	}
	return cells, nil
}

func selectSerializers(words []string) (list []cell.Serializer, err error) {
	for _, w := range words {
		found := false
		for _, s := range cell.Serializers() {
			if strings.EqualFold(w, "all") || strings.EqualFold(w, string(s)) || s == cell.Freezer && strings.EqualFold(w, "Freezer") {
				list, found = append(list, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("--serializers %q: expected Storable, FreezeThaw, Freezer or all", w)
		}
	}
	return list, nil
}
