package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// sweep is what repeating runs with each segmentation showed, in lines.
type sweep struct {
	// unknown are verdicts that depend on it, known those of which that is known, stale what is known and did not show.
	unknown, known, stale []string
}

// add repeats the run of a target with each segmentation. Known deviations are left out: whether they show may take luck.
func (s *sweep) add(ctx context.Context, spec string, plain *cell.TargetResult, opts harness.Options, deviations known.Deviations) error {
	sensitivities, err := known.Sensitivities()
	if err != nil {
		return err
	}
	sensitivities = slices.DeleteFunc(sensitivities, func(k known.Sensitivity) bool {
		return plain.Identity == nil || !k.Of(plain.Identity.Implementation, plain.Identity.Release)
	})
	shown := make([]bool, len(sensitivities))
	dir := opts.Dir
	for _, how := range cell.Segmentations() {
		target, err := targets.Parse(spec)
		if err != nil {
			return err
		}
		opts.Segmentation = how
		if dir != "" {
			opts.Dir = filepath.Join(dir, strings.ReplaceAll(string(how), " ", "-"))
		}
		jobs := 1
		if target.Startable() {
			jobs = harness.DefaultJobs()
		}
		results, err := harness.Matrix(ctx, []*targets.Target{target}, harness.MatrixOptions{Options: opts, Jobs: jobs})
		if err != nil {
			return err
		}
		other := results[0]
		for i, c := range plain.Cells {
			k := slices.IndexFunc(sensitivities, func(k known.Sensitivity) bool { return k.Covers(string(c.Cell.Role), how) })
			found, err := harness.Sensitivities(plain, other, i, deviations)
			switch {
			case k >= 0 && (len(found) > 0 || err != nil):
				shown[k] = true
				s.known = append(s.known, fmt.Sprintf("%s: %s with %s: %s", spec, c.Cell, how, ids(found, err)))
			case err != nil:
				return fmt.Errorf("%s with %s: %w", c.Cell, how, err)
			}
			if k < 0 {
				for _, f := range found {
					s.unknown = append(s.unknown, fmt.Sprintf("%s: %s, %s: %s as sent, %s with %s%s", spec, f.Check.ID, c.Cell, f.Plain, f.Outcome, how, f.Why()))
				}
			}
		}
	}
	for i, k := range sensitivities {
		played := slices.ContainsFunc(plain.Cells, func(c *cell.Result) bool {
			return c.Skipped == "" && c.Err == nil && slices.Contains(k.Roles, string(c.Cell.Role))
		})
		switch {
		case shown[i]:
			s.known = append(s.known, "  "+k.Reason)
		case played:
			s.stale = append(s.stale, fmt.Sprintf("%s: %s: %s", spec, strings.Join(k.Roles, ", "), k.Reason))
		}
	}
	return nil
}

// ids are the checks whose verdicts depend on a segmentation, or why the combination could not be played with it.
func ids(found []harness.Sensitivity, err error) string {
	var list []string
	for _, f := range found {
		list = append(list, f.Check.ID)
	}
	if err != nil {
		list = append(list, err.Error())
	}
	return strings.Join(list, ", ")
}

// write tells it to people. conformant is what the runs as sent came to.
func (s *sweep) write(out io.Writer, conformant bool) {
	if len(s.unknown)+len(s.known) == 0 {
		var names []string
		for _, how := range cell.Segmentations() {
			names = append(names, string(how))
		}
		fmt.Fprintf(out, "No verdict depends on the segmentation: %s.\n", strings.Join(names, ", "))
	}
	title := "Segmentation-sensitive"
	if conformant {
		title = "Conformant but segmentation-sensitive"
	}
	for _, part := range []struct {
		title string
		lines []string
	}{
		{title, s.unknown},
		{title + ", as is known", s.known},
		{"Known to depend on the segmentation, but does not, remove it from conformance/known/sensitivities.json", s.stale},
	} {
		if len(part.lines) == 0 {
			continue
		}
		fmt.Fprintln(out, part.title+":")
		for _, line := range part.lines {
			fmt.Fprintln(out, "  "+line)
		}
	}
}
