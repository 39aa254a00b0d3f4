package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func reportCommand() *cobra.Command {
	var (
		r     reporting
		gate  string
		table bool
	)
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Render, merge and compare stored runs",
		Long: `Report reads runs that were stored with --json, and writes them in any form. Several are merged: reports
of different targets stand side by side, those of one target become one if their parts differ, as those
of shards do. --json stores what was merged. RUN is a file, or - for standard input.

Exit status is what the merged run amounts to.`,
		Example: "  ikc-conform report run.json --html run.html --junit run.xml\n" +
			"  ikc-conform report --matrix shard-*.json --json all.json --html all.html\n" +
			"  ikc-conform report compare old.json new.json",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd); err != nil {
				return err
			}
			docs, err := readRuns(cmd, args)
			if err != nil {
				return err
			}
			if gate != "" {
				level, err := parseGate(gate)
				if err != nil {
					return err
				}
				for _, d := range docs {
					d.Regate(level)
				}
			}
			d, err := report.Merge(docs...)
			if err != nil {
				return broken(err)
			}
			if !table {
				return r.show(cmd, d)
			}
			return r.showMatrix(cmd, d)
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&table, "matrix", false, "print the table of 'ikc-conform matrix', a line for each target and serializer")
	c.Flags().StringVar(&gate, "gate", "", "judge by this gate instead of the runs' own: must, should or may")
	c.AddCommand(compareCommand(), schemaCommand("Print the JSON Schema of stored runs", report.Schema))
	return c
}

// readRuns reads stored runs, - from standard input.
func readRuns(cmd *cobra.Command, paths []string) ([]*report.Document, error) {
	if err := stdinOnce(paths); err != nil {
		return nil, err
	}
	var docs []*report.Document
	for _, path := range paths {
		read := report.ReadFile
		if path == "-" {
			read = func(string) (*report.Document, error) { return readRun(cmd) }
		}
		d, err := read(path)
		if err != nil {
			return nil, broken(err)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// readRun reads a stored run from standard input.
func readRun(cmd *cobra.Command) (*report.Document, error) {
	open := func() (io.ReadCloser, error) { return io.NopCloser(cmd.InOrStdin()), nil }
	in, err := openInterruptible(cmd.Context(), open, false)
	if err != nil {
		return nil, err
	}
	d, err := report.Read(in)
	switch {
	case cmd.Context().Err() != nil:
		return nil, errors.New("interrupted before all of standard input was read")
	case err != nil:
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return d, nil
}

func parseGate(s string) (judge.Level, error) {
	var l judge.Level
	if err := l.UnmarshalText([]byte(s)); err != nil {
		return 0, fmt.Errorf("--gate: %w", err)
	}
	return l, nil
}

func compareCommand() *cobra.Command {
	var (
		o    outputs[*report.Comparison]
		site siteFlag
		gate string
	)
	c := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "Compare two stored runs",
		Long: `Compare tells what is different in a newer run, verdict by verdict: new failures, what was fixed, what
passed and is no longer decided. Runs of two targets, or of two releases of one, can be compared too, if each run
has only one of them.

Exit status is 1 if something got worse: a check up to the gate fails that did not, one that passed is no longer
decided, or a target can no longer be tried to the end. OLD or NEW may be - for standard input.`,
		Example: "  ikc-conform report compare main.json branch.json --html changes.html",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			level, err := parseGate(gate)
			if err != nil {
				return err
			}
			if err := site.parse(cmd, o.linked()); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			docs, err := readRuns(cmd, args)
			if err != nil {
				return err
			}
			comparison := report.Compare(docs[0], docs[1], level)
			comparison.Pages = site.pages
			if o.text() {
				if err := comparison.WriteText(cmd.OutOrStdout()); err != nil {
					return broken(err)
				}
			}
			if err := o.save(cmd.OutOrStdout(), comparison); err != nil {
				return err
			}
			if status := comparison.Exit(); status != report.ExitConformant {
				return exitStatus(status)
			}
			return nil
		},
	}
	for _, f := range report.ComparisonFormats() {
		o.flag(c, f.Name, f.About, f.Write)
	}
	site.flag(c)
	c.Flags().StringVar(&gate, "gate", "should", "the level up to which a new failure makes it worse: must, should or may")
	return c
}

func schemaCommand(short string, schema []byte) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(schema)
			return broken(err)
		},
	}
}
