package main

import (
	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

func specCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "spec",
		Short: "Print the specification of the protocol",
		Long: `Spec prints the specification of IKC as Markdown: how to negotiate, frame, serialize, call, post, subscribe,
report errors, each clause with the checks that decide it, and how releases differ. One could write a client from it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sections, err := spec.Read()
			if err != nil {
				return broken(err)
			}
			deviations, err := known.Load()
			if err != nil {
				return broken(err)
			}
			return broken(spec.Write(cmd.OutOrStdout(), sections, deviations))
		},
	}
}
