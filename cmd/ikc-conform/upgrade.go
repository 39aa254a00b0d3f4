package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/upgrade"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func upgradeCommand() *cobra.Command {
	var o outputs[*upgrade.Report]
	var jobs int
	var quiet bool
	e := experiment{serializers: []string{"all"}}
	c := &cobra.Command{
		Use:   "upgrade FROM TO",
		Short: "Say what an upgrade breaks, for whom",
		Long: `Upgrade tries two targets, what runs today and what is to run: two releases of POE::Component::IKC, one release on two
Perls, or the original and what replaces it. It tries both in all roles, dialects and serializers, compares what they say,
and has the old and the new talk to each other, as they do while a cluster is upgraded. What is not as it was is told in the
words of a Perl programmer, the worst first: what breaks, what changes for programs, what only kernels see, what gets
better.

Targets are those of 'ikc-conform run'. With --hostile, both are also tried with what ends a real Perl server; each is a
process of its own then, and no other is touched. 'ikc-conform upgrade schema' prints the schema of --json.

Exit status: 0 nothing breaks and nothing changes for programs, 1 something does, 3 a target or the harness broke, 5 nothing was compared,
7 nothing does as far as seen, but the new does not show all that the old does, or cannot be told to talk to it,
130 an interrupt ended it, without a report: half of a comparison is none.`,
		Example: "  ikc-conform upgrade perl@0.2305 perl@0.2402\n  ikc-conform upgrade perl@0.2402/5.36 perl@0.2402/5.40\n" +
			"  ikc-conform upgrade perl@0.1904 reference --hostile --json upgrade.json",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := once(args); err != nil {
				return err
			}
			if err := positive(cmd, "jobs", jobs); err != nil {
				return err
			}
			if err := e.parse(cmd, args); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			remove, err := e.somewhere("ikc-conform-upgrade-")
			if err != nil {
				return broken(err)
			}
			defer remove()
			opts := upgrade.Options{Options: e.options, Jobs: jobs, Known: e.known}
			if !quiet {
				opts.Told = func(step string, done, of int) {
					fmt.Fprintf(cmd.ErrOrStderr(), "%d/%d %s\n", done, of, visible.Text(step))
				}
			}
			r, err := upgrade.Try(cmd.Context(), e.targets[0], e.targets[1], opts)
			if err != nil && cmd.Context().Err() != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: half of a comparison is none, so there is no report")
				return exitStatus(report.ExitInterrupted)
			}
			if err != nil {
				return broken(err)
			}
			if o.text() {
				if err := r.WriteText(cmd.OutOrStdout()); err != nil {
					return broken(err)
				}
			}
			if err := o.save(cmd.OutOrStdout(), r); err != nil {
				return err
			}
			switch {
			case !r.Safe():
				return exitStatus(report.ExitNotConformant)
			case len(r.Broken) > 0:
				return exitStatus(report.ExitBroken)
			case r.Compared == 0:
				return exitStatus(report.ExitNothing)
			case !r.Whole():
				return exitStatus(report.ExitSeen)
			}
			return nil
		},
	}
	e.flags(c, "captures", "cells", "serializers", "perl", "hostile", "patience", "timeout", "baseline")
	c.Flags().IntVar(&jobs, "jobs", 0, "how many combinations to try at a time (default two for each processor)")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "do not tell on standard error how far it is")
	o.flag(c, "json", "what differs, for programs", func(w io.Writer, r *upgrade.Report) error { return r.WriteJSON(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what an upgrade breaks", upgrade.Schema))
	return c
}
