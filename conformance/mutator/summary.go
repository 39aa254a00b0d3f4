package mutator

import (
	"fmt"
	"io"
	"slices"
)

// Summary is what came of many mutations.
type Summary struct {
	// Outcomes counts them.
	Outcomes map[Outcome]int
	// Survivors are those that no check noticed, and of plays without a mutation those with false
	// alarms.
	Survivors []*Result
	// Alarms are plays without a mutation, to learn what is usual, in which checks failed.
	Alarms []*Result
}

func (s *Summary) add(r *Result) {
	if s.Outcomes == nil {
		s.Outcomes = map[Outcome]int{}
	}
	s.Outcomes[r.Outcome]++
	if r.Outcome == Survived || r.Outcome == FalseAlarm {
		s.Survivors = append(s.Survivors, r)
	}
}

// Mattered is how many mattered to real Perl.
func (s *Summary) Mattered() int { return s.Outcomes[Noticed] + s.Outcomes[Survived] }

// Share is the part of those that mattered which checks noticed, in percent.
func (s *Summary) Share() float64 {
	if s.Mattered() == 0 {
		return 0
	}
	return 100 * float64(s.Outcomes[Noticed]) / float64(s.Mattered())
}

// kinds are the survivors by kind, those with the most first.
func (s *Summary) kinds() (kinds [][]*Result) {
	at := map[string]int{}
	for _, r := range s.Survivors {
		i, ok := at[r.Kind()]
		if !ok {
			i = len(kinds)
			at[r.Kind()] = i
			kinds = append(kinds, nil)
		}
		kinds[i] = append(kinds[i], r)
	}
	slices.SortStableFunc(kinds, func(a, b []*Result) int { return len(b) - len(a) })
	return kinds
}

// Write prints the summary: the survivors by kind, each kind with one of them, and the counts.
func (s *Summary) Write(w io.Writer, explained []Explanation) error {
	for _, r := range s.Alarms {
		fmt.Fprintf(w, "false alarm, without a mutation: %v; %s\n", r.Failed, r.Cast)
	}
	unexplained := 0
	for _, kind := range s.kinds() {
		r := kind[0]
		fmt.Fprintf(w, "%4d  %s\n      seed %d: %s; %s; %s\n      %s\n", len(kind), r.Kind(), r.Seed, r.Scope, r.Detail, r.Cast, r.Saw)
		switch e := explain(r.Mutation, explained); {
		case e != nil:
			fmt.Fprintf(w, "      explained: %s\n", e.Reason)
		default:
			unexplained += len(kind)
		}
	}
	total := 0
	for _, n := range s.Outcomes {
		total += n
	}
	_, err := fmt.Fprintf(w, "%d mutations: %d harmless to real Perl, %d of what was not said in the play, %d that matter.\n"+
		"Of these %d were noticed, %.1f %%; %d survived, %d of them without an explanation.\n", total, s.Outcomes[Harmless], s.Outcomes[Void],
		s.Mattered(), s.Outcomes[Noticed], s.Share(), s.Outcomes[Survived], unexplained)
	return err
}

// WriteUnmutated prints the summary of plays without a mutation.
func (s *Summary) WriteUnmutated(w io.Writer) error {
	for _, r := range s.Survivors {
		fmt.Fprintf(w, "play %d: %s, %s: %v\n", r.Seed, r.Place, r.Cast, r.Failed)
	}
	_, err := fmt.Fprintf(w, "%d plays without a mutation, %d false alarms.\n", s.Outcomes[Harmless]+s.Outcomes[FalseAlarm], s.Outcomes[FalseAlarm])
	return err
}

// Write prints a mutation that was tried.
func (r *Result) Write(w io.Writer) {
	fmt.Fprintf(w, "seed %d: %s\n  %s", r.Seed, r.Mutation, r.Outcome)
	if len(r.Failed) > 0 {
		fmt.Fprintf(w, ": %v", r.Failed)
	}
	fmt.Fprintln(w)
	if r.Saw != "" {
		fmt.Fprintf(w, "  real Perl: %s\n", r.Saw)
	}
	if r.Broke != nil {
		fmt.Fprintf(w, "  broke off: %v\n", r.Broke)
	}
}
