package dialogue

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Stats counts what conversations hold.
type Stats struct {
	Connections int `json:"connections"`
	NotIKC      int `json:"not_ikc"`
	Lines       int `json:"lines"`
	// Negotiations are those that were completed, SlowNegotiations those of them that took half a
	// second or more, SlowestNegotiation how many seconds the slowest did.
	Negotiations       int            `json:"negotiations"`
	SlowNegotiations   int            `json:"slow_negotiations"`
	SlowestNegotiation float64        `json:"slowest_negotiation"`
	Frames             int            `json:"frames"`
	Unreadable         int            `json:"unreadable"` // frames that are no message
	Gaps               int            `json:"gaps"`       // places where octets are missing
	Octets             [2]int64       `json:"octets"`     // of lines and frames, from clients and from servers
	States             []*StateStats  `json:"states"`     // by session and state, the most messages first
	Errors             map[string]int `json:"errors"`     // error reports by operation
	// SharedUnanswered is how many of the Ambiguous calls of all states got no answer.
	SharedUnanswered int `json:"shared_unanswered"`
	// Live: of a capture that grows. Unanswered then are those that nothing came back for by now.
	Live    bool `json:"live,omitempty"`
	byState map[string]*StateStats
	filter  *Filter
}

// StateStats counts the requests to a state, and what came back.
type StateStats struct {
	State      string `json:"state"` // SESSION/STATE
	Posts      int    `json:"posts"`
	Calls      int    `json:"calls"`
	Requests   int    `json:"requests"` // posts that ask for a response, as ClientLite's post_respond sends them
	Answered   int    `json:"answered"` // calls and requests, and posts whose sender was posted to
	Errors     int    `json:"errors"`   // requests that were reported on
	Unanswered int    `json:"unanswered"`
	// Ambiguous are calls of which it is not known whether they were answered, or by which answer:
	// they share their rsvp, or something is missing. Their times are not among those below.
	Ambiguous int `json:"ambiguous"`
	// P50, P90, P99 and Max are seconds from call to answer.
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`

	took  []time.Duration // a sample
	times int             // how many that may be
	max   time.Duration
	sum   time.Duration
}

// What bounds the times that are kept of a state: those of one of the first manyStates states, and
// of each further one. Beyond it, percentiles are those of a sample.
const (
	maxTook    = 1 << 16
	fewTook    = 1 << 10
	manyStates = 64
)

// maxStates bounds the states that are told apart; the rest is counted together.
const maxStates = 4096

// NewStats makes Stats of what a filter keeps; it may be nil.
func NewStats(filter *Filter) *Stats {
	return &Stats{Errors: map[string]int{}, byState: map[string]*StateStats{}, filter: filter}
}

// Counted tells whether anything that the filter keeps was there so far.
func (s *Stats) Counted() bool { return s.Lines+s.Frames+s.Gaps > 0 }

// Part counts a part of a connection.
func (s *Stats) Part(part *Part) error {
	c := part.Connection
	if !s.filter.connection(c) || c.Control != nil {
		return nil
	}
	if part.First {
		s.Connections++
		if part.Last && !c.IsIKC {
			s.NotIKC++
		}
	}
	if part.First && c.IsIKC {
		s.negotiation(c)
	}
	for _, item := range part.Items {
		if c.IsIKC && s.filter.Keep(c, item) {
			s.item(item)
		}
	}
	for _, x := range part.Exchanges {
		if s.filter.Keep(c, x.Request.Frame) {
			s.exchange(c, x)
		}
	}
	return nil
}

// SlowNegotiation is how long a negotiation takes that is worth a remark.
const SlowNegotiation = 500 * time.Millisecond

// negotiation counts a negotiation that was completed, if its last line is to be counted.
func (s *Stats) negotiation(c *Connection) {
	took, ok := c.NegotiationTook()
	if !ok || !s.filter.Keep(c, c.Negotiation.Lines[len(c.Negotiation.Lines)-1]) {
		return
	}
	s.Negotiations++
	if took >= SlowNegotiation {
		s.SlowNegotiations++
	}
	s.SlowestNegotiation = max(s.SlowestNegotiation, took.Seconds())
}

func (s *Stats) item(item Item) {
	switch item := item.(type) {
	case *Line:
		s.Lines++
		s.Octets[item.From] += int64(len(item.Text) + len(item.End))
	case *Loss:
		s.Gaps++
	case *Frame:
		s.Frames++
		s.Octets[item.From] += int64(len(item.Head) + 1 + len(item.Image))
		switch m := item.Message; {
		case m == nil:
			s.Unreadable++
		case m.Kind == ErrorReport:
			operation := wire.ParseRemoteError(m.Params()).Operation
			s.Errors[cmp.Or(operation, "(none given)")]++
		}
	}
}

func (s *Stats) exchange(c *Connection, x *Exchange) {
	if r := x.Request.Relation; r != nil && r.Kind == Response {
		return // it is what the request got
	}
	st := s.state(x.Request)
	switch {
	case x.Request.IsCall():
		st.Calls++
	case x.asks:
		st.Requests++
	default:
		st.Posts++
	}
	switch took, ok := x.Took(); {
	case x.Asks() && x.Outcome() == Unsure:
		st.Ambiguous++
		if run := x.Run(); run != nil && !x.replied() {
			s.SharedUnanswered++
		}
	case len(x.Errors) > 0:
		st.Errors++
	case x.Misled(c):
		st.Unanswered++
	case ok:
		st.answer(took)
	case x.Asks():
		st.Unanswered++
	}
}

// answer counts an answer.
func (st *StateStats) answer(took time.Duration) {
	st.Answered++
	st.max = max(st.max, took)
	st.sum += took
	if len(st.took) < st.times {
		st.took = append(st.took, took)
	} else if i := rand.IntN(st.Answered); i < st.times {
		st.took[i] = took
	}
}

func (s *Stats) state(m *Message) *StateStats {
	name := m.To.Session + "/" + m.To.State
	if isHave(m) {
		name = "IKC/do_you_have"
	}
	st := s.byState[name]
	if st == nil && len(s.byState) >= maxStates {
		name = "(further states)"
		st = s.byState[name]
	}
	if st == nil {
		st = &StateStats{State: name, times: maxTook}
		if len(s.byState) >= manyStates {
			st.times = fewTook
		}
		s.byState[name] = st
	}
	return st
}

// finish sorts, and works the percentiles out.
func (s *Stats) finish() {
	s.States = slices.SortedFunc(maps.Values(s.byState), func(a, b *StateStats) int {
		return cmp.Or(cmp.Compare(b.Posts+b.Calls, a.Posts+a.Calls), cmp.Compare(a.State, b.State))
	})
	for _, st := range s.States {
		slices.Sort(st.took)
		st.P50, st.P90, st.P99 = st.percentile(50), st.percentile(90), st.percentile(99)
		st.Max = st.max.Seconds()
	}
}

// percentile is the nearest rank, in seconds; 0 if nothing was answered.
func (st *StateStats) percentile(p int) float64 {
	if len(st.took) == 0 {
		return 0
	}
	rank := (len(st.took)*p + 99) / 100
	return st.took[max(rank-1, 0)].Seconds()
}

// WriteJSON writes the counts for programs, times in seconds.
func (s *Stats) WriteJSON(w io.Writer) error {
	s.finish()
	return visible.NewEncoder(w).Encode(s)
}

// Write writes the counts for people.
func (s *Stats) Write(w io.Writer) error {
	s.finish()
	var b strings.Builder
	fmt.Fprintf(&b, "connections %d", s.Connections)
	if s.NotIKC > 0 {
		fmt.Fprintf(&b, " (%d not IKC)", s.NotIKC)
	}
	fmt.Fprintf(&b, ", lines %d, frames %d, %d octets from clients, %d from servers\n", s.Lines, s.Frames, s.Octets[0], s.Octets[1])
	if s.SlowNegotiations > 0 {
		fmt.Fprintf(&b, "! negotiations that took half a second or more: %d of %d, the slowest %s\n", s.SlowNegotiations, s.Negotiations,
			rounded(time.Duration(s.SlowestNegotiation*float64(time.Second))))
	}
	if s.Unreadable > 0 {
		fmt.Fprintf(&b, "! frames that are no message: %d\n", s.Unreadable)
	}
	if s.Gaps > 0 {
		fmt.Fprintf(&b, "! gaps: %d; what is missing there is not counted, and a call may have been answered in one\n", s.Gaps)
	}
	unanswered := "unanswered"
	if s.Live {
		unanswered = "open"
	}
	width := len("session/state")
	for _, st := range s.States {
		width = max(width, len(visible.Text(st.State)))
	}
	fmt.Fprintf(&b, "\n%-*s  %7s %8s %7s %8s %6s %10s %9s  %9s %9s %9s %9s\n", width, "session/state", "posts", "requests", "calls", "answered", "errors", unanswered,
		"ambiguous", "p50", "p90", "p99", "max")
	for _, st := range s.States {
		fmt.Fprintf(&b, "%-*s  %7d %8d %7d %8d %6d %10d %9d", width, visible.Text(st.State), st.Posts, st.Requests, st.Calls, st.Answered, st.Errors, st.Unanswered, st.Ambiguous)
		if st.Answered > 0 {
			for _, seconds := range []float64{st.P50, st.P90, st.P99, st.Max} {
				d := time.Duration(seconds * float64(time.Second))
				fmt.Fprintf(&b, " %10s", rounded(d))
			}
		}
		b.WriteString("\n")
	}
	if s.SharedUnanswered > 0 {
		fmt.Fprintf(&b, "\n%d of the ambiguous calls got no answer; several had one rsvp, and nothing tells which\n", s.SharedUnanswered)
	}
	if len(s.Errors) > 0 {
		b.WriteString("\nerrors by operation\n")
		for _, operation := range slices.Sorted(maps.Keys(s.Errors)) {
			fmt.Fprintf(&b, "  %-12s %7d\n", visible.Text(operation), s.Errors[operation])
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rounded(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
