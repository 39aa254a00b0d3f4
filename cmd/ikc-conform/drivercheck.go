package main

import (
	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/drivercheck"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

func driverCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "driver-check TARGET",
		Short: "Test a driver against the driver protocol",
		Long: `Driver-check tests whether the harness can rely on a driver: that it says what it is, answers every
command once, in the words of conformance/DRIVER.md and of its JSON Schema, loses nothing of a Perl value, and ends when
it should. It does not test the implementation behind it; 'ikc-conform run' does.

TARGET is any that has a driver: cmd:PROGRAM ARGS, image:NAME, container:ID, perl, perl@RELEASE.

Exit status: 0 the driver conforms, 1 it does not, 3 it cannot be started.`,
		Example: "  ikc-conform driver-check 'cmd:./mydriver --verbose'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := targets.Parse(args[0])
			if err != nil {
				return err
			}
			defer target.Close()
			if err := target.Prepare(cmd.Context()); err != nil {
				return err
			}
			r, err := drivercheck.Run(cmd.Context(), args[0], target.Launch, 0)
			if err != nil {
				return broken(err)
			}
			if err := r.WriteText(cmd.OutOrStdout()); err != nil {
				return err
			}
			if !r.Conformant() {
				return exitStatus(report.ExitNotConformant)
			}
			return nil
		},
	}
}
