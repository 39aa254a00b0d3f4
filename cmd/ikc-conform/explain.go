package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance"
)

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID...",
		Short: "Explain a check",
		Long: `Explain prints all there is to know of checks: what is required of whom, where the requirement comes
from, why, what a capture must hold for the check to be decided, and which releases are known to deviate.`,
		Example: "  ikc-conform explain ERR-002\n  ikc-conform explain 'HS-*'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			checks, err := conformance.Select(args...)
			if err != nil {
				return err
			}
			known, err := conformance.KnownDeviations()
			if err != nil {
				return err
			}
			for i, c := range checks {
				if i > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				explain(cmd.OutOrStdout(), c, known)
			}
			return nil
		},
	}
}

func explain(w io.Writer, c *conformance.Check, known conformance.Deviations) {
	fmt.Fprintf(w, "%s  %s, of the %s\n\n  %s\n\n", c.ID, c.Level, c.Party, c.Requirement)
	if c.Rationale != "" {
		fmt.Fprintf(w, "  Why:      %s\n", c.Rationale)
	}
	fmt.Fprintf(w, "  Source:   %s\n  Evidence: %s\n", c.Source, c.Needs)
	if c.Aftermath {
		fmt.Fprintln(w, "            (only --hostile provokes it)")
	}
	for _, d := range known {
		if d.Check == c.ID {
			fmt.Fprintf(w, "  Known:    %s %s to %s deviate: %s\n", d.Implementation, d.From, d.To, d.Reason)
		}
	}
}
