package mutants

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/client"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// Mutation is what the catalogue makes of a kernel with a defect.
type Mutation struct {
	*Defect
	// Killed are the checks that failed, in the order of the catalogue.
	Killed []string
	// Problems are what kept it from being tried to the end, as many defects do.
	Problems []string
}

// Survived tells whether a check that is to fail did not.
func (m *Mutation) Survived() bool {
	return slices.ContainsFunc(m.Kills, func(id string) bool { return !slices.Contains(m.Killed, id) })
}

// How long a mutant is tried: it may hang, and that others wait for it is part of the trial.
const (
	mutantPatience = time.Second
	mutantTimeout  = 10 * time.Second
	silentTimeout  = time.Second
)

// Mutations tries defects, several at a time, and tells of each as it ends. If ctx ends before all
// were tried, those are returned that were, and the cause.
func Mutations(ctx context.Context, defects []*Defect, jobs int, ended func(m *Mutation, done, of int)) ([]*Mutation, error) {
	if jobs <= 0 {
		jobs = harness.DefaultJobs()
	}
	var list []*Mutation
	for _, d := range defects {
		list = append(list, &Mutation{Defect: d})
	}
	var (
		mu     sync.Mutex
		done   int
		tried  = make([]bool, len(list))
		failed error
		wg     sync.WaitGroup
	)
	queue := make(chan int)
	for range jobs {
		wg.Go(func() {
			for i := range queue {
				m := list[i]
				err := m.try(ctx)
				if err == nil && m.Survived() { // on a machine that is busy, a scenario may not be played to its end
					err = m.try(ctx)
				}
				if ctx.Err() != nil { // what was being tried looks broken
					continue
				}
				mu.Lock()
				tried[i] = true
				if err != nil && failed == nil {
					failed = fmt.Errorf("defect %q: %w", m.Name, err)
				}
				if done++; ended != nil {
					ended(m, done, len(list))
				}
				mu.Unlock()
			}
		})
	}
	for i := 0; i < len(list) && ctx.Err() == nil; i++ {
		queue <- i
	}
	close(queue)
	wg.Wait()
	if done == len(list) || ctx.Err() == nil {
		return list, failed
	}
	var all []*Mutation
	for i, m := range list {
		if tried[i] {
			all = append(all, m)
		}
	}
	return all, cmp.Or(failed, context.Cause(ctx))
}

// try tries the defect and notes what came of it.
func (m *Mutation) try(ctx context.Context) error {
	run := m.runClient
	if m.server != nil {
		run = m.runServer
	}
	r, err := run(ctx)
	if r != nil {
		m.Killed, m.Problems = outcome(r)
	}
	return err
}

// runServer runs a server with the defect as one that is only reached by its address.
func (d *Defect) runServer(ctx context.Context) (*cell.TargetResult, error) {
	srv, err := server.Start(server.Options{Behaviour: d.server})
	if err != nil {
		return nil, err
	}
	defer srv.Close()
	t, err := targets.Parse("tcp:" + srv.Addr())
	if err != nil {
		return nil, err
	}
	opts := harness.Options{Session: true, Patience: probe.DefaultTimeout, Timeout: mutantTimeout, Hostile: d.server.Hostile}
	if d.server.Silent {
		opts.Timeout = silentTimeout
	}
	return harness.Run(ctx, t, opts)
}

// runClient runs the reference with the defect, where that shows.
func (d *Defect) runClient(ctx context.Context) (*cell.TargetResult, error) {
	t := targets.New("reference", func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		var cfg refdriver.Config
		client.Find(d.Name).Apply(&cfg) // found anew: it may remember what it has done
		return refdriver.Start(ctx, cfg, opts), nil
	})
	return harness.Run(ctx, t, harness.Options{Cells: []cell.Cell{d.Cell}, Patience: mutantPatience, Timeout: mutantTimeout})
}

// outcome lists the checks that failed.
func outcome(r *cell.TargetResult) (killed, problems []string) {
	failed := map[string]bool{}
	for _, c := range r.Cells {
		for _, v := range c.Verdicts {
			failed[v.Check.ID] = failed[v.Check.ID] || v.Outcome == judge.Fail
		}
		problems = append(problems, c.Problems...)
		if c.Err != nil {
			problems = append(problems, c.Err.Error())
		}
		if c.Skipped != "" {
			problems = append(problems, "skipped: "+c.Skipped)
		}
	}
	for _, c := range checks.Catalogue() {
		if failed[c.ID] {
			killed = append(killed, c.ID)
		}
	}
	return killed, problems
}
