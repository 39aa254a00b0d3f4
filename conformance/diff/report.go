package diff

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/diff/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Report is how the traffic of B differs from that of A.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	A      Side   `json:"a"`
	B      Side   `json:"b"`
	// Findings are the differences, the worst first.
	Findings []*Finding `json:"findings"`
	// States are all that was asked for, with times side by side.
	States []*StateTimes `json:"states"`
}

// Side is what was read of one side of the comparison.
type Side struct {
	Name string `json:"name"`
	// Connections are those of IKC, NotIKC others, Incomplete those of IKC that are not whole in the
	// capture.
	Connections int `json:"connections"`
	NotIKC      int `json:"not_ikc"`
	Incomplete  int `json:"incomplete"`
	Requests    int `json:"requests"`
	// More: there are more than 4,096 states, and those beyond are counted together.
	More bool `json:"more"`
}

// Weight says how much a difference matters.
type Weight string

// The weights of findings, the worst first.
const (
	Breaks  Weight = "breaks"  // what worked does not
	Changes Weight = "changes" // programs see it
	Differs Weight = "differs" // kernels see it, or nobody
	Better  Weight = "better"  // what did not work does
)

var weights = map[Weight]int{Breaks: 0, Changes: 1, Differs: 2, Better: 3}

// Finding is a difference.
type Finding struct {
	Weight Weight `json:"weight"`
	// About is SESSION/STATE, Negotiation or Order.
	About string `json:"about"`
	Text  string `json:"text"`
	// A and B are what each side has that the other has not.
	A []string `json:"a"`
	B []string `json:"b"`
}

// StateTimes is what was asked of a state; A or B is nil if nothing was.
type StateTimes struct {
	// Of is whose state it is: server or client.
	Of    string `json:"of"`
	State string `json:"state"`
	A     *Times `json:"a"`
	B     *Times `json:"b"`
}

// Times counts requests and what came of them; P50, P90 and P99 are seconds until the answer.
type Times struct {
	Calls      int     `json:"calls"`
	Posts      int     `json:"posts"`
	Requests   int     `json:"requests"` // posts that ask for a response
	Answered   int     `json:"answered"`
	Errors     int     `json:"errors"`
	Unanswered int     `json:"unanswered"`
	Ambiguous  int     `json:"ambiguous"`
	P50        float64 `json:"p50"`
	P90        float64 `json:"p90"`
	P99        float64 `json:"p99"`
}

// Compared tells whether both sides have traffic of IKC.
func (r *Report) Compared() bool { return r.A.Connections > 0 && r.B.Connections > 0 }

// Whole tells whether nothing is known to be missing in the captures.
func (r *Report) Whole() bool { return r.A.Incomplete+r.B.Incomplete == 0 && !r.A.More && !r.B.More }

// Count is how many findings there are of a weight.
func (r *Report) Count(w Weight) (n int) {
	for _, f := range r.Findings {
		if f.Weight == w {
			n++
		}
	}
	return n
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "diff", r) }

// headings are what stands before the findings of each weight.
var headings = []struct {
	weight Weight
	text   string
}{{Breaks, "It breaks"}, {Changes, "It changes for programs"}, {Differs, "It differs"}, {Better, "It gets better"}}

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	r.A.write(&b, "A")
	r.B.write(&b, "B")
	for _, h := range headings {
		if r.Count(h.weight) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", h.text)
		for _, f := range r.Findings {
			if f.Weight == h.weight {
				f.write(&b)
			}
		}
	}
	r.writeTimes(&b)
	b.WriteString("\n")
	switch {
	case !r.Compared():
		b.WriteString("Nothing was compared: a side has no connection of IKC.\n")
	case len(r.Findings) > 0:
		b.WriteString(r.counts() + "\n")
	case r.Whole():
		b.WriteString("No difference.\n")
	default:
		b.WriteString("No difference as far as seen.\n")
	}
	return visible.Print(w, b.String())
}

// counts are how many findings there are of each weight.
func (r *Report) counts() string {
	return fmt.Sprintf("%d break, %d change for programs, %d differ, %d get better.", r.Count(Breaks), r.Count(Changes), r.Count(Differs), r.Count(Better))
}

func (s Side) write(b *strings.Builder, letter string) {
	fmt.Fprintf(b, "%s  %s: connections of IKC %d, requests %d", letter, s.Name, s.Connections, s.Requests)
	if s.NotIKC > 0 {
		fmt.Fprintf(b, "; connections that are not IKC %d", s.NotIKC)
	}
	b.WriteString("\n")
	if s.Incomplete > 0 {
		fmt.Fprintf(b, "   ! connections of which something is not in the capture: %d; what is missing may be there that is said not to be\n", s.Incomplete)
	}
	if s.More {
		fmt.Fprintf(b, "   ! more than %d states: those beyond are counted together\n", maxStates)
	}
}

// maxShown is how many texts of a finding are shown; --json has all.
const maxShown = 4

func (f *Finding) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n  %s\n    %s\n", f.About, f.Text)
	for _, side := range []struct {
		letter string
		texts  []string
	}{{"A", f.A}, {"B", f.B}} {
		for i, text := range side.texts {
			if i == maxShown {
				fmt.Fprintf(b, "      %s: and %d more, which --json has\n", side.letter, len(side.texts)-i)
				break
			}
			fmt.Fprintf(b, "      %s: %s\n", side.letter, text)
		}
	}
}

// writeTimes writes a line for each state that answered on both sides.
func (r *Report) writeTimes(b *strings.Builder) {
	width, found := len("session/state"), false
	for _, s := range r.States {
		if s.answer() {
			width, found = max(width, len(s.State)), true
		}
	}
	if !found {
		return
	}
	fmt.Fprintf(b, "\nUntil the answer, A and B side by side:\n\n  %-*s  %-6s  %15s  %21s  %21s  %21s\n", width, "session/state", "of", "answers", "p50", "p90", "p99")
	for _, s := range r.States {
		if !s.answer() {
			continue
		}
		fmt.Fprintf(b, "  %-*s  %-6s  %7d %7d", width, s.State, s.Of, s.A.Answered, s.B.Answered)
		for _, pair := range [][2]float64{{s.A.P50, s.B.P50}, {s.A.P90, s.B.P90}, {s.A.P99, s.B.P99}} {
			fmt.Fprintf(b, "  %10s %10s", shown(pair[0]), shown(pair[1]))
		}
		b.WriteString("\n")
	}
}

// answer tells whether a state answered on both sides.
func (s *StateTimes) answer() bool {
	return s.A != nil && s.B != nil && s.A.Answered > 0 && s.B.Answered > 0
}

// shown is a time for people.
func shown(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d >= 10*time.Millisecond {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}
