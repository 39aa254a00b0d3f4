package replay

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/replay/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Report is how what came back differs from what was recorded.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Compared counts answers, error reports and posts back that came; Unsure those of them whose
	// values were not compared, since the recording does not tell which request they are for.
	Compared int `json:"compared"`
	Unsure   int `json:"unsure"`
	// Different counts deviations, Deviations has each kind and place once, the worst first; More: of
	// more than 1,000 kinds and places the rest is counted only.
	Different  int          `json:"different"`
	Deviations []*Deviation `json:"deviations"`
	More       bool         `json:"more"`
	// Left counts connections that could not be replayed, Lost says why others were not to the end.
	Left int      `json:"left"`
	Lost []string `json:"lost,omitempty"`
	// Learned are the places that differ in the recording itself, in answers to requests that are
	// alike: what was seen there may come again.
	Learned []*Learned `json:"learned"`
	// Ignored counts differences that may be.
	Ignored Ignored `json:"ignored"`
	// Partial: an interrupt ended it.
	Partial bool `json:"partial"`
}

// Learned is a place that differs in the recording itself.
type Learned struct {
	State string `json:"state"`
	Path  string `json:"path"` // in the answer; [*] is any element
	// Types are what was seen there: kinds of values, "nothing" if there was none.
	Types []string `json:"types"`
}

// Ignored counts differences by what allows them: that the recording has them itself, that they are
// seconds since 1970 of then and of now, or that the user named them.
type Ignored struct {
	Learned int `json:"learned"`
	Times   int `json:"times"`
	Named   int `json:"named"`
}

func newReport() *Report {
	return &Report{Schema: SchemaID, Deviations: []*Deviation{}, Learned: []*Learned{}}
}

// The kinds of Deviation, beside those of compare.Difference.
const (
	Silence = compare.Silence
	Outcome = compare.Outcome
	Late    = compare.Late
)

// Deviation is a place at which what came back is not what was recorded.
type Deviation struct {
	State string `json:"state"` // SESSION/STATE
	Kind  string `json:"kind"`
	// Part is answer, error or params (of a post or a call of the server).
	Part string `json:"part"`
	Path string `json:"path,omitempty"`
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
	Text string `json:"text,omitempty"`
	// Octets are where it is in the images of the first, the recorded one and that which came; nil if
	// that is not known.
	Octets *Octets `json:"octets,omitempty"`
	// Times is how often, Frame the frame of the recorded request of the first.
	Times int `json:"times"`
	Frame int `json:"frame"`
}

// badness orders kinds of deviation, the worst first.
var badness = map[string]int{Silence: 0, Outcome: 1, "type": 2, "missing": 3, "extra": 4, "value": 5, Late: 6}

// finish leaves out what has turned out to be noise, and sorts the rest.
func (f *findings) finish(l *learner, partial bool) {
	r := f.report
	r.Partial = partial
	r.Learned = append(r.Learned, l.list()...)
	r.Deviations = slices.DeleteFunc(r.Deviations, func(d *Deviation) bool {
		is, ok := f.learnt[d]
		if ok = ok && l.knows(d.State, compare.AnyElement(d.Path), is); ok {
			r.Different -= d.Times
			r.Ignored.Learned += d.Times
		}
		return ok
	})
	slices.SortFunc(r.Deviations, func(a, b *Deviation) int {
		return cmp.Or(cmp.Compare(badness[a.Kind], badness[b.Kind]), cmp.Compare(a.State, b.State), cmp.Compare(a.Path, b.Path))
	})
	if f.lost > len(r.Lost) {
		r.Lost = append(r.Lost, fmt.Sprintf("and %d more", f.lost-len(r.Lost)))
	}
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "replay", r) }
