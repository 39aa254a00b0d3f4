package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
)

// sweep repeats a run with each segmentation, and tells which verdicts depend on it, but for those of known deviations.
func sweep(ctx context.Context, spec string, plain *harness.Result, opts harness.Options, known conformance.Deviations) (lines []string, err error) {
	dir := opts.Dir
	for _, s := range harness.Segmentations() {
		target, err := harness.ParseTarget(spec)
		if err != nil {
			return nil, err
		}
		opts.Segmentation = s
		if dir != "" {
			opts.Dir = filepath.Join(dir, strings.ReplaceAll(string(s), " ", "-"))
		}
		other, err := harness.Run(ctx, target, opts)
		if err != nil {
			return nil, err
		}
		found, err := harness.Sensitivities(plain, other, s, known)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			lines = append(lines, spec+": "+f.String())
		}
	}
	return lines, nil
}

func writeSweep(out io.Writer, sensitive []string, conformant bool) {
	var names []string
	for _, s := range harness.Segmentations() {
		names = append(names, string(s))
	}
	if len(sensitive) == 0 {
		fmt.Fprintf(out, "No verdict depends on the segmentation: %s.\n", strings.Join(names, ", "))
		return
	}
	if conformant {
		fmt.Fprintln(out, "Conformant but segmentation-sensitive:")
	} else {
		fmt.Fprintln(out, "Segmentation-sensitive:")
	}
	for _, s := range sensitive {
		fmt.Fprintln(out, "  "+s)
	}
}
