package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options say what counts as a difference.
type Options struct {
	// Slower: answers of a state that take so many times as long as they did are a difference, if
	// that is 1 ms or more, by the median. 0: times are shown only.
	Slower float64
}

// leastSlower is how much longer answers must take to be called slower, in seconds.
const leastSlower = 0.001

// Compare tells how what b shows differs from what a shows.
func Compare(a, b *Summary, opts Options) *Report {
	r := &Report{Schema: SchemaID, A: a.side(), B: b.side(), Findings: []*Finding{}, States: []*StateTimes{}}
	r.negotiations(a, b)
	all := maps.Clone(a.states)
	maps.Copy(all, b.states)
	subjects := slices.SortedFunc(maps.Keys(all), func(x, y subject) int {
		return cmp.Or(cmp.Compare(y.of, x.of), cmp.Compare(x.String(), y.String()))
	})
	for _, about := range subjects {
		x, y := a.states[about], b.states[about]
		r.States = append(r.States, &StateTimes{Of: about.of.String(), State: about.String(), A: x.times(), B: y.times()})
		r.state(about, x, y, opts)
	}
	r.order(a, b)
	slices.SortStableFunc(r.Findings, func(x, y *Finding) int { return cmp.Compare(weights[x.Weight], weights[y.Weight]) })
	return r
}

func (s *Summary) side() Side {
	return Side{Name: s.name, Connections: s.connections, NotIKC: s.notIKC, Requests: s.requests, Incomplete: s.incomplete, More: s.moreStates}
}

func (r *Report) add(w Weight, about, text string, a, b []string) {
	r.Findings = append(r.Findings, &Finding{Weight: w, About: about, Text: text, A: append([]string{}, a...), B: append([]string{}, b...)})
}

// only are the texts that the first has and the second has not.
func only(a, b texts) (out []string) {
	for text := range a {
		if _, ok := b[text]; !ok {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

// differing adds a finding if two sets of texts are not the same.
func (r *Report) differing(w Weight, about, text string, a, b texts) {
	if was, is := only(a, b), only(b, a); len(was)+len(is) > 0 {
		r.add(w, about, text, was, is)
	}
}

func (r *Report) negotiations(a, b *Summary) {
	const about = "Negotiation"
	x, y := maps.Clone(a.negotiations), maps.Clone(b.negotiations)
	switch broke, breaks := x[incomplete], y[incomplete]; {
	case broke == 0 && breaks > 0:
		r.add(Breaks, about, "Kernels do not come to terms: a negotiation is not completed.", nil, []string{fmt.Sprintf("%d of %d connections", breaks, b.connections)})
	case broke > 0 && breaks == 0 && len(y) > 0:
		r.add(Better, about, "All negotiations are completed; some were not.", []string{fmt.Sprintf("%d of %d connections", broke, a.connections)}, nil)
	}
	delete(x, incomplete)
	delete(y, incomplete)
	r.differing(Differs, about, "Kernels agree on something else, or have other names.", x, y)
}

// whose names the kernel that has a state.
func whose(about subject) string {
	if about.of == wire.Client {
		return about.String() + " of the client"
	}
	return about.String()
}

func (s *state) asked() string {
	return fmt.Sprintf("%d calls, %d post_responds, %d posts", s.calls, s.requests, s.posts)
}

func (r *Report) state(about subject, a, b *state, opts Options) {
	name := whose(about)
	first := len(r.Findings)
	defer func() {
		for _, f := range r.Findings[first:] {
			if about.session == wire.SessionIKC && f.Weight == Changes {
				f.Weight = Differs // what kernels say to each other, programs do not see
			}
		}
	}()
	switch {
	case b == nil:
		r.add(Changes, name, "Nobody asks for it any more.", []string{a.asked()}, nil)
		return
	case a == nil:
		r.add(Changes, name, "It is asked for; it was not before.", nil, []string{b.asked()})
		return
	}
	if used, uses := a.ways(), b.ways(); used != uses {
		r.add(Changes, name, "It is asked for in another way.", []string{used}, []string{uses})
	}
	r.outcomes(name, a, b)
	r.differing(Changes, name, "It is given parameters of another shape.", a.params, b.params)
	if len(a.answers) > 0 && len(b.answers) > 0 {
		r.differing(Changes, name, "Its answers have another shape.", a.answers, b.answers)
	}
	if len(a.responses) > 0 && len(b.responses) > 0 {
		r.differing(Changes, name, "What it posts in response has another shape.", a.responses, b.responses)
	}
	if len(a.failures) > 0 && len(b.failures) > 0 {
		r.differing(Changes, name, "Its error reports say something else.", a.failures, b.failures)
	}
	if (a.overtook == 0) != (b.overtook == 0) {
		r.add(Changes, name, "Whether answers come in the order of their calls is not as it was: programs that use one rsvp for all take one for another.",
			[]string{fmt.Sprintf("%d overtook another", a.overtook)}, []string{fmt.Sprintf("%d overtook another", b.overtook)})
	}
	x, y := a.times(), b.times()
	if slow := y.P50 - x.P50; opts.Slower > 0 && x.P50 > 0 && slow >= leastSlower && y.P50 >= opts.Slower*x.P50 {
		r.add(Changes, name, fmt.Sprintf("Answers take %.1f times as long as they did.", y.P50/x.P50), []string{shown(x.P50)}, []string{shown(y.P50)})
	}
}

// ways names the ways in which a state is asked for.
func (s *state) ways() string {
	var out []string
	for _, w := range []struct {
		n    int
		name string
	}{{s.calls, "call"}, {s.requests, "post_respond"}, {s.posts, "post"}} {
		if w.n > 0 {
			out = append(out, w.name)
		}
	}
	return strings.Join(out, " and ")
}

// outcomes tells what became of requests: errors and silence.
func (r *Report) outcomes(name string, a, b *state) {
	of := func(n int, s *state, what string) []string {
		return []string{fmt.Sprintf("%d of %d %s", n, s.calls+s.requests+s.posts, what)}
	}
	const failed, silent = "got an error report", "got no answer"
	switch {
	case a.failed == 0 && b.failed > 0:
		r.add(Breaks, name, "Requests fail: an error report comes back, which none did.", of(a.failed, a, failed), append(of(b.failed, b, failed), only(b.failures, a.failures)...))
	case a.failed > 0 && b.failed == 0:
		r.add(Better, name, "No request fails any more.", append(of(a.failed, a, failed), only(a.failures, b.failures)...), of(b.failed, b, failed))
	}
	switch {
	case a.silent == 0 && b.silent > 0:
		r.add(Breaks, name, "Requests get no answer; all did.", of(a.silent, a, silent), of(b.silent, b, silent))
	case a.silent > 0 && b.silent == 0 && b.answered > 0:
		r.add(Better, name, "All requests get an answer.", of(a.silent, a, silent), of(b.silent, b, silent))
	}
}

// order tells whether the same is asked for in another order.
func (r *Report) order(a, b *Summary) {
	sorted := func(story string) string {
		side, list, _ := strings.Cut(story, ": ")
		names := strings.Split(list, ", ")
		slices.Sort(names)
		return side + ": " + strings.Join(names, ", ")
	}
	was, is := only(a.stories, b.stories), only(b.stories, a.stories)
	for _, story := range is {
		if i := slices.IndexFunc(was, func(old string) bool { return old != further && sorted(old) == sorted(story) }); i >= 0 {
			r.add(Differs, "Order", "On a connection, the same states are asked for in another order.", was[i:i+1], []string{story})
		}
	}
}
