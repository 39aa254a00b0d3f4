package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID...",
		Short: "Explain a check",
		Long: `Explain prints all there is to know of checks: what is required of whom, where the requirement comes
from, why, what a capture must hold for the check to be decided, which releases are known to deviate, what
the specification says, and an exchange between kernels of release 0.2402 that agrees.`,
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
			sections, err := spec.Read()
			if err != nil {
				return broken(err)
			}
			examples, err := spec.Examples()
			if err != nil {
				return broken(err)
			}
			for i, c := range checks {
				if i > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				explain(cmd.OutOrStdout(), c, known)
				explainBySpec(cmd.OutOrStdout(), c.ID, sections, examples)
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

// explainBySpec prints the clauses that a check decides, and an example.
func explainBySpec(w io.Writer, id string, sections []*spec.Section, examples map[string]spec.Example) {
	for _, c := range spec.Clauses(sections, id) {
		fmt.Fprintf(w, "\n  Specification, %s %s:\n\n", c.Number, c.Title)
		for line := range strings.Lines(c.Text) {
			fmt.Fprintf(w, "    %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if e, ok := examples[id]; ok {
		fmt.Fprintf(w, "\n  For example (%s, %s):\n\n", e.Capture, e.Where)
		for _, line := range e.Lines {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
}
