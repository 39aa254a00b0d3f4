// Command mutate tries the catalogue on mutations that nobody wrote for it, with the real
// POE::Component::IKC that the local perl finds: see package mutator. It ends when -count of them
// were found to matter to real Perl, or with an interrupt, and prints those that no check noticed.
// The exit status is 1 if less than 99 % were noticed.
//
//	go run ./conformance/mutator/mutate -count 5000 -jobs 8
//	go run ./conformance/mutator/mutate -only 1234 -captures .
//	go run ./conformance/mutator/mutate -unmutated -count 200
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/mutator"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// enough is the share of the mutations that matter which checks are to notice, in percent.
const enough = 99

func main() {
	var opts mutator.Options
	flag.Uint64Var(&opts.Seed, "seed", 1, "of the first mutation; the next has one more")
	flag.IntVar(&opts.Count, "count", 100, "how many mutations that matter are wanted")
	flag.IntVar(&opts.Jobs, "jobs", 2*harness.DefaultJobs(), "how many plays at a time")
	flag.StringVar(&opts.Dir, "captures", "", "keep the captures of survivors in this `directory`")
	only := flag.String("only", "", "try the mutations of these `seeds`, with commas between them, and no others")
	unmutated := flag.Bool("unmutated", false, "play without mutations, -count times: no check must fail")
	verbose := flag.Bool("v", false, "print each mutation as it ends")
	flag.Parse()
	seeds, err := numbers(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	out := visible.NewWriter(os.Stdout)
	done, since := 0, 0
	opts.Checks = checks.Catalogue()
	opts.Progress = func(r *mutator.Result) {
		done++
		since++
		switch {
		case *verbose || len(seeds) > 0:
			r.Write(out)
			_ = out.Flush()
		case since == 100:
			since = 0
			fmt.Fprintf(os.Stderr, "%d tried\n", done)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status, err := try(ctx, opts, seeds, *unmutated, out)
	stop()
	_ = out.Flush()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", visible.Error(err))
	}
	os.Exit(status)
}

// numbers reads a list with commas.
func numbers(list string) (out []uint64, err error) {
	if list == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("-only %s: expected numbers with commas between them, got %q", list, word)
		}
		out = append(out, n)
	}
	return out, nil
}

// try does what is asked for, and returns the exit status.
func try(ctx context.Context, opts mutator.Options, only []uint64, unmutated bool, out *visible.Writer) (status int, err error) {
	explained, err := mutator.Explained()
	if err != nil {
		return 3, err
	}
	if opts.Jobs < 1 || opts.Count < 1 {
		return 2, fmt.Errorf("expected -jobs and -count of at least 1, got %d and %d", opts.Jobs, opts.Count)
	}
	if opts.Dir != "" {
		if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
			return 3, err
		}
	}
	m, err := mutator.New(ctx, opts)
	if err != nil {
		return 3, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	switch {
	case len(only) > 0:
		s, err := m.Only(ctx, only)
		if err != nil {
			return 3, err
		}
		if s.Outcomes[mutator.Survived] > 0 {
			return 1, nil
		}
		return 0, nil
	case unmutated:
		s, err := m.Unmutated(ctx)
		if err := errors.Join(err, s.WriteUnmutated(out)); err != nil {
			return 3, err
		}
		if s.Outcomes[mutator.FalseAlarm] > 0 {
			return 1, nil
		}
		return 0, nil
	}
	s, err := m.Run(ctx)
	if err := errors.Join(err, s.Write(out, explained)); err != nil {
		return 3, err
	}
	if s.Share() < enough {
		return 1, nil
	}
	return 0, nil
}
