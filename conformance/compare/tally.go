package compare

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// MaxDeviations bounds the kinds and places that a Tally tells apart.
const MaxDeviations = 1000

// Tally counts deviations, each kind and place once. The zero Tally is ready; it is safe for
// concurrent use once its fields are set.
type Tally struct {
	// Noise is what may differ as the user says, Learner what was learned; nil: nothing.
	Noise   *Noise
	Learner *Learner
	// Slower: an answer that takes so many times as long as the other, and 100 ms more, is late. 0:
	// none is.
	Slower float64

	mu      sync.Mutex
	all     int
	more    bool
	ignored Ignored
	byPlace map[string]*counted
}

// counted is a deviation that was counted.
type counted struct {
	Deviation
	learnable bool
	is        string // the type that is there, if it may turn out that this may be
}

// Ignored counts differences by what allows them: that they were learned, that they are seconds
// since 1970 of the two times, that the user named them, or that an integer was frozen as a string
// by a Perl that does so.
type Ignored struct {
	Learned int `json:"learned"`
	Times   int `json:"times"`
	Named   int `json:"named"`
	Numbers int `json:"numbers"`
}

// Add counts a deviation of a kind that has nothing to do with values: d has Kind, and Text or Was
// and Is. What it is in elements of arrays counts as one place.
func (t *Tally) Add(s Said, d Deviation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(s, counted{Deviation: d})
}

// add counts one, and gives it if it is the first of its kind at its place.
func (t *Tally) add(s Said, c counted) *counted {
	c.State, c.Part, c.Connection, c.Frame, c.Times = StateOf(s.To), s.Part, s.Connection, s.Frame, 1
	t.all++
	key := strings.Join([]string{c.State, c.Kind, c.Part, AnyElement(c.Path), c.is}, "\x00")
	if old := t.byPlace[key]; old != nil {
		old.Times++
		return nil
	}
	if len(t.byPlace) >= MaxDeviations {
		t.more = true
		return nil
	}
	if t.byPlace == nil {
		t.byPlace = map[string]*counted{}
	}
	t.byPlace[key] = &c
	return &c
}

// Values counts where two values differ and may not; nil is as undef. was and is are when they were
// said. octets, if it is not nil, tells for the first at a place where in the images it is.
func (t *Tally) Values(s Said, a, b *perl.Value, was, is time.Time, octets func(path string) *Octets) {
	if a == nil {
		a = new(perl.Value)
	}
	if b == nil {
		b = new(perl.Value)
	}
	for _, d := range Values(a, b, "") {
		first := t.difference(s, d, was, is)
		if first == nil || octets == nil {
			continue
		}
		at := octets(d.Path)
		t.mu.Lock()
		first.Octets = at
		t.mu.Unlock()
	}
}

// difference counts a difference, and gives it if it is the first of its kind at its place.
func (t *Tally) difference(s Said, d Difference, was, is time.Time) *counted {
	t.mu.Lock()
	defer t.mu.Unlock()
	steps, err := Steps(d.Path)
	learnable := s.Part == partAnswer && t.Learner != nil
	switch {
	case err == nil && t.Noise.Allows(s.To.Session, s.To.State, s.Part, steps):
		t.ignored.Named++
		return nil
	case s.Numbers && d.ofNumber():
		t.ignored.Numbers++
		return nil
	case isTime(d.A, was) && isTime(d.B, is):
		t.ignored.Times++
		return nil
	case learnable && t.Learner.knows(StateOf(s.To), AnyElement(d.Path), d.TypeB):
		t.ignored.Learned++
		return nil
	}
	c := counted{Deviation: Deviation{Kind: string(d.Kind), Path: d.Path, Was: d.A, Is: d.B}, learnable: learnable}
	if learnable {
		c.is = d.TypeB
	}
	return t.add(s, c)
}

// Result is what was counted so far, without what has turned out to be allowed since it was
// counted.
func (t *Tally) Result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Result{Deviations: []Deviation{}, Learned: t.Learner.list()}
	for key, c := range t.byPlace {
		if c.learnable && t.Learner.knows(c.State, AnyElement(c.Path), c.is) {
			t.all -= c.Times
			t.ignored.Learned += c.Times
			delete(t.byPlace, key)
			continue
		}
		r.Deviations = append(r.Deviations, c.Deviation)
	}
	r.Different, r.More, r.Ignored = t.all, t.more, t.ignored
	slices.SortFunc(r.Deviations, func(a, b Deviation) int { return a.compare(&b) })
	return r
}

// leastSlower is how much longer an answer must take to be called late.
const leastSlower = 100 * time.Millisecond

// Took counts an answer that is late.
func (t *Tally) Took(s Said, was, is time.Duration) {
	if t.Slower > 0 && is-was >= leastSlower && is.Seconds() >= t.Slower*was.Seconds() {
		shown := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
		t.Add(s, Deviation{Kind: Late, Was: shown(was), Is: shown(is)})
	}
}

// AnyElement is a path with * for elements of arrays.
func AnyElement(path string) string {
	steps, err := Steps(path)
	if err != nil {
		return path
	}
	for i, s := range steps {
		if s[0] == '[' {
			steps[i] = "[*]"
		}
	}
	return strings.Join(steps, "")
}

// isTime tells whether a text of a Difference is the time: seconds since 1970, within a day of a
// moment.
func isTime(text string, at time.Time) bool {
	words := strings.Fields(text)
	if len(words) == 0 {
		return false
	}
	n, err := strconv.ParseFloat(strings.Trim(words[len(words)-1], "'"), 64)
	return err == nil && math.Abs(n-float64(at.Unix())) < (24*time.Hour).Seconds()
}
