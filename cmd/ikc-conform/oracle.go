package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/oracle"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// runOracle plays the scenarios with an oracle and with targets, and shows where a target says something else.
func runOracle(cmd *cobra.Command, specs []string, with string, opts harness.Options, dir string) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "ikc-conform-oracle-")
		if err != nil {
			return broken(err)
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	play := func(spec, name string) (*cell.TargetResult, error) {
		target, err := targets.Parse(spec)
		if err != nil {
			return nil, err
		}
		opts.Dir = filepath.Join(dir, name)
		r, err := harness.Run(cmd.Context(), target, opts)
		return r, broken(err)
	}
	right, err := play(with, "oracle")
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	different, compared := 0, 0
	for i, spec := range specs {
		left, err := play(spec, fmt.Sprintf("target-%d", i+1))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s, and %s as the oracle\n\n", spec, with)
		for n, c := range left.Cells {
			o := right.Cells[n]
			if c.Capture == "" || o.Capture == "" {
				fmt.Fprintf(out, "%s: not compared%s\n\n", c.Cell, because(c, o))
				continue
			}
			list, err := oracle.Compare(c.Capture, o.Capture, c.Cell.Role.Side(), dialogue.Options{AssumeIKC: true})
			if err != nil {
				return broken(err)
			}
			compared++
			different += len(list)
			fmt.Fprintf(out, "%s: connections that differ: %d\n\n", c.Cell, len(list))
			if err := oracle.Write(out, spec, with, list); err != nil {
				return err
			}
		}
	}
	switch {
	case different > 0:
		fmt.Fprintf(out, "Connections that differ, in all: %d.\n", different)
		return exitStatus(report.ExitNotConformant)
	case compared == 0:
		fmt.Fprintln(out, "Nothing was compared.")
		return exitStatus(report.ExitNothing)
	}
	fmt.Fprintln(out, "No difference.")
	return nil
}

// because says why a cell was not compared.
func because(cells ...*cell.Result) (why string) {
	for _, c := range cells {
		switch {
		case c.Skipped != "":
			why += "; " + c.Skipped
		case c.Err != nil:
			why += "; " + c.Err.Error()
		}
	}
	return why
}
