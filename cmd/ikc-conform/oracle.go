package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/oracle"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func oracleCommand() *cobra.Command {
	var o outputs[*oracle.Report]
	e := experiment{serializers: []string{"Storable"}}
	c := &cobra.Command{
		Use:   "oracle ORACLE TARGET...",
		Short: "Compare what targets say with what another one says",
		Long: `Oracle plays the scenarios of 'ikc-conform run' with a target that is right, the oracle, and with others, and shows for
each connection the first message in which one of these says something else, and the first octet of its image. What must
differ is made alike before: ids, addresses, the order of hashes. No checks are applied.

Targets are those of 'ikc-conform run'. --json writes what was found for programs; 'ikc-conform oracle schema' prints the
schema of that. --captures keeps what was recorded with the oracle in DIR/oracle, with the targets in DIR/target-1 and so on.

Exit status: 0 no difference, 1 there are some, 3 a target or the harness broke, 5 nothing was compared,
130 an interrupt ended it: the report is of what was compared by then.`,
		Example: "  ikc-conform oracle perl@0.2402 reference\n  ikc-conform oracle perl 'cmd:./mydriver' --cells server/IKC0 --json differences.json",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := e.parse(cmd, args); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			remove, err := e.somewhere("ikc-conform-oracle-")
			if err != nil {
				return broken(err)
			}
			defer remove()
			r := oracle.NewReport(args[0])
			keeping(cmd.Context())
			if err := e.compare(cmd, r); err != nil && cmd.Context().Err() == nil {
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
			case r.Partial != "":
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: the report is of what was compared by then")
				return exitStatus(report.ExitInterrupted)
			case r.Different > 0:
				return exitStatus(report.ExitNotConformant)
			case r.Broken > 0:
				return exitStatus(report.ExitBroken)
			case r.Compared == 0:
				return exitStatus(report.ExitNothing)
			}
			return nil
		},
	}
	e.flags(c, tryingFlags...)
	o.flag(c, "json", "what differs, for programs", func(w io.Writer, r *oracle.Report) error { return r.WriteJSON(w) })
	o.flag(c, "html", "what differs, as one page", func(w io.Writer, r *oracle.Report) error { return r.WriteHTML(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what differs", oracle.Schema))
	return c
}

// compare tries the first target, the oracle, and holds the others against it.
func (e *experiment) compare(cmd *cobra.Command, r *oracle.Report) error {
	var right *cell.TargetResult
	for i, t := range e.targets {
		opts, name := e.options, "oracle"
		opts.Checks = []*judge.Check{}
		if i > 0 {
			name = fmt.Sprintf("target-%d", i)
		}
		opts.Dir = filepath.Join(e.options.Dir, name)
		result, err := harness.Run(cmd.Context(), t, opts)
		stopped := err != nil && cmd.Context().Err() != nil
		if err != nil && (!stopped || result == nil) {
			return err
		}
		if i == 0 && !stopped {
			right = result
			continue
		}
		if i > 0 {
			done := func() {}
			if stopped {
				done = goesOn(cmd.Context(), "what was recorded is compared")
			}
			err := r.Add(cmd.Context(), result, right)
			done()
			if err != nil {
				return err
			}
		}
		if cmd.Context().Err() != nil {
			r.Partial = fmt.Sprintf("%d of %d targets compared to the end", max(i-1, 0), len(e.targets)-1)
			return nil
		}
	}
	return nil
}
