package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

// judging are the flags of commands that judge.
type judging struct {
	reporting
	checks []string
	gate   string

	// What parse makes of them.
	level    judge.Level
	selected []*judge.Check
}

func (j *judging) flags(c *cobra.Command) {
	c.Flags().StringSliceVar(&j.checks, "checks", nil, "only the checks whose id matches one of these patterns, such as 'HS-*,ERR-00?'")
	c.Flags().StringVar(&j.gate, "gate", "should", "the level up to which a failed check counts: must, should or may")
	j.reporting.flags(c)
}

// parse reads the flags: the gate and the checks to apply.
func (j *judging) parse(c *cobra.Command) (err error) {
	if j.level, err = parseGate(j.gate); err != nil {
		return err
	}
	if j.selected, err = checks.Select(j.checks...); err != nil {
		return err
	}
	return j.check(c)
}

// experiment is what the commands that try targets were asked for: which targets, in which
// combinations of role, dialect and serializer, and how. A command has the flags that it names; the
// others keep what the experiment was made with.
type experiment struct {
	judging                      // of commands that report verdicts
	cells, serializers, baseline []string
	captures, perl, as           string
	session, hostile             bool
	patience, timeout            time.Duration
	debug, progress              bool

	// What parse makes of them.
	targets []*targets.Target
	options harness.Options
	known   known.Deviations
}

// tryingFlags are those of commands that try targets one after the other.
var tryingFlags = []string{"captures", "cells", "serializers", "perl", "session", "hostile", "patience", "timeout", "debug", "progress"}

// flags gives a command those of the flags that it can honour.
func (e *experiment) flags(c *cobra.Command, names ...string) {
	var all pflag.FlagSet
	all.StringVar(&e.captures, "captures", "", "keep the captures in this directory; those of before are overwritten")
	all.StringSliceVar(&e.cells, "cells", nil, "only these combinations of role and dialect, such as server,client/IKC,/fallback")
	all.StringSliceVar(&e.serializers, "serializers", e.serializers, "with these serializers: Storable, FreezeThaw, Freezer, or all")
	all.StringVar(&e.perl, "perl", "", "the `PERL` of targets that name none: its path, its name or version in $IKC_PERLS ('ikc-conform perls')")
	all.StringVar(&e.as, "as", "", "take a server that is running for a release, perl@0.2302, unless what it says contradicts it")
	all.BoolVar(&e.session, "session", false, "the target has published the conformance session")
	all.BoolVar(&e.hostile, "hostile", false, "also do what ends a real Perl server: broken negotiations, bad images, bad frames")
	all.DurationVar(&e.patience, "patience", 0, "how long to wait for an answer (default 5s, for a server that is running 30s)")
	all.DurationVar(&e.timeout, "timeout", harness.DefaultTimeout, "how long one combination may take")
	all.BoolVar(&e.debug, "debug", false, "wait without limit, for a target that is being debugged")
	baselineFlag(&all, &e.baseline)
	all.BoolVar(&e.progress, "progress", false, "tell on standard error what has been done")
	for _, name := range names {
		c.Flags().AddFlag(all.Lookup(name))
	}
}

// parse reads the flags, and targets in the order in which they are to be tried.
func (e *experiment) parse(cmd *cobra.Command, specs []string) error {
	err := apart(cmd, "debug", "there is no limit to how long it waits", "patience", "timeout")
	if err != nil {
		return err
	}
	if err := cmp.Or(positive(cmd, "patience", e.patience), positive(cmd, "timeout", e.timeout)); err != nil {
		return err
	}
	if cmd.Flags().Lookup("gate") != nil {
		if err := e.judging.parse(cmd); err != nil {
			return err
		}
	}
	if e.targets, err = e.reach(specs); err != nil {
		return err
	}
	e.options = harness.Options{Checks: e.selected, Dir: e.captures,
		Session: e.session, Hostile: e.hostile, Patience: e.patience, Timeout: e.timeout}
	e.options.Finishing = func(why string) func() { return goesOn(cmd.Context(), why) }
	if e.options.Cells, err = selectCells(e.cells, e.serializers); err != nil {
		return err
	}
	if e.debug {
		e.options.Patience, e.options.Timeout = 24*time.Hour, -1
	}
	if e.progress {
		e.options.Progress = func(c *cell.Result) { fmt.Fprintf(cmd.ErrOrStderr(), "%s: done\n", c.Cell) }
	}
	if e.options.As, err = parseAs(e.as); err != nil {
		return err
	}
	e.known, err = known.Load(e.baseline...)
	e.options.Known = e.known
	return err
}

// reach reads targets, in the order in which they are to be tried. Those that have been tried are
// closed, so that to try again takes new ones.
func (e *experiment) reach(specs []string) (list []*targets.Target, err error) {
	for _, spec := range specs {
		if spec, err = targets.WithPerl(spec, e.perl); err != nil {
			return nil, err
		}
		t, err := targets.Parse(spec)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// somewhere has captures kept, which are compared afterwards, in a temporary directory if the user
// named none. remove takes that away again.
func (e *experiment) somewhere(prefix string) (remove func() error, err error) {
	if e.captures != "" {
		return func() error { return nil }, nil
	}
	e.options.Dir, remove, err = tempdir.New(prefix)
	return remove, err
}

// showTried shows what came of trying targets, and says if an interrupt ended that.
func (e *experiment) showTried(cmd *cobra.Command, d *report.Document, show func(*cobra.Command, *report.Document) error) error {
	err := show(cmd, d)
	if d.Exit == report.ExitInterrupted {
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: the report is of what was tried to the end by then")
	}
	return err
}

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
				found = true
				if !slices.Contains(cells, c) {
					cells = append(cells, c)
				}
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
				found = true
				if !slices.Contains(list, s) {
					list = append(list, s)
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("--serializers %q: expected Storable, FreezeThaw, Freezer or all", w)
		}
	}
	return list, nil
}
