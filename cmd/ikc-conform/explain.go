package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID|WORD|STATUS...",
		Short: "Explain a check, a notice, or an exit status",
		Long: `Explain prints all there is to know of checks: what is required of whom, where the requirement comes
from, why, what a capture must hold for the check to be decided, which releases are known to deviate, what
the specification says, and an exchange between kernels of release 0.2402 that agrees.

Of a notice (NOTE-001 and so on, see 'ikc-conform diagnose') it prints what it means, what leads to it, and what to
do next; of an exit status the same. For any other word it lists the checks and notices that have it in their text.`,
		Example: "  ikc-conform explain ERR-002\n  ikc-conform explain 'HS-*'\n  ikc-conform explain rsvp\n  ikc-conform explain NOTE-012\n  ikc-conform explain $?",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			statuses, ids, err := splitStatuses(args)
			if err != nil {
				return err
			}
			for i, s := range statuses {
				if i > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				explainStatus(cmd.OutOrStdout(), s)
			}
			ids, kinds := splitNotices(ids)
			for i, k := range kinds {
				if i+len(statuses) > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				explainNotice(cmd.OutOrStdout(), k)
			}
			before := len(statuses) + len(kinds)
			ids, words, err := splitWords(ids)
			if err != nil {
				return err
			}
			for i, word := range words {
				if i+before > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				explainWord(cmd.OutOrStdout(), word)
			}
			if len(ids) == 0 {
				return nil
			}
			selected, err := checks.Select(ids...)
			if err != nil {
				return err
			}
			deviations, err := known.Load()
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
			for i, c := range selected {
				if i+before+len(words) > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				explain(cmd.OutOrStdout(), c, deviations)
				explainBySpec(cmd.OutOrStdout(), c.ID, sections, examples)
			}
			return nil
		},
	}
}

// splitStatuses takes the exit statuses out of the arguments.
func splitStatuses(args []string) (statuses []status, ids []string, err error) {
	all := exitStatuses()
	for _, a := range args {
		code, err := strconv.Atoi(a)
		if err != nil {
			ids = append(ids, a)
			continue
		}
		i := slices.IndexFunc(all, func(s status) bool { return s.code == code })
		if i < 0 {
			return nil, nil, fmt.Errorf("exit status %s: expected one of this command, 0 to %d or %d; a shell adds 128 to the signal that ended a program",
				a, exitNoticed, report.ExitInterrupted)
		}
		statuses = append(statuses, all[i])
	}
	return statuses, ids, nil
}

// splitWords takes the words out of what may be ids of checks, or patterns of these.
func splitWords(args []string) (ids, words []string, err error) {
	for _, a := range args {
		switch _, err := checks.Select(a); {
		case err == nil:
			ids = append(ids, a)
		case len(checks.Find(checks.Catalogue(), a))+len(diagnosis.Search(a)) > 0:
			words = append(words, a)
		default:
			return nil, nil, fmt.Errorf("%w, and no check has %q in its text, nor has a notice", err, a)
		}
	}
	return ids, words, nil
}

// explainWord lists the checks that have a word in their text.
func explainWord(w io.Writer, word string) {
	found, kinds := checks.Find(checks.Catalogue(), word), diagnosis.Search(word)
	if len(found) > 0 {
		fmt.Fprintf(w, "%s in the text of checks (%d):\n\n", strconv.Quote(word), len(found))
	}
	for _, c := range found {
		listCheck(w, c)
	}
	if len(found) > 0 && len(kinds) > 0 {
		fmt.Fprintln(w)
	}
	if len(kinds) > 0 {
		fmt.Fprintf(w, "%s in the text of notices (%d):\n\n", strconv.Quote(word), len(kinds))
	}
	for _, k := range kinds {
		listNotice(w, k)
	}
}

// splitNotices takes the ids of kinds of notices out of the arguments, and NOTE-* for all.
func splitNotices(args []string) (ids []string, kinds []*diagnosis.Kind) {
	for _, a := range args {
		if strings.EqualFold(a, "NOTE-*") {
			kinds = append(kinds, diagnosis.Kinds()...)
		} else if k := diagnosis.Find(a); k != nil {
			kinds = append(kinds, k)
		} else {
			ids = append(ids, a)
		}
	}
	return ids, kinds
}

// explainNotice prints all there is to know of a kind of notice.
func explainNotice(w io.Writer, k *diagnosis.Kind) {
	fmt.Fprintf(w, "%s  %s\n\n  %s\n\n  Why:  %s\n  Next: %s\n  Look: ikc-conform inspect FILE %s\n", k.ID, k.Severity, k.Title, k.Why, k.Next, strings.TrimSpace("--connection N "+k.Look))
}

// listNotice prints a kind of notice in a line.
func listNotice(w io.Writer, k *diagnosis.Kind) {
	fmt.Fprintf(w, "%-12s %-8s %s\n", k.ID, k.Severity, k.Title)
}

func explain(w io.Writer, c *judge.Check, deviations known.Deviations) {
	fmt.Fprintf(w, "%s  %s, of the %s\n\n  %s\n\n", c.ID, c.Level, c.Party, c.Requirement)
	if c.Rationale != "" {
		fmt.Fprintf(w, "  Why:      %s\n", c.Rationale)
	}
	fmt.Fprintf(w, "  Source:   %s\n  Evidence: %s\n", c.Source, c.Needs)
	if c.Aftermath {
		fmt.Fprintln(w, "            (only --hostile provokes it)")
	}
	for _, d := range deviations {
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
	switch e, ok := examples[id]; {
	case ok && len(e.Lines) == 0:
		fmt.Fprintf(w, "\n  For example: %s, %s.\n", e.Capture, e.Where)
	case ok:
		fmt.Fprintf(w, "\n  For example (%s, %s):\n\n", e.Capture, e.Where)
		for _, line := range e.Lines {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
}
