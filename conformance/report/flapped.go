package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// Flapped is a check whose verdict on one combination differed from run to run, though nothing else
// did: it, or what it judges, depends on time.
type Flapped struct {
	Check string `json:"check"`
	// Part is the combination, without the number of the run.
	Part string `json:"part"`
	// Outcomes are those of the runs, in their order.
	Outcomes []judge.Outcome `json:"outcomes"`
}

// Repeat makes one report of several runs over one target. Each combination has a part for each run
// (Part.Run), so a check that failed once has failed; Flapped lists the checks that did not always
// come to the same. It changes the reports that it is given; expected is at least one.
func Repeat(runs ...*Report) (*Report, error) {
	for i, r := range runs {
		r.number(i + 1)
		if i == 0 {
			continue
		}
		if err := runs[0].merge(r); err != nil {
			return nil, err
		}
	}
	return runs[0], nil
}

// number says in the names of parts which run they are of.
func (r *Report) number(run int) {
	name := func(part string) string { return part + runSuffix(run) }
	for _, p := range r.Parts {
		p.Name, p.Run = name(p.Name), run
	}
	for _, c := range r.Checks {
		for _, v := range c.Verdicts {
			v.Part = name(v.Part)
		}
		if c.Example != nil {
			c.Example.Part = name(c.Example.Part)
		}
	}
}

func runSuffix(run int) string { return fmt.Sprintf(", run %d", run) }

// runs is how many runs the report is of, 0 if they are not numbered.
func (r *Report) runs() (n int) {
	for _, p := range r.Parts {
		n = max(n, p.Run)
	}
	return n
}

// flaps finds the checks whose verdicts on a combination differ.
func (r *Report) flaps() (out []Flapped) {
	combination := map[string]string{}
	for _, p := range r.Parts {
		if p.Run > 0 {
			combination[p.Name] = strings.TrimSuffix(p.Name, runSuffix(p.Run))
		}
	}
	for _, c := range r.Checks {
		var of []Flapped
		for _, v := range c.Verdicts {
			part, numbered := combination[v.Part]
			if !numbered {
				continue
			}
			i := slices.IndexFunc(of, func(f Flapped) bool { return f.Part == part })
			if i < 0 {
				i, of = len(of), append(of, Flapped{Check: c.ID, Part: part})
			}
			of[i].Outcomes = append(of[i].Outcomes, v.Outcome)
		}
		for _, f := range of {
			if slices.ContainsFunc(f.Outcomes, func(o judge.Outcome) bool { return o != f.Outcomes[0] }) {
				out = append(out, f)
			}
		}
	}
	return out
}

// flapped lists what flapped, or says that nothing did.
func (r *Report) flapped(b *strings.Builder) {
	n := r.runs()
	if n < 2 {
		return
	}
	if len(r.Flapped) == 0 {
		fmt.Fprintf(b, "\nFlapped in %d runs: nothing.\n", n)
		return
	}
	fmt.Fprintf(b, "\nFlapped in %d runs:\n\n", n)
	for _, f := range r.Flapped {
		counts, seen := []string{}, []judge.Outcome{}
		for _, o := range f.Outcomes {
			if slices.Contains(seen, o) {
				continue
			}
			seen = append(seen, o)
			times := 0
			for _, other := range f.Outcomes {
				if other == o {
					times++
				}
			}
			counts = append(counts, fmt.Sprintf("%d× %s", times, o))
		}
		fmt.Fprintf(b, "  %-12s %s: %s\n", f.Check, f.Part, strings.Join(counts, ", "))
	}
}
