package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/reduce"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// reduced is where captures of what failed go, reduced.
type reduced struct{ dir string }

func (r *reduced) flag(c *cobra.Command) {
	c.Flags().StringVar(&r.dir, "reduce", "", "write to this `DIR` for each check that failed the smallest capture that shows it, as 'ikc-conform reduce' does")
}

// parse demands that captures are kept, where they are of the run itself.
func (r *reduced) parse(captures string) error {
	if r.dir != "" && captures == "" {
		return errors.New("--reduce: expected --captures DIR as well: it is the captures that are reduced")
	}
	return nil
}

// write writes for each check that failed the smallest of the captures that shows it, notes that in
// the reports, and says where it is, or why there is none.
func (r *reduced) write(ctx context.Context, told io.Writer, reports ...*report.Report) error {
	if r.dir == "" {
		return nil
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return broken(fmt.Errorf("--reduce: %w", err))
	}
	for _, one := range reports {
		for _, c := range one.Checks {
			if c.Outcome != judge.Fail {
				continue
			}
			file, result, err := smallest(ctx, one, c)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				fmt.Fprintf(told, "ikc-conform: --reduce: %s: %v\n", c.ID, visible.Error(err))
				continue
			}
			name := c.ID + ".pcapng"
			if len(reports) > 1 {
				name = c.ID + "-" + strings.Map(fileRune, one.Subject) + ".pcapng"
			}
			path := filepath.Join(r.dir, name)
			if err := writeCapture(path, true, file); err != nil {
				return err
			}
			c.Reduced = path
			fmt.Fprintf(told, "ikc-conform: %s shows in %s: %v\n", c.ID, visible.Text(path), result.After)
		}
	}
	return nil
}

func fileRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-.", r) {
		return r
	}
	return '_'
}

// smallest reduces the captures in which a check failed, and gives the smallest.
func smallest(ctx context.Context, r *report.Report, c *report.CheckResult) (file []byte, result *reduce.Result, err error) {
	list, err := checks.Select(c.ID)
	if err != nil {
		return nil, nil, err
	}
	err = errors.New("no capture of it was kept")
	for _, v := range c.Verdicts {
		if v.Outcome != judge.Fail || v.Capture == "" {
			continue
		}
		w := reduce.Wanted{Check: list[0], Side: new(wire.Client)}
		for _, p := range r.Parts {
			if p.Name == v.Part && p.Role == wire.Server.String() {
				w.Side = new(wire.Server)
			}
		}
		small, found, failed := reduce.Capture(ctx, func() (*capture.Reader, error) { return capture.Open(v.Capture) }, w)
		if failed != nil {
			err = failed
			continue
		}
		if result == nil || found.After.Less(result.After) {
			file, result = small, found
		}
	}
	if result != nil {
		return file, result, nil
	}
	return nil, nil, err
}
