package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func listCommand() *cobra.Command {
	var asJSON, session bool
	c := &cobra.Command{
		Use:   "list [PATTERN...]",
		Short: "List the checks",
		Long: `List prints the checks of the catalogue, or those whose id matches one of the patterns: id, level, the
party that is bound, and the requirement. With --session it prints the conformance session: the states
that a target may publish so that more can be checked, as the driver protocol describes them.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			if session && len(args) > 0 {
				return fmt.Errorf("--session: expected no patterns beside it, got %q", args)
			}
			if err := apart(cmd, "session", "one object is printed, over several lines", "json"); err != nil {
				return err
			}
			if session {
				published := contract.PublishedStates()
				e := visible.NewEncoder(out)
				e.SetIndent("", "  ")
				return e.Encode(driver.Session{Session: contract.SessionAlias, States: contract.SessionStates(), Publish: &published})
			}
			selected, err := checks.Select(args...)
			if err != nil {
				return err
			}
			for _, k := range selected {
				if asJSON {
					line, err := json.Marshal(map[string]string{
						"id": k.ID, "level": k.Level.String(), "party": k.Party.String(), "requirement": k.Requirement,
						"source": k.Source, "rationale": k.Rationale, "needs": k.Needs,
					})
					if err != nil {
						return err
					}
					fmt.Fprintln(out, string(line))
					continue
				}
				fmt.Fprintf(out, "%-12s %-6s %-9s %s\n", k.ID, k.Level, k.Party, k.Requirement)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line, with source, rationale and evidence needed")
	c.Flags().BoolVar(&session, "session", false, "print the conformance session")
	return c
}
