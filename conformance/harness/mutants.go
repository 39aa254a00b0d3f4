package harness

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/deviant"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/mutant"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

// Mutation is what the catalogue makes of a kernel with a defect.
type Mutation struct {
	// Defect is its name, Text what it does; Role is what has it: server, client or clientlite.
	Defect, Text string
	Role         cell.Role
	// Kills are the checks that are to fail, Killed those that did, in the order of the catalogue.
	Kills, Killed []string
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

// Mutations tries every defect, several at a time, and tells of each as it ends.
func Mutations(ctx context.Context, jobs int, ended func(m *Mutation, done, of int)) ([]*Mutation, error) {
	if jobs <= 0 {
		jobs = DefaultJobs()
	}
	var list []*Mutation
	var tries []func(*Mutation) (*cell.TargetResult, error)
	for _, d := range deviant.Defects() {
		list = append(list, &Mutation{Defect: d.Name, Text: d.Text, Role: cell.AsServer, Kills: d.Kills})
		tries = append(tries, func(*Mutation) (*cell.TargetResult, error) { return tryDeviant(ctx, d) })
	}
	for _, d := range mutant.Defects() {
		list = append(list, &Mutation{Defect: d.Name, Text: d.Text, Role: cell.Role(d.Role), Kills: d.Kills})
		// Found anew for each try: a defect may remember what it has done.
		tries = append(tries, func(*Mutation) (*cell.TargetResult, error) { return tryMutant(ctx, mutant.Find(d.Name)) })
	}
	var (
		mu     sync.Mutex
		done   int
		failed error
		wg     sync.WaitGroup
	)
	queue := make(chan int)
	for range jobs {
		wg.Go(func() {
			for i := range queue {
				m := list[i]
				err := try(m, tries[i])
				if err == nil && m.Survived() { // on a machine that is busy, a scenario may not be played to its end
					err = try(m, tries[i])
				}
				mu.Lock()
				if err != nil && failed == nil {
					failed = fmt.Errorf("defect %q: %w", m.Defect, err)
				}
				if done++; ended != nil {
					ended(m, done, len(list))
				}
				mu.Unlock()
			}
		})
	}
	for i := range list {
		queue <- i
	}
	close(queue)
	wg.Wait()
	return list, failed
}

// try tries a defect and notes what came of it.
func try(m *Mutation, how func(*Mutation) (*cell.TargetResult, error)) error {
	r, err := how(m)
	if r != nil {
		m.Killed, m.Problems = outcome(r)
	}
	return err
}

// tryDeviant tries a server with a defect as one that is only reached by its address.
func tryDeviant(ctx context.Context, d *deviant.Defect) (*cell.TargetResult, error) {
	s, err := deviant.Start(deviant.Options{Defect: d})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	target, err := ParseTarget("tcp:" + s.Addr())
	if err != nil {
		return nil, err
	}
	opts := Options{Session: true, Patience: probe.DefaultTimeout, Timeout: mutantTimeout, Hostile: d.Hostile}
	if d.Silent {
		opts.Timeout = silentTimeout
	}
	return Run(ctx, target, opts)
}

// tryMutant tries the reference with a defect, where that shows.
func tryMutant(ctx context.Context, d *mutant.Defect) (*cell.TargetResult, error) {
	target := New("reference", func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		var cfg refdriver.Config
		d.Apply(&cfg)
		return refdriver.Start(ctx, cfg, opts), nil
	})
	return Run(ctx, target, Options{Cells: []cell.Cell{{Role: cell.Role(d.Role), Dialect: cell.Dialect(d.Dialect), Serializer: cell.Serializer(d.Serializer)}}, Patience: mutantPatience, Timeout: mutantTimeout})
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
