package diff

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// state is what was asked of a state, and what came of it.
type state struct {
	calls, posts, requests               int // requests are posts that ask for a response
	answered, failed, silent, ambiguous  int
	overtook                             int // answers that came before one to an earlier request
	params, answers, responses, failures texts
	took                                 []time.Duration
}

func newState() *state {
	return &state{params: texts{}, answers: texts{}, responses: texts{}, failures: texts{}}
}

// add counts a request. shape writes a value, anyError says that texts of errors may differ.
func (s *state) add(c *dialogue.Connection, x *dialogue.Exchange, shape func(part string, v *perl.Value) string, anyError bool) {
	switch _, byPost := x.ByPost(); {
	case x.Request.IsCall():
		s.calls++
	case byPost:
		s.requests++
	default:
		s.posts++
	}
	for _, arg := range x.Request.Args() {
		s.params.add(shape("params", arg), maxTexts)
	}
	for _, m := range x.Errors {
		text := reported(c, m)
		if anyError {
			text = "any"
		}
		s.failures.add(text, maxTexts)
	}
	took, timed := x.Took()
	switch {
	case x.Asks() && x.Outcome() == dialogue.Unsure:
		s.ambiguous++
	case len(x.Errors) > 0:
		s.failed++
	case timed:
		s.answered++
		s.time(took)
		for _, m := range x.Answers {
			s.answers.add(shape("answer", m.Params()), maxTexts)
		}
		if x.Response != nil {
			s.responses.add(shape("answer", x.Response.Params()), maxTexts)
		}
	case x.Asks():
		s.silent++
	}
}

// time keeps a time, or has it take the place of another: they are a sample of all.
func (s *state) time(took time.Duration) {
	if len(s.took) < maxTook {
		s.took = append(s.took, took)
	} else if i := rand.IntN(s.answered); i < maxTook {
		s.took[i] = took
	}
}

// percentile is the nearest rank, in seconds; 0 if nothing was answered. took must be sorted.
func percentile(took []time.Duration, p int) float64 {
	if len(took) == 0 {
		return 0
	}
	return took[max((len(took)*p+99)/100-1, 0)].Seconds()
}

// times are what a report says of a state.
func (s *state) times() *Times {
	if s == nil {
		return nil
	}
	slices.Sort(s.took)
	return &Times{Calls: s.calls, Posts: s.posts, Requests: s.requests, Answered: s.answered, Errors: s.failed, Unanswered: s.silent,
		Ambiguous: s.ambiguous, P50: percentile(s.took, 50), P90: percentile(s.took, 90), P99: percentile(s.took, 99)}
}
