package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/mutants"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func mutantsCommand() *cobra.Command {
	var (
		list bool
		jobs int
	)
	c := &cobra.Command{
		Use:   "mutants",
		Short: "Test the checks: which defects does each find?",
		Long: `Mutants tries the checks on kernels with one defect each: servers made for it, and the reference as client and as
ClientLite, whose words are changed on their way out ('ikc-conform driver --defect NAME' is one of these). It prints which
checks each defect makes fail, and which checks no defect does.

Exit status is 1 if a defect survives: if a check that is to find it does not fail. An interrupt ends it with what was
found so far, and status 130.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := apart(cmd, "list", "none is tried", "jobs"); err != nil {
				return err
			}
			if err := positive(cmd, "jobs", jobs); err != nil {
				return err
			}
			if list {
				listDefects(cmd.OutOrStdout())
				return nil
			}
			keeping(cmd.Context())
			mutations, err := mutants.Mutations(cmd.Context(), mutants.Defects(), jobs, nil)
			if errors.Is(err, errInterrupted) {
				writeMutations(cmd.OutOrStdout(), mutations)
				return interruptedAt(cmd, fmt.Sprintf("%d of %d defects tried to the end", len(mutations), len(mutants.Defects())))
			}
			if err != nil {
				return broken(err)
			}
			if survivors := writeMutations(cmd.OutOrStdout(), mutations); survivors > 0 {
				return exitStatus(report.ExitNotConformant)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list the defects and try none")
	c.Flags().IntVar(&jobs, "jobs", 0, fmt.Sprintf("how many to try at a time (default %d)", harness.DefaultJobs()))
	return c
}

func listDefects(w io.Writer) {
	for _, d := range mutants.Defects() {
		fmt.Fprintf(w, "%-10s  %-36s  %s\n", d.Cell.Role, d.Name, d.Text)
	}
}

// writeMutations prints the kill matrix and returns how many survived.
func writeMutations(w io.Writer, mutations []*mutants.Mutation) (survivors int) {
	kills := map[string]int{}
	for _, m := range mutations {
		mark := " "
		if m.Survived() {
			mark = "!"
			survivors++
		}
		fmt.Fprintf(w, "%s %-10s  %-36s  %s\n", mark, m.Cell.Role, m.Name, strings.Join(m.Killed, " "))
		if m.Survived() {
			fmt.Fprintf(w, "    to be killed by %s\n", strings.Join(m.Kills, " "))
		}
		for _, id := range m.Killed {
			kills[id]++
		}
	}
	var idle []string
	for _, c := range checks.Catalogue() {
		if kills[c.ID] == 0 {
			idle = append(idle, c.ID)
		}
	}
	slices.Sort(idle)
	fmt.Fprintf(w, "\n%d defects, %d survived; %d of %d checks kill at least one.\n", len(mutations), survivors, len(checks.Catalogue())-len(idle), len(checks.Catalogue()))
	if len(idle) > 0 && len(mutations) == len(mutants.Defects()) {
		fmt.Fprintf(w, "No defect is killed by %s\n", strings.Join(idle, " "))
	}
	return survivors
}
