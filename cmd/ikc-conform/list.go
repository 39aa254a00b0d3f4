package main

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func listCommand() *cobra.Command {
	var asJSON, session, notices bool
	var word string
	var levels, parties []string
	c := &cobra.Command{
		Use:   "list [PATTERN...]",
		Short: "List the checks",
		Long: `List prints the checks of the catalogue, or those whose id matches one of the patterns: id, level, the
party that is bound, and the requirement. --level, --party and --grep leave those that are of it. --notices lists the kinds of notices that
'ikc-conform diagnose' gives. With --session it prints the conformance session: the states
that a target may publish so that more can be checked, as the driver protocol describes them.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			if err := apart(cmd, "notices", "it is not about checks", "session", "level", "party", "grep"); err != nil {
				return err
			}
			if notices {
				return listNotices(out, args, asJSON)
			}
			if session && len(args) > 0 {
				return fmt.Errorf("--session: expected no patterns beside it, got %q", args)
			}
			if err := apart(cmd, "session", "one object is printed, over several lines", "json"); err != nil {
				return err
			}
			if err := apart(cmd, "session", "it is not about checks", "level", "party", "grep"); err != nil {
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
			if selected, err = ofLevels(selected, levels); err != nil {
				return err
			}
			if selected, err = ofParties(selected, parties); err != nil {
				return err
			}
			if selected = checks.Find(selected, word); len(selected) == 0 {
				return errors.New("expected flags that leave a check, these leave none: see 'ikc-conform list'")
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
				listCheck(out, k)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line, with source, rationale and evidence needed")
	c.Flags().StringSliceVar(&levels, "level", nil, "only checks of these levels: must, should, may")
	c.Flags().StringSliceVar(&parties, "party", nil, "only checks that bind these: server, client, sender, responder, requester, kernel")
	c.Flags().StringVar(&word, "grep", "", "only checks of which something said has this `TEXT`, in upper or lower case")
	c.Flags().BoolVar(&notices, "notices", false, "list what 'ikc-conform diagnose' notices instead")
	c.Flags().BoolVar(&session, "session", false, "print the conformance session")
	return c
}

// listNotices prints the kinds of notices.
func listNotices(w io.Writer, args []string, asJSON bool) error {
	if len(args) > 0 {
		return fmt.Errorf("--notices: expected no patterns beside it, got %q", args)
	}
	for _, k := range diagnosis.Kinds() {
		if !asJSON {
			listNotice(w, k)
			continue
		}
		line, err := json.Marshal(map[string]string{"id": k.ID, "severity": k.Severity.String(), "title": k.Title, "why": k.Why, "next": k.Next})
		if err != nil {
			return err
		}
		fmt.Fprintln(w, string(line))
	}
	return nil
}

// listCheck prints a check in a line.
func listCheck(w io.Writer, c *judge.Check) {
	fmt.Fprintf(w, "%-12s %-6s %-9s %s\n", c.ID, c.Level, c.Party, c.Requirement)
}

// ofLevels leaves the checks of the levels named, all if none is.
func ofLevels(all []*judge.Check, names []string) ([]*judge.Check, error) {
	return only(all, "level", names, func(c *judge.Check) *judge.Level { return &c.Level })
}

// ofParties leaves the checks that bind the parties named, all if none is.
func ofParties(all []*judge.Check, names []string) ([]*judge.Check, error) {
	return only(all, "party", names, func(c *judge.Check) *judge.Party { return &c.Party })
}

// only leaves the checks that have one of the values named by a flag.
func only[T comparable, P interface {
	*T
	encoding.TextUnmarshaler
}](all []*judge.Check, flag string, names []string, of func(*judge.Check) *T) ([]*judge.Check, error) {
	if len(names) == 0 {
		return all, nil
	}
	var wanted []T
	for _, name := range names {
		var v T
		if err := P(&v).UnmarshalText([]byte(name)); err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		wanted = append(wanted, v)
	}
	return slices.DeleteFunc(all, func(c *judge.Check) bool { return !slices.Contains(wanted, *of(c)) }), nil
}
