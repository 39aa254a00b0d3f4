// Package suite puts the catalogue of checks into a Ginkgo tree: one spec for each check and
// target, one for each side of a recorded capture. Specs are registered by explicit calls, in a
// test file of whoever wants them:
//
//	var _ = Describe("my kernel", func() { suite.Register("cmd:./mydriver", harness.Options{}) })
package suite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/onsi/ginkgo/v2"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Register registers a spec for every check, against a target as targets.Parse reads it. The
// target is tried when the first of them runs. A check that could not be decided is skipped with
// its reason; so are all when the target is not to be had.
func Register(spec string, opts harness.Options) {
	all := opts.Checks
	if all == nil {
		all = checks.Catalogue()
	}
	run := sync.OnceValues(func() (*report.Report, error) {
		target, err := targets.Parse(spec)
		if err != nil {
			return nil, err
		}
		known, err := known.Load()
		if err != nil {
			return nil, err
		}
		result, err := harness.Run(context.Background(), target, opts)
		if err != nil {
			return nil, err
		}
		for _, c := range result.Cells {
			if c.Err != nil {
				return nil, c.Err
			}
		}
		return visible.Copy(report.FromRun(result, judge.Should, known)), nil
	})
	ginkgo.Describe(spec, func() {
		for _, c := range all {
			ginkgo.It(fmt.Sprintf("%s %s: %s", c.ID, c.Level, c.Requirement), ginkgo.Label(spec, c.ID), func() {
				r, err := run()
				if errors.Is(err, targets.ErrUnusable) {
					ginkgo.Skip(visible.Error(err))
				}
				if err != nil {
					ginkgo.Fail(visible.Error(err))
				}
				assess(r, c.ID)
			})
		}
		ginkgo.It("can be tried to the end, and has no stale deviations", ginkgo.Label(spec), func() {
			r, err := run()
			if errors.Is(err, targets.ErrUnusable) {
				ginkgo.Skip(visible.Error(err))
			}
			if err != nil {
				ginkgo.Fail(visible.Error(err))
			}
			for _, p := range r.Parts {
				if len(p.Problems) > 0 {
					ginkgo.Fail(p.Name + ": " + strings.Join(p.Problems, "; "))
				}
			}
			if len(r.Stale) > 0 {
				ginkgo.Fail(r.Verdict())
			}
		})
	})
}

// judge ends a spec as its check ended.
func assess(r *report.Report, id string) {
	for _, c := range r.Checks {
		if c.ID != id {
			continue
		}
		switch c.Outcome {
		case judge.Fail:
			ginkgo.Fail(c.Explain())
		case judge.Pass, judge.Seen:
			return
		}
		ginkgo.Skip(c.Outcome.String() + ": " + c.Reason)
	}
	ginkgo.Skip("the target was tried in no way that this check is about")
}

// Captures registers a spec for every capture in a directory, both sides: the verdicts must be
// those that its sidecar expects.
func Captures(dir string) {
	ginkgo.Describe("captures", func() {
		sidecars, err := recordings.Load(dir)
		if err != nil || len(sidecars) == 0 {
			ginkgo.It("can be read", func() { ginkgo.Fail(fmt.Sprintf("%s: %d captures, error: %v", dir, len(sidecars), err)) })
			return
		}
		for _, s := range sidecars {
			judged := sync.OnceValues(func() (*judge.Judgement, error) {
				return judge.File(filepath.Join(dir, s.Capture), checks.Catalogue(), dialogue.Options{})
			})
			for _, side := range []string{"client", "server"} {
				ginkgo.It(fmt.Sprintf("%s gives the expected verdicts for the %s", s.Capture, side), ginkgo.Label("captures"), func() {
					f, err := judged()
					if err = errors.Join(err, errOf(f)); err != nil {
						ginkgo.Fail(visible.Error(err))
					}
					if d := s.Differences(f, side); len(d) > 0 {
						ginkgo.Fail(strings.Join(d, "; "))
					}
				})
			}
		}
	})
}

func errOf(f *judge.Judgement) error {
	if f == nil {
		return nil
	}
	return f.Failed()
}
