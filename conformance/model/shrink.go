package model

import (
	"slices"
	"time"
)

// Shrink finds a short sequence that fails as well, by leaving out steps as long as that helps and
// time is left. fails does a sequence with kernels that nothing was done with before.
func Shrink(s Sequence, deadline time.Time, fails func(Sequence) bool) Sequence {
	try := func(t Sequence) bool { return time.Now().Before(deadline) && fails(t) }
	for size := max(len(s.Steps)/2, 1); size > 0; {
		shrunk := false
		for from := 0; from+size <= len(s.Steps); {
			t := Sequence{s.Kernels, slices.Delete(slices.Clone(s.Steps), from, from+size)}
			if try(t) {
				s, shrunk = t, true
				continue
			}
			from += size
		}
		if !shrunk || size > 1 {
			size /= 2
		}
	}
	if t, smaller := s.withoutIdle(); smaller && try(t) {
		s = t
	}
	return s
}

// withoutIdle leaves out the kernels that no step is about.
func (s Sequence) withoutIdle() (Sequence, bool) {
	number := make([]int, s.Kernels)
	next := 1
	for k := 1; k < s.Kernels; k++ {
		if slices.ContainsFunc(s.Steps, func(step Step) bool { return step.From == k || step.To == k }) {
			number[k] = next
			next++
		}
	}
	next = max(next, 2)
	t := Sequence{Kernels: next}
	for _, step := range s.Steps {
		step.From, step.To = number[step.From], number[step.To]
		t.Steps = append(t.Steps, step)
	}
	return t, next < s.Kernels
}
