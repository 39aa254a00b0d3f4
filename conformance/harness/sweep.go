package harness

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/sweep"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// Sweep repeats the run of a target with each segmentation, and tells what depends on it. plain is
// the run as sent, by the same options; deviations are left out, since whether they show may take
// luck. Captures are left in a directory for each segmentation, below that of the options. The
// error is about the harness, or about a cell that can be played as sent only, unless that is
// known.
func Sweep(ctx context.Context, plain *cell.TargetResult, opts Options, deviations known.Deviations) (*sweep.Result, error) {
	sensitivities, err := known.Sensitivities()
	if err != nil {
		return nil, err
	}
	sensitivities = slices.DeleteFunc(sensitivities, func(k known.Sensitivity) bool {
		return plain.Identity == nil || !k.Has(plain.Identity.Implementation, plain.Identity.Release)
	})
	s := &sweep.Result{Tried: cell.Segmentations()}
	for _, how := range s.Tried {
		other, err := repeat(ctx, plain.Target, opts, how)
		if err != nil {
			return nil, err
		}
		for i, c := range plain.Cells {
			found, err := sweep.Compare(plain, other, i, deviations)
			k := slices.IndexFunc(sensitivities, func(k known.Sensitivity) bool { return k.Covers(c.Cell.Role, how) })
			if err != nil && k < 0 {
				return nil, fmt.Errorf("%s with %s: %w", c.Cell, how, err)
			}
			if err != nil {
				found = append(found, sweep.Sensitivity{Cell: c.Cell, Err: err})
			}
			for _, f := range found {
				f.Segmentation = how
				if k >= 0 {
					f.Known = &sensitivities[k]
				}
				s.Sensitive = append(s.Sensitive, f)
			}
		}
	}
	s.FindStale(plain, sensitivities)
	return s, nil
}

// repeat runs a target with a segmentation.
func repeat(ctx context.Context, spec string, opts Options, how cell.Segmentation) (*cell.TargetResult, error) {
	target, err := targets.Parse(spec)
	if err != nil {
		return nil, err
	}
	opts.Segmentation = how
	if opts.Dir != "" {
		opts.Dir = filepath.Join(opts.Dir, FileName(string(how)))
	}
	results, err := Matrix(ctx, []*targets.Target{target}, MatrixOptions{Options: opts, Jobs: jobsOf(target)})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}
