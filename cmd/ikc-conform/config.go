package main

import (
	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/config"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Say what may stand in " + config.Name,
		Long: `Config says what may stand in the file of flags and targets that run, matrix and check read: ` + config.Name + ` in the
working directory, or --config FILE. For example:

  targets: [reference, perl@0.2402]
  gate: must
  checks: ["PING-*", "CALL-*"]
  run:
    patience: 10s
    html: run.html

baseline, gate, cells, checks, serializers and targets are for all three; below the name of a command are flags of it, by
their long names. The command line wins. 'ikc-conform config schema' prints the schema, by which editors help and CI checks.`,
		Example: "  ikc-conform config schema > ikc-conform.schema.json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(schemaCommand("Print the JSON Schema of "+config.Name, config.Schema))
	return c
}
