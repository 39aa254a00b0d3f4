package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	comparison "github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/diff"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func diffCommand() *cobra.Command {
	var o outputs[*diff.Report]
	var opts diff.Options
	var noiseFile string
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare the traffic in two captures",
		Long: `Diff compares what was said in A and in B, before and after an upgrade or with an old worker and a new one: by session
and state what is called and posted, the shapes of parameters and answers, error reports, silence, order; what is
negotiated; and the times until answers, side by side. Numbers of requests and values are not compared: the programs need
not have done the same, only the same kinds of things. The worst stands first.

A and B are captures as 'ikc-conform check' takes them, or stored runs (the --json of 'run --captures' or of 'check'),
whose captures are read, together. 'ikc-conform report compare' compares verdicts, 'ikc-conform oracle' octets.

--noise FILE names what may differ, a line each, and all that is below: SESSION/STATE, what (params, answer, error),
and the path; * stands for any, ... before a path for any depth.

  svc/status answer {'load'}
  */*        *      ...{'id'}    # a comment

Exit status: 0 no difference, 1 there are some, 3 a capture cannot be read, 5 nothing was compared: a side has no
connection of IKC, 7 no difference as far as incomplete captures show, 130 an interrupt ended it, without a report.
'ikc-conform diff schema' prints the schema of --json.`,
		Example: "  ikc-conform diff before.pcapng after.pcapng\n  ikc-conform diff perl-worker.pcapng go-worker.pcapng --noise noise.txt --slower 2",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Slower != 0 && !(opts.Slower > 1 && opts.Slower <= 1e6) {
				return fmt.Errorf("--slower %v: expected how many times as long, more than 1", opts.Slower)
			}
			if err := stdinOnce(args); err != nil {
				return err
			}
			noise, err := readNoise(noiseFile)
			if err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			var sides [2]*diff.Summary
			for i, path := range args {
				if sides[i], err = summary(cmd, path, noise); err == nil {
					continue
				}
				if cmd.Context().Err() != nil {
					fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: half of a comparison is none, so there is no report")
					return exitStatus(report.ExitInterrupted)
				}
				return broken(err)
			}
			r := diff.Compare(sides[0], sides[1], opts)
			if o.text() {
				if err := r.WriteText(cmd.OutOrStdout()); err != nil {
					return broken(err)
				}
			}
			if err := o.save(cmd.OutOrStdout(), r); err != nil {
				return err
			}
			switch {
			case !r.Compared():
				return exitStatus(report.ExitNothing)
			case len(r.Findings) > 0:
				return exitStatus(report.ExitNotConformant)
			case !r.Whole():
				return exitStatus(report.ExitSeen)
			}
			return nil
		},
	}
	c.Flags().StringVar(&noiseFile, "noise", "", "what may differ: a `FILE` of lines")
	c.Flags().Float64Var(&opts.Slower, "slower", 0, "count it as a difference if answers take so many times as long, 2 or 1.5, by the median; 0 is not to")
	o.flag(c, "json", "what differs, for programs", func(w io.Writer, r *diff.Report) error { return r.WriteJSON(w) })
	o.flag(c, "html", "what differs, as one page", func(w io.Writer, r *diff.Report) error { return r.WriteHTML(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of how traffic differs", diff.Schema))
	return c
}

// readNoise reads what may differ, nil if no file is named.
func readNoise(path string) (*comparison.Noise, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, broken(fmt.Errorf("--noise: %w", err))
	}
	defer f.Close()
	n, err := comparison.ReadNoise(f)
	if err != nil {
		return nil, fmt.Errorf("--noise %s: %w", path, err)
	}
	return n, nil
}

// summary reads a side of the comparison: a capture, or those that a stored run names.
func summary(cmd *cobra.Command, path string, noise *comparison.Noise) (*diff.Summary, error) {
	files, err := storedCaptures(path)
	if err != nil {
		return nil, err
	}
	s := diff.NewSummary(path, noise)
	for _, file := range files {
		r, name, err := openCaptures(cmd, []string{file})
		if err != nil {
			return nil, err
		}
		err = errors.Join(s.Read(r.Events(capture.Limits{})), r.Close())
		if err = cmp.Or(err, cmd.Context().Err()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// storedCaptures are the captures that a stored run names, or path itself if it is none. One that
// is not where it was is looked for beside the run.
func storedCaptures(path string) (files []string, err error) {
	if filepath.Ext(path) != ".json" {
		return []string{path}, nil
	}
	d, err := report.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for _, r := range d.Reports {
		for _, p := range r.Parts {
			file := p.Capture
			if file == "" {
				continue
			}
			if _, err := os.Stat(file); err != nil {
				if beside := filepath.Join(filepath.Dir(path), filepath.Base(file)); beside != file {
					if _, err := os.Stat(beside); err == nil {
						file = beside
					}
				}
			}
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: expected a stored run that names captures, as of 'run --captures DIR --json FILE'; this one names none ('ikc-conform report compare' compares verdicts)", path)
	}
	return files, nil
}
