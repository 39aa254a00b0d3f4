package compare

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of Deviation, beside those of Difference.
const (
	Silence = "silence" // nothing came
	Outcome = "outcome" // an error report for an answer, or the other way round, or what was not due
	Late    = "late"
)

// Deviation is a place at which what a program said is not what another did.
type Deviation struct {
	State string `json:"state"` // SESSION/STATE
	Kind  string `json:"kind"`
	// Part is answer, error or params (of what a server posts or calls).
	Part string `json:"part"`
	Path string `json:"path,omitempty"`
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
	Text string `json:"text,omitempty"`
	// Times is how often; Connection and Frame are where the first was.
	Times      int `json:"times"`
	Connection int `json:"connection"`
	Frame      int `json:"frame"`
}

// maxDeviations bounds those that a Tally tells apart.
const maxDeviations = 1000

// Tally counts deviations, each kind and place once. The zero Tally is ready; it is for one
// goroutine.
type Tally struct {
	// Different counts all. More: beyond 1,000 kinds and places they were only counted.
	Different int
	More      bool
	byPlace   map[string]*Deviation
}

// Add counts one. What it is in elements of arrays counts as one place.
func (t *Tally) Add(d Deviation) {
	t.Different++
	key := strings.Join([]string{d.State, d.Kind, d.Part, AnyElement(d.Path)}, "\x00")
	if old := t.byPlace[key]; old != nil {
		old.Times++
		return
	}
	if len(t.byPlace) >= maxDeviations {
		t.More = true
		return
	}
	if t.byPlace == nil {
		t.byPlace = map[string]*Deviation{}
	}
	d.Times = 1
	t.byPlace[key] = &d
}

// badness orders kinds of deviation, the worst first.
var badness = map[string]int{Silence: 0, Outcome: 1, string(OfTypes): 2, string(Missing): 3, string(Extra): 4, string(OfValues): 5, Late: 6}

// Deviations are copies of those told apart, the worst first.
func (t *Tally) Deviations() []Deviation {
	out := []Deviation{}
	for _, d := range t.byPlace {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Deviation) int {
		return cmp.Or(cmp.Compare(badness[a.Kind], badness[b.Kind]), cmp.Compare(a.State, b.State),
			cmp.Compare(a.Part, b.Part), cmp.Compare(a.Path, b.Path))
	})
	return out
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

// IsTime tells whether a text of a Difference is the time: seconds since 1970, within a day of a
// moment.
func IsTime(text string, at time.Time) bool {
	words := strings.Fields(text)
	if len(words) == 0 {
		return false
	}
	n, err := strconv.ParseFloat(strings.Trim(words[len(words)-1], "'"), 64)
	return err == nil && math.Abs(n-float64(at.Unix())) < (24*time.Hour).Seconds()
}
