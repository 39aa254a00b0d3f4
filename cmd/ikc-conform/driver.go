package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

func driverCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "driver",
		Short: "Drive the reference kernel by the driver protocol",
		Long: `Driver puts the Go reference kernel under the control of whoever speaks the driver protocol
(conformance/DRIVER.md) on its standard input and output. 'ikc-conform run "cmd:ikc-conform driver"' is
how it is tested as any other implementation would be.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return broken(refdriver.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), log))
		},
	}
}
