package shadow

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/shadow/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Report is how the other server differs from the real one.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Connections are those of clients, Copied those that the other server took.
	Connections int `json:"connections"`
	Copied      int `json:"copied"`
	// Dropped counts connections that have no copy, or had none from some time on, by why.
	Dropped []Dropped `json:"dropped"`
	// Calls and Posts are those of clients, of connections that had a copy.
	Calls int `json:"calls"`
	Posts int `json:"posts"`
	// Compared counts answers, error reports, posts and calls that one of the two said, and Unsure
	// what was not compared: it may be for several requests, or the other had not said it yet in the
	// end.
	Compared int `json:"compared"`
	Unsure   int `json:"unsure"`
	// Real and Also are the medians of how long the last 1,000 replies took, in seconds; 0 if there
	// were none.
	Real float64 `json:"real"`
	Also float64 `json:"also"`
	// Result is what the other server says otherwise; what differs in answers of the real one was
	// learned.
	compare.Result
}

// Dropped is why connections have no copy.
type Dropped struct {
	Why   string `json:"why"`
	Times int    `json:"times"`
}

// maxDropped bounds the reasons that are told apart.
const maxDropped = 20

func (r *Report) drop(why string) {
	for i := range r.Dropped {
		if r.Dropped[i].Why == why {
			r.Dropped[i].Times++
			return
		}
	}
	if len(r.Dropped) == maxDropped-1 {
		why = "other reasons"
	}
	if n := len(r.Dropped); n == maxDropped {
		r.Dropped[n-1].Times++
		return
	}
	r.Dropped = append(r.Dropped, Dropped{why, 1})
}

// times are how long the last replies took.
type times struct {
	last [1000]time.Duration
	n    int
}

func (t *times) add(d time.Duration) {
	t.last[t.n%len(t.last)] = d
	t.n++
}

func (t *times) median() float64 {
	list := slices.Sorted(slices.Values(t.last[:min(t.n, len(t.last))]))
	if len(list) == 0 {
		return 0
	}
	return list[len(list)/2].Seconds()
}

func (w *worker) time(took [2]time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for side, d := range took {
		w.times[side].add(d)
	}
}

func (w *worker) report() *Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.found
	r.Schema, r.Dropped = SchemaID, append([]Dropped{}, r.Dropped...)
	r.Result = w.tally.Result()
	r.Real, r.Also = w.times[genuine].median(), w.times[also].median()
	return &r
}

// Lost counts connections that have no copy, or had none from some time on.
func (r *Report) Lost() (n int) {
	for _, d := range r.Dropped {
		n += d.Times
	}
	return n
}

// Behind counts those of Lost that the shadow did not keep up with, which is not the other's doing.
func (r *Report) Behind() (n int) {
	for _, d := range r.Dropped {
		if d.Why == behind {
			n += d.Times
		}
	}
	return n
}

// behind is why a connection has no copy that the feed did not hold.
const behind = "the shadow did not keep up"

// Counts is a line of how it stands.
func (r *Report) Counts() string {
	return fmt.Sprintf("connections %d, without a copy %d; calls %d, posts %d; compared %d, unsure %d, different %d; replies after %s, of the other %s",
		r.Connections, r.Lost(), r.Calls, r.Posts, r.Compared, r.Unsure, r.Different, shown(r.Real), shown(r.Also))
}

func shown(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Microsecond).String()
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	return visible.WriteJSON(w, "shadow", r)
}

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	r.WriteDeviations(&b)
	for _, warning := range r.warnings() {
		fmt.Fprintf(&b, "! %s\n", compare.Cut(warning))
	}
	r.WriteLearned(&b, whose)
	if ignored := r.Ignored.Sum(whose); ignored != "" {
		b.WriteString(ignored + "\n")
	}
	b.WriteString(r.Counts() + "\n")
	return visible.Print(w, b.String())
}

// whose says of whom it was learned what may differ.
const whose = "the real server"

// warnings say why what was compared may not be all.
func (r *Report) warnings() (out []string) {
	for _, d := range r.Dropped {
		out = append(out, fmt.Sprintf("no copy, or none any more, of %d connections: %s", d.Times, d.Why))
	}
	return append(out, r.Warnings()...)
}
